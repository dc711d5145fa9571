"""A provider whose replies the test writes, event by event, from its own thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator

from parlanchina.events import LLMEvent, TextDelta, TextDone
from parlanchina.llm.base import ReplyRequest


class ScriptedProvider:
    """Yields what `send` is given, to every call alike; remembers the calls and when they were closed."""

    def __init__(self, name: str = "scripted") -> None:
        self.name = name
        self.calls: list[ReplyRequest] = []
        self.closed = threading.Event()
        self._sent: deque[LLMEvent | None] = deque()
        self._wakes: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def send(self, *events: LLMEvent | str) -> ScriptedProvider:
        """Add events; a string is a text delta."""
        self._sent.extend(TextDelta(text=event) if isinstance(event, str) else event for event in events)
        self._wake()
        return self

    def finish(self) -> ScriptedProvider:
        """Say that the reply is complete, and end the stream."""
        return self.send(TextDone(finish_reason="stop")).hang_up()

    def hang_up(self) -> ScriptedProvider:
        """End the stream without another word."""
        self._sent.append(None)
        self._wake()
        return self

    def begin_anew(self) -> ScriptedProvider:
        """Forget what was sent: later calls hear only what is sent from now on."""
        self._sent.clear()
        return self

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[LLMEvent, None]:
        self.calls.append(request)
        ready = asyncio.Event()
        self._wakes.append((asyncio.get_running_loop(), ready))
        position = 0
        try:
            while True:
                ready.clear()
                while position < len(self._sent):
                    event = self._sent[position]
                    position += 1
                    if event is None:
                        return
                    yield event
                await ready.wait()
        finally:
            self.closed.set()

    async def aclose(self) -> None:
        pass

    def _wake(self) -> None:
        for loop, ready in self._wakes:
            if not loop.is_closed():
                loop.call_soon_threadsafe(ready.set)
