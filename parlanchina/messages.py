"""The values a conversation is made of, and their form on disk.

Owns `Session`, `Message` and what they hold; knows nothing of files, models or pages. Every value is frozen:
a change is a new value (`dataclasses.replace`). `to_dict` and `from_dict` are exact inverses; `from_dict`
raises `ValueError` (naming the field) for anything that is not the format.

Messages form a tree by `parent_id`. `head` names the leaf being shown, so an edited question or a second
reply is a new branch beside the old one, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from parlanchina.fields import choice, format_time, items, nested, optional, parse_time, required
from parlanchina.params import Params

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call. Cached tokens are part of the input, reasoning tokens part of the output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def to_dict(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Usage:
        return cls(**{name: required(raw, name, int) for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a reply took, in milliseconds from the request; `first_token_ms` is `None` if none came."""

    first_token_ms: int | None = None
    total_ms: int = 0

    def to_dict(self) -> Json:
        return {"first_token_ms": self.first_token_ms, "total_ms": self.total_ms}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Timing:
        return cls(first_token_ms=optional(raw, "first_token_ms", int), total_ms=required(raw, "total_ms", int))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A picture of ours that a reply shows; the bytes are the image store's."""

    url: str
    alt_text: str = ""

    def to_dict(self) -> Json:
        return {"url": self.url, "alt_text": self.alt_text}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ImageRef:
        return cls(url=required(raw, "url", str), alt_text=required(raw, "alt_text", str))


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
            id=required(raw, "id", str),
            name=required(raw, "name", str),
            media_type=required(raw, "media_type", str),
            size=required(raw, "size", int),
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
        role: Role = choice(raw, "role", get_args(Role))
        common: Json = {
            "id": required(raw, "id", str),
            "parent_id": optional(raw, "parent_id", str),
            "role": role,
            "raw_markdown": required(raw, "raw_markdown", str),
            "attachments": items(raw, "attachments", Attachment.from_dict),
            "created_at": parse_time(raw.get("created_at")),
        }
        if role == "user":
            return cls(**common)
        feedback = raw.get("feedback")
        return cls(
            **common,
            html=optional(raw, "html", str) or "",
            renderer=optional(raw, "renderer", str) or "",
            model=optional(raw, "model", str) or "",
            provider=optional(raw, "provider", str) or "",
            status=choice(raw, "status", get_args(ReplyStatus)),
            finish_reason=optional(raw, "finish_reason", str),
            error=optional(raw, "error", str),
            error_code=optional(raw, "error_code", str),
            reasoning=optional(raw, "reasoning", str) or "",
            images=items(raw, "images", ImageRef.from_dict),
            usage=nested(raw, "usage", Usage.from_dict),
            timing=nested(raw, "timing", Timing.from_dict),
            feedback=None if feedback is None else choice(raw, "feedback", get_args(Feedback)),
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
        shown = self.message(self.head or "")
        return self.path_to(shown) if shown is not None else []

    def path_to(self, message: Message) -> list[Message]:
        """The messages from the first one to a message, which may be one that is about to be added."""
        left = {other.id: other for other in self.messages if other.id != message.id}
        path = [message]
        while (above := left.pop(path[-1].parent_id or "", None)) is not None:
            path.append(above)  # each message once: a hand-edited loop must not hang us
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
        schema = required(raw, "schema", int)
        if schema != SCHEMA:
            raise ValueError(f"schema {schema!r} is not {SCHEMA}, the one this version reads")
        return cls(
            id=required(raw, "id", str),
            owner=required(raw, "owner", str),
            title=required(raw, "title", str),
            model=required(raw, "model", str),
            system_prompt=required(raw, "system_prompt", str),
            params=nested(raw, "params", Params.from_dict) or Params(),
            created_at=parse_time(raw.get("created_at")),
            updated_at=parse_time(raw.get("updated_at")),
            head=optional(raw, "head", str),
            messages=items(raw, "messages", Message.from_dict),
        )
