"""Has pages drawn a few at a time, however many ask at once.

Python runs one thread at a time, and gives each its share. Sixty threads that draw pages would leave the two event
loops, which take in what models say and send out what is drawn, a sixtieth each: everyone waits for everyone's page.
"""

from __future__ import annotations

import threading
from types import TracebackType

__all__ = ["Gate", "gate"]


class Gate:
    """A context to draw a page in. Who has to wait too long goes in all the same: what is in there may be stuck."""

    def __init__(self, *, places: int, patience: float) -> None:
        """`patience` in seconds."""
        self._places = threading.Semaphore(places)
        self._patience = patience
        self._here = threading.local()

    def __enter__(self) -> None:
        self._here.has_place = self._places.acquire(timeout=self._patience)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def enter_if_free(self) -> bool:
        """Go in if there is a place; then `leave` is due, however it ends."""
        self._here.has_place = self._places.acquire(blocking=False)
        return bool(self._here.has_place)

    def leave(self) -> None:
        """Give the place up, also before the end of the context; nothing where there is none."""
        if getattr(self._here, "has_place", False):
            self._here.has_place = False
            self._places.release()


gate = Gate(places=2, patience=1.0)
