"""Has pages and frames of replies drawn a few at a time, however many ask at once.

Python runs one thread at a time, and gives each its share. Sixty threads that draw pages would leave the two event
loops, which take in what models say and send out what is drawn, a sixtieth each: everyone waits for everyone's page.
And a thread that waits for its share wakes every half millisecond to ask for it; one that waits here sleeps.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

__all__ = ["Gate", "gate"]


class Gate:
    """A context to draw in; who waits for something in there may `leave` and `enter` again.

    Who has to wait too long goes in all the same: what is in there may be stuck.
    """

    def __init__(self, *, places: int, patience: float) -> None:
        """`patience` in seconds."""
        self._places = threading.Semaphore(places)
        self._patience = patience
        self._here = threading.local()

    def __enter__(self) -> None:
        self.enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def enter(self) -> float:
        """Go in, once there is a place or it has taken too long; then `leave` is due. Returns the seconds waited."""
        if self.enter_if_free():
            return 0.0
        asked_at = time.monotonic()
        self._here.has_place = self._places.acquire(timeout=self._patience)
        return time.monotonic() - asked_at

    def enter_if_free(self) -> bool:
        """Go in if there is a place; then `leave` is due."""
        if not self._has_place:
            self._here.has_place = self._places.acquire(blocking=False)
        return self._has_place

    def leave(self) -> None:
        """Give the place up, also before the end of the context; nothing where there is none."""
        if self._has_place:
            self._here.has_place = False
            self._places.release()

    @property
    def _has_place(self) -> bool:
        return bool(getattr(self._here, "has_place", False))


gate = Gate(places=2, patience=1.0)
