"""The HTTP API on a real socket, with the fake provider behind it: what the tests of the API share."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from parlanchina.api import Api
from parlanchina.config import load_settings
from parlanchina.llm.openai_compatible import OpenAICompatible
from parlanchina.ownership import LOCAL_OWNER
from parlanchina.services import Services, build_services
from parlanchina.turns import Turns
from tests.fake_openai import FakeOpenAI

__all__ = ["WAIT", "ApiHouse", "Event", "events_in", "eventually", "open_api", "serve", "text_of"]

WAIT = 10.0  # seconds a condition may take on a busy machine before it counts as never


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: str
    name: str
    content: dict[str, Any]


@dataclass(frozen=True)
class ApiHouse:
    """An API that is being served."""

    url: str
    services: Services
    fake: FakeOpenAI
    http: httpx2.Client

    def new_session(self, **fields: object) -> str:
        """Make a session."""
        return str(self.http.post("/api/sessions", json=fields).raise_for_status().json()["id"])

    def ask(self, message: str = "Hello?", **fields: object) -> list[Event]:
        """Ask, and follow the events to the end."""
        answer = self.http.post("/api/chat/stream", json={"message": message, **fields})
        assert answer.status_code == 200, answer.text
        return list(events_in(answer))

    def stored(self, session_id: str) -> list[tuple[str, str, str]]:
        """The messages of a session: role, text, status."""
        session = self.services.sessions.load_session(session_id, owner=LOCAL_OWNER)
        return [(message.role, message.raw_markdown, message.status) for message in session.messages]


@contextmanager
def open_api(
    folder: Path, *, heartbeat_seconds: float = 15.0, idle_timeout: float = 30.0, **environment: str
) -> Iterator[ApiHouse]:
    """The API over a data folder, and a fake provider; the real one's pauses are short."""
    with FakeOpenAI() as fake:
        settings = load_settings(
            {
                "OPENAI_PROVIDER": "compatible",
                "OPENAI_API_BASE": fake.base_url,
                "PARLANCHINA_MODELS": "fake-model,other",
                "PARLANCHINA_DATA_DIR": str(folder),
                **environment,
            }
        )
        services = build_services(settings)
        services.turns.close()
        provider = OpenAICompatible(
            name="compatible", api_key="", base_url=fake.base_url, idle_timeout=idle_timeout, retry_pause=0.01
        )
        turns = Turns(
            services.sessions,
            images=services.images,
            files=services.files,
            providers={"compatible": provider},
            models=dict.fromkeys(settings.models, "compatible"),
            renderer=services.renderer,
            checkpoint_seconds=0.05,
        )
        services = replace(services, turns=turns, providers={"compatible": provider})
        api = Api(lambda: services, heartbeat_seconds=heartbeat_seconds)
        try:
            with (
                serve(api, at_end=provider.aclose) as url,
                httpx2.Client(base_url=url, timeout=WAIT) as http,
            ):
                yield ApiHouse(url=url, services=services, fake=fake, http=http)
        finally:
            services.close()


@contextmanager
def serve(app: Any, *, at_end: Callable[[], Awaitable[None]] | None = None) -> Iterator[str]:  # Any: an ASGI app
    """Serve an application on a free port, from a thread; `at_end` is awaited on its event loop."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))

    async def run() -> None:
        await server.serve()
        if at_end is not None:
            await at_end()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="api")
    thread.start()
    try:
        deadline = time.monotonic() + WAIT
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(WAIT)


def events_in(answer: httpx2.Response) -> Iterator[Event]:
    """The events of a stream, as they come; comments are passed over."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Event(fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"]))
            fields = {}


def text_of(events: list[Event]) -> str:
    """The words of a stream."""
    return "".join(event.content["content"] for event in events if event.name == "message")


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds that another thread brings about."""
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)
