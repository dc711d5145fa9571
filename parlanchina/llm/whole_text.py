"""Text whose characters are whole, made of pieces that may not be.

JSON can hold half of a character outside the basic plane (`"\\ud83d"`), and a service that cuts its text by UTF-16
units sends an emoji in two pieces. Half a character can't be written to a file; what leaves here always can.
"""

from __future__ import annotations

import re

__all__ = ["WholeText"]

_HALF = re.compile("[\ud800-\udfff]")


class WholeText:
    """Joins what was cut across two pieces; half a character that stays alone becomes U+FFFD."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, piece: str) -> str:
        """The next piece, made whole; a first half at its end waits for the second."""
        text = self._held + piece
        self._held = ""
        if not _HALF.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
