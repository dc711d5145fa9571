"""What a message orders from the painter: how many pictures, of what, and what they are called. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parlanchina.llm.demo_pictures.prompt import read_prompt

__all__ = ["Order", "read_order"]

_LOOKED_AT = 2_000  # characters of a message, as for topics

_PICTURE = (
    r"(?:pictures?|images?|paintings?|drawings?|photos?|illustrations?|sketch(?:es)?|logos?"
    r"|im[aá]gen(?:es)?|dibujos?|cuadros?|fotos?|ilustraci[oó]n(?:es)?|pinturas?)"
)
_COUNTS = {"two": 2, "dos": 2, "2": 2, "three": 3, "tres": 3, "3": 3, "four": 4, "cuatro": 4, "4": 4}
_SEVERAL = re.compile(rf"\b({'|'.join(_COUNTS)})(?: \w+)? {_PICTURE}\b", re.IGNORECASE)
_ORDERING = re.compile(
    r"\W*(?:(?:please|now|can you|could you|por favor|ahora|puedes)\W+)*"
    r"(?:draw|paint|make|create|generate|show|sketch|edit|dib[uú]ja|p[ií]nta|h[aá]z|cr[eé]a|gen[eé]ra|edita)(?:me)?\b\W*"
    r"(?:(?:me|us)\b\W*)?"
    rf"(?:(?:\w+\W+){{0,2}}{_PICTURE}\b\W*(?:of\b|de\b)?\W*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be painted."""

    count: int
    prompt: str
    title: str


def read_order(message: str, *, before: str = "") -> Order:
    """Read an order; `before` is what a picture that came with it was painted from, for what is not said again."""
    words = " ".join(message[:_LOOKED_AT].split())
    several = _SEVERAL.search(words)
    ordering = _ORDERING.match(words)
    title = (words[ordering.end() :] if ordering else words).strip(" .!?")
    return Order(
        count=_COUNTS[several[1].lower()] if several else 1,
        prompt=_completed(words, before),
        title=title[:1].upper() + title[1:] or "Form and colour",
    )


def _completed(words: str, before: str) -> str:
    now, then = read_prompt(words), read_prompt(before)
    if now.subject or not before:
        return words
    return " ".join(filter(None, (words, then.subject, "" if now.hour else then.hour)))
