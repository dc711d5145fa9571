"""PDF: the text of whole pages, as many as fit.

pypdf bounds what a page may unpack to and how many objects it may have (`pypdf.Configuration`); the bounds here
are tighter, since only text is wanted. What a hostile page can still cost is bounded by `files.apart`.
"""

from __future__ import annotations

from io import BytesIO

from pypdf import PasswordType, PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError

from parlanchina.errors import FileHasNoText, FileLocked
from parlanchina.files.extract import Budget, Extract, clean, estimate_tokens, head_of

__all__ = ["read_pdf"]

_MAX_PAGES = 1_000  # looked at; far more than any budget holds, unless they are scans
_MAX_STREAM = 20_000_000  # bytes of one page's drawing commands or one font, unpacked

_NO_TEXT = (
    "has no text layer: its pages are pictures, scans perhaps, so attach them as pictures, "
    "or run text recognition over it first."
)


def read_pdf(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read a PDF's text, page by page. Raises `FileLocked`, `FileHasNoText`, and whatever pypdf raises."""
    with apply_configuration(
        zlib_maximum_output_length=_MAX_STREAM,
        lzw_maximum_output_length=_MAX_STREAM,
        run_length_maximum_output_length=_MAX_STREAM,
        array_based_stream_maximum_output_length=_MAX_STREAM,
        stream_parsing_work_maximum_count=1_000_000,
    ):
        try:
            reader = PdfReader(BytesIO(content))
            # Many are encrypted with an empty password, only to forbid printing.
            if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
                raise FileLocked(name)
            return _read_pages(reader, name=name, max_tokens=max_tokens)
        except (FileNotDecryptedError, DependencyError) as error:
            raise FileLocked(name) from error


def _read_pages(reader: PdfReader, *, name: str, max_tokens: int) -> Extract:
    total = len(reader.pages)
    budget = Budget(max_tokens)
    pieces: list[str] = []
    wordless: list[int] = []
    last = 0
    part = ""
    for number, page in enumerate(reader.pages[:_MAX_PAGES], start=1):
        text = clean(page.extract_text()).strip()
        if not text:
            wordless.append(number)
        elif not budget.take(piece := f"[page {number}]\n{text}"):
            if not pieces:
                pieces.append(head_of(piece, max_tokens=budget.left))
                part = f"the beginning of page {number} of {total:,}"
            break
        else:
            pieces.append(piece)
        last = number
    if not pieces:
        raise FileHasNoText(name, _NO_TEXT)
    text = "\n".join(pieces)
    return Extract(
        kind="pdf",
        media_type="application/pdf",
        part=part or _part(last, total),
        tokens=estimate_tokens(text),
        text=text,
        notes=(f"There is no text on {_pages(wordless)}: pictures, perhaps.",) if wordless else (),
    )


def _part(last: int, total: int) -> str:
    if last < total:
        return f"pages 1–{last:,} of {total:,}" if last > 1 else f"page 1 of {total:,}"
    return f"all {total:,} pages" if total > 1 else "its one page"


def _pages(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"page {numbers[0]}"
    if len(numbers) <= 5:
        return f"pages {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    return f"{len(numbers):,} pages"
