"""CSV and TSV: the delimiter found, uneven rows kept, every row counted.

The first row names the columns. A file that turns out to be no table at all (a line of a megabyte) is read as
text instead, and says so.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from typing import Literal

from parlanchina.errors import FileHasNoText
from parlanchina.files.columns import MAX_COLUMNS, MAX_ROWS, build_table, parsed, unique_names
from parlanchina.files.extract import Budget, Extract, estimate_tokens
from parlanchina.files.names import extension_of
from parlanchina.files.text import decode, text_extract

__all__ = ["read_delimited"]

_DELIMITERS = "\t;,|"  # in this order where two fit alike: semicolons rarely line up by chance, commas do
_ABSENT = "\x1f"  # no decoded text has one: the way to read a single column
_HINT = re.compile(r"sep=([\t;,|])\n")  # a line that Excel writes and reads, and never shows
_SAMPLE_ROWS = 50
_SAMPLE = 65_536  # characters
_MAX_LINE = 1_000_000  # characters; a longer line is no row, and would take gigabytes as a list of cells

_UNPAIRED = "Its quotation marks don't pair up, and were read as plain characters."
_NO_TABLE = "It could not be read as a table: a line or a cell of it is too long. It was read as text."


@dataclass(slots=True)
class _Rows:
    """What one pass over a file brought."""

    header: list[str]
    kept: list[list[str]] = field(default_factory=list)
    widths: Counter[int] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.widths.total()

    @property
    def uneven(self) -> int:
        return self.total - self.widths[len(self.header)]


def read_delimited(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read a CSV or TSV file: its columns, their types by the rows taken, and its first rows."""
    text, notes = decode(content, name=name)
    tabs = extension_of(name) in ("tsv", "tab")
    media_type = "text/tab-separated-values" if tabs else "text/csv"
    hint = _HINT.match(text)
    text = text[hint.end() :] if hint else text
    delimiter = hint[1] if hint else "\t" if tabs else _delimiter_of(text)
    rows = None
    if _longest_line(text) <= _MAX_LINE:
        rows = _read_rows(text, delimiter, csv.QUOTE_MINIMAL)
        if rows is None and (rows := _read_rows(text, delimiter, csv.QUOTE_NONE)):
            notes = (*notes, _UNPAIRED)
    if rows is None:
        notes = (*notes, _NO_TABLE)
        return text_extract(text, name=name, kind="text", media_type=media_type, max_tokens=max_tokens, notes=notes)
    if not rows.header:
        raise FileHasNoText(name, "holds nothing but white space.")

    width = min(max(map(len, (rows.header, *rows.kept))), MAX_COLUMNS)
    if rows.uneven:
        note = f"{rows.uneven:,} of {rows.total:,} rows have more or fewer cells than the {len(rows.header):,} names."
        notes = (*notes, note)
    names = unique_names(_to_width(rows.header, width))
    columns, values = parsed([_to_width(row, width) for row in rows.kept], names)
    table, listing = build_table(
        values,
        columns=columns,
        total=rows.total,
        budget=Budget(max_tokens),
        all_columns=max(len(rows.header), *rows.widths, 0),
    )
    return Extract(
        kind="table",
        media_type=media_type,
        part=table.part,
        tokens=estimate_tokens(listing),
        text=listing,
        tables=(table,),
        notes=notes,
    )


def _read_rows(text: str, delimiter: str, quoting: Literal[0, 3]) -> _Rows | None:
    """Every row counted and the first ones kept; None if a cell is longer than the csv module takes."""
    rows = _Rows(header=[])
    try:
        for row in csv.reader(StringIO(text), delimiter=delimiter, quoting=quoting):
            if not row:  # a blank line
                continue
            if not rows.header:
                rows.header = row
                continue
            rows.widths[len(row)] += 1
            if len(rows.kept) < MAX_ROWS:
                rows.kept.append(row)
    except csv.Error:
        return None
    return rows


def _to_width(row: list[str], width: int) -> list[str]:
    return row[:width] + [""] * (width - len(row))


def _delimiter_of(text: str) -> str:
    """The delimiter that makes most of the first rows equally wide, the header first of all."""

    def fit(delimiter: str) -> float:
        try:
            widths = [len(row) for row in csv.reader(StringIO(sample), delimiter=delimiter) if row]
        except csv.Error:
            return 0.0
        usual, rows = Counter(widths).most_common(1)[0] if widths else (0, 0)
        return rows / len(widths) + (widths[0] == usual) if usual > 1 else 0.0

    sample = "".join(islice(StringIO(text[:_SAMPLE]), _SAMPLE_ROWS))
    fits = {delimiter: fit(delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: fits[delimiter])
    return best if fits[best] else _ABSENT


def _longest_line(text: str) -> int:
    return max(map(len, StringIO(text)), default=0)
