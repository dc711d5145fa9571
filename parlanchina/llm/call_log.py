"""The one line that is logged for each reply: how it went in figures, never what was said."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import assert_never

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
from parlanchina.messages import Usage

__all__ = ["CallLog"]

_logger = logging.getLogger("parlanchina.llm")


class CallLog:
    """Watches one reply go by. Neither text nor keys can get in: it keeps figures and words of our own only."""

    def __init__(self, *, provider: str, model: str, clock: Callable[[], float]) -> None:
        self._provider = provider
        self._model = model
        self._clock = clock
        self._started = clock()
        self._calls: list[str] = []
        self._first: float | None = None
        self._usage = Usage()
        self._outcome = "stopped"
        self._failed = False

    def call(self, api: str) -> None:
        """Note that the service is called."""
        self._calls.append(api)

    def note(self, event: LLMEvent) -> None:
        """Take from an event what the line will say."""
        match event:
            case TextDelta() | ReasoningDelta() | ImageStarted() | ImageCall():
                self._first = self._first if self._first is not None else self._clock()
            case UsageEvent():
                self._usage = event.usage
            case TextDone():
                self._outcome = event.finish_reason
            case ErrorEvent():
                self._outcome, self._failed = event.error.code, True
            case _:
                assert_never(event)

    def write(self) -> None:
        """Log the line."""
        _logger.log(
            logging.WARNING if self._failed else logging.INFO,
            "provider=%s model=%r api=%s first_token_ms=%s total_ms=%d input_tokens=%d output_tokens=%d end=%s",
            self._provider,
            self._model,
            ",".join(self._calls) or "-",
            "-" if self._first is None else round(1000 * (self._first - self._started)),
            round(1000 * (self._clock() - self._started)),
            self._usage.input_tokens,
            self._usage.output_tokens,
            self._outcome,
        )
