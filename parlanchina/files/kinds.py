"""Which kind of file a content is: its bytes decide, its name only tells one kind of text from another.

Reads no more than is needed to decide; whether the file is whole, its reader finds out.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Literal

from parlanchina.errors import FileDamaged, FileKindRefused, FileLocked
from parlanchina.files.names import extension_of

__all__ = ["ACCEPTED", "LANGUAGES", "Format", "format_of"]

Format = Literal["picture", "pdf", "document", "workbook", "delimited", "parquet", "json", "markdown", "code", "text"]
"""What a file is read as: one for each reader."""

ACCEPTED = (
    "pictures (PNG, JPEG, WebP, GIF), PDF, Word (.docx), Excel (.xlsx), CSV, TSV, Parquet, JSON, Markdown, "
    "code and plain text"
)

_SAME = (
    "bash bat c cpp css dart go html ini java jsx kotlin lua nix php proto r scala scss sql svelte swift toml tsx vue"
)

LANGUAGES = {
    **{word: word for word in (*_SAME.split(), "xml", "yaml", "zig")},
    "cc": "cpp",
    "cs": "csharp",
    "ex": "elixir",
    "fs": "fsharp",
    "h": "c",
    "hpp": "cpp",
    "hs": "haskell",
    "htm": "html",
    "ipynb": "json",
    "jl": "julia",
    "js": "javascript",
    "kt": "kotlin",
    "mjs": "javascript",
    "ml": "ocaml",
    "pl": "perl",
    "ps1": "powershell",
    "py": "python",
    "pyi": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "tex": "latex",
    "tf": "hcl",
    "ts": "typescript",
    "yml": "yaml",
}
"""The extension of a file of code, with the word that a Markdown fence uses for its language."""

_TEXTS: dict[str, Format] = {
    "csv": "delimited",
    "json": "json",
    "geojson": "json",
    "markdown": "markdown",
    "md": "markdown",
    "tab": "delimited",
    "tsv": "delimited",
    **dict.fromkeys(LANGUAGES, "code"),
}

_MAGIC: tuple[tuple[re.Pattern[bytes], Format], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL), "picture"),
    (re.compile(rb"\s{0,64}%PDF-"), "pdf"),
    (re.compile(rb"PAR1"), "parquet"),
)

_CLAIMS = {
    **dict.fromkeys(("png", "jpg", "jpeg", "webp", "gif"), "a picture"),
    "pdf": "a PDF",
    "docx": "a Word document",
    "xlsx": "an Excel workbook",
    "parquet": "a Parquet table",
}
"""What a name promises that text can't be."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Office before 2007, and the shell around a protected file of today
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def format_of(name: str, content: bytes) -> Format:
    """Tell a file's format; text is tried last, and `files.text.decode` has the last word on whether it is text.

    Raises `FileKindRefused` for a kind that is not read here, and `FileLocked` for a protected Office file.
    """
    for magic, form in _MAGIC:
        if magic.match(content):
            return form
    if content.startswith(b"PK\x03\x04"):
        return _office_kind(name, content)
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise FileLocked(name)
        raise FileKindRefused(name, "has the format Office used before 2007: save it as .docx or .xlsx first.")
    extension = extension_of(name)
    if extension == "svg" or re.match(rb"\s{0,64}(?:<\?xml[^>]{0,200}>\s{0,64})?<svg\b", content):
        raise FileKindRefused(name, "is an SVG drawing, which can carry programs: save it as PNG first.")
    if extension in _CLAIMS:
        raise FileKindRefused(name, f"is not {_CLAIMS[extension]}, although its name says so.")
    return _TEXTS.get(extension, "text")


def _office_kind(name: str, content: bytes) -> Format:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            folders = {member.partition("/")[0] for member in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise FileDamaged(name, "can't be read: it is cut short or damaged.") from error
    if "[Content_Types].xml" in folders and "word" in folders:
        return "document"
    if "[Content_Types].xml" in folders and "xl" in folders:
        return "workbook"
    raise FileKindRefused(name, f"is of a kind that is not read here; these are: {ACCEPTED}.")
