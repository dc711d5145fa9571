"""One call to a service: a request goes out, events come back, and the connection is closed whatever happens.

Knows nothing of why it is made or whether another will be. It raises nothing for what the service did:
`failure` tells afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace

import httpx2
import openai

from parlanchina.errors import ProviderError
from parlanchina.events import ImageCall, LLMEvent, ReasoningDelta, TextDelta, TextDone, UsageEvent
from parlanchina.llm.chat_completions import ChatReader
from parlanchina.llm.complaints import Complained, Complaint
from parlanchina.llm.failures import Failures
from parlanchina.llm.frames import Frame, FrameReader
from parlanchina.llm.responses import ResponsesReader
from parlanchina.llm.whole_text import WholeText

__all__ = ["Attempt"]

_CALL_ERRORS = (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, Complained, ValueError, RecursionError)
"""What a call can raise. A broken frame is a ValueError (JSON, UTF-8) or, nested too deeply, a RecursionError."""


class Attempt:
    """One call, made by reading `events()` once."""

    def __init__(
        self,
        *,
        client: openai.AsyncOpenAI,
        body: Mapping[str, object],
        headers: Mapping[str, str],
        failures: Failures,
        linger: float,
    ) -> None:
        self._client = client
        self._headers = headers
        self._failures = failures
        self._linger = linger
        self._opened = False
        self._text = WholeText()
        self._reasoning = WholeText()
        self.body = body
        self.delivered = False
        """Whether any event was handed on: from then on the call can't be repeated unseen."""
        self.failure: ProviderError | None = None
        self.complaint: Complaint | None = None
        """The failure in the service's own words, if it said anything."""

    async def events(self) -> AsyncGenerator[LLMEvent, None]:
        """The reply's events, `TextDone` being the last of one that did not fail."""
        is_chat = self._failures.api == "chat"
        reader: FrameReader = ChatReader() if is_chat else ResponsesReader()
        try:
            # Frames are taken as plain JSON: the client's own types are built unchecked, so a compatible server's
            # odd field would come through them as something else than its annotation says.
            stream = await self._client.post(
                "/chat/completions" if is_chat else "/responses",
                body=self.body,
                cast_to=object,
                stream=True,
                stream_cls=openai.AsyncStream[object],
                options={"headers": dict(self._headers)},
            )
            self._opened = True
            async with stream:
                while (frame := await self._next_frame(stream, reader)) is not None:
                    for event in reader.read(frame):
                        if (whole := self._whole(event)) is not None:
                            self.delivered = True
                            yield whole
        except _CALL_ERRORS as error:
            self.complaint = Complaint.from_error(error)
            self.failure = self._failures.told_by(error, opened=self._opened)
            return
        if reader.usage is not None:
            self.delivered = True
            yield UsageEvent(usage=reader.usage)
        self.failure = self._bad_end(reader, stream.response.headers.get("content-type", ""))
        if self.failure is None and reader.finish is not None:
            self.delivered = True
            yield TextDone(finish_reason=reader.finish)

    async def _next_frame(self, stream: openai.AsyncStream[object], reader: FrameReader) -> Frame | None:
        """The next frame, or `None` at the end. After the finish any trouble is an end: only the usage is missing."""
        try:
            async with asyncio.timeout(None if reader.finish is None else self._linger):
                frame = await anext(stream)
        except StopAsyncIteration:
            return None
        except (*_CALL_ERRORS, TimeoutError):
            if reader.finish is None:
                raise
            return None
        if not isinstance(frame, Mapping):
            raise ValueError("a frame is not an object")
        return frame

    def _whole(self, event: LLMEvent) -> LLMEvent | None:
        match event:
            case TextDelta():
                text = self._text.add(event.text)
                return TextDelta(text=text) if text else None
            case ReasoningDelta():
                text = self._reasoning.add(event.text)
                return ReasoningDelta(text=text) if text else None
            case ImageCall():
                return replace(event, revised_prompt=WholeText().add(event.revised_prompt))
            case _:
                return event

    def _bad_end(self, reader: FrameReader, content_type: str) -> ProviderError | None:
        """A stream that just ends is not finished, and one that finished may still hold nothing."""
        if reader.finish is None:
            return self._failures.unfinished(content_type, said_something=reader.said_something)
        if reader.said_something:
            return None
        if reader.finish == "content_filter":
            return self._failures.blocked()
        return self._failures.empty(at_limit=reader.finish == "length")
