"""One connection to the fake service: HTTP/1.1 in, server-sent events out, written by hand so that it can fail.

Knows nothing of what to answer; that is the service's. A hang-up of the client is seen the moment it happens.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.fake_frames import chat_frames, responses_frames
from tests.fake_reply import Reply, Request

__all__ = ["Connection", "api_of"]


def api_of(path: str) -> str:
    """Which API a path belongs to; empty for neither."""
    return "responses" if path.endswith("/responses") else "chat" if path.endswith("/chat/completions") else ""


class Service(Protocol):
    """What a connection asks of the service it belongs to."""

    models: Sequence[str]
    connections: set[Connection]

    def answer_to(self, request: Request) -> Reply: ...


class Connection(asyncio.Protocol):
    """One client connection: requests in, one at a time; `connection_lost` is how a hang-up is seen at once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._requests: list[Request] = []
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._service.connections.add(self)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if data[:1] == b"\x16":  # a TLS handshake: refused in plain text at once, as web servers do
            self._transport.write(_head(400, {"content-length": "0", "connection": "close"}))
            self._transport.close()
            return
        self._buffer += data
        if self._task is None and (request := self._take_request()) is not None:
            self._requests.append(request)
            self._task = asyncio.get_running_loop().create_task(self._serve(request))
            self._task.add_done_callback(self._served)

    def connection_lost(self, exc: Exception | None) -> None:
        self._service.connections.discard(self)
        self._writable.set()
        if self._task is not None:
            self._task.cancel()
        for request in self._requests:
            request.close()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        """Drop the client."""
        self._transport.abort()

    def _take_request(self) -> Request | None:
        head, separator, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not separator:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self._buffer = bytearray(rest[length:])
        method, target, _ = first.split(" ", 2)
        url = urlsplit(target)
        body = json.loads(rest[:length]) if length else None
        return Request(
            method=method,
            path=url.path,
            query=dict(parse_qsl(url.query)),
            headers=headers,
            client_port=self._transport.get_extra_info("peername")[1],
            body=body,
        )

    def _served(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.result()
        if not self._transport.is_closing() and self._buffer:
            self.data_received(b"")

    async def _serve(self, request: Request) -> None:
        if request.method == "GET":
            models = [{"id": name, "object": "model", "owned_by": "fake"} for name in self._service.models]
            await self._send_whole(Reply(body={"object": "list", "data": models}))
            return
        reply = self._service.answer_to(request)
        if reply.fault == "drop":
            self._transport.close()
        elif reply.silent:
            await asyncio.Event().wait()
        elif reply.body is not None or reply.status >= 400:
            await self._send_whole(reply)
        else:
            await self._send_stream(reply, request)
        request.finished = True

    async def _send_whole(self, reply: Reply) -> None:
        body = (
            reply.body if reply.body is not None else {"error": {"message": f"status {reply.status}", "code": None}}
        )
        kind = "text/html" if isinstance(body, str | bytes) else "application/json"
        content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else _json(body)
        headers = {"content-type": kind, "content-length": str(len(content)), **reply.headers}
        self._transport.write(_head(reply.status, headers) + content)
        await self._writable.wait()

    async def _send_stream(self, reply: Reply, request: Request) -> None:
        framing = {"transfer-encoding": "chunked"} if reply.chunked else {"connection": "close"}
        headers = {"content-type": "text/event-stream; charset=utf-8", **framing, **reply.headers}
        self._transport.write(_head(reply.status, headers))
        before, deltas, after = _frames(reply, request)
        self._write(reply, before)
        await self._send_deltas(reply, deltas if reply.fault is None else deltas[: reply.after])
        if reply.fault is not None:
            await self._fail(reply)
            return
        if reply.gate is not None:
            await reply.gate.passed()
        self._write(reply, after)
        self._end(reply)

    async def _send_deltas(self, reply: Reply, deltas: Sequence[bytes]) -> None:
        started = time.monotonic()
        sent = 0
        while sent < len(deltas):
            due = min(sent + 64, len(deltas))  # a burst still lets the other streams have their turn
            if reply.gate is not None:
                await reply.gate.passed()
                due = sent + 1
            elif reply.pace is not None:
                # Sent by the clock, not by sleeps that add up: sixty fast streams keep their pace on one core.
                due = min(len(deltas), int((time.monotonic() - started) * reply.pace) + 1)
            self._write(reply, deltas[sent:due])
            sent = max(sent, due)
            await self._writable.wait()
            await asyncio.sleep(0 if reply.pace is None else max(0.0, started + sent / reply.pace - time.monotonic()))

    async def _fail(self, reply: Reply) -> None:
        match reply.fault:
            case "stall":
                await asyncio.Event().wait()
            case "close":
                self._transport.close()
            case "reset":
                # Zero linger turns the close into a reset; what was written must have left first.
                await self._flushed()
                linger = struct.pack("ii", 1, 0)
                self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._transport.abort()
            case "bad_json":
                self._write(reply, [b'data: {"type": "response.output_text.delta", "delta": \n\n'])
                self._end(reply)
            case "bad_utf8":
                self._write(reply, [b'data: {"type": "response.output_text.delta", "delta": "\xff\xfe"}\n\n'])
                self._end(reply)
            case _:
                self._end(reply)

    async def _flushed(self) -> None:
        while self._transport.get_write_buffer_size():
            await asyncio.sleep(0)

    def _write(self, reply: Reply, events: Sequence[bytes]) -> None:
        data = b"".join(events)
        size = reply.split or len(data) or 1
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if reply.chunked else piece)

    def _end(self, reply: Reply) -> None:
        if reply.chunked:
            self._transport.write(b"0\r\n\r\n")
        else:
            self._transport.close()


def _frames(reply: Reply, request: Request) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """The server-sent events before the deltas, the deltas, and those after."""
    if reply.frames is not None:
        return [], [_event(frame) for frame in reply.frames], []
    is_chat = api_of(request.path) == "chat"
    parts = (chat_frames if is_chat else responses_frames)(reply, request.body)
    before, deltas, after = ([_event(frame) for frame in frames] for frames in parts)
    return before, deltas, [*after, b"data: [DONE]\n\n"] if is_chat else after


def _event(frame: Mapping[str, Any]) -> bytes:
    name = f"event: {frame['type']}\n".encode() if "type" in frame else b""
    return name + b"data: " + _json(frame) + b"\n\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Fake\r\n{lines}\r\n".encode("latin-1")
