"""Events that came together are handed on at once; before the next read there is a pause."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from itertools import pairwise

from parlanchina.paced import with_pauses


async def read(*together: int) -> AsyncGenerator[int, None]:
    """Numbers; each read, during which the event loop goes round, brings so many of them."""
    number = 0
    for count in together:
        await asyncio.sleep(0.001)
        for _ in range(count):
            yield number
            number += 1


async def log_of(*together: int) -> list[int | str]:
    """The numbers, and the pauses between them."""
    log: list[int | str] = []

    def pause() -> float:
        log.append("pause")
        return 0.0

    async for number in with_pauses(read(*together), pause):
        log.append(number)
    return log


async def test_only_what_had_to_be_read_is_followed_by_a_pause() -> None:
    assert await log_of(3, 1, 2) == [0, "pause", 1, 2, 3, "pause", 4, "pause", 5]


async def test_there_is_no_pause_after_a_read_that_brought_much() -> None:
    log = await log_of(1, 200, 200, 1, 1)
    before = [number for number, after in pairwise(log) if after == "pause"]
    assert before == [0, 1, 402]  # not 201 and 401: a great deal had come before them


async def test_however_much_comes_together_others_have_their_turn() -> None:
    others = 0

    async def go_round() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(go_round())
    turns = [others async for _ in with_pauses(read(200), lambda: 0.0)]
    task.cancel()
    most = max(turns.count(so_many) for so_many in turns)
    assert most < 20


async def test_pauses_lose_nothing() -> None:
    assert [number async for number in with_pauses(read(*[1] * 5, 100), lambda: 0.001)] == list(range(105))
