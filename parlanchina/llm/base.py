"""The seam between a turn and a model: one protocol, one request value.

A provider knows nothing of sessions, pages or stores. It is asked once per turn, yields `LLMEvent`s, and
never raises for what the service did: a failure is its last event. Closing the generator (or cancelling the
task that reads it) closes the connection to the service at once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from parlanchina.events import LLMEvent
from parlanchina.messages import Params

__all__ = ["ChatMessage", "Provider", "ReplyRequest", "Transcriber"]

ChatMessage = Mapping[str, Any]  # Any: the OpenAI chat shape {"role": …, "content": text or a list of parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRequest:
    """One reply to be made."""

    messages: Sequence[ChatMessage]
    """In the shape of Chat Completions: `{"role": "system" | "user" | "assistant", "content": …}`."""
    model: str
    params: Params = field(default_factory=Params)
    enable_image_tool: bool = True
    """Whether the model may make pictures, where the provider offers it."""


class Provider(Protocol):
    """A service (or the demo model) that makes replies."""

    @property
    def name(self) -> str:
        """The word stored with a reply: openai, azure, openrouter, compatible or demo."""
        ...

    def stream(self, request: ReplyRequest) -> AsyncGenerator[LLMEvent, None]:
        """Make one reply. Nothing is sent before the first item is asked for."""
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...


class Transcriber(Protocol):
    """A service that writes down what is said."""

    async def transcribe(self, recording: bytes) -> str:
        """The words of a recording, in WAV. Raises `ProviderError`."""
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
