"""Answers that grow while a reply is made: server-sent events, plain text, and OpenAI's chunks.

Owns when an answer begins (a reply that fails before its first word is an error with a status, not a stream),
the heartbeats that keep a silent one open, and what happens when the client goes away. What is written is a
`Form`'s business; where it comes from is `following`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from parlanchina.api.edge import note_usage
from parlanchina.api.following import Step
from parlanchina.api.pieces import Cursor, Place
from parlanchina.api.problems import encode_json
from parlanchina.events import TextDelta

__all__ = ["EventForm", "Form", "ReplyStream", "TextForm", "form_for", "last_step", "unless_gone"]

T = TypeVar("T")


class Form(Protocol):
    """How a reply's steps are written."""

    media_type: str
    heartbeat: bytes
    """What may be written while there is nothing to tell; empty if the form has no such thing."""

    def write(self, step: Step) -> Iterator[bytes]:
        """What a step adds. Called for every step, once each, in order."""
        ...


class EventForm:
    """Server-sent events: `message`, `reasoning`, `image`, `usage`, and `complete` or `error` at last."""

    media_type = "text/event-stream"
    heartbeat = b": still here\n\n"

    def __init__(self, seen: Place) -> None:
        """Tell what lies beyond `seen`."""
        self._cursor = Cursor(seen)

    def write(self, step: Step) -> Iterator[bytes]:
        """The events of a step."""
        pieces = list(self._cursor.take(step.contents))
        if step.ended is not None:
            error = step.problem.error() if step.problem else None
            pieces.append(self._cursor.end(step.ended, error=error))
        for piece in pieces:
            yield b"id: %s\nevent: %s\ndata: %s\n\n" % (
                str(piece.place).encode(),
                piece.name.encode(),
                encode_json(piece.content),
            )


class TextForm:
    """The words alone, in UTF-8; whatever is not a full end is said in a last line."""

    media_type = "text/plain"
    heartbeat = b""

    def write(self, step: Step) -> Iterator[bytes]:
        """The text of a step."""
        yield "".join(one.text for one in step.contents if isinstance(one, TextDelta)).encode("utf-8", "replace")
        if step.problem is not None:
            yield f"\n[error {step.problem.code}] {step.problem.detail}\n".encode()
        elif step.ended is not None and step.ended.status != "complete":
            yield f"\n[{step.ended.status}]\n".encode()


def form_for(accept: str) -> Form:
    """The form that an `Accept` header likes best; events where it has no wish, or none that can be met."""
    likes_text = _quality(accept, TextForm.media_type) > _quality(accept, EventForm.media_type)
    return TextForm() if likes_text else EventForm(Place())


def _quality(accept: str, media_type: str) -> float:
    """How welcome a type is, from 0 to 1: the range that fits it most closely decides (RFC 9110, 12.5.1)."""
    ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    found: dict[str, float] = {}
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
        try:
            found[name] = float(weights[0]) if weights else 1.0
        except ValueError:
            found[name] = 0.0
    return next((found[name] for name in ranges if name in found), 0.0)


class ReplyStream(Response):
    """A reply as it is made, in one of the forms."""

    def __init__(
        self,
        steps: AsyncGenerator[Step, None],
        form: Form,
        *,
        heartbeat_seconds: float,
        begin_at_once: bool = False,
        on_gone: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_gone` is called when the client goes away before the end.

        The answer begins with the reply's first word, or with the first heartbeat: a reply that fails before it is
        raised as its `Problem`. With `begin_at_once` there is no such wait.
        """
        super().__init__(media_type=form.media_type, headers={"X-Accel-Buffering": "no"})  # or nginx holds it back
        del self.headers["content-length"]
        self._steps = steps
        self._form = form
        self._heartbeat_seconds = heartbeat_seconds
        self._begin_at_once = begin_at_once
        self._on_gone = on_gone
        self._has_begun = False
        self._sent_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write it to its end, or until the client is gone."""
        self._sent_at = asyncio.get_running_loop().time()
        beating = asyncio.create_task(self._beat(send))
        try:
            await unless_gone(self._write(scope, send), receive, on_gone=self._on_gone)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _write(self, scope: Scope, send: Send) -> None:
        if self._begin_at_once:
            await self._send(send, b"")
        held: list[bytes] = []
        async with aclosing(self._steps) as steps:
            async for step in steps:
                held += self._form.write(step)
                if step.ended is not None:
                    note_usage(scope, step.ended.usage)
                elif not (self._has_begun or step.says_something):
                    continue
                if step.problem is not None and not (self._has_begun or step.says_something):
                    raise step.problem
                await self._send(send, b"".join(held))
                held.clear()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _beat(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        while True:
            wait = self._sent_at + self._heartbeat_seconds - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                await self._send(send, self._form.heartbeat)

    async def _send(self, send: Send, data: bytes) -> None:
        self._sent_at = asyncio.get_running_loop().time()
        if not self._has_begun:
            self._has_begun = True
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)
        if data:
            await send({"type": "http.response.body", "body": data, "more_body": True})


async def last_step(steps: AsyncGenerator[Step, None]) -> Step:
    """Wait for a reply's end."""
    async with aclosing(steps):
        async for step in steps:
            if step.ended is not None:
                return step
    raise AssertionError("unreachable: steps go on until the end")


async def unless_gone(
    work: Coroutine[Any, Any, T],  # Any: what a coroutine is sent and yields is asyncio's business
    receive: Receive,
    *,
    on_gone: Callable[[], None],
) -> T | None:
    """Do the work of a request; None, and `on_gone` is called, if its client goes away or it is cancelled."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        if not working.done():
            on_gone()
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
