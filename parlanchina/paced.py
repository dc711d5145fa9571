"""Reads a stream of events with a moment's pause between two reads.

Reading a connection costs the same however much it brings: some 20 times what one more event in it does. So what has
to be waited for anyway is waited for a little longer, and what came together is handed on without delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

__all__ = ["with_pauses"]

T = TypeVar("T")

_MANY = 50  # events that came together: more would make each of them hardly cheaper
_AT_A_STRETCH = 8  # events handed on before others' are


async def with_pauses(events: AsyncGenerator[T, None], pause: Callable[[], float]) -> AsyncGenerator[T, None]:
    """Hand on `events`; where one had to be read, wait `pause()` seconds before the next is asked for.

    There is no pause while much comes with each read. An event had to be read if the event loop went round until it
    came: the clock can't tell, as a quick model is quicker than a slow machine.
    """
    loop = asyncio.get_running_loop()
    went_round = False
    together = 0  # events that came with the last read

    def note() -> None:
        nonlocal went_round
        went_round = True

    loop.call_soon(note)
    async for event in events:
        had_to_be_read = went_round
        yield event
        if had_to_be_read:
            seconds = pause() if together < _MANY else 0.0
            together = 1
        else:
            seconds = 0.0
            together += 1
            if together % _AT_A_STRETCH:
                continue
        await asyncio.sleep(seconds)
        went_round = False
        loop.call_soon(note)
