"""Every error Parlanchina raises, as one tree.

::

    ParlanchinaError
    ├── ConfigError                a setting that can't be used; names the variable and the fix
    ├── InputError                 what the user sent can't be accepted; their text is kept
    │   ├── EmptyMessage
    │   ├── MessageTooLong
    │   └── ModelNotAllowed
    ├── TurnError
    │   ├── TurnRunning            one turn per branch at a time
    │   └── TurnNotFound
    ├── StoreError
    │   ├── SessionNotFound        unknown, or another owner's: the two are not told apart
    │   ├── SessionDamaged         set aside, never overwritten
    │   ├── StoreNotWritable
    │   └── StoreBusy              another process held the session's lock too long
    └── ProviderError              the model's service failed; `code` is stable, the text is for a person
        ├── Unreachable            no connection was made: the only kind another model may answer for
        │   ├── NameNotResolved
        │   ├── TlsFailed
        │   └── ConnectTimeout
        ├── RequestRejected        400
        │   └── UnsupportedParameter
        ├── AuthenticationFailed   401
        ├── PermissionRefused      403
        ├── ModelNotFound          404
        ├── RateLimited            429, with `retry_after`
        ├── ProviderDown           5xx
        ├── ContentBlocked         a refusal or content filter that left no text
        ├── EmptyReply             a finished stream that said nothing
        └── StreamLost             the reply stopped before it was finished; what came is kept
            ├── StreamBroken       a frame that can't be read
            ├── StreamCut          the connection closed in mid-reply
            ├── StreamUnfinished   it ended without a finish reason
            └── StreamStalled      nothing came within the idle timeout

A message says what failed, with which value, and what to do next. A secret never appears in one.
"""

from __future__ import annotations

from typing import ClassVar


class ParlanchinaError(Exception):
    """The root of every error here; `str(error)` is a sentence for a person."""

    code: ClassVar[str] = "error"
    """A stable slug for files, logs and the HTTP API."""


class ConfigError(ParlanchinaError):
    """A setting can't be used; the message names the variable, the value (never a secret's) and the fix."""

    code = "config"


class InputError(ParlanchinaError):
    """What the user sent can't be accepted as it is."""

    code = "input"


class EmptyMessage(InputError):
    """A message holds nothing but white space."""

    code = "empty_message"

    def __init__(self) -> None:
        super().__init__("The message is empty. Write something first.")


class MessageTooLong(InputError):
    """A message is longer than the app accepts."""

    code = "message_too_long"

    def __init__(self, *, length: int, limit: int) -> None:
        super().__init__(
            f"The message has {length:,} characters; at most {limit:,} are accepted. Shorten it, or send it in parts."
        )


class ModelNotAllowed(InputError):
    """A model is not in the allow-list."""

    code = "model_not_allowed"

    def __init__(self, *, model: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"The model {model!r} is not offered here. Choose one of: {', '.join(allowed)}.")
        self.model = model
        self.allowed = allowed


class TurnError(ParlanchinaError):
    """A turn can't be started or found."""

    code = "turn"


class TurnRunning(TurnError):
    """A reply is still being made on this branch."""

    code = "turn_running"

    def __init__(self) -> None:
        super().__init__("A reply is still being written here. Wait for it, or press Stop, then send again.")


class TurnNotFound(TurnError):
    """No such turn, or it is another owner's."""

    code = "turn_not_found"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"There is no turn {turn_id!r}.")


class StoreError(ParlanchinaError):
    """A store can't do what was asked."""

    code = "store"


class SessionNotFound(StoreError):
    """No such session, or it belongs to someone else: a caller can't tell which."""

    code = "session_not_found"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"There is no session {session_id[:80]!r}. It may have been deleted.")


class SessionDamaged(StoreError):
    """A session can't be read; it was set aside and nothing was overwritten."""

    code = "session_damaged"

    def __init__(self, session_id: str, *, kept_at: str, reason: str) -> None:
        super().__init__(
            f"The session {session_id!r} can't be read ({reason}). It was set aside, unchanged, as {kept_at}."
        )
        self.kept_at = kept_at


class StoreNotWritable(StoreError):
    """The place where sessions are kept can't be written."""

    code = "store_not_writable"

    def __init__(self, place: str, *, reason: str) -> None:
        super().__init__(
            f"Nothing can be saved in {place!r} ({reason}). "
            "Make it writable, or set PARLANCHINA_DATA_DIR to a folder that is."
        )


class StoreBusy(StoreError):
    """Another process held a session's lock for too long."""

    code = "store_busy"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"The session {session_id!r} is being written by another process. Try again in a moment.")


class ProviderError(ParlanchinaError):
    """The model's service failed."""

    code = "provider"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait before trying again, where the service said so."""


class Unreachable(ProviderError):
    """No connection to the service could be made."""

    code = "unreachable"


class NameNotResolved(Unreachable):
    """The service's host name can't be looked up."""

    code = "name_not_resolved"


class TlsFailed(Unreachable):
    """A secure connection could not be agreed."""

    code = "tls_failed"


class ConnectTimeout(Unreachable):
    """The service did not accept a connection in time."""

    code = "connect_timeout"


class RequestRejected(ProviderError):
    """The service answered 400 (or another 4xx with no class of its own)."""

    code = "request_rejected"


class UnsupportedParameter(RequestRejected):
    """The model does not take one of the parameters sent."""

    code = "unsupported_parameter"


class AuthenticationFailed(ProviderError):
    """The service answered 401: the key is missing or wrong."""

    code = "authentication_failed"


class PermissionRefused(ProviderError):
    """The service answered 403: the key may not do this."""

    code = "permission_refused"


class ModelNotFound(ProviderError):
    """The service answered 404: it has no such model or deployment."""

    code = "model_not_found"


class RateLimited(ProviderError):
    """The service answered 429: too many requests, or no credit left."""

    code = "rate_limited"


class ProviderDown(ProviderError):
    """The service answered 5xx."""

    code = "provider_down"


class ContentBlocked(ProviderError):
    """A content filter stopped the reply before it said anything."""

    code = "content_blocked"


class EmptyReply(ProviderError):
    """The stream finished properly but held no text and no picture."""

    code = "empty_reply"


class StreamLost(ProviderError):
    """The reply stopped before it was finished; what came is kept."""

    code = "stream_lost"


class StreamBroken(StreamLost):
    """A frame of the stream can't be read."""

    code = "stream_broken"


class StreamCut(StreamLost):
    """The connection closed in mid-reply."""

    code = "stream_cut"


class StreamUnfinished(StreamLost):
    """The stream ended without a finish reason."""

    code = "stream_unfinished"


class StreamStalled(StreamLost):
    """Nothing came within the idle timeout."""

    code = "stream_stalled"
