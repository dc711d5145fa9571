"""The two plain functions that scripts call."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

import parlanchina
from parlanchina.errors import RateLimited, StreamCut, StreamUnfinished
from parlanchina.events import ErrorEvent, LLMEvent, TextDelta, TextDone
from parlanchina.llm import stream_chat_completion, stream_response
from parlanchina.messages import Params
from tests.fake_openai import FakeOpenAI, Reply
from tests.replies import a_provider

MESSAGES = [{"role": "user", "content": "Hello?"}]


@pytest.fixture
def service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


class Unfinished:
    """A provider whose replies just end."""

    name = "unfinished"

    async def stream(self, request: object) -> AsyncGenerator[LLMEvent, None]:
        yield TextDelta(text="so far")

    async def aclose(self) -> None:
        """Nothing to release."""


async def test_a_response_is_yielded_as_events(service):
    provider = a_provider(service, name="openai", api="auto")
    events = [e async for e in stream_response(MESSAGES, "a-model", provider=provider, params=Params(top_p=0.5))]
    await provider.aclose()
    assert isinstance(events[0], TextDelta)
    assert events[-1] == TextDone(finish_reason="stop")
    assert service.requests[0].body["top_p"] == 0.5
    assert service.requests[0].body["tools"]


async def test_the_picture_tool_can_be_left_out(service):
    provider = a_provider(service, name="openai", api="auto")
    _ = [event async for event in stream_response(MESSAGES, "a-model", False, provider=provider)]
    await provider.aclose()
    assert "tools" not in service.requests[0].body


async def test_a_failed_response_ends_in_an_event(service):
    service.default = Reply(fault="close", after=1)
    provider = a_provider(service)
    events = [event async for event in stream_response(MESSAGES, "a-model", provider=provider)]
    assert isinstance(events[-1], ErrorEvent)


async def test_a_completion_is_yielded_as_text(service):
    service.default = Reply(text=["Hello ", "there."], reasoning=["Hmm."])
    provider = a_provider(service)
    assert [text async for text in stream_chat_completion(MESSAGES, "a-model", provider=provider)] == [
        "Hello ",
        "there.",
    ]
    await provider.aclose()


async def test_a_completion_that_fails_raises_after_what_came(service):
    service.default = Reply(text="one two", fault="close", after=1)
    texts = stream_chat_completion(MESSAGES, "a-model", provider=a_provider(service))
    assert await anext(texts) == "one"
    with pytest.raises(StreamCut):
        await anext(texts)


async def test_a_refused_completion_raises_what_the_service_said(service):
    service.default = Reply(status=429, headers={"retry-after": "60"})
    provider = a_provider(service)
    with pytest.raises(RateLimited, match="60 seconds"):
        _ = [text async for text in stream_chat_completion(MESSAGES, "a-model", provider=provider)]
    await provider.aclose()


async def test_a_completion_without_a_finish_is_never_taken_for_whole():
    with pytest.raises(StreamUnfinished, match="a-model"):
        _ = [text async for text in stream_chat_completion(MESSAGES, "a-model", provider=Unfinished())]


async def test_a_reader_that_leaves_closes_the_connection(service):
    service.default = Reply(fault="stall", after=1)
    provider = a_provider(service)
    texts = stream_chat_completion(MESSAGES, "a-model", provider=provider)
    assert await anext(texts) == "Hello"
    await texts.aclose()
    assert await asyncio.to_thread(service.wait_closed, 0.5)


def test_a_script_needs_no_more_than_a_dotenv_file(service, tmp_path):
    environment = f"OPENAI_PROVIDER=compatible\nOPENAI_API_BASE={service.base_url}\nPARLANCHINA_MODELS=a-model\n"
    (tmp_path / ".env").write_text(environment)
    script = """
import asyncio
from parlanchina.llm import stream_chat_completion

async def main():
    async for text in stream_chat_completion([{"role": "user", "content": "Hello?"}], "a-model"):
        print(text, end="")

asyncio.run(main())
asyncio.run(main())  # from another event loop
"""
    package = Path(parlanchina.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(package), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "Hello from the fake service." * 2
