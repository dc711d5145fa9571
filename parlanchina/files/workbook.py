"""Excel workbooks (.xlsx): each sheet a table, the stored values of formulas, never the formulas.

Sheets share the budget: each may take an equal part of what those before it left. Charts, pictures, comments and
macros are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import BytesIO

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from parlanchina.errors import FileHasNoText
from parlanchina.files.archive import check_archive
from parlanchina.files.columns import MAX_COLUMNS, MAX_ROWS, build_table, plain, unique_names
from parlanchina.files.extract import Budget, Column, Extract, Table, clean, estimate_tokens

__all__ = ["read_workbook"]

_MAX_SHEETS = 20
_MAX_XML = 150_000_000  # bytes; rows are read as a stream, the table of shared texts is not
_TYPES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", datetime: "date", date: "date"}


def read_workbook(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read a workbook's sheets: their columns, the types of the cells taken, and their first rows."""
    check_archive(content, name=name, max_xml=_MAX_XML)
    book = load_workbook(BytesIO(content), read_only=True, data_only=True)
    try:
        sheets = book.worksheets
        tables, pieces = _read_sheets(sheets[:_MAX_SHEETS], max_tokens=max_tokens)
    finally:
        book.close()
    if not tables:
        raise FileHasNoText(name, "has no cells with anything in them.")
    text = "\n\n".join(pieces)
    left = len(sheets) - _MAX_SHEETS
    return Extract(
        kind="sheet",
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        part="; ".join(f"sheet {table.title!r}: {table.part}" for table in tables),
        tokens=estimate_tokens(text),
        text=text,
        tables=tuple(tables),
        notes=(f"Sheets not read: {left:,} more.",) if left > 0 else (),
    )


def _read_sheets(sheets: Sequence[Worksheet], *, max_tokens: int) -> tuple[list[Table], list[str]]:
    tables: list[Table] = []
    pieces: list[str] = []
    left = max_tokens
    for place, sheet in enumerate(sheets):
        rows, total, width = _read_rows(sheet)
        if not rows:
            continue
        header, *values = rows
        columns = [
            Column(name=label, type=_type_of(row[index] for row in values))
            for index, label in enumerate(unique_names(header))
        ]
        title = " ".join(clean(sheet.title)[:100].split())
        heading = f"Sheet {title!r}"
        share = Budget(left // (len(sheets) - place))
        share.take(heading)
        table, listing = build_table(
            [[plain(value) for value in row] for row in values],
            columns=columns,
            total=total,
            budget=share,
            title=title,
            all_columns=width,
        )
        tables.append(table)
        pieces.append(f"{heading}\n{listing}")
        left = max(0, left - estimate_tokens(pieces[-1]) - 1)
    return tables, pieces


def _read_rows(sheet: Worksheet) -> tuple[list[tuple[object, ...]], int | None, int]:
    """The header and the first rows that aren't blank; how many rows there are below the header, and columns.

    A sheet states its own size, or doesn't, or is wrong: what was read counts more.
    """
    rows: list[tuple[object, ...]] = []
    more = False
    for number, row in enumerate(sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS, values_only=True), 1):
        more = number > MAX_ROWS + 1
        if not more and any(_is_filled(value) for value in row):
            rows.append(row)
    width = max((place for row in rows for place, value in enumerate(row, 1) if _is_filled(value)), default=0)
    total: int | None = max(0, len(rows) - 1)
    if more:
        stated = (sheet.max_row or 0) - (MAX_ROWS + 1)
        total = len(rows) - 1 + stated if stated > 0 else None
    columns = max(width, sheet.max_column or 0) if width == MAX_COLUMNS else width
    return [row[:width] for row in rows], total, columns


def _is_filled(value: object) -> bool:
    return value is not None and value != ""


def _type_of(values: Iterable[object]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return "empty"
    names = {_TYPES.get(kind, "text") for kind in kinds}
    if names == {"integer", "number"}:
        return "number"
    return names.pop() if len(names) == 1 else "mixed"
