"""Replies that belong to no session: nothing is stored, and they end with the request that asked for them.

Each is a turn, made on the request's own event loop. No other model answers in its place: a program that asked for
one model wants that one, or an error.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from parlanchina.errors import ProviderError, StreamLost, StreamUnfinished
from parlanchina.events import ErrorEvent, FinishReason, ReasoningDelta, TextDelta, TextDone, UsageEvent
from parlanchina.llm.base import ChatMessage, Provider, ReplyRequest
from parlanchina.messages import Message, Params, ReplyStatus, Timing, Usage
from parlanchina.ownership import LOCAL_OWNER
from parlanchina.turn import Turn
from parlanchina.turns import Turns

__all__ = ["UnkeptReplies"]

log = logging.getLogger(__name__)


class UnkeptReplies:
    """Starts them, and holds on to the tasks that make them. For coroutines of one event loop only."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, turns: Turns, messages: Sequence[ChatMessage], *, model: str, params: Params) -> Turn:
        """Start a reply to `messages`; whoever reads it stops it on leaving. Raises `ModelNotAllowed`."""
        provider = turns.provider_of(model)
        message = Message(
            id=uuid4().hex,
            parent_id=None,
            role="assistant",
            raw_markdown="",
            created_at=datetime.now(UTC),
            model=model,
            provider=provider.name,
            status="streaming",
        )
        turn = Turn(session_id="", owner=LOCAL_OWNER, message=message, stop=lambda: _cancel(task))
        request = ReplyRequest(messages=messages, model=model, params=params, enable_image_tool=False)
        task = asyncio.get_running_loop().create_task(_make(turn, provider, request))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._forget(done, turn))
        return turn

    def close(self) -> None:
        """End them all: the process is closing."""
        for task in self._tasks:
            task.cancel()

    def _forget(self, task: asyncio.Task[None], turn: Turn) -> None:
        self._tasks.discard(task)
        if not turn.done:  # cancelled: whoever follows must not wait for ever
            turn.end(replace(turn.message, raw_markdown=turn.text, status="interrupted"))


async def _make(turn: Turn, provider: Provider, request: ReplyRequest) -> None:
    started = time.monotonic()
    first_token_ms: int | None = None
    reasoning: list[str] = []
    usage: Usage | None = None
    finish: FinishReason | None = None
    failure: ProviderError | None = None
    try:
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                if first_token_ms is None and isinstance(event, TextDelta | ReasoningDelta):
                    first_token_ms = _ms_since(started)
                match event:
                    case ErrorEvent():
                        failure = event.error
                        continue
                    case TextDone():
                        finish = event.finish_reason
                        continue
                    case UsageEvent():
                        usage = event.usage
                    case ReasoningDelta():
                        reasoning.append(event.text)
                turn.add(event)
    except Exception as error:  # a provider must not raise; whoever follows is told that it did
        log.error("provider %s raised %s", provider.name, type(error).__qualname__)
        failure = ProviderError("Something went wrong inside the app while the reply was made. Try again.")
    if finish is None and failure is None:
        failure = StreamUnfinished("The reply ended without the provider saying that it was finished.")
    status: ReplyStatus = (
        "complete" if failure is None else "interrupted" if isinstance(failure, StreamLost) else "error"
    )
    message = replace(
        turn.message,
        raw_markdown=turn.text,
        status=status,
        finish_reason=finish,
        error=str(failure) if failure else None,
        error_code=failure.code if failure else None,
        reasoning="".join(reasoning),
        usage=usage,
        timing=Timing(first_token_ms=first_token_ms, total_ms=_ms_since(started)),
    )
    turn.end(message, failure=failure)


def _cancel(task: asyncio.Task[None]) -> None:
    task.get_loop().call_soon_threadsafe(task.cancel)


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
