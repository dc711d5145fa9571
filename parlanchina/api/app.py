"""The HTTP API, put together: routes inside, what guards them around."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from parlanchina.api import about, chat, docs, gateway, images, sessions
from parlanchina.api.access import Access
from parlanchina.api.body import Body
from parlanchina.api.edge import Edge
from parlanchina.api.problems import Problem, problem_of, surprise
from parlanchina.api.unkept import UnkeptReplies
from parlanchina.errors import ParlanchinaError
from parlanchina.services import Services

__all__ = ["Api"]

_WORDS = {404: "not_found", 405: "method_not_allowed"}


class Api:
    """The API as an ASGI application; it serves `/api/…`, `/v1/…` and `/images/…`."""

    def __init__(
        self, services: Callable[[], Services], *, heartbeat_seconds: float = 15.0, with_telemetry: bool = False
    ) -> None:
        """`services` is called with the first request, on a thread, and again while it raises.

        `with_telemetry` has every request traced and measured by whatever OpenTelemetry is set up with.
        """
        api = FastAPI(
            title="Parlanchina",
            summary="What this app is configured with, for scripts, bots, pages and any OpenAI client.",
            version="1",
            openapi_url="/api/openapi.json",
            docs_url=None,  # FastAPI's own loads a stranger's scripts
            redoc_url=None,
            telemetry={
                "tracing": with_telemetry,
                "metrics": with_telemetry,
                "logs": False,
                "operation_spans": False,
            },
            exception_handlers={
                ParlanchinaError: _tell_error,
                HTTPException: _tell_http_error,
                RequestValidationError: _tell_invalid,
                Exception: _tell_surprise,
            },
        )
        self._unkept = UnkeptReplies()
        api.state.unkept = self._unkept
        api.state.heartbeat_seconds = heartbeat_seconds
        for room in (chat, sessions, about, images, gateway, docs):
            api.include_router(room.router)
        self._app = Edge(Access(Body(api), services=services))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)

    def close(self) -> None:
        """End the replies that are made for requests alone; their streams end with them."""
        self._unkept.close()


async def _tell_error(request: Request, error: ParlanchinaError) -> Response:
    return problem_of(error).response(request.url.path)


async def _tell_http_error(request: Request, error: HTTPException) -> Response:
    if isinstance(error, Problem):
        return error.response(request.url.path)
    code = _WORDS.get(error.status_code, "bad_request")
    headers = dict(error.headers or {})
    return Problem(error.status_code, code, f"{error.detail}.", headers=headers).response(request.url.path)


async def _tell_invalid(request: Request, error: RequestValidationError) -> Response:
    """Name the first field that is wrong. What was sent is not repeated."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return Problem(400, "bad_json", "The body is not JSON that can be read.").response(request.url.path)
    where = [str(part) for part in first["loc"]][1:]
    field = ".".join(where) or "body"
    return Problem(422, "invalid", f"{field}: {first['msg']}.", field=field).response(request.url.path)


async def _tell_surprise(request: Request, error: Exception) -> Response:
    return surprise().response(request.url.path)
