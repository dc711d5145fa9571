"""A model service of the tests' own: a real HTTP server that speaks OpenAI's two APIs and fails on demand.

It owns a thread with its own event loop, listens on 127.0.0.1, and knows nothing of Parlanchina. Any prefix
before the route will do, so it stands in for OpenAI (`/v1/responses`), Azure (`/openai/responses`),
OpenRouter (`/api/v1/chat/completions`) and anything compatible.

::

    with FakeOpenAI() as service:
        service.reply_with(Reply(text="Hello there."))             # for the next request
        service.reply_with(Reply(status=503), Reply(text="Now."))  # for the next two
        service.default = Reply(text="Whatever is asked.")         # for all others
        service.default = lambda request: Reply(text=f"You said {request.last_text!r}.")
        ...                                                        # point a client at service.base_url
        [request] = service.requests                               # path, headers, body
        assert request.wait_closed(0.5)                            # the client has hung up

A reply is sent at once, at a `pace`, or piece by piece through a `Gate`::

    gate = Gate()
    service.reply_with(Reply(text=["one ", "two ", "three"], gate=gate))
    gate.release()          # "one " is sent
    gate.open()             # the rest follows

The waits block the calling thread: in a coroutine, `await asyncio.to_thread(request.wait_closed, 0.5)`.
By hand: `python -m tests.fake_openai --port 8123 --pace 50`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence

from tests.fake_connection import Connection, api_of
from tests.fake_reply import Fault, Gate, Reply, Request, Script

__all__ = ["FakeOpenAI", "Fault", "Gate", "Reply", "Request", "Script"]


class FakeOpenAI:
    """The service. A context manager; also `start()` and `stop()`."""

    def __init__(self, *, port: int = 0, speaks: Sequence[str] = ("responses", "chat")) -> None:
        self.default: Reply | Script = Reply()
        self.requests: list[Request] = []
        """Every POST so far, oldest first."""
        self.models: Sequence[str] = ("fake-model",)
        self.speaks = speaks
        """Which of the two APIs exist here; the other's route answers 404, as an older server's would."""
        self._queue: deque[Reply | Script] = deque()
        self._arrived = threading.Condition()
        self._socket = socket.create_server(("127.0.0.1", port), backlog=256)
        self.connections: set[Connection] = set()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake-openai", daemon=True)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def origin(self) -> str:
        """http://127.0.0.1:<port>, with no path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What OPENAI_API_BASE would be."""
        return f"{self.origin}/v1"

    def reply_with(self, *replies: Reply | Script) -> None:
        """Queue answers to the next requests, one each; after them comes `default`."""
        self._queue.extend(replies)

    def begin_anew(self) -> None:
        """Forget what was prepared and what was asked."""
        self._queue.clear()
        self.requests.clear()
        self.default = Reply()

    def wait_for_requests(self, count: int = 1, timeout: float = 5.0) -> list[Request]:
        """Wait until `count` requests have come; raises `TimeoutError` if they don't."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"{len(self.requests)} of {count} requests came within {timeout} s")
        return self.requests

    def wait_closed(self, timeout: float = 5.0) -> bool:
        """Wait until the connection of every request so far is closed."""
        deadline = time.monotonic() + timeout
        return all(request.wait_closed(max(0.0, deadline - time.monotonic())) for request in self.requests)

    def start(self) -> FakeOpenAI:
        self._thread.start()
        self._started.wait()
        return self

    def stop(self) -> None:
        """Drop every connection and end the thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def __enter__(self) -> FakeOpenAI:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await self._loop.create_server(lambda: Connection(self), sock=self._socket)
        self._started.set()
        await self._stopped.wait()
        server.close()
        for connection in tuple(self.connections):
            connection.abort()

    def answer_to(self, request: Request) -> Reply:
        """Note a request and pick its answer; for the connections, on the service's thread."""
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        if api_of(request.path) not in self.speaks:
            return Reply(status=404, body={"detail": "Not Found"})
        answer = self._queue.popleft() if self._queue else self.default
        return answer(request) if callable(answer) else answer


def main() -> None:
    """Serve until interrupted: a lorem reply of --tokens words at --pace a second."""
    parser = argparse.ArgumentParser(description="A fake OpenAI-compatible service.")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--pace", type=float, default=50.0, help="tokens a second")
    parser.add_argument("--tokens", type=int, default=300)
    options = parser.parse_args()
    service = FakeOpenAI(port=options.port)
    service.default = Reply(text=[f"word{n} " for n in range(options.tokens)], pace=options.pace)
    with service, contextlib.suppress(KeyboardInterrupt):
        print(f"OPENAI_API_BASE={service.base_url}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
