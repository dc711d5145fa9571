"""What every request of the API passes first and every answer last: an id, a log line, headers.

Owns `X-Request-ID`, the one log line a request, the security headers of everything of ours, and what becomes of a
bug. Refuses to know routes, who is asking (`access`) and what with (`body`). The log holds no words of anybody, no
ids of sessions, and no addresses.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parlanchina.api.problems import surprise
from parlanchina.messages import Usage

__all__ = ["Edge", "note_turn", "note_usage"]

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_HEADERS = {  # nothing of ours runs, frames or loads anything in a browser; a page that does says so itself
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def note_usage(scope: Scope, usage: Usage | None) -> None:
    """Have the request's log line tell the tokens."""
    if usage is not None:
        scope["state"]["tokens"] = f"{usage.input_tokens}+{usage.output_tokens}"


def note_turn(scope: Scope, turn_id: str) -> None:
    """Have the answer, whatever it becomes, name the turn: `X-Turn-ID`."""
    scope["state"]["turn_id"] = turn_id


class Edge:
    """The outermost layer of the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.monotonic()
        state: MutableMapping[str, Any] = scope.setdefault("state", {})  # Any: as ASGI has it
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                answer["X-Request-ID"] = request_id
                if "turn_id" in state:
                    answer["X-Turn-ID"] = state["turn_id"]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            # Where it happened, but not what was said: an error's own words may hold a person's, or a key.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("request %s: %s\n%s", request_id, type(error).__qualname__, where)
            if not status:
                await surprise().response(scope["path"])(scope, receive, send_with_headers)
        finally:
            log.info(
                "request %s: %s %s %s in %.0f ms, tokens %s",
                request_id,
                scope["method"],
                _route_of(scope),
                status or "unanswered",
                (time.monotonic() - started) * 1000,
                state.get("tokens", "none"),
            )


def _route_of(scope: Scope) -> str:
    """The route as it was declared, so that the log holds no ids."""
    return str(getattr(scope.get("route"), "path", "no route"))
