"""One provider against a real service: what each kind is sent, and what comes back of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from parlanchina.events import ImageCall, ImageStarted, ReasoningDelta, TextDelta, TextDone
from parlanchina.llm.openai_compatible import Azure, OpenAICompatible
from parlanchina.llm.pictures import PICTURE_GUIDANCE
from parlanchina.messages import Params
from tests.fake_openai import FakeOpenAI, Reply
from tests.replies import KEY, a_provider, a_request, events_of, text_of

BOTH_APIS = pytest.mark.parametrize("api", ["responses", "chat"])
SETTINGS = Params(temperature=0.5, top_p=0.9, max_tokens=100)
TOOL = {
    "type": "image_generation",
    "model": "gpt-image-1",
    "size": "1024x1024",
    "quality": "high",
    "output_format": "png",
}


@pytest.fixture
def service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


def an_azure(service: FakeOpenAI, *, deployment: str | None = "my-deployment", **options: object) -> OpenAICompatible:
    azure = Azure(api_version="2025-04-01-preview", deployment=deployment)
    return a_provider(service, name="azure", base_url=service.origin, azure=azure, **options)


# What is sent


async def test_openai_gets_a_responses_request(service):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    await events_of(a_provider(service, name="openai", api="auto"), a_request(messages=messages, params=SETTINGS))
    [request] = service.requests
    assert request.path == "/v1/responses"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "a-model",
        "instructions": f"Be brief.\n\n{PICTURE_GUIDANCE}",
        "input": [{"role": "user", "content": "Hello?"}],
        "stream": True,
        "store": False,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 100,
        "tools": [TOOL],
    }


@pytest.mark.parametrize(
    ("name", "limit"),
    [("openai", "max_completion_tokens"), ("openrouter", "max_tokens"), ("compatible", "max_tokens")],
)
async def test_chat_completions_get_the_messages_as_they_are(service, name, limit):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    await events_of(a_provider(service, name=name, api="chat"), a_request(messages=messages, params=SETTINGS))
    [request] = service.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "a-model",
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "top_p": 0.9,
        limit: 100,
    }


async def test_azure_gets_a_responses_request_for_its_deployment(service):
    await events_of(an_azure(service))
    [request] = service.requests
    assert request.path == "/openai/responses"
    assert request.query == {"api-version": "2025-04-01-preview"}
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers
    assert request.body["model"] == "my-deployment"
    assert request.body["tools"] == [TOOL]
    assert request.headers["x-ms-oai-image-generation-deployment"] == "gpt-image-1"


async def test_azure_gets_chat_completions_under_its_deployment(service):
    await events_of(an_azure(service, api="chat"), a_request(params=SETTINGS))
    [request] = service.requests
    assert request.path == "/openai/deployments/my-deployment/chat/completions"
    assert request.query == {"api-version": "2025-04-01-preview"}
    assert request.headers["api-key"] == KEY
    assert request.body["max_completion_tokens"] == 100


@pytest.mark.parametrize(
    ("api", "path"), [("responses", "/openai/responses"), ("chat", "/openai/deployments/a-model/chat/completions")]
)
async def test_azure_without_a_deployment_takes_the_model_for_its_name(service, api, path):
    await events_of(an_azure(service, deployment=None, api=api))
    [request] = service.requests
    assert request.path == path
    assert request.body["model"] == "a-model"


@BOTH_APIS
async def test_azures_newer_surface_is_called_as_openai_is(service, api):
    azure = Azure(api_version=None, deployment="my-deployment")
    base = f"{service.origin}/openai/v1"
    await events_of(a_provider(service, name="azure", base_url=base, azure=azure, api=api))
    [request] = service.requests
    assert request.path == f"/openai/v1/{'responses' if api == 'responses' else 'chat/completions'}"
    assert request.query == {}
    assert request.body["model"] == "my-deployment"


@pytest.mark.parametrize(
    ("name", "api", "path"),
    [
        ("openai", "auto", "/api/v1/responses"),
        ("openai", "chat", "/api/v1/chat/completions"),
        ("openrouter", "auto", "/api/v1/chat/completions"),
        ("openrouter", "responses", "/api/v1/responses"),
        ("compatible", "auto", "/api/v1/chat/completions"),
        ("compatible", "responses", "/api/v1/responses"),
    ],
)
async def test_each_provider_has_its_own_api_unless_one_is_forced(service, name, api, path):
    events = await events_of(a_provider(service, name=name, api=api, base_url=f"{service.origin}/api/v1"))
    assert text_of(events) == "Hello from the fake service."
    assert [request.path for request in service.requests] == [path]


@BOTH_APIS
async def test_parameters_that_are_not_set_are_not_sent(service, api):
    await events_of(a_provider(service, api=api))
    [request] = service.requests
    assert not {"temperature", "top_p", "max_tokens", "max_output_tokens", "tools"} & set(request.body)


@BOTH_APIS
async def test_the_picture_tool_is_left_out_when_it_is_not_wanted(service, api):
    await events_of(a_provider(service, name="openai", api=api), a_request(enable_image_tool=False))
    assert not {"tools", "modalities"} & set(service.requests[0].body)


@pytest.mark.parametrize(
    ("model", "modalities"),
    [
        ("google/gemini-3-pro-image-preview", ["image", "text"]),
        ("openai/gpt-5-image-mini", ["image", "text"]),
        ("black-forest-labs/flux.2-pro", ["image"]),
        ("openai/gpt-5", None),
    ],
)
async def test_openrouter_is_asked_for_pictures_only_of_models_that_make_them(service, model, modalities):
    await events_of(a_provider(service, name="openrouter"), a_request(model=model))
    assert service.requests[0].body.get("modalities") == modalities


async def test_a_compatible_server_without_a_key_is_called_all_the_same(service):
    assert text_of(await events_of(a_provider(service, api_key="")))


async def test_openais_organization_stays_with_openai(service, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-private")
    await events_of(a_provider(service, name="openrouter"))
    assert "private" not in str(service.requests[0].headers)


# What comes back


@BOTH_APIS
async def test_text_reasoning_usage_and_finish_arrive_in_order(service, api):
    usage = {"input_tokens": 20, "output_tokens": 9, "cached_tokens": 16, "reasoning_tokens": 4}
    service.default = Reply(text=["Hi ", "there."], reasoning=["Let me ", "think."], usage=usage)
    events = await events_of(a_provider(service, api=api))
    assert events[:4] == [
        ReasoningDelta(text="Let me "),
        ReasoningDelta(text="think."),
        TextDelta(text="Hi "),
        TextDelta(text="there."),
    ]
    [counted, done] = events[4:]
    assert counted.type == "usage"
    assert counted.usage.to_dict() == usage
    assert done == TextDone(finish_reason="stop")
    assert len(service.requests) == 1


@BOTH_APIS
@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        (Reply(finish="length"), "length"),
        (Reply(finish="content_filter"), "content_filter"),
        (Reply(text="", refusal="I can't help with that."), "refusal"),
    ],
)
async def test_why_it_ended_is_told(service, api, reply, finish):
    service.default = reply
    events = await events_of(a_provider(service, api=api))
    assert text_of(events)
    assert events[-1] == TextDone(finish_reason=finish)


@BOTH_APIS
async def test_a_picture_is_announced_once_and_comes_once(service, api):
    service.default = Reply(text="Here.", images=["iVBORw0KGgo="])
    events = await events_of(a_provider(service, name="openai", api=api))
    started = [event for event in events if isinstance(event, ImageStarted)]
    [picture] = [event for event in events if isinstance(event, ImageCall)]
    assert [event.call_id for event in started] == [picture.call_id]
    assert (picture.image_b64, picture.ext) == ("iVBORw0KGgo=", "png")


@BOTH_APIS
async def test_a_picture_alone_is_a_reply(service, api):
    service.default = Reply(text="", images=["iVBORw0KGgo="])
    assert (await events_of(a_provider(service, api=api)))[-1] == TextDone(finish_reason="stop")


@BOTH_APIS
@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("chunked", [True, False])
async def test_characters_cut_across_packets_arrive_whole(service, api, size, chunked):
    text = "ñandú 日本語 👩🏽‍🚀 \u2028 שלום \x00 $5"
    service.default = Reply(text=[text, text], split=size, chunked=chunked)
    assert text_of(await events_of(a_provider(service, api=api))) == text * 2


@BOTH_APIS
async def test_a_finished_reply_counts_though_the_stream_never_closes(service, api):
    finish = {"type": "response.completed", "response": {"usage": None}}
    last = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    delta = {"type": "response.output_text.delta", "delta": "Done."}
    content = {"choices": [{"delta": {"content": "Done."}}]}
    frames = [delta, finish] if api == "responses" else [content, last]
    service.default = Reply(frames=frames, fault="stall")
    events = await events_of(a_provider(service, api=api, linger=0.05, idle_timeout=60.0))
    assert events == [TextDelta(text="Done."), TextDone(finish_reason="stop")]


# Many at once, and from several loops


async def test_sixty_streams_run_side_by_side(service):
    service.default = lambda request: Reply(text=[f"{request.last_text}-{n} " for n in range(100)], pace=2000)
    provider = a_provider(service)

    async def one(number: int) -> str:
        return text_of([event async for event in provider.stream(a_request(str(number)))])

    texts = await asyncio.gather(*(one(number) for number in range(60)))
    await provider.aclose()
    assert texts == ["".join(f"{number}-{n} " for n in range(100)) for number in range(60)]
    assert len(service.requests) == 60


@BOTH_APIS
async def test_a_connection_is_used_again_for_the_next_reply(service, api):
    provider = a_provider(service, api=api)
    assert text_of([event async for event in provider.stream(a_request())])
    await events_of(provider)
    assert len({request.client_port for request in service.requests}) == 1


def test_one_provider_serves_several_event_loops(service):
    provider = a_provider(service)
    for _ in range(2):
        assert text_of(asyncio.run(events_of(provider))) == "Hello from the fake service."
