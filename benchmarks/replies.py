"""The replies that are measured: realistic Markdown of an exact number of four-character tokens.

Values only, and the same ones in every process: a question says which reply is wanted (`Order`), so the model service
needs nothing else to answer it, and who asked knows how it ends.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["END", "TOKEN", "Kind", "Order"]

Kind = Literal["mixed", "fence", "warm"]
"""A reply with everything common in it, one huge block of code, or the shortest with everything in it."""

TOKEN = 4  # characters
END = "And there it ends."
"""The last words of every reply; they appear nowhere before."""

_WARM = (
    "## One of each\n\nA **bold** `word` and [a link](https://example.com/).\n\n- an item\n\n1. a step\n\n"
    "```python\none = 'of each'  # a remark\n```\n\n| name | value |\n|---|--:|\n| one | 1 |\n\n"
)
_QUESTION = re.compile(r"(\w+) reply (\d+): (\d+) tokens, (\d+) a second")
_WORDS = re.findall(
    r"\w+",
    "harbour light keeper signal stone morning window letter number water engine table garden paper bridge simple "
    "quiet narrow early common distant careful follows carries answers measures gathers between beneath toward "
    "the a of in with by under over and or but so that which when while",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A reply that is wanted."""

    tokens: int
    pace: int = 0
    """Tokens a second; 0 sends them all at once."""
    kind: Kind = "mixed"
    seed: int = 1

    @property
    def question(self) -> str:
        """The question that this reply answers."""
        return f"{self.kind} reply {self.seed}: {self.tokens} tokens, {self.pace} a second"

    @classmethod
    def read(cls, question: str) -> Order:
        """Understand a question; `ValueError` for any other."""
        found = _QUESTION.fullmatch(question)
        kind = next((kind for kind in get_args(Kind) if found and found[1] == kind), None)
        if found is None or kind is None:
            raise ValueError(f"not a question of the benchmarks: {question!r}")
        return cls(kind=kind, seed=int(found[2]), tokens=int(found[3]), pace=int(found[4]))

    @property
    def text(self) -> str:
        """The whole reply: `tokens` times `TOKEN` characters (a warm one is as long as it is)."""
        dice = random.Random(self.seed)
        if self.kind == "warm":
            return f"{_WARM}{END}"
        room = self.tokens * TOKEN - len(END)
        if self.kind == "fence":
            opening, closing = "```python\n", "```\n\n"
            code = "".join(_lines(dice, room))[: room - len(opening) - len(closing) - 1]
            return f"{opening}{code}\n{closing}{END}"
        pieces: list[str] = []
        for section in _sections(dice):
            if len(section) + 2 > room:
                break
            pieces.append(section)
            room -= len(section)
        filling = _prose(dice, words=room)[: room - 2]  # a paragraph of whatever length is left
        return f"{''.join(pieces)}{filling}\n\n{END}"

    @property
    def deltas(self) -> list[str]:
        """The reply as it is sent."""
        text = self.text
        return [text[start : start + TOKEN] for start in range(0, len(text), TOKEN)]


def _sections(dice: random.Random) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"## {number}. The {_prose(dice, words=4)}\n\n"
        yield f"{_paragraph(dice)}\n\n"
        yield "".join(f"- **{dice.choice(_WORDS)}**: {_prose(dice, words=12)}\n" for _ in range(4)) + "\n"
        yield f"{_paragraph(dice)}\n\n"
        yield f"```python\n{''.join(_lines(dice, 300))}```\n\n"
        yield f"{_paragraph(dice)}\n\n"
        rows = "".join(f"| {dice.choice(_WORDS)} | {dice.randint(1, 9_999)} | `{number}` |\n" for _ in range(5))
        yield f"| name | value | part |\n|---|--:|---|\n{rows}\n"
        yield "".join(f"{step}. {_prose(dice, words=10)}\n" for step in range(1, 5)) + "\n"


def _paragraph(dice: random.Random) -> str:
    link = f"[{dice.choice(_WORDS)}](https://example.com/{dice.choice(_WORDS)})"
    return (
        f"{_prose(dice, words=16)}. It is **{_prose(dice, words=3)}** and {_prose(dice, words=14)}, see {link}. "
        f"Then `{dice.choice(_WORDS)}()` {_prose(dice, words=18)}."
    )


def _prose(dice: random.Random, *, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words))


def _lines(dice: random.Random, characters: int) -> Iterator[str]:
    while characters > 0:
        a, b, c = dice.choices(_WORDS, k=3)
        line = f"    {a}_{b} = {c}({dice.randint(0, 99)}, key='{b}')  # {_prose(dice, words=3)}\n"
        characters -= len(line)
        yield line
