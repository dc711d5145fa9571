"""What a test says to the fake service: an answer, how fast, and what goes wrong; and what the service heard.

Values only, but for `Gate` and `Request`, which a test's thread and the service's share.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Fault", "Gate", "Reply", "Request", "Script"]

Fault = Literal["stall", "close", "reset", "bad_json", "bad_utf8", "end", "drop"]
"""What happens instead of the rest of a reply: silence with the connection open, an orderly close, a TCP reset,
a frame that is no JSON, a frame that is no UTF-8, a proper end of the HTTP response with no finish reason, or
(whatever `after` says) a close before a word of the answer."""


class Gate:
    """Lets a reply's pieces through one by one, from whatever thread the test runs in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._permits = 0
        self._is_open = False
        self._waiters: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    def release(self, count: int = 1) -> None:
        """Let `count` more pieces through."""
        with self._lock:
            self._permits += count
            self._wake()

    def open(self) -> None:
        """Let everything through from now on."""
        with self._lock:
            self._is_open = True
            self._wake()

    def _wake(self) -> None:
        while self._waiters and (self._is_open or self._permits):
            loop, future = self._waiters.popleft()
            self._permits -= not self._is_open
            loop.call_soon_threadsafe(_settle, future)

    async def passed(self) -> None:
        """Wait for this piece's turn; for the service."""
        with self._lock:
            if self._is_open or self._permits:
                self._permits -= not self._is_open
                return
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            self._waiters.append((loop, future))
        await future


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():  # its connection may be gone
        future.set_result(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, in the words of neither API: the service says it in the one it was asked in."""

    text: str | Sequence[str] = "Hello from the fake service."
    """The deltas; a plain string is cut into words."""
    reasoning: Sequence[str] = ()
    refusal: str | Sequence[str] = ()
    images: Sequence[str] = ()
    """Finished pictures, base64 of a PNG."""
    usage: Mapping[str, int] | None = field(default_factory=dict)
    """input_tokens, output_tokens, cached_tokens, reasoning_tokens; what is left out is counted. `None`: not sent."""
    finish: str = "stop"
    """stop, length or content_filter; in Chat Completions any other word is sent as it is."""
    error: Mapping[str, Any] | None = None
    """The service's own complaint ({"code": …, "message": …}), sent in the stream in place of the finish."""
    pace: float | None = None
    """Deltas a second; `None` sends them all at once."""
    gate: Gate | None = None
    """Each delta, and then the finish, waits for it."""
    fault: Fault | None = None
    after: int | None = None
    """How many deltas come before the fault; `None`: all of them, but not the finish."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    """The whole answer, in place of a stream: a mapping is sent as JSON, text and bytes as they are."""
    silent: bool = False
    """Accept the request and never answer."""
    split: int | None = None
    """Send the stream in TCP writes of this many bytes, so that characters are cut wherever it falls."""
    chunked: bool = True
    """Whether HTTP frames the stream. If not, a close is the only end, and a cut can't be told from it."""
    frames: Sequence[Mapping[str, Any]] | None = None
    """Exact frames to send, in place of those made from the fields above."""


@dataclass(slots=True, kw_only=True)
class Request:
    """What a client sent, and what became of its connection."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """By lower-case name."""
    client_port: int
    """The same for requests on the same connection."""
    body: Any
    received_at: float = field(default_factory=time.monotonic)
    closed_at: float | None = None
    finished: bool = False
    """Whether the answer was sent to its end."""
    _closed: threading.Event = field(default_factory=threading.Event)

    @property
    def last_text(self) -> str:
        """The text of the last message, whichever API it came in."""
        content = (self.body.get("messages") or self.body.get("input"))[-1]["content"]
        return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)

    def wait_closed(self, timeout: float = 5.0) -> bool:
        """Wait until the client's connection is closed; False if it is still open after `timeout` seconds."""
        return self._closed.wait(timeout)

    def close(self) -> None:
        """Note that the connection is gone; for the service."""
        self.closed_at = time.monotonic()
        self._closed.set()


Script = Callable[[Request], Reply]
"""An answer worked out from the request."""
