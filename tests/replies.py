"""How the tests of `parlanchina.llm` ask for a reply: short timeouts, short pauses, no chance."""

from __future__ import annotations

from typing import Any

from parlanchina.errors import ProviderError
from parlanchina.events import ErrorEvent, LLMEvent, TextDelta
from parlanchina.llm.base import Provider, ReplyRequest
from parlanchina.llm.openai_compatible import OpenAICompatible
from tests.fake_openai import FakeOpenAI

KEY = "sk-test-0123456789abcdef"


def a_provider(service: FakeOpenAI | None = None, **options: Any) -> OpenAICompatible:
    """A provider on the fake service, speaking Chat Completions unless told otherwise."""
    settings: dict[str, Any] = {
        "name": "compatible",
        "api_key": KEY,
        "base_url": service.base_url if service else "http://127.0.0.1:1/v1",
        "retry_pause": 0.001,
        "connect_timeout": 2.0,
        "idle_timeout": 5.0,
        "jitter": lambda: 0.5,
    }
    return OpenAICompatible(**settings | options)


def a_request(text: str = "Hello?", **options: Any) -> ReplyRequest:
    return ReplyRequest(**{"messages": [{"role": "user", "content": text}], "model": "a-model"} | options)


async def events_of(provider: Provider, request: ReplyRequest | None = None) -> list[LLMEvent]:
    """Every event of one reply; the provider is done with afterwards."""
    try:
        return [event async for event in provider.stream(request or a_request())]
    finally:
        await provider.aclose()


async def failure_of(provider: Provider, request: ReplyRequest | None = None) -> ProviderError:
    """The error that a reply ends with."""
    last = (await events_of(provider, request))[-1]
    assert isinstance(last, ErrorEvent)
    return last.error


def text_of(events: list[LLMEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
