"""Word documents (.docx) as Markdown: headings, paragraphs, lists and tables, in the order of the page.

Walks the document's own tree, since python-docx's view of it leaves out content controls and tracked insertions.
Deleted text, pictures, headers, footers, footnotes and comments are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from docx import Document
from docx.oxml.ns import qn

from parlanchina.errors import FileHasNoText
from parlanchina.files.archive import check_archive
from parlanchina.files.extract import Budget, Extract, clean, estimate_tokens, head_of, part_of

__all__ = ["read_document"]

_MAX_XML = 60_000_000  # bytes; the whole tree is in memory, at some ten times its size

_Element = Any  # Any: lxml ships no types

_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_PROPERTIES = (qn("w:pPr"), qn("w:rPr"), qn("w:sdtPr"))
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # says a text box twice
_SKIPPED = frozenset((*_PROPERTIES, _FALLBACK, qn("w:del"), qn("w:moveFrom"), qn("w:instrText")))
_TEXTS = frozenset((qn("w:t"), qn("m:t")))
_SIGNS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}

_HEADING = re.compile(r"heading ([1-6])", re.IGNORECASE)


def read_document(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read a Word document as Markdown, whole paragraphs and table rows as long as they fit.

    Raises `FileHasNoText`, and what python-docx raises for a damaged file.
    """
    check_archive(content, name=name, max_xml=_MAX_XML)
    document = Document(BytesIO(content))
    styles = {style.style_id: style.name or "" for style in document.styles}
    blocks = list(_blocks(document.element.body, styles))
    if not blocks:
        raise FileHasNoText(name, "has no text in it.")
    budget = Budget(max_tokens)
    taken = budget.take_while(blocks)
    tables = len(blocks) > 1 and document.element.body.find(f".//{_TABLE}") is not None
    noun = "paragraphs and table row" if tables else "paragraph"
    part = part_of(len(taken), len(blocks), noun)
    if not taken:
        taken, part = [head_of(blocks[0], max_tokens=budget.left)], "the beginning of its first paragraph"
    text = "\n".join(taken).strip("\n")
    return Extract(
        kind="document",
        media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        part=part,
        tokens=estimate_tokens(text),
        text=text,
    )


def _blocks(container: _Element, styles: Mapping[str, str]) -> Iterator[str]:
    """Paragraphs and table rows that have text, through whatever wraps them, each after the white space it needs."""
    for element in container.iterchildren("*"):
        if element.tag == _PARAGRAPH:
            text = clean("".join(_texts(element))).strip()
            if text:
                yield _prefix(element, styles) + text
        elif element.tag == _TABLE:
            yield from _rows(element)
        elif element.tag not in _SKIPPED:
            yield from _blocks(element, styles)


def _rows(table: _Element) -> Iterator[str]:
    """A table's rows, as a Markdown table's; tables inside its cells are run together with the cell's text."""
    first = True
    for row in _own(table, _ROW):
        cells = [" ".join(clean("".join(_texts(cell))).split()).replace("|", "\\|") for cell in _own(row, _CELL)]
        if any(cells):
            line = "| " + " | ".join(cells) + " |"
            yield f"\n{line}\n{'| --- ' * len(cells)}|" if first else line
            first = False


def _own(parent: _Element, tag: str) -> Iterator[_Element]:
    """A table's rows or a row's cells, through whatever wraps them, but not those of a table within."""
    return (child for child in parent.iter(tag) if next(child.iterancestors(parent.tag)) is parent)


def _texts(element: _Element) -> Iterator[str]:
    for child in element.iterchildren("*"):
        if child.tag in _TEXTS:
            yield child.text or ""
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag == _PARAGRAPH:  # in a table's cell or a text box
            yield from ("\n", *_texts(child), "\n")
        elif child.tag not in _SKIPPED:
            yield from _texts(child)


def _prefix(paragraph: _Element, styles: Mapping[str, str]) -> str:
    style = _value(paragraph, "w:pStyle")
    name = styles.get(style, style)
    if heading := _HEADING.match(name):
        return f"\n{'#' * int(heading[1])} "
    if name == "Title":
        return "\n# "
    numbered = _value(paragraph, "w:numId") not in ("", "0")
    if not numbered and not name.startswith("List "):
        return "\n"
    level = _value(paragraph, "w:ilvl")
    indent = "  " * min(int(level), 8) if level.isdecimal() else ""
    return indent + ("1. " if name.startswith("List Number") else "- ")


def _value(paragraph: _Element, tag: str) -> str:
    """The value of one of a paragraph's own properties, or an empty text."""
    properties = paragraph.find(_PROPERTIES[0])
    found = None if properties is None else next(properties.iter(qn(tag)), None)
    return "" if found is None else found.get(qn("w:val")) or ""
