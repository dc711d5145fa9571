"""Events that came together are handed on at once; before the next read there is a pause."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from parlanchina.paced import with_pauses


class Stream:
    """Events, and the clock they come by: each with the seconds that it is waited for."""

    def __init__(self, *events: tuple[str, float]) -> None:
        self.now = 0.0
        self._events = events

    async def read(self) -> AsyncGenerator[str, None]:
        for event, seconds in self._events:
            self.now += seconds
            yield event


async def test_only_what_had_to_be_waited_for_is_followed_by_a_pause() -> None:
    stream = Stream(("a", 0.2), ("b", 0.0), ("c", 0.0), ("d", 0.01), ("e", 0.0))
    log: list[str] = []

    def pause() -> float:
        log.append("pause")
        return 0.0

    async for event in with_pauses(stream.read(), pause, clock=lambda: stream.now):
        log.append(event)
    assert log == ["a", "pause", "b", "c", "d", "pause", "e"]


async def test_pauses_lose_nothing() -> None:
    stream = Stream(*((str(number), 1.0) for number in range(5)))
    read = [event async for event in with_pauses(stream.read(), lambda: 0.001, clock=lambda: stream.now)]
    assert read == ["0", "1", "2", "3", "4"]
