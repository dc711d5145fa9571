"""What is known of a picture, and its form on disk: the sidecar.

Owns the names of a picture's files and the sidecar's bytes; knows nothing of where they are kept. A sidecar is one
JSON object; reading it back gives the value that was written, and raises `ValueError` for anything else, so that
no name in a file touched by another hand can lead outside the store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypedDict

from parlanchina.messages import format_time, parse_time
from parlanchina.stores.json_format import decode_object

__all__ = ["MEDIA_TYPES", "THUMBNAIL_SUFFIX", "ImageMeta", "ImageRecord", "ImageStory", "is_image_id"]

MEDIA_TYPES: Mapping[str, str] = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
"""The kinds of picture that are kept: extension and media type."""

THUMBNAIL_SUFFIX = ".thumb.webp"

_SCHEMA = 1
_IMAGE_ID = re.compile(r"[0-9a-f]{32}")

Json = dict[str, Any]  # Any: JSON read from outside; from_dict checks each field as it takes it


def is_image_id(text: str) -> bool:
    """Whether a text has the form of a picture's id: 128 bits in lower-case hexadecimal, and nothing else."""
    return _IMAGE_ID.fullmatch(text) is not None


class ImageStory(TypedDict, total=False):
    """What only the one who asked for a picture can know of it; the same fields as `ImageMeta` has."""

    prompt: str
    revised_prompt: str
    alt_text: str
    model: str
    size: str
    quality: str
    session_id: str | None
    message_id: str | None
    parent_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMeta:
    """A picture and its story. `size` and `quality` are as asked for; width and height as it is shown."""

    id: str
    filename: str
    created_at: datetime
    owner: str
    prompt: str = ""
    revised_prompt: str = ""
    """What the model made of the prompt, where it says so."""
    alt_text: str = ""
    """The caption: what the picture shows, for those who can't see it."""
    model: str = ""
    size: str = ""
    quality: str = ""
    width: int
    height: int
    bytes: int
    session_id: str | None = None
    message_id: str | None = None
    parent_id: str | None = None
    """The picture that this one was edited from."""

    @property
    def url_path(self) -> str:
        """Where the picture is served, and how a session names it."""
        return f"/images/{self.filename}"

    @property
    def thumbnail_path(self) -> str:
        """Where its thumbnail is served."""
        return f"/images/{self.id}{THUMBNAIL_SUFFIX}"

    @property
    def media_type(self) -> str:
        """The type of the bytes, as they were found to be."""
        return MEDIA_TYPES[self.filename.rpartition(".")[2]]

    def to_dict(self) -> Json:
        """The form on disk; `from_dict` is its inverse."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"created_at": format_time(self.created_at)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ImageMeta:
        """Read what `to_dict` made. Raises `ValueError` naming the field that is not the format's."""
        image_id, filename = _text(raw, "id"), _text(raw, "filename")
        if not is_image_id(image_id):
            raise ValueError(f"id {image_id[:80]!r} is no picture's")
        if filename not in {f"{image_id}.{extension}" for extension in MEDIA_TYPES}:
            raise ValueError(f"filename {filename[:80]!r} is not that of {image_id}")
        return cls(
            id=image_id,
            filename=filename,
            created_at=parse_time(raw.get("created_at")),
            owner=_text(raw, "owner"),
            prompt=_text(raw, "prompt"),
            revised_prompt=_text(raw, "revised_prompt"),
            alt_text=_text(raw, "alt_text"),
            model=_text(raw, "model"),
            size=_text(raw, "size"),
            quality=_text(raw, "quality"),
            width=_count(raw, "width"),
            height=_count(raw, "height"),
            bytes=_count(raw, "bytes"),
            session_id=_optional_text(raw, "session_id"),
            message_id=_optional_text(raw, "message_id"),
            parent_id=_optional_text(raw, "parent_id"),
        )


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A sidecar: the picture's values, and when it was deleted, if it was."""

    meta: ImageMeta
    deleted_at: datetime | None = None

    def encode(self) -> bytes:
        """The sidecar's bytes, for people to read as well."""
        deleted_at = None if self.deleted_at is None else format_time(self.deleted_at)
        raw = {"schema": _SCHEMA, **self.meta.to_dict(), "deleted_at": deleted_at}
        # A lone surrogate, which UTF-8 can't hold, is written as the escape that JSON has for it.
        return (json.dumps(raw, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")

    @classmethod
    def decode(cls, content: bytes, *, image_id: str) -> ImageRecord:
        """Read the sidecar of a picture. Raises `ValueError` saying what is wrong with it."""
        raw = decode_object(content)
        if _count(raw, "schema") != _SCHEMA:
            raise ValueError(f"schema {raw['schema']!r} is not {_SCHEMA}, the one this version reads")
        meta, deleted_at = ImageMeta.from_dict(raw), raw.get("deleted_at")
        if meta.id != image_id:
            raise ValueError(f"it is that of {meta.id}")
        return cls(meta, None if deleted_at is None else parse_time(deleted_at))


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is {type(value).__name__}, not str")
    return value


def _optional_text(raw: Mapping[str, Any], name: str) -> str | None:
    return None if raw.get(name) is None else _text(raw, name)


def _count(raw: Mapping[str, Any], name: str) -> int:
    value = raw.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {value!r:.80}, not a whole number from 0 on")
    return value
