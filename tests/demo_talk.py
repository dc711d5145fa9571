"""Talking with the demo model in tests: requests in one line, replies without a wait."""

from __future__ import annotations

import asyncio
from typing import Any

from parlanchina.events import LLMEvent, TextDelta, TextDone
from parlanchina.llm.base import ReplyRequest
from parlanchina.llm.demo import DemoProvider
from parlanchina.messages import Params


def messages(*texts: Any, system: str = "") -> list[dict[str, Any]]:  # Any: odd contents are handed in too
    """A conversation that the user opens, each side speaking in turn."""
    roles = ("user", "assistant")
    said = [{"role": roles[turn % 2], "content": text} for turn, text in enumerate(texts)]
    return [{"role": "system", "content": system}, *said] if system else said


def request(*texts: Any, system: str = "", model: str = "demo", **params: Any) -> ReplyRequest:
    return ReplyRequest(messages=messages(*texts, system=system), model=model, params=Params(**params))


def instant(*, seed: int = 0) -> DemoProvider:
    return DemoProvider(seed=seed, tokens_per_second=0)


def events(asked: ReplyRequest, *, provider: DemoProvider | None = None) -> list[LLMEvent]:
    async def collect() -> list[LLMEvent]:
        return [event async for event in (provider or instant()).stream(asked)]

    return asyncio.run(collect())


def joined(found: list[LLMEvent]) -> str:
    return "".join(event.text for event in found if isinstance(event, TextDelta))


def reply(*texts: Any, provider: DemoProvider | None = None, **options: Any) -> str:
    return joined(events(request(*texts, **options), provider=provider))


def finish(found: list[LLMEvent]) -> str:
    assert isinstance(found[-1], TextDone)
    return found[-1].finish_reason
