"""What goes wrong, as HTTP tells it: a status, and `{"error": {"code": …, "message": …}}`.

Owns the status of every error, and the two shapes: ours, and OpenAI's under `/v1`. Refuses to know who raised it.
A message is a sentence for a person; it never holds a secret, since no error of ours does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from parlanchina.errors import (
    ConfigError,
    ConnectTimeout,
    ContentBlocked,
    EmptyMessage,
    ImageNotFound,
    InputError,
    MessageTooLong,
    ModelNotAllowed,
    ParlanchinaError,
    ProviderError,
    RateLimited,
    RequestRejected,
    SessionNotFound,
    StoreBusy,
    StoreError,
    StreamStalled,
    TurnNotFound,
    TurnRunning,
)
from parlanchina.messages import Message

__all__ = ["JSON_TYPE", "Problem", "encode_json", "json_response", "problem_of", "problem_of_reply", "surprise"]

JSON_TYPE = "application/json"

_STATUSES: tuple[tuple[type[ParlanchinaError], int], ...] = (  # the first that fits
    (InputError, 422),
    (TurnRunning, 409),
    (TurnNotFound, 404),
    (SessionNotFound, 404),
    (ImageNotFound, 404),
    (StoreError, 503),
    (ConfigError, 503),
    (RateLimited, 429),
    (RequestRejected, 400),
    (ContentBlocked, 400),
    (ConnectTimeout, 504),
    (StreamStalled, 504),
    (ProviderError, 502),
)
_FIELDS: Mapping[type[ParlanchinaError], str] = {
    EmptyMessage: "message",
    MessageTooLong: "message",
    ModelNotAllowed: "model",
}
_WAITS = {429: 10.0, 503: 2.0}
"""Seconds for `Retry-After` where nobody knows better: an exceeded limit, and a session's lock."""

_LINE_ENDS = "\x85\u2028\u2029"
_OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class Problem(HTTPException):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`field` is the part of the request that is to blame; `retry_after` is in seconds."""
        super().__init__(status_code=status, detail=message, headers=headers)
        self.code = code
        self.field = field
        self.retry_after = retry_after

    def error(self) -> dict[str, Any]:  # Any: JSON on its way out
        """The error object of our own API."""
        error = {"code": self.code, "message": self.detail}
        return error | ({"field": self.field} if self.field else {})

    def openai_error(self) -> dict[str, Any]:
        """The error object of OpenAI's API."""
        other = "server_error" if self.status_code >= 500 else "invalid_request_error"
        kind = _OPENAI_TYPES.get(self.status_code, other)
        return {"message": self.detail, "type": kind, "param": self.field, "code": self.code}

    def response(self, path: str, **beside: object) -> Response:
        """The whole answer, in the shape that belongs to the path that was asked for; `beside` goes beside it."""
        headers = dict(self.headers or {})
        wait = _WAITS.get(self.status_code) if self.retry_after is None else self.retry_after
        if wait is not None and self.code != "out_of_credit":
            headers["Retry-After"] = str(math.ceil(wait))
        if path.startswith("/v1/"):
            status = 400 if self.status_code == 422 else self.status_code  # OpenAI has no 422
            return json_response({"error": self.openai_error()}, status=status, headers=headers)
        return json_response({"error": self.error(), **beside}, status=self.status_code, headers=headers)


def problem_of(error: ParlanchinaError) -> Problem:
    """How an error of ours is told."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    retry_after = error.retry_after if isinstance(error, ProviderError) else None
    return Problem(
        status,
        error.code,
        str(error),
        field=_FIELDS.get(type(error)),
        retry_after=1.0 if isinstance(error, StoreBusy) else retry_after,
    )


def surprise() -> Problem:
    """How a bug of ours is told."""
    return Problem(
        500, "internal", "Something went wrong inside the app. Its log says more, under this request's id."
    )


def problem_of_reply(message: Message, failure: ParlanchinaError | None = None) -> Problem | None:
    """How a reply that failed or was cut off is told; None if there is nothing to tell.

    `failure` is what ended it, while that is still known; a stored reply has the code and the sentence.
    """
    if message.status not in ("error", "interrupted") or not (failure or message.error_code):
        return None
    if failure is not None:
        return problem_of(failure)
    kinds = [kind for kind in _descendants(ParlanchinaError) if kind.code == message.error_code]
    status = next((status for kind, status in _STATUSES if any(issubclass(one, kind) for one in kinds)), 502)
    return Problem(status, message.error_code or "", message.error or "The reply failed.")


def encode_json(value: object) -> bytes:
    """JSON in UTF-8, on one line in anybody's eyes.

    Half of a surrogate pair, which UTF-8 can't hold, is the escape that JSON has for it. So are the characters at
    which many a client, reading events line by line, would see a line end: Python's own `splitlines` for one.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in _LINE_ENDS:
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "backslashreplace")


def json_response(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(encode_json(body), status_code=status, headers=headers, media_type=JSON_TYPE)


def _descendants(kind: type[ParlanchinaError]) -> Iterator[type[ParlanchinaError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
