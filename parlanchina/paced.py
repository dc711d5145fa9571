"""Reads a stream of events with a moment's pause between two reads.

Reading a connection costs the same however much it brings: some 20 times what one more event in it does. So what has
to be waited for anyway is waited for a little longer, and what came together is handed on without delay.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

__all__ = ["with_pauses"]

T = TypeVar("T")

_AT_HAND = 0.001  # seconds within which an event comes that was read together with the one before


async def with_pauses(
    events: AsyncGenerator[T, None], pause: Callable[[], float], *, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[T, None]:
    """Hand on `events`; after each that had to be waited for, wait `pause()` seconds before the next is asked for."""
    asked_at = clock()
    async for event in events:
        had_to_wait = clock() - asked_at > _AT_HAND
        yield event
        if had_to_wait and (seconds := pause()) > 0:
            await asyncio.sleep(seconds)
        asked_at = clock()
