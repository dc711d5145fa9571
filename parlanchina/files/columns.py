"""Rows of cells as a model reads them: the columns with their types, then as many whole rows as fit, as CSV.

Shared by everything tabular. CSV costs fewer tokens than a Markdown table, and has one way to write any cell.
Refuses to know where rows come from.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import StringIO

from parlanchina.files.extract import Budget, Cell, Column, Table, clean, part_of

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "build_table", "parsed", "plain", "unique_names"]

MAX_ROWS = 1_000
"""Rows of one table that are taken, budget or not: to count further, a model needs tools, not tokens."""

MAX_COLUMNS = 100

_MAX_NAME = 60
_MAX_CELL = 2_000  # characters

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")  # "007" is a label; 18 digits fit 64 bits
_NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?(?:Z|[+-][0-9:]{4,6})?"
)
_BOOLEANS = {"true": True, "false": False}


def build_table(
    rows: Sequence[Sequence[Cell]],
    *,
    columns: Sequence[Column],
    total: int | None,
    budget: Budget,
    title: str = "",
    all_columns: int | None = None,
) -> tuple[Table, str]:
    """A table of the rows that fit, and its text. `total` counts the file's rows (see `part_of`); `all_columns`, its
    columns.

    The columns are named even where that alone is more than the budget.
    """
    listed = ", ".join(f"{column.name} ({column.type})" for column in columns)
    count = f"first {len(columns)} of {all_columns:,}" if all_columns and all_columns > len(columns) else len(columns)
    head = [f"Columns ({count}): {listed}", _csv_line([column.name for column in columns])]
    for line in head:
        budget.take(line)
    lines = budget.take_while(map(_csv_line, rows))
    part = part_of(len(lines), total, "row") if lines else "no rows, only the columns"
    taken = tuple(tuple(row) for row in rows[: len(lines)])
    return Table(title=title, columns=tuple(columns), rows=taken, part=part), "\n".join(head + lines)


def unique_names(header: Iterable[object]) -> list[str]:
    """A name for each column: its place where it has none, and a number behind one that was used before."""
    names: dict[str, None] = {}
    for place, value in enumerate(header, start=1):
        wanted = " ".join(clean(str(value if value is not None else ""))[:_MAX_NAME].split()) or f"column {place}"
        name, again = wanted, 1
        while name in names:
            again += 1
            name = f"{wanted} ({again})"
        names[name] = None
    return list(names)


def plain(value: object) -> Cell:
    """A cell's value as JSON can hold it: dates as ISO 8601, endless texts cut, bytes counted, NaN as nothing."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < 2**63 else str(value)
        case float():
            return value if math.isfinite(value) else None if math.isnan(value) else str(value)
        case datetime():
            return (value.date() if value.time() == value.min.time() else value).isoformat()
        case date():
            return value.isoformat()
        case bytes():
            return f"({len(value):,} bytes)"
        case _:
            text = clean(str(value))
            return text if len(text) <= _MAX_CELL else f"{text[:_MAX_CELL]}… ({len(text):,} characters)"


def parsed(rows: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[list[Column], list[list[Cell]]]:
    """Columns of texts as what they all look like, and their rows with values of that type."""
    columns: list[Column] = []
    converted: list[list[Cell]] = []
    for name, cells in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
        kind, values = _typed(cells)
        columns.append(Column(name=name, type=kind))
        converted.append(values)
    return columns, [list(row) for row in zip(*converted, strict=True)]


def _typed(cells: Sequence[str]) -> tuple[str, list[Cell]]:
    filled = [text for cell in cells if (text := cell.strip())]
    if not filled:
        return "empty", [None] * len(cells)
    if all(map(_INTEGER.fullmatch, filled)):
        return "integer", [int(text) if (text := cell.strip()) else None for cell in cells]
    if all(map(_NUMBER.fullmatch, filled)):
        return "number", [plain(float(text)) if (text := cell.strip()) else None for cell in cells]
    if all(text.lower() in _BOOLEANS for text in filled):
        return "boolean", [_BOOLEANS.get(cell.strip().lower()) for cell in cells]
    kind = "date" if all(map(_DATE.fullmatch, filled)) else "text"
    return kind, [plain(cell) for cell in cells]


def _csv_line(cells: Sequence[Cell]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().removesuffix("\n")
