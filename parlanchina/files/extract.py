"""What a model gets of a file: the values `Extract` and `Table`, and the budget they are cut to.

Knows nothing of file formats, disks or models. `to_dict` and `from_dict` are exact inverses; `from_dict` raises
`ValueError`, `KeyError` or `TypeError` for anything that is not the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

__all__ = [
    "MAX_TOKENS",
    "Budget",
    "Cell",
    "Column",
    "Extract",
    "Kind",
    "Reader",
    "Table",
    "clean",
    "estimate_tokens",
    "head_of",
    "part_of",
]

Kind = Literal["image", "pdf", "document", "sheet", "table", "json", "markdown", "code", "text"]
Cell = str | int | float | bool | None

MAX_TOKENS = 32_000
"""Tokens that one file may take: some 40 pages of prose, a quarter of what a common model reads at once."""

_BYTES_PER_TOKEN = 3

# What no text needs and some places can't hold: control characters, and halves of surrogate pairs.
_UNCLEAN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]|[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A table's column; `type` is integer, number, boolean, date, text or empty, or a Parquet type's own name."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a table that the model gets, for a page to show: `pandas.DataFrame(rows, columns=names)`."""

    title: str
    """The sheet's name; empty where the file is one table."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    part: str

    @property
    def names(self) -> list[str]:
        """The columns' names, each used once."""
        return [column.name for column in self.columns]

    def to_dict(self) -> dict[str, Any]:  # Any: JSON
        return {
            "title": self.title,
            "columns": [[column.name, column.type] for column in self.columns],
            "rows": [list(row) for row in self.rows],
            "part": self.part,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Table:
        return cls(
            title=raw["title"],
            columns=tuple(Column(name=name, type=kind) for name, kind in raw["columns"]),
            rows=tuple(tuple(row) for row in raw["rows"]),
            part=raw["part"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What a model gets of a file, and the words that say how much of it that is."""

    kind: Kind
    media_type: str
    """What the content is, whatever the file's name said."""
    part: str
    """What was taken, in words: "first 1,000 of 10,000 rows", "all 34 lines"."""
    tokens: int
    """An estimate; see `estimate_tokens`, and for pictures `files.picture`."""
    text: str = ""
    image_url: str = ""
    """A picture as a `data:` URL, no larger than a model looks at, without metadata."""
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader should know besides: a guessed encoding, uneven rows, pages without text."""

    def to_dict(self) -> dict[str, Any]:  # Any: JSON
        return {
            "kind": self.kind,
            "media_type": self.media_type,
            "part": self.part,
            "tokens": self.tokens,
            "text": self.text,
            "image_url": self.image_url,
            "tables": [table.to_dict() for table in self.tables],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Extract:
        if raw["kind"] not in get_args(Kind):
            raise ValueError(f"kind {raw['kind']!r} is not known")
        return cls(
            kind=raw["kind"],
            media_type=raw["media_type"],
            part=raw["part"],
            tokens=raw["tokens"],
            text=raw["text"],
            image_url=raw["image_url"],
            tables=tuple(Table.from_dict(table) for table in raw["tables"]),
            notes=tuple(raw["notes"]),
        )


class Reader(Protocol):
    """What turns a file into an `Extract`, or raises `FileRefused`."""

    def __call__(self, content: bytes, *, name: str, max_tokens: int) -> Extract: ...


def estimate_tokens(text: str) -> int:
    """Estimate a text's tokens: one for every three bytes of UTF-8, rounded up.

    No tokenizer is asked, since every model has its own. English prose has about four bytes a token and code about
    three, a Chinese character is three bytes and about one token: so the estimate errs on the high side.
    """
    return -(-_size(text) // _BYTES_PER_TOKEN)


class Budget:
    """The tokens a file may still take, spent on one whole piece after another, in order."""

    def __init__(self, max_tokens: int) -> None:
        self._left = max_tokens * _BYTES_PER_TOKEN
        self._full = False

    def take(self, piece: str) -> bool:
        """Pay for a piece and its line break, or refuse it and every later one: what is taken has no gaps."""
        cost = _size(piece) + 1
        self._full = self._full or cost > self._left
        self._left -= 0 if self._full else cost
        return not self._full

    def take_while(self, pieces: Iterable[str]) -> list[str]:
        """Take pieces until one does not fit; that one and the rest are not looked at again."""
        taken: list[str] = []
        for piece in pieces:
            if not self.take(piece):
                break
            taken.append(piece)
        return taken

    @property
    def left(self) -> int:
        """Tokens left."""
        return self._left // _BYTES_PER_TOKEN


def head_of(text: str, *, max_tokens: int) -> str:
    """The beginning of a text that fits, cut at a line's end, or a word's, or anywhere, but not to less than half."""
    cut = text.encode(errors="replace")[: max_tokens * _BYTES_PER_TOKEN].decode(errors="ignore")
    if len(cut) == len(text):
        return text
    ends = (cut.rfind("\n"), cut.rfind(" "))
    return cut[: next((end for end in ends if end > len(cut) // 2), len(cut))]


def part_of(taken: int, total: int | None, noun: str) -> str:
    """Say how many of a file's lines, rows … were taken: "all 34 lines", "first 200 of 10,000 rows".

    A `total` of None: there are more, and nobody counted them.
    """
    if total is None:
        return f"first {taken:,} {noun}s, of more"
    if taken < total:
        return f"first {taken:,} of {total:,} {noun}s"
    return f"all {total:,} {noun}s" if total != 1 else f"its one {noun}"


def clean(text: str) -> str:
    """A text without control characters and broken surrogates, which JSON, databases and terminals trip over."""
    return _UNCLEAN.sub(_replacement, text.replace("\r\n", "\n").replace("\r", "\n"))


def _replacement(match: re.Match[str]) -> str:
    return "" if match[0] < "\x80" else "\ufffd"


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))
