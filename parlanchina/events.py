"""What a reply is made of: the closed union `LLMEvent`.

A provider yields these and nothing else, in order, and raises nothing: a failure is the last event, an `ErrorEvent`.
Exactly one `TextDone` says that the provider finished; a stream that ends without one was not finished,
whatever text it brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from parlanchina.errors import ProviderError
from parlanchina.messages import Usage

__all__ = [
    "ErrorEvent",
    "FinishReason",
    "ImageCall",
    "ImageStarted",
    "LLMEvent",
    "ReasoningDelta",
    "TextDelta",
    "TextDone",
    "UsageEvent",
]

FinishReason = Literal["stop", "length", "content_filter", "refusal"]
"""Why a provider ended: by itself, at the token limit, stopped by a filter, or declined to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """More of the reply's Markdown."""

    text: str
    type: Literal["text_delta"] = "text_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """More of the model's reasoning, where the provider sends it."""

    text: str
    type: Literal["reasoning_delta"] = "reasoning_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStarted:
    """The model began a picture."""

    call_id: str
    begun_at: float = 0.0
    """When that was, on the process's monotonic clock: put in by the turn, for those who come to follow it later."""
    type: Literal["image_started"] = "image_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCall:
    """A finished picture: with its bytes from a provider, with its address once a turn has kept it.

    Neither means that it could not be kept; the reply's text says why.
    """

    call_id: str
    image_b64: str
    ext: str = "png"
    revised_prompt: str = ""
    model: str = ""
    """The model that painted, where it isn't the one that answers."""
    size: str = ""
    quality: str = ""
    url: str = ""
    alt_text: str = ""
    type: Literal["image_call"] = "image_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """What the call cost in tokens, as the provider counted them."""

    usage: Usage
    type: Literal["usage"] = "usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDone:
    """The provider finished the reply."""

    finish_reason: FinishReason
    type: Literal["text_done"] = "text_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent:
    """The call failed; always the last event."""

    error: ProviderError
    type: Literal["error"] = "error"


LLMEvent = TextDelta | ReasoningDelta | ImageStarted | ImageCall | UsageEvent | TextDone | ErrorEvent
