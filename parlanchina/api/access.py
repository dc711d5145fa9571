"""Who may call the API: the one place that opens the door, before any route is looked at.

With tokens set, a caller shows one. With none, only this machine itself may call, by one of its own names: a page
that had its own name point here (DNS rebinding) gives itself away by its Host. A browser's page of another origin
is refused in both cases, unless that origin is configured. Whoever gets in acts as the owner `local`, the
operator's own; a browser's chats on a shared deployment belong to an owner that no token reaches.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parlanchina.api.problems import Problem
from parlanchina.errors import ConfigError, StoreError
from parlanchina.ownership import is_direct_local
from parlanchina.services import Services

__all__ = ["OPEN_PATHS", "Access"]

OPEN_PATHS = ("/api/health", "/api/docs", "/api/openapi.json", "/images/")
"""Open to all who reach the port: they tell what the project's own page tells, or hold names nobody can guess."""

_CORS: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, X-Request-ID",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = "X-Request-ID, X-Turn-ID, Retry-After"


class Access:
    """Lets a request through with the services it may use, or answers it with why not."""

    def __init__(self, app: ASGIApp, *, services: Callable[[], Services]) -> None:
        """`services` may block, and may raise `ConfigError` or `StoreError`: then it is asked again."""
        self._app = app
        self._make = services
        self._made: Services | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        origins: tuple[str, ...] = ()

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if origin is not None and origin.lower() in origins:
                    answer["Access-Control-Allow-Origin"] = origin
                    answer["Access-Control-Expose-Headers"] = _EXPOSED
            await send(message)

        try:
            services = self._made
            if services is None:
                services = await asyncio.to_thread(self._services)
            origins = services.settings.cors_origins
            _check_origin(scope, headers, origins=origins)
            if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
                await Response(status_code=204, headers=_CORS)(scope, receive, send_with_cors)
                return
            if not scope["path"].startswith(OPEN_PATHS):
                _check_caller(scope, headers, tokens=services.settings.api_tokens)
        except Problem as problem:
            await problem.response(scope["path"])(scope, receive, send_with_cors)
            return
        scope["state"]["services"] = services
        await self._app(scope, receive, send_with_cors)

    def _services(self) -> Services:
        try:
            self._made = self._make()
        except (ConfigError, StoreError) as error:
            message = "Parlanchina can't start yet. Its page says what to do."
            raise Problem(503, "not_started", message) from error
        return self._made


def _check_origin(scope: Scope, headers: Headers, *, origins: Iterable[str]) -> None:
    """Refuse a page of another origin. Raises `Problem`."""
    origin = headers.get("origin")
    if origin is not None:
        host = headers.get("host", "").lower()
        if origin.lower() in origins or (host and origin.lower() in (f"http://{host}", f"https://{host}")):
            return
        message = f"The origin {origin[:100]!r} may not call this API. To let it, add it to PARLANCHINA_CORS_ORIGINS."
        raise Problem(403, "origin_refused", message)
    # Without an Origin it is no script's request, but it may be a picture, a form or a link of another site's.
    is_foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    if is_foreign and not scope["path"].startswith(OPEN_PATHS):
        raise Problem(403, "origin_refused", "This API can't be called from a page of another site.")


def _check_caller(scope: Scope, headers: Headers, *, tokens: tuple[str, ...]) -> None:
    """Raises `Problem`."""
    if tokens:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not _is_one_of(given.strip(), tokens):
            message = (
                "A token is missing or wrong: send one of PARLANCHINA_API_TOKENS as Authorization: Bearer <token>."
            )
            raise Problem(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})
    elif not is_direct_local(peer=_peer(scope), header_names=headers.keys()):
        message = "This API answers its own machine only, since no token is set. "
        message += "Set PARLANCHINA_API_TOKENS where it runs, and send one as Authorization: Bearer <token>."
        raise Problem(403, "local_only", message)
    elif not _is_local_name(headers.get("host", "")):
        message = "Without a token this API is called as localhost, 127.0.0.1 or [::1] only. "
        message += "To use another name, set PARLANCHINA_API_TOKENS and send one as Authorization: Bearer <token>."
        raise Problem(403, "host_refused", message)


def _is_one_of(given: str, tokens: tuple[str, ...]) -> bool:
    """Compare with every token, in a time that tells nothing of any of them, nor of their length."""
    digest = sha256(given.encode("utf-8", "surrogateescape")).digest()
    matches = [hmac.compare_digest(digest, sha256(token.encode()).digest()) for token in tokens]
    return any(matches)


def _peer(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _is_local_name(host: str) -> bool:
    """Whether a Host header names this machine in a way that no DNS record can."""
    name, separator, port = host.rpartition(":")
    if not separator or "]" in port:
        name, port = host, ""
    if port and not port.isdecimal():
        return False
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
