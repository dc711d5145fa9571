"""What a request may bring along: JSON, and not too much of it. Looked at once the caller is known to be one."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parlanchina.api.problems import JSON_TYPE, Problem

__all__ = ["MAX_BODY", "Body"]

MAX_BODY = 2_000_000
"""Bytes that a request's body may have."""


class Body:
    """The layer that refuses what should not be read, or not any further."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = _seen_beforehand(scope["method"], Headers(scope=scope))
        if problem is not None:
            await problem.response(scope["path"])(scope, receive, send)
        else:
            await self._app(scope, _limited(receive), send)


def _seen_beforehand(method: str, headers: Headers) -> Problem | None:
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MAX_BODY:
        return _too_large()
    has_body = length not in ("", "0") or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    # A form of another site's page needs no permission to be sent here, but it can't say that it is JSON.
    if has_body and method not in ("GET", "HEAD", "OPTIONS") and media_type != JSON_TYPE:
        return Problem(
            415, "not_json", f"The body has to be JSON: send it with the header Content-Type: {JSON_TYPE}."
        )
    return None


def _limited(receive: Receive) -> Receive:
    """Count what is read: a body sent in chunks does not say its length beforehand."""
    size = 0

    async def receive_within_limit() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise _too_large()
        return message

    return receive_within_limit


def _too_large() -> Problem:
    return Problem(413, "too_large", f"The body is too large: at most {MAX_BODY:,} bytes are accepted.")
