"""The task that makes one reply: reads the provider, checkpoints what comes, and stores the end.

Runs on the turns' event loop; whatever blocks (the disk, the renderer) runs on a thread beside it. What can't be
stored at all stays readable in the turn.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from parlanchina.errors import (
    ParlanchinaError,
    ProviderError,
    StoreError,
    StreamLost,
    StreamUnfinished,
    Unreachable,
)
from parlanchina.events import (
    ErrorEvent,
    ImageCall,
    ImageStarted,
    LLMEvent,
    ReasoningDelta,
    TextDelta,
    TextDone,
    UsageEvent,
)
from parlanchina.llm.base import Provider, ReplyRequest
from parlanchina.messages import ImageRef, Message, Timing, Usage
from parlanchina.paced import with_pauses
from parlanchina.reply_pictures import ReplyPictures, missing_markdown, picture_markdown, pictures_in
from parlanchina.reply_record import ReplyRecord, beside_the_loop
from parlanchina.stores.base import ReplyJournal
from parlanchina.turn import Turn

__all__ = ["Renderer", "ReplyTask"]

log = logging.getLogger(__name__)

_FIRST_WORDS = 8  # pieces that are read as they come: the first alone may show nothing, being half a fence


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """How Markdown becomes the HTML stored beside it."""

    version: str
    render: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    status: Literal["complete", "stopped", "error", "interrupted"]
    finish_reason: str | None = None
    error: ParlanchinaError | None = None


class ReplyTask:
    """Makes the reply of one turn."""

    def __init__(
        self,
        turn: Turn,
        journal: ReplyJournal,
        *,
        renderer: Renderer,
        pictures: ReplyPictures,
        checkpoint_seconds: float,
        pause: Callable[[], float],
        continued: str = "",
    ) -> None:
        """`pause` tells how many seconds to wait before the provider is read once more."""
        self._turn = turn
        self._record = ReplyRecord(journal, turn_id=turn.id)
        self._renderer = renderer
        self._pictures = pictures
        self._checkpoint_seconds = checkpoint_seconds
        self._pause = pause
        self._message = turn.message
        self._images: list[ImageRef] = []
        self._keeping: asyncio.Task[None] | None = None
        self._missing: StoreError | None = None
        self._usage: Usage | None = None
        self._first_token_ms: int | None = None
        self._started = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reading: asyncio.Task[_Ending] | None = None
        self._stop_requested = False
        self._ended = asyncio.Event()
        if continued:
            self._add(TextDelta(text=continued))
            self._images.extend(pictures_in(continued))

    def stop(self) -> None:
        """Ask, from any thread, for the reply to end as `stopped`."""
        self._stop_requested = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel_reading)

    async def run(
        self, provider: Provider, request: ReplyRequest, *, fallback: tuple[Provider, str] | None = None
    ) -> None:
        """Make the reply and end the turn.

        Cancelling this task (the process is closing) writes what came and leaves the reply to be `interrupted`
        by the next load.
        """
        self._loop = asyncio.get_running_loop()
        self._started = time.monotonic()
        self._reading = asyncio.create_task(self._read(provider, request, fallback=fallback))
        if self._stop_requested:
            self._reading.cancel()
        checkpoints = asyncio.create_task(self._checkpoint_until_ended())
        try:
            ending = await self._reading
        except asyncio.CancelledError:
            await self._keep_what_came()
            if not self._stop_requested:
                self._ended.set()
                await checkpoints
                self._record.close()
                raise
            ending = _Ending(status="stopped")
        self._ended.set()
        await checkpoints
        await self._store(ending)

    def _cancel_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    async def _read(
        self, provider: Provider, request: ReplyRequest, *, fallback: tuple[Provider, str] | None
    ) -> _Ending:
        ending = await self._read_once(provider, request)
        if fallback and isinstance(ending.error, Unreachable) and not self._record.text:
            other, model = fallback
            self._message = replace(self._message, provider=other.name, model=model)
            reason = ending.error
            ending = await self._read_once(other, replace(request, model=model))
            if ending.status == "complete":
                ending = replace(ending, error=reason)  # kept, so that the page can say why another answered
        return ending

    async def _read_once(self, provider: Provider, request: ReplyRequest) -> _Ending:
        finished: TextDone | None = None
        try:
            async with aclosing(provider.stream(request)) as events:
                async for event in with_pauses(events, self._pause_after_first_words):
                    match event:
                        case ErrorEvent(error=error):
                            return _failed(error)
                        case TextDone():
                            finished = event
                        case ImageCall():
                            self._keeping = asyncio.create_task(self._keep_picture(event))
                            await asyncio.shield(self._keeping)  # once begun, also if the reply is stopped
                        case _:
                            self._add(event)
        except Exception as error:  # a provider must not raise; whatever it did, what came is kept
            log.error("turn %s: provider %s raised %s", self._turn.id, provider.name, type(error).__qualname__)
            return _failed(ProviderError("Something went wrong inside the app while the reply was made. Try again."))
        if finished is None:
            return _failed(StreamUnfinished("The reply ended without the provider saying that it was finished."))
        return _Ending(status="complete", finish_reason=finished.finish_reason)

    def _pause_after_first_words(self) -> float:
        return self._pause() if self._record.pieces >= _FIRST_WORDS else 0.0

    def _add(self, event: LLMEvent) -> None:
        match event:
            case TextDelta(text=text):
                self._mark_first_token()
                self._record.add_text(text)
            case ReasoningDelta(text=text):
                self._mark_first_token()
                self._record.add_reasoning(text)
            case UsageEvent(usage=usage):
                self._usage = usage
            case ImageStarted():
                event = replace(event, begun_at=time.monotonic())
            case ImageCall() | TextDone() | ErrorEvent():
                pass
            case _:
                assert_never(event)
        self._turn.add(event)

    async def _keep_picture(self, call: ImageCall) -> None:
        """Keep a picture and put it where it belongs in the text, or there why it is missing."""
        try:
            picture = await beside_the_loop(lambda: self._pictures.keep(call))
        except StoreError as error:
            log.warning("turn %s: a picture could not be kept: %s", self._turn.id, error.code)
            self._missing = self._missing or error
            self._add(TextDelta(text=missing_markdown(error)))
            self._add(replace(call, image_b64=""))
        else:
            self._images.append(picture)
            self._add(TextDelta(text=picture_markdown(picture)))
            self._add(replace(call, image_b64="", url=picture.url, alt_text=picture.alt_text))

    async def _keep_what_came(self) -> None:
        """Wait for the picture that was being kept when the reply was stopped."""
        if self._keeping is not None:
            await asyncio.gather(self._keeping, return_exceptions=True)

    def _mark_first_token(self) -> None:
        if self._first_token_ms is None and self._loop is not None:
            self._first_token_ms = self._elapsed_ms()

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)

    async def _checkpoint_until_ended(self) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), self._checkpoint_seconds)
            await self._record.checkpoint()

    async def _store(self, ending: _Ending) -> None:
        if self._missing and ending.status == "complete":
            ending = replace(ending, status="error", error=self._missing)
        message = replace(
            self._message,
            raw_markdown=self._record.text,
            status=ending.status,
            finish_reason=ending.finish_reason,
            error=str(ending.error) if ending.error else None,
            error_code=ending.error.code if ending.error else None,
            reasoning=self._record.reasoning,
            images=tuple(self._images),
            usage=self._usage,
            timing=Timing(first_token_ms=self._first_token_ms, total_ms=self._elapsed_ms()),
        )
        message = await asyncio.to_thread(self._rendered, message)
        unsaved = await self._record.finish(message)
        failure = None if ending.status == "complete" else ending.error
        self._turn.end(message, failure=failure, unsaved=unsaved)
        log.info(
            "turn %s: %s %s %s first_token_ms=%s total_ms=%s code=%s",
            self._turn.id,
            message.provider,
            message.model,
            message.status,
            self._first_token_ms,
            message.timing.total_ms if message.timing else None,
            message.error_code,
        )

    def _rendered(self, message: Message) -> Message:
        try:
            html = self._renderer.render(message.raw_markdown)
        except Exception as error:  # the text is worth more than its looks: it is rendered again when opened
            log.error("turn %s: rendering raised %s", self._turn.id, type(error).__qualname__)
            return message
        return replace(message, html=html, renderer=self._renderer.version)


def _failed(error: ProviderError) -> _Ending:
    return _Ending(status="interrupted" if isinstance(error, StreamLost) else "error", error=error)
