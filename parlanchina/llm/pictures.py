"""Pictures that models make: which names make them, and how they arrive.

Knows nothing of what becomes of a picture; the image store checks its bytes.
"""

from __future__ import annotations

import re

__all__ = ["PICTURE_GUIDANCE", "picture_extension", "picture_in", "picture_modalities"]

PICTURE_GUIDANCE = (
    "You can make pictures. Answer in words, unless a picture clearly helps or is asked for. Then make at least one, "
    "and always write a short description beside it. Pictures in this conversation stand as [picture: description]."
)
"""Told to a model that is offered pictures, after the user's own system prompt, and to no other."""

_EXTENSIONS = {"png": "png", "jpeg": "jpg", "jpg": "jpg", "webp": "webp", "gif": "gif"}

_DATA_URL = re.compile(r"data:image/([a-z]+);base64,", re.IGNORECASE)

# OpenRouter wants to be told what comes out, and refuses what a model can't do. By name, as of November 2026.
_TEXT_AND_PICTURES = re.compile(r"gemini-[\w.-]*image|gpt-[\w.-]*image")
_PICTURES_ONLY = re.compile(r"flux|seedream|riverflow|recraft")


def picture_modalities(model: str) -> list[str]:
    """What to ask OpenRouter for, if the model is known to make pictures; otherwise nothing."""
    if _TEXT_AND_PICTURES.search(model.lower()):
        return ["image", "text"]
    return ["image"] if _PICTURES_ONLY.search(model.lower()) else []


def picture_extension(kind: str) -> str:
    """The file extension for an image format; empty for one that isn't a plain picture (SVG can carry script)."""
    return _EXTENSIONS.get(kind.lower(), "")


def picture_in(url: str) -> tuple[str, str] | None:
    """The base64 and the extension in a data URL; `None` if the URL is no picture."""
    head = _DATA_URL.match(url)
    extension = picture_extension(head[1]) if head else ""
    return (url[head.end() :], extension) if head and extension else None
