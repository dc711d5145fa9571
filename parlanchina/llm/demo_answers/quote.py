"""Playing back a user's words without letting them act: no markup, no invisible characters, no great length."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain", "quote"]

_LONGEST = 80
"""Characters of the user's that are played back."""


def quote(text: str) -> str:
    """Show the start of a text as inline code, the one construct inside which nothing else in Markdown acts."""
    words = _visible(text).replace("`", "'")
    return f"`{words}`" if words else "`…`"


def plain(text: str) -> str:
    """Reduce a text to words, simple punctuation and symbols such as emoji, safe as a paragraph of its own."""
    words = re.sub(r"[\\`*_\[\]<>&$~|^{}=+:@#\"]|\.(?=\w)", "", _visible(text))
    return " ".join(re.sub(r"^(?:[\s\-]|\d+[.)](?=\s|$))+", "", words).split())


def _visible(text: str) -> str:
    whole = text.strip()
    start = whole[: 4 * _LONGEST]  # room for what is dropped below
    # Category C holds controls, surrogates and the invisible formats that turn text around.
    seen = (mark for mark in start if mark.isspace() or not unicodedata.category(mark).startswith("C"))
    words = " ".join("".join(seen).split())
    return words if len(words) <= _LONGEST and start == whole else f"{words[: _LONGEST - 1].rstrip()}…"
