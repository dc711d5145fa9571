"""A reply as the HTTP API tells it: named pieces, each with an id from which reading can go on.

An id says how much of the reply its reader has then: characters of text, characters of reasoning, pictures,
and whether the usage and the end have come. It holds for the reply itself, not for one stream of it, so whoever
comes back with one gets the rest exactly once: from memory or from the store, joined or in single tokens, of
this process or the next. Knows nothing of HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Self, assert_never

from parlanchina.events import (
    ErrorEvent,
    ImageCall,
    ImageStarted,
    LLMEvent,
    ReasoningDelta,
    TextDelta,
    TextDone,
    UsageEvent,
)
from parlanchina.messages import ImageRef, Message

__all__ = ["PLACE_PATTERN", "Cursor", "Piece", "Place", "contents_of", "end_of"]

PLACE_PATTERN = r"^[0-9]{1,9}-[0-9]{1,9}-[0-9]{1,9}-[01](-end)?$"
"""What an id looks like, for whoever checks one: `<text>-<reasoning>-<pictures>-<usage>`, and `-end` at last."""

_PLACE = re.compile(PLACE_PATTERN)

Content = LLMEvent | ImageRef
"""What a reply holds: events as they come, and a stored reply's pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How much of a reply has been read."""

    text: int = 0
    """Characters (Unicode code points), as of `reasoning`."""
    reasoning: int = 0
    pictures: int = 0
    usage: int = 0
    ended: bool = False

    def __str__(self) -> str:
        return f"{self.text}-{self.reasoning}-{self.pictures}-{self.usage}" + ("-end" if self.ended else "")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote; `ValueError` for anything else."""
        if not _PLACE.fullmatch(text):
            raise ValueError(f"{text[:80]!r} is not the id of an event")
        counts = text.removesuffix("-end").split("-")
        return cls(
            text=int(counts[0]),
            reasoning=int(counts[1]),
            pictures=int(counts[2]),
            usage=int(counts[3]),
            ended=text.endswith("-end"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One event of the API."""

    name: str
    content: dict[str, Any]  # Any: JSON on its way out
    place: Place
    """Where a reader is who has this piece."""


class Cursor:
    """Goes through a reply from its start, and tells what lies beyond a place."""

    def __init__(self, seen: Place) -> None:
        self._seen = seen
        self.place = Place()
        """How much has gone by, told or not."""

    def take(self, contents: Iterable[Content]) -> Iterator[Piece]:
        """Tell what is new in the next contents; neighbours of a kind are joined to one piece."""
        for content in _joined(contents):
            match content:
                case TextDelta(text=text):
                    gone = self.place.text
                    self.place = replace(self.place, text=gone + len(text))
                    if fresh := text[max(0, self._seen.text - gone) :]:
                        yield self._piece("message", {"content": fresh})
                case ReasoningDelta(text=text):
                    gone = self.place.reasoning
                    self.place = replace(self.place, reasoning=gone + len(text))
                    if fresh := text[max(0, self._seen.reasoning - gone) :]:
                        yield self._piece("reasoning", {"content": fresh})
                case ImageCall(image_b64="", url=""):
                    pass  # it could not be kept; the text says why
                case ImageCall() | ImageRef():
                    self.place = replace(self.place, pictures=self.place.pictures + 1)
                    if self.place.pictures > self._seen.pictures:
                        yield self._piece("image", _picture(content))
                case UsageEvent(usage=usage):
                    is_first = not self.place.usage
                    self.place = replace(self.place, usage=1)
                    if is_first and not self._seen.usage:
                        yield self._piece("usage", usage.to_dict())
                case ImageStarted() | TextDone() | ErrorEvent():
                    pass
                case _:
                    assert_never(content)

    def end(self, message: Message, *, error: dict[str, Any] | None) -> Piece:
        """Tell how the reply ended: `complete`, or `error` with what went wrong."""
        self.place = replace(self.place, ended=True)
        return self._piece("error" if error else "complete", end_of(message) | ({"error": error} if error else {}))

    def _piece(self, name: str, content: dict[str, Any]) -> Piece:
        return Piece(name=name, content=content, place=self.place)


def end_of(message: Message) -> dict[str, Any]:
    """How an ended reply is summed up."""
    return {
        "status": "completed" if message.status == "complete" else message.status,
        "message_id": message.id,
        "model": message.model,
        "provider": message.provider,
        "finish_reason": message.finish_reason,
        # Another model had to answer: whoever reads the reply must be able to see that.
        "note": message.error if message.status == "complete" else None,
    }


def contents_of(message: Message) -> Iterator[Content]:
    """A stored reply as what it was made of."""
    if message.reasoning:
        yield ReasoningDelta(text=message.reasoning)
    if message.raw_markdown:
        yield TextDelta(text=message.raw_markdown)
    yield from message.images
    if message.usage:
        yield UsageEvent(usage=message.usage)


def _joined(contents: Iterable[Content]) -> Iterator[Content]:
    for _, group in groupby(contents, key=type):
        same = list(group)
        first = same[0]
        if len(same) > 1 and isinstance(first, TextDelta | ReasoningDelta):
            texts = [one.text for one in same if isinstance(one, TextDelta | ReasoningDelta)]
            yield replace(first, text="".join(texts))
        else:
            yield from same


def _picture(picture: ImageCall | ImageRef) -> dict[str, Any]:
    if isinstance(picture, ImageRef):
        return picture.to_dict()
    if picture.url:
        return ImageRef(url=picture.url, alt_text=picture.alt_text).to_dict()
    return {"url": f"data:image/{picture.ext};base64,{picture.image_b64}", "alt_text": picture.revised_prompt}
