"""Whether others could draw now: asked of a gate from threads of their own, since a place is a thread's."""

from __future__ import annotations

import threading

from parlanchina.ui.gate import Gate

__all__ = ["has_room"]


def has_room(gate: Gate, *, places: int = 1) -> bool:
    """Whether so many could go in together."""
    seen: list[bool] = []
    together = threading.Barrier(places, timeout=10)

    def look() -> None:
        seen.append(gate.enter_if_free())
        together.wait()
        gate.leave()

    threads = [threading.Thread(target=look) for _ in range(places)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen == [True] * places
