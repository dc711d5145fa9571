"""The OpenAI-compatible gateway, called by OpenAI's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from parlanchina.api import Api
from parlanchina.config import load_settings
from parlanchina.services import build_services
from tests.api_house import ApiHouse, open_api, serve
from tests.fake_openai import Gate, Reply

ASKED: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
USAGE = {"input_tokens": 7, "output_tokens": 5, "cached_tokens": 2, "reasoning_tokens": 1}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    with open_api(tmp_path_factory.mktemp("api")) as house:
        yield house


@pytest.fixture
def house(shared: ApiHouse) -> ApiHouse:
    """A served API that has heard nothing yet."""
    shared.fake.requests.clear()
    return shared


@pytest.fixture
def client(house: ApiHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{house.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_client(house: ApiHouse) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{house.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def test_whole_completion(house: ApiHouse, client: openai.OpenAI) -> None:
    house.fake.reply_with(Reply(text="Hello 👋", usage=USAGE))
    completion = client.chat.completions.create(
        model="other", messages=ASKED, temperature=0.5, top_p=0.25, max_tokens=9, seed=1, user="someone"
    )
    assert (completion.object, completion.model, completion.id[:9]) == ("chat.completion", "other", "chatcmpl-")
    [choice] = completion.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Hello 👋", "stop")
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.total_tokens) == (7, 12)
    assert completion.usage.prompt_tokens_details is not None
    assert completion.usage.prompt_tokens_details.cached_tokens == 2
    heard = house.fake.requests[0].body
    assert [message["content"] for message in heard["messages"]] == ["Be brief.", "Hi"]
    assert (heard["model"], heard["temperature"], heard["top_p"], heard["max_tokens"]) == ("other", 0.5, 0.25, 9)


def test_stream_of_chunks_with_usage(house: ApiHouse, client: openai.OpenAI) -> None:
    house.fake.reply_with(Reply(text=["Hel", "lo"], reasoning=["hm"], usage=USAGE))
    chunks = list(
        client.chat.completions.create(
            model="other",
            messages=ASKED,
            stream=True,
            stream_options={"include_usage": True},
            max_completion_tokens=8,
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "Hello"
    assert "".join(getattr(c.choices[0].delta, "reasoning_content", "") for c in chunks[:-1]) == "hm"
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 2) + ["stop"]
    assert (chunks[-1].choices, [chunk.usage for chunk in chunks[:-1]]) == ([], [None] * (len(chunks) - 1))
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 12
    assert len({chunk.id for chunk in chunks}) == 1
    assert house.fake.requests[0].body["max_tokens"] == 8


def test_stream_without_usage_unless_it_is_asked_for(house: ApiHouse, client: openai.OpenAI) -> None:
    house.fake.reply_with(Reply(text="Hi", usage=USAGE, finish="length"))
    chunks = list(client.chat.completions.create(model="other", messages=ASKED, stream=True))
    assert chunks[-1].choices[0].finish_reason == "length"
    assert all(chunk.choices for chunk in chunks)


def test_chunks_come_as_the_reply_is_made(house: ApiHouse, client: openai.OpenAI) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=["one ", "two"], gate=gate))
    gate.release()
    chunks = iter(client.chat.completions.create(model="other", messages=ASKED, stream=True))
    assert [next(chunks).choices[0].delta.content for _ in range(2)] == ["", "one "]
    gate.open()
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["two", None]


async def test_async_client_whole_and_streaming(house: ApiHouse, async_client: openai.AsyncOpenAI) -> None:
    house.fake.reply_with(Reply(text="Whole."), Reply(text="Piece by piece."))
    whole = await async_client.chat.completions.create(model="other", messages=ASKED)
    assert whole.choices[0].message.content == "Whole."
    stream = await async_client.chat.completions.create(model="other", messages=ASKED, stream=True)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "Piece by piece."


def test_client_that_leaves_a_stream_lets_the_provider_go(house: ApiHouse, client: openai.OpenAI) -> None:
    house.fake.reply_with(Reply(text=["one ", "two"], fault="stall", after=1))
    with client.chat.completions.create(model="other", messages=ASKED, stream=True) as stream:
        next(iter(stream))
    assert house.fake.wait_closed(0.5)


def test_pictures_in_a_message_are_passed_on(house: ApiHouse, client: openai.OpenAI) -> None:
    parts: list[Any] = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://images.example.org/a.png"}},
    ]
    client.chat.completions.create(model="other", messages=[{"role": "user", "content": parts}])
    assert house.fake.requests[0].body["messages"] == [{"role": "user", "content": parts}]


def test_developer_message_is_a_system_message(house: ApiHouse, client: openai.OpenAI) -> None:
    client.chat.completions.create(model="other", messages=[{"role": "developer", "content": "x"}, ASKED[1]])
    assert house.fake.requests[0].body["messages"][0] == {"role": "system", "content": "x"}


def test_models_are_listed(client: openai.OpenAI) -> None:
    models = list(client.models.list())
    assert [(model.id, model.object, model.owned_by) for model in models] == [
        ("fake-model", "model", "compatible"),
        ("other", "model", "compatible"),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("functions", [{"name": "f"}]),
        ("response_format", {"type": "json_object"}),
        ("logprobs", True),
        ("audio", {"voice": "a", "format": "mp3"}),
        ("temperature", 2.5),
        ("messages", []),
        ("messages", [{"role": "tool", "content": "x", "tool_call_id": "1"}]),
        ("messages", [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]),
    ],
)
def test_what_cannot_be_honoured_is_a_400_that_names_it(
    house: ApiHouse, client: openai.OpenAI, field: str, value: object
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**({"model": "other", "messages": ASKED} | {field: value}))  # type: ignore[call-overload]
    assert (caught.value.param or "").startswith(field)
    assert caught.value.type == "invalid_request_error"
    assert house.fake.requests == []


def test_what_changes_nothing_is_accepted(house: ApiHouse, client: openai.OpenAI) -> None:
    client.chat.completions.create(
        model="other", messages=ASKED, n=1, tools=[], response_format={"type": "text"}, logprobs=False, stop="x"
    )
    assert len(house.fake.requests) == 1


def test_unknown_model_is_a_404(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="fake-model, other") as caught:
        client.chat.completions.create(model="nope", messages=ASKED)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("stream", [False, True])
def test_failure_before_the_first_word_is_the_error_the_client_knows(
    house: ApiHouse, client: openai.OpenAI, stream: bool
) -> None:
    house.fake.reply_with(Reply(status=429, headers={"retry-after": "30"}))
    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(model="other", messages=ASKED, stream=stream)
    assert limited.value.response.headers["retry-after"] == "30"
    house.fake.reply_with(Reply(status=401))
    with pytest.raises(openai.InternalServerError) as refused:
        client.chat.completions.create(model="other", messages=ASKED, stream=stream)
    assert (refused.value.status_code, refused.value.code) == (502, "authentication_failed")


def test_failure_after_the_first_word_reaches_the_client(house: ApiHouse, client: openai.OpenAI) -> None:
    house.fake.reply_with(Reply(text=["half ", "lost"], fault="close", after=1))
    said = []
    with pytest.raises(openai.APIError, match="stopped"):
        said += [
            c.choices[0].delta.content
            for c in client.chat.completions.create(model="other", messages=ASKED, stream=True)
        ]
    house.fake.reply_with(Reply(text=["half ", "lost"], fault="close", after=1))
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="other", messages=ASKED)


def test_demo_model_answers_any_client(tmp_path: Path) -> None:
    services = build_services(load_settings({"PARLANCHINA_DATA_DIR": str(tmp_path)}))
    parts: list[Any] = [{"type": "text", "text": "Hello"}]
    with (
        serve(Api(lambda: services)) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="any") as client,
    ):
        whole = client.chat.completions.create(model="demo-brief", messages=[{"role": "user", "content": parts}])
        stream = client.chat.completions.create(model="demo-brief", messages=ASKED, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    services.close()
    assert whole.choices[0].message.content
