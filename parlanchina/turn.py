"""One reply while it is being made: a growing list of events that any number of readers follow.

Owns the events and who is waiting for more; refuses to know where they come from, or who stores them (`turns`).
The invariant: events are only ever added at the end, so a reader needs nothing but an index to leave and come
back, on any thread or event loop, and a reader that is slow or gone costs the others nothing.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime

from parlanchina.errors import ParlanchinaError
from parlanchina.events import LLMEvent, TextDelta
from parlanchina.messages import Message

__all__ = ["Progress", "Turn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a reader gets: the events from its index on, and whether there will be more."""

    events: tuple[LLMEvent, ...]
    next_index: int
    done: bool
    """The turn has ended and every event has been handed out: the stored reply is `turn.message`."""


class Turn:
    """A reply in the making. Its id is the id of the assistant's message it becomes."""

    def __init__(self, *, session_id: str, owner: str, message: Message, stop: Callable[[], None]) -> None:
        self.id = message.id
        self.session_id = session_id
        self.owner = owner
        self.message = message
        """The reply as last stored: a `streaming` one at first, the ended one when the turn is done."""
        self.failure: ParlanchinaError | None = None
        """What ended the reply as `error` or `interrupted`, with more than its sentence: when to try again, say."""
        self.unsaved: ParlanchinaError | None = None
        """Why the ended reply could not be stored; its text is still in `message`."""
        self._stop = stop
        self._events: list[LLMEvent] = []
        self._last_event_at = time.monotonic()
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._listeners: set[Callable[[], None]] = set()

    @property
    def question_id(self) -> str | None:
        """The message that this turn answers."""
        return self.message.parent_id

    @property
    def done(self) -> bool:
        """Whether the reply has ended and was stored."""
        return self._ended.is_set()

    @property
    def started_at(self) -> datetime:
        """When the reply was asked for."""
        return self.message.created_at

    @property
    def text(self) -> str:
        """The Markdown so far."""
        with self._changed:
            events = self._events[:]
        return "".join(event.text for event in events if isinstance(event, TextDelta))

    def silence(self) -> float:
        """Seconds since the last event, or since the start."""
        return time.monotonic() - self._last_event_at

    def stop(self) -> None:
        """End the reply now, keeping what came. Harmless when it has ended."""
        self._stop()

    def read(self, index: int = 0) -> Progress:
        """Return the events from `index` on that are there by now."""
        with self._changed:
            return self._progress(index)

    def wait(self, index: int, *, timeout: float) -> None:
        """Wait until there is an event at `index`, or there will be none, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.done or len(self._events) > index, timeout)

    def wait_until_done(self, *, timeout: float) -> bool:
        """Wait until the reply has ended and was stored, at most `timeout` seconds; say whether it has."""
        return self._ended.wait(timeout)

    @property
    def is_listened_to(self) -> bool:
        """Whether anyone is in `follow`, and so wants each event as it comes."""
        return bool(self._listeners)

    async def follow(self, index: int = 0) -> AsyncGenerator[Progress, None]:
        """Yield whatever is new since `index`, joined, until the end; on any event loop."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(ready.set)

        with self._changed:
            self._listeners.add(wake)
        try:
            while True:
                ready.clear()
                with self._changed:
                    progress = self._progress(index)
                if progress.events or progress.done:
                    index = progress.next_index
                    yield progress
                if progress.done:
                    return
                await ready.wait()
        finally:
            with self._changed:
                self._listeners.discard(wake)

    def add(self, event: LLMEvent) -> None:
        """Add an event and wake the readers. For the turn's own task only."""
        with self._changed:
            self._events.append(event)
            self._last_event_at = time.monotonic()
            self._wake()

    def end(
        self,
        message: Message,
        *,
        failure: ParlanchinaError | None = None,
        unsaved: ParlanchinaError | None = None,
    ) -> None:
        """Say that the reply has ended as `message`. For the turn's own task only, once."""
        with self._changed:
            self.message, self.failure, self.unsaved = message, failure, unsaved
            self._ended.set()
            self._wake()

    def _progress(self, index: int) -> Progress:
        events = tuple(self._events[index:])
        return Progress(events=events, next_index=index + len(events), done=self.done)

    def _wake(self) -> None:
        self._changed.notify_all()
        for listener in tuple(self._listeners):
            try:
                listener()
            except RuntimeError:  # that reader's event loop was closed under it
                self._listeners.discard(listener)
