"""The app and its HTTP API on one port: `streamlit run server.py`."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from parlanchina.api import Api
from parlanchina.nodelay import send_small_packets_at_once
from parlanchina.services import close_process_services, process_services
from parlanchina.ui.secrets import streamlit_secrets


class Beside:
    """Sends the API's requests to the API and all others on to the app.

    In front of the app rather than mounted in it, since Streamlit compresses what is mounted, and a stream of plain
    text would be held back until it is complete.
    """

    def __init__(self, app: ASGIApp, *, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_for_api = scope["type"] == "http" and scope["path"].startswith(("/api/", "/v1/", "/images/"))
        await (self._api if is_for_api else self._app)(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: st.App) -> AsyncIterator[None]:
    """End the replies as soon as the process is told to end: the server waits for every open stream to be over."""
    loop = asyncio.get_running_loop()
    send_small_packets_at_once()  # the port is open by now; the services may be older than that

    def close() -> None:
        api.close()
        loop.run_in_executor(None, close_process_services)

    with suppress(ValueError):  # on another thread than the first there are no signals to hear
        for number in (signal.SIGINT, signal.SIGTERM):
            told_before = signal.getsignal(number)

            def tell(number: int, frame: FrameType | None, told_before: object = told_before) -> None:
                loop.call_soon_threadsafe(close)
                if callable(told_before):
                    told_before(number, frame)

            signal.signal(number, tell)
    yield
    await loop.run_in_executor(None, close_process_services)


api = Api(
    lambda: process_services(streamlit_secrets), with_telemetry=bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
)
app = st.App("app.py", middleware=[Middleware(Beside, api=api)], lifespan=_lifespan)
