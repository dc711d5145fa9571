"""A service's JSON, read without trusting it.

Compatible servers deviate: a field may be missing, null, or of another type than OpenAI's. What is not what it
should be reads as nothing, so that no odd value travels on into a session. Never raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from parlanchina.events import FinishReason, LLMEvent
from parlanchina.messages import Usage

__all__ = ["Frame", "FrameReader", "count_of", "section_of", "sections_of", "text_of"]

Frame = Mapping[str, object]
"""One JSON object that a service sent."""


class FrameReader(Protocol):
    """Turns the frames of one stream into events; made anew for every stream."""

    finish: FinishReason | None
    """Why the service ended; `None` until it said so."""
    usage: Usage | None
    said_something: bool
    """Whether text or a picture came; white space alone is nothing."""

    def read(self, frame: Frame) -> Iterator[LLMEvent]:
        """The text, reasoning and pictures of one frame. Raises `Complained` if it is the service's failure."""
        ...


def text_of(frame: Frame, name: str) -> str:
    """A string field; empty if it is anything else."""
    value = frame.get(name)
    return value if isinstance(value, str) else ""


def count_of(frame: Frame, name: str) -> int:
    """A whole number of zero or more; 0 if it is anything else."""
    value = frame.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def section_of(frame: Frame, name: str) -> Frame:
    """A nested object; empty if it is anything else."""
    value = frame.get(name)
    return value if isinstance(value, Mapping) else {}


def sections_of(frame: Frame, name: str) -> list[Frame]:
    """A list of nested objects; whatever in it is no object is left out."""
    value = frame.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
