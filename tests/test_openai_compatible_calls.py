"""How often a service is called and why, what that teaches, and that a call ends when its reader leaves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest

from parlanchina import errors
from parlanchina.events import ErrorEvent, LLMEvent, TextDelta
from parlanchina.llm.openai_compatible import Azure
from tests.fake_openai import FakeOpenAI, Gate, Reply
from tests.replies import KEY, a_provider, a_request, events_of, failure_of, text_of

BOTH_APIS = pytest.mark.parametrize("api", ["responses", "chat"])
OLD_AZURE = "Azure OpenAI Responses API is enabled only for api-version 2025-03-01-preview and later"


@pytest.fixture
def service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


# How often


async def test_the_same_is_tried_once_more_and_then_told(service):
    service.default = Reply(status=503)
    error = await failure_of(a_provider(service))
    assert type(error) is errors.ProviderDown
    assert len(service.requests) == 2


@BOTH_APIS
@pytest.mark.parametrize(
    "first",
    [
        Reply(status=500),
        Reply(status=429),
        Reply(status=429, headers={"retry-after-ms": "1"}),
        Reply(text="", error={"code": "server_error", "message": "Overloaded."}),
    ],
)
async def test_a_passing_trouble_before_the_first_token_is_not_seen(service, api, first):
    service.reply_with(first, Reply(text="Now."))
    events = await events_of(a_provider(service, api=api))
    assert text_of(events) == "Now."
    assert not any(isinstance(event, ErrorEvent) for event in events)
    assert len(service.requests) == 2


@BOTH_APIS
@pytest.mark.parametrize("shown", [{"text": "some"}, {"text": "", "reasoning": ["hmm"]}])
async def test_nothing_is_repeated_once_something_came(service, api, shown):
    service.default = Reply(**shown, error={"code": "server_error", "message": "Overloaded."})
    assert type(await failure_of(a_provider(service, api=api))) is errors.ProviderDown
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=400),
        Reply(status=401),
        Reply(status=403),
        Reply(status=404),
        Reply(status=429, body={"error": {"code": "insufficient_quota", "message": "No credit."}}),
        Reply(text="", finish="content_filter"),
        Reply(text=""),
    ],
)
async def test_what_another_try_would_not_change_is_not_tried_again(service, reply):
    service.default = reply
    await failure_of(a_provider(service))
    assert len(service.requests) == 1


@BOTH_APIS
async def test_a_connection_dropped_without_an_answer_is_tried_once_more(service, api):
    service.reply_with(Reply(fault="drop"), Reply(text="Now."), Reply(fault="drop"), Reply(fault="drop"))
    assert text_of(await events_of(a_provider(service, api=api))) == "Now."
    assert type(await failure_of(a_provider(service, api=api))) is errors.ProviderDown
    assert len(service.requests) == 4


# What is learnt


async def test_a_service_without_responses_is_asked_over_chat_and_remembered():
    with FakeOpenAI(speaks=["chat"]) as service:
        provider = a_provider(service, name="openai", api="auto")
        assert text_of([event async for event in provider.stream(a_request())]) == "Hello from the fake service."
        assert text_of(await events_of(provider)) == "Hello from the fake service."
        paths = [request.path for request in service.requests]
    assert paths == ["/v1/responses", "/v1/chat/completions", "/v1/chat/completions"]


@pytest.mark.parametrize("reply", [Reply(status=405), Reply(status=400, body={"error": {"message": OLD_AZURE}})])
async def test_other_ways_to_say_that_there_is_no_responses_api(service, reply):
    service.reply_with(reply)
    assert text_of(await events_of(a_provider(service, name="openai", api="auto")))
    assert [request.path for request in service.requests] == ["/v1/responses", "/v1/chat/completions"]


async def test_a_missing_model_is_not_taken_for_a_missing_api(service):
    service.default = Reply(status=404, body={"error": {"code": "model_not_found", "message": "No such model."}})
    error = await failure_of(a_provider(service, name="openai", api="auto"))
    assert type(error) is errors.ModelNotFound
    assert len(service.requests) == 1


async def test_a_forced_api_is_not_changed():
    with FakeOpenAI(speaks=["chat"]) as service:
        error = await failure_of(a_provider(service, name="openai", api="responses"))
        assert len(service.requests) == 1
    assert type(error) is errors.RequestRejected
    assert "PARLANCHINA_API" in str(error)


async def test_what_fails_over_chat_too_teaches_nothing(service):
    service.reply_with(Reply(status=404), Reply(status=404))
    provider = a_provider(service, name="openai", api="auto")
    assert [event.type async for event in provider.stream(a_request())] == ["error"]
    assert text_of(await events_of(provider))
    assert [request.path for request in service.requests] == [
        "/v1/responses",
        "/v1/chat/completions",
        "/v1/responses",
    ]


@pytest.mark.parametrize(
    ("name", "api", "extra", "body"),
    [
        ("openai", "responses", "tools", {"message": "Tool 'image_generation' is not supported.", "param": "tools"}),
        ("openai", "responses", "tools", {"message": "Verify to use the model `gpt-image-1`.", "param": None}),
        ("azure", "responses", "tools", {"message": "There was an issue with your request.", "param": None}),
        ("compatible", "responses", "store", {"message": "Unknown parameter: 'store'.", "param": "store"}),
        ("compatible", "chat", "stream_options", {"message": "Unrecognized argument: stream_options"}),
    ],
)
async def test_what_nobody_asked_for_is_dropped_if_it_is_refused_and_remembered(service, name, api, extra, body):
    service.reply_with(Reply(status=400, body={"error": body}))
    azure = Azure(api_version="2025-04-01-preview") if name == "azure" else None
    provider = a_provider(service, name=name, api=api, azure=azure)
    assert text_of([event async for event in provider.stream(a_request())])
    assert text_of([event async for event in provider.stream(a_request())])
    assert text_of(await events_of(provider, a_request(model="another-model")))
    assert [extra in request.body for request in service.requests] == [True, False, False, True]
    assert "x-ms-oai-image-generation-deployment" not in service.requests[1].headers


async def test_a_refusal_that_stays_without_the_extra_is_told(service):
    service.default = Reply(status=400, body={"error": {"message": "No.", "param": "tools"}})
    assert type(await failure_of(a_provider(service, name="openai", api="responses"))) is errors.RequestRejected
    assert len(service.requests) == 2


# When the reader leaves


async def first_text(events: AsyncGenerator[LLMEvent, None]) -> str:
    async for event in events:
        if isinstance(event, TextDelta):
            return event.text
    raise AssertionError("no text came")


@BOTH_APIS
async def test_closing_the_stream_closes_the_connection_at_once(service, api):
    gate = Gate()
    service.default = Reply(text="one two three", gate=gate)
    gate.release()
    provider = a_provider(service, api=api)
    async with aclosing(provider.stream(a_request())) as events:
        assert await first_text(events) == "one"
        left_at = time.monotonic()
    [request] = service.requests
    assert await asyncio.to_thread(request.wait_closed, 0.5)
    assert request.closed_at is not None
    assert request.closed_at - left_at < 0.5
    assert not request.finished
    await provider.aclose()


@BOTH_APIS
@pytest.mark.parametrize("reply", [Reply(silent=True), Reply(fault="stall", after=2)])
async def test_cancelling_the_reader_closes_the_connection_at_once(service, api, reply):
    service.default = reply
    provider = a_provider(service, api=api)
    reader = asyncio.create_task(events_of(provider))
    [request] = await asyncio.to_thread(service.wait_for_requests, 1)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await asyncio.to_thread(request.wait_closed, 0.5)


async def test_cancelling_ends_the_pause_before_a_retry(service):
    service.default = Reply(status=503)
    pausing = asyncio.Event()

    def jitter() -> float:
        pausing.set()
        return 100.0

    reader = asyncio.create_task(events_of(a_provider(service, retry_pause=3.0, jitter=jitter)))
    await pausing.wait()
    cancelled_at = time.monotonic()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert time.monotonic() - cancelled_at < 0.5
    assert len(service.requests) == 1


async def test_nothing_is_sent_before_the_first_event_is_asked_for(service):
    provider = a_provider(service)
    await provider.stream(a_request()).aclose()
    assert service.requests == []


# What is logged


@BOTH_APIS
async def test_one_line_is_logged_without_text_or_keys(service, api, caplog):
    caplog.set_level(logging.DEBUG)
    service.default = Reply(text="the answer is secret", usage={"input_tokens": 3, "output_tokens": 4})
    ticks = iter([10.0, 10.25, 10.5])
    await events_of(a_provider(service, api=api, clock=lambda: next(ticks)), a_request("my question"))
    [line] = [record.getMessage() for record in caplog.records if record.name == "parlanchina.llm"]
    assert line == (
        f"provider=compatible model='a-model' api={api} first_token_ms=250 total_ms=500 "
        "input_tokens=3 output_tokens=4 end=stop"
    )
    everything = caplog.text
    assert not any(word in everything for word in ("secret", "question", KEY))


async def test_a_failure_is_logged_by_its_code_and_both_calls_are_told(service, caplog):
    service.default = Reply(status=500)
    await failure_of(a_provider(service))
    [record] = [record for record in caplog.records if record.name == "parlanchina.llm"]
    assert record.levelno == logging.WARNING
    assert "api=chat,chat first_token_ms=-" in record.getMessage()
    assert record.getMessage().endswith("end=provider_down")


async def test_a_reply_that_its_reader_left_is_logged_as_stopped(service, caplog):
    caplog.set_level(logging.INFO)
    service.default = Reply(fault="stall", after=1)
    provider = a_provider(service)
    async with aclosing(provider.stream(a_request())) as events:
        await first_text(events)
    await provider.aclose()
    [line] = [record.getMessage() for record in caplog.records if record.name == "parlanchina.llm"]
    assert line.endswith("end=stopped")
