"""Every error Parlanchina raises, as one tree.

::

    ParlanchinaError
    ├── ConfigError                a setting that can't be used; names the variable and the fix
    ├── InputError                 what the user sent can't be accepted; their text is kept
    │   ├── EmptyMessage
    │   ├── MessageTooLong
    │   ├── ModelNotAllowed
    │   └── FileRefused            a file can't be taken in; nothing of it is kept
    │       ├── FileEmpty
    │       ├── FileTooLarge
    │       ├── FileKindRefused    not a kind that is read here, or not what its name says
    │       ├── FileLocked         protected by a password
    │       ├── FileHasNoText      readable, but there are no words in it: scans, say
    │       ├── FileTooDemanding   it would unpack to too much, or take too long
    │       └── FileDamaged        its kind is known, but it can't be read
    ├── TurnError
    │   ├── TurnRunning            one turn per branch at a time
    │   └── TurnNotFound
    ├── StoreError
    │   ├── SessionNotFound        unknown, or another owner's: the two are not told apart
    │   ├── SessionDamaged         set aside, never overwritten
    │   ├── SessionUnreadable      left in place: a newer version's, or the disk won't give it
    │   ├── StoreNotWritable
    │   ├── StoreBusy              another process held the session's lock too long
    │   ├── ImageNotFound          unknown, deleted, or another owner's: not told apart
    │   ├── ImageRefused           the bytes are no picture of a kind and size that is kept
    │   ├── ImageNotSaved          the pictures' place takes nothing now; nothing half-saved is left
    │   └── ImagesUnreadable       the pictures' place can't be read now
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
        │   └── OutOfCredit        the account can't pay: waiting won't help
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


class FileRefused(InputError):
    """A file can't be taken in; `why` is the rest of a sentence that begins with the file's name."""

    code = "file_refused"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"The file {name!r} {why}")
        self.name = name
        self.why = why


class FileEmpty(FileRefused):
    """A file has no content."""

    code = "file_empty"


class FileTooLarge(FileRefused):
    """A file has more bytes than are accepted."""

    code = "file_too_large"


class FileKindRefused(FileRefused):
    """A file is of a kind that is not read here, or is not what its name says."""

    code = "file_kind_refused"


class FileLocked(FileRefused):
    """A file is protected by a password."""

    code = "file_locked"

    def __init__(
        self, name: str, why: str = "is protected by a password: save a copy without one, and attach that."
    ) -> None:
        super().__init__(name, why)


class FileHasNoText(FileRefused):
    """A file can be read, but there are no words in it."""

    code = "file_has_no_text"


class FileTooDemanding(FileRefused):
    """A file would unpack to too much, or take too long to read."""

    code = "file_too_demanding"


class FileDamaged(FileRefused):
    """A file's kind is known, but it can't be read."""

    code = "file_damaged"


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


class SessionUnreadable(StoreError):
    """A session can't be read by this version, or at this moment; its file was left as it is."""

    code = "session_unreadable"

    def __init__(self, session_id: str, *, reason: str) -> None:
        super().__init__(f"The session {session_id!r} can't be read ({reason}). It was left as it is.")


class AttachmentNotFound(StoreError):
    """No such file, or it belongs to someone else: a caller can't tell which."""

    code = "attachment_not_found"

    def __init__(self, attachment_id: str) -> None:
        super().__init__(f"There is no file {attachment_id[:80]!r}. It may have been deleted.")


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


class ImageNotFound(StoreError):
    """No such picture, or it was deleted, or it belongs to someone else: a caller can't tell which."""

    code = "image_not_found"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"There is no picture {image_id[:80]!r}. It may have been deleted.")


class ImageRefused(StoreError):
    """The bytes are not a picture that is kept here; the message says which rule they break."""

    code = "image_refused"


class ImageNotSaved(StoreError):
    """A picture, or a change to one, can't be written; nothing half-saved is left."""

    code = "image_not_saved"

    def __init__(self, place: str, *, reason: str) -> None:
        super().__init__(
            f"The picture could not be saved in {place!r} ({reason}). Free space there or make it writable, "
            "or choose another place with PARLANCHINA_IMAGES_URL; then try again."
        )


class ImagesUnreadable(StoreError):
    """The place where pictures are kept can't be read at this moment."""

    code = "images_unreadable"

    def __init__(self, place: str, *, reason: str) -> None:
        super().__init__(f"The pictures in {place!r} can't be read now ({reason}). Try again in a moment.")


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
    """The service answered 429: too many requests, or too many tokens."""

    code = "rate_limited"


class OutOfCredit(RateLimited):
    """The account has no credit or quota left; trying again changes nothing."""

    code = "out_of_credit"


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
