"""The values a conversation is made of, and their form on disk.

Owns `Session`, `Message` and what they hold; knows nothing of files, models or pages. Every value is frozen:
a change is a new value (`dataclasses.replace`). `to_dict` and `from_dict` are exact inverses; `from_dict`
raises `ValueError` (naming the field) for anything that is not the format.

Messages form a tree by `parent_id`. `head` names the leaf being shown, so an edited question or a second
reply is a new branch beside the old one, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, get_args

__all__ = [
    "SCHEMA",
    "Attachment",
    "Feedback",
    "ImageRef",
    "Message",
    "Params",
    "ReplyStatus",
    "Role",
    "Session",
    "SessionSummary",
    "Timing",
    "Usage",
    "format_time",
    "parse_time",
]

SCHEMA = 1
"""The version of the session format that this code writes."""

Role = Literal["user", "assistant"]
ReplyStatus = Literal["streaming", "complete", "stopped", "error", "interrupted"]
"""A reply's state: being made, or ended as exactly one of the other four."""
Feedback = Literal["up", "down"]

Json = dict[str, Any]  # Any: JSON read from outside; from_dict checks each field as it takes it
T = TypeVar("T")


def format_time(moment: datetime) -> str:
    """Write an aware time as ISO 8601 in UTC, ending in Z, without loss."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: object) -> datetime:
    """Read what `format_time` wrote; a time without a zone is refused with `ValueError`."""
    moment = datetime.fromisoformat(_typed(text, str, "time"))
    if moment.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Sampling parameters; `None` means the provider's default, and is not sent."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None

    def to_dict(self) -> Json:
        return {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Params:
        return cls(
            temperature=_optional_number(raw, "temperature"),
            top_p=_optional_number(raw, "top_p"),
            max_tokens=_optional(raw, "max_tokens", int),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call. Cached tokens are part of the input, reasoning tokens part of the output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def to_dict(self) -> Json:
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cached_tokens": self.cached_tokens,
            "reasoning_tokens": self.reasoning_tokens,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Usage:
        return cls(**{name: _required(raw, name, int) for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a reply took, in milliseconds from the request; `first_token_ms` is `None` if none came."""

    first_token_ms: int | None = None
    total_ms: int = 0

    def to_dict(self) -> Json:
        return {"first_token_ms": self.first_token_ms, "total_ms": self.total_ms}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Timing:
        return cls(first_token_ms=_optional(raw, "first_token_ms", int), total_ms=_required(raw, "total_ms", int))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A picture of ours that a reply shows; the bytes are the image store's."""

    url: str
    alt_text: str = ""

    def to_dict(self) -> Json:
        return {"url": self.url, "alt_text": self.alt_text}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ImageRef:
        return cls(url=_required(raw, "url", str), alt_text=_required(raw, "alt_text", str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file the user put in; the bytes are kept under `data/files/`, never in a session."""

    id: str
    name: str
    media_type: str
    size: int
    """Bytes."""

    def to_dict(self) -> Json:
        return {"id": self.id, "name": self.name, "media_type": self.media_type, "size": self.size}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Attachment:
        return cls(
            id=_required(raw, "id", str),
            name=_required(raw, "name", str),
            media_type=_required(raw, "media_type", str),
            size=_required(raw, "size", int),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation; the fields after `created_at` are an assistant's alone."""

    id: str
    parent_id: str | None
    role: Role
    raw_markdown: str
    attachments: tuple[Attachment, ...] = ()
    created_at: datetime

    html: str = ""
    renderer: str = ""
    """The version of the renderer that made `html`; another one means: render again."""
    model: str = ""
    provider: str = ""
    status: ReplyStatus = "complete"
    finish_reason: str | None = None
    """The provider's reason to end (see `events.FinishReason`), or None when it gave none."""
    error: str | None = None
    """A sentence for a person, when the reply failed or another model had to answer."""
    error_code: str | None = None
    reasoning: str = ""
    images: tuple[ImageRef, ...] = ()
    usage: Usage | None = None
    timing: Timing | None = None
    feedback: Feedback | None = None

    def to_dict(self) -> Json:
        common: Json = {
            "id": self.id,
            "parent_id": self.parent_id,
            "role": self.role,
            "raw_markdown": self.raw_markdown,
            "attachments": [attachment.to_dict() for attachment in self.attachments],
            "created_at": format_time(self.created_at),
        }
        if self.role == "user":
            return common
        return common | {
            "html": self.html,
            "renderer": self.renderer,
            "model": self.model,
            "provider": self.provider,
            "status": self.status,
            "finish_reason": self.finish_reason,
            "error": self.error,
            "error_code": self.error_code,
            "reasoning": self.reasoning,
            "images": [image.to_dict() for image in self.images],
            "usage": None if self.usage is None else self.usage.to_dict(),
            "timing": None if self.timing is None else self.timing.to_dict(),
            "feedback": self.feedback,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Message:
        role: Role = _choice(raw, "role", get_args(Role))
        common: Json = {
            "id": _required(raw, "id", str),
            "parent_id": _optional(raw, "parent_id", str),
            "role": role,
            "raw_markdown": _required(raw, "raw_markdown", str),
            "attachments": _items(raw, "attachments", Attachment.from_dict),
            "created_at": parse_time(raw.get("created_at")),
        }
        if role == "user":
            return cls(**common)
        feedback = raw.get("feedback")
        return cls(
            **common,
            html=_optional(raw, "html", str) or "",
            renderer=_optional(raw, "renderer", str) or "",
            model=_optional(raw, "model", str) or "",
            provider=_optional(raw, "provider", str) or "",
            status=_choice(raw, "status", get_args(ReplyStatus)),
            finish_reason=_optional(raw, "finish_reason", str),
            error=_optional(raw, "error", str),
            error_code=_optional(raw, "error_code", str),
            reasoning=_optional(raw, "reasoning", str) or "",
            images=_items(raw, "images", ImageRef.from_dict),
            usage=_nested(raw, "usage", Usage.from_dict),
            timing=_nested(raw, "timing", Timing.from_dict),
            feedback=None if feedback is None else _choice(raw, "feedback", get_args(Feedback)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """What a list of sessions shows, known without reading the messages."""

    id: str
    title: str
    model: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation, whole."""

    id: str
    owner: str
    title: str
    model: str
    system_prompt: str = ""
    params: Params = field(default_factory=Params)
    created_at: datetime
    updated_at: datetime
    head: str | None = None
    messages: tuple[Message, ...] = ()

    def message(self, message_id: str) -> Message | None:
        """Find a message by its id."""
        return next((message for message in self.messages if message.id == message_id), None)

    def path(self) -> list[Message]:
        """The messages from the first one to `head`: the branch being shown."""
        by_id = {message.id: message for message in self.messages}
        path: list[Message] = []
        current = by_id.get(self.head) if self.head else None
        while current is not None and len(path) <= len(by_id):  # a hand-edited loop must not hang us
            path.append(current)
            current = by_id.get(current.parent_id) if current.parent_id else None
        return path[::-1]

    def siblings(self, message: Message) -> list[Message]:
        """Every alternative to a message, itself included, oldest first."""
        return [other for other in self.messages if other.parent_id == message.parent_id]

    def leaf_under(self, message_id: str) -> str:
        """The newest leaf below a message: where showing its branch leads."""
        children = {message.parent_id: message.id for message in self.messages}  # the last written wins
        leaf, steps = message_id, 0
        while leaf in children and steps <= len(self.messages):
            leaf, steps = children[leaf], steps + 1
        return leaf

    def summary(self) -> SessionSummary:
        """What a list shows of this session."""
        return SessionSummary(
            id=self.id,
            title=self.title,
            model=self.model,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )

    def to_dict(self) -> Json:
        """The form on disk: `messages` comes last, so that a list can be made from the start of a file."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "owner": self.owner,
            "title": self.title,
            "model": self.model,
            "system_prompt": self.system_prompt,
            "params": self.params.to_dict(),
            "created_at": format_time(self.created_at),
            "updated_at": format_time(self.updated_at),
            "head": self.head,
            "messages": [message.to_dict() for message in self.messages],
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Session:
        schema = raw.get("schema")
        if schema != SCHEMA:
            raise ValueError(f"schema {schema!r} is not {SCHEMA}, the one this version reads")
        return cls(
            id=_required(raw, "id", str),
            owner=_required(raw, "owner", str),
            title=_required(raw, "title", str),
            model=_required(raw, "model", str),
            system_prompt=_required(raw, "system_prompt", str),
            params=_nested(raw, "params", Params.from_dict) or Params(),
            created_at=parse_time(raw.get("created_at")),
            updated_at=parse_time(raw.get("updated_at")),
            head=_optional(raw, "head", str),
            messages=_items(raw, "messages", Message.from_dict),
        )


def _typed(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def _required(raw: Mapping[str, Any], name: str, kind: type[T]) -> T:
    return _typed(raw.get(name), kind, name)


def _optional(raw: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    value = raw.get(name)
    return None if value is None else _typed(value, kind, name)


def _optional_number(raw: Mapping[str, Any], name: str) -> float | None:
    value = raw.get(name)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else _optional(raw, name, float)


def _choice(raw: Mapping[str, Any], name: str, allowed: Iterable[Any]) -> Any:  # Any: one of a Literal's values
    value = raw.get(name)
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, not one of {', '.join(allowed)}")
    return value


def _nested(raw: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], T]) -> T | None:
    value = raw.get(name)
    return None if value is None else read(_typed(value, dict, name))


def _items(raw: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
    return tuple(read(_typed(item, dict, f"an item of {name}")) for item in _required(raw, name, list))
