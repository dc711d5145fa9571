"""From a file's bytes to an `Extract` or one sentence that refuses it; nothing else comes out.

The one place where a reader's failure is translated. Pure, and bounded in what it takes on; how long it runs and
how much memory it has is bounded by `files.apart`, which runs it in a process of its own.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping

from parlanchina.errors import FileDamaged, FileRefused, FileTooDemanding
from parlanchina.files.delimited import read_delimited
from parlanchina.files.document import read_document
from parlanchina.files.extract import MAX_TOKENS, Extract, Reader
from parlanchina.files.kinds import Format, format_of
from parlanchina.files.names import label_of
from parlanchina.files.parquet import read_parquet
from parlanchina.files.pdf import read_pdf
from parlanchina.files.picture import read_picture
from parlanchina.files.size import check_size
from parlanchina.files.text import read_code, read_json, read_markdown, read_text
from parlanchina.files.workbook import read_workbook

__all__ = ["read_file"]

log = logging.getLogger(__name__)

_READERS: Mapping[Format, Reader] = {
    "picture": read_picture,
    "pdf": read_pdf,
    "document": read_document,
    "workbook": read_workbook,
    "delimited": read_delimited,
    "parquet": read_parquet,
    "json": read_json,
    "markdown": read_markdown,
    "code": read_code,
    "text": read_text,
}

_NOUNS: Mapping[Format, str] = {
    "picture": "a picture",
    "pdf": "a PDF",
    "document": "a Word document",
    "workbook": "an Excel workbook",
    "parquet": "a Parquet table",
}


def read_file(name: str, content: bytes, *, max_tokens: int = MAX_TOKENS) -> Extract:
    """Read a file of any kind that is accepted; `name` is a label, and tells one kind of text from another.

    Raises `FileRefused` (one sentence), and never anything else for what is in a file.
    """
    name = label_of(name)
    check_size(name, content)
    noun = "a file of its kind"
    try:
        form = format_of(name, content)
        noun = _NOUNS.get(form, noun)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they warn of all they mend or leave out: tags, styles, validations
            return _READERS[form](content, name=name, max_tokens=max_tokens)
    except FileRefused:
        raise
    except MemoryError as error:
        raise FileTooDemanding(
            name, "takes more memory to read than there is: attach a smaller part of it."
        ) from error
    except Exception as error:
        # Not named one by one: beside their own errors, pypdf, Pillow, openpyxl, python-docx, lxml and Arrow let
        # through whatever a hostile file provokes (KeyError, struct.error, zlib.error, RecursionError and so on).
        log.info("a file was refused as damaged: %s", type(error).__qualname__)
        raise FileDamaged(name, f"can't be read as {noun}: it is cut short or damaged.") from error
