"""Every way a call can fail ends in its own error, with a sentence that names what to do, over a real connection."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from parlanchina import errors
from parlanchina.events import ErrorEvent, TextDelta, TextDone, UsageEvent
from parlanchina.llm.failures import Failures
from parlanchina.messages import Params
from tests.fake_openai import FakeOpenAI, Reply
from tests.replies import KEY, a_provider, a_request, events_of, failure_of, text_of

BOTH_APIS = pytest.mark.parametrize("api", ["responses", "chat"])


@pytest.fixture
def service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


def complaint(message: str = "No.", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None} | fields}


# No connection


async def test_a_refused_connection_is_unreachable_and_says_where():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = await failure_of(a_provider(base_url=f"http://127.0.0.1:{port}/v1"))
    assert type(error) is errors.Unreachable
    assert f"127.0.0.1:{port}" in str(error)
    assert "refused" in str(error)
    assert "'a-model'" in str(error)
    assert "OPENAI_API_BASE" in str(error)


async def test_a_name_that_is_not_known_is_said_to_be_that():
    error = await failure_of(a_provider(base_url="http://no-such-host.invalid/v1"))
    assert type(error) is errors.NameNotResolved
    assert "'no-such-host.invalid'" in str(error)


async def test_https_to_a_server_that_speaks_http_is_a_tls_failure_and_not_tried_again(service):
    provider = a_provider(base_url=f"https://127.0.0.1:{service.port}/v1", retry_pause=60.0)
    error = await failure_of(provider)
    assert type(error) is errors.TlsFailed
    assert "https" in str(error)


async def test_a_server_that_never_shakes_hands_is_a_connect_timeout():
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # the kernel takes the connection, nobody answers it
        provider = a_provider(base_url=f"https://127.0.0.1:{deaf.getsockname()[1]}/v1", connect_timeout=0.05)
        error = await failure_of(provider)
    assert type(error) is errors.ConnectTimeout
    assert "0.05 seconds" in str(error)


def told(cause: BaseException) -> errors.ProviderError:
    """What a cause becomes that a test can't bring about: the client's error with the cause at its bottom."""
    failures = Failures(
        service="OpenAI",
        host="api.example.org",
        model="a-model",
        key_name="OPENAI_API_KEY",
        base_name="OPENAI_API_BASE",
        api="chat",
        secrets=(),
        connect_timeout=10.0,
        idle_timeout=60.0,
    )
    error = openai.APIConnectionError(request=httpx2.Request("POST", "https://api.example.org"))
    error.__cause__ = httpx2.ConnectError("")
    error.__cause__.__cause__ = cause
    return failures.told_by(error, opened=False)


def test_a_certificate_that_is_not_trusted_is_told_from_other_tls_trouble():
    cause = ssl.SSLCertVerificationError()
    cause.verify_message = "certificate has expired"
    error = told(cause)
    assert type(error) is errors.TlsFailed
    assert "certificate has expired" in str(error)
    assert "clock" in str(error)


def test_a_refusal_at_every_address_of_a_name_is_a_refusal():
    error = told(ExceptionGroup("", [ConnectionRefusedError(), ConnectionRefusedError()]))
    assert type(error) is errors.Unreachable
    assert "refused" in str(error)


async def test_an_address_that_is_none_is_unreachable():
    assert type(await failure_of(a_provider(base_url="ftp://127.0.0.1/v1"))) is errors.Unreachable


@pytest.mark.parametrize("key", ["sk-übel-123456", "sk-broken\nline-123456"])
async def test_a_key_that_fits_no_header_is_refused_without_being_shown(service, key):
    error = await failure_of(a_provider(service, api_key=key))
    assert type(error) is errors.AuthenticationFailed
    assert "OPENAI_API_KEY" in str(error)
    assert "123456" not in str(error)
    assert service.requests == []


@BOTH_APIS
async def test_a_message_that_is_no_text_is_refused_before_it_is_sent(service, api):
    error = await failure_of(a_provider(service, api=api), a_request("half an emoji: \ud83d"))
    assert type(error) is errors.RequestRejected
    assert service.requests == []


# What the service refuses


@BOTH_APIS
@pytest.mark.parametrize(
    ("status", "body", "expected", "said"),
    [
        (400, complaint("Bad input."), errors.RequestRejected, '"Bad input."'),
        (
            400,
            complaint("Too long.", code="context_length_exceeded"),
            errors.RequestRejected,
            "Start a new chat",
        ),
        (
            400,
            complaint("Filtered.", code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}),
            errors.ContentBlocked,
            "Reword",
        ),
        (401, complaint("Incorrect API key.", code="invalid_api_key"), errors.AuthenticationFailed, "OPENAI_API_KEY"),
        (402, complaint("Insufficient credits."), errors.OutOfCredit, "Add credit"),
        (403, complaint("Country not supported."), errors.PermissionRefused, "access"),
        (404, complaint("It does not exist.", code="model_not_found"), errors.ModelNotFound, "PARLANCHINA_MODELS"),
        (404, complaint("None such.", code="DeploymentNotFound"), errors.ModelNotFound, "Choose another"),
        (404, {"object": "error", "message": "The model `a-model` does not exist."}, errors.ModelNotFound, "a-model"),
        (404, {"error": 'model "a-model" not found, try pulling it first'}, errors.ModelNotFound, "pulling"),
        (409, complaint("Conflict."), errors.RequestRejected, "Conflict."),
        (422, {"detail": [{"loc": ["body", "n"], "msg": "Bad."}]}, errors.RequestRejected, "body.n: Bad."),
        (429, complaint("Slow down.", code="rate_limit_exceeded"), errors.RateLimited, "Wait a little"),
        (429, complaint("Quota.", code="insufficient_quota"), errors.OutOfCredit, "Add credit"),
        (500, complaint("Oops."), errors.ProviderDown, "(500)"),
        (503, "<html>Bad gateway sk-leaked-0123456789</html>", errors.ProviderDown, "Try again in a moment."),
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, errors.ProviderDown, "Overloaded"),
    ],
)
async def test_a_status_becomes_its_own_error(service, api, status, body, expected, said):
    service.default = Reply(status=status, body=body)
    error = await failure_of(a_provider(service, api=api))
    assert type(error) is expected
    assert said in str(error)
    assert "'a-model'" in str(error)
    assert f"127.0.0.1:{service.port}" in str(error)
    assert "html" not in str(error)


@BOTH_APIS
@pytest.mark.parametrize(
    ("fields", "setting"),
    [
        ({"code": "unsupported_parameter", "param": "temperature"}, "temperature"),
        ({"code": "unsupported_value", "param": "top_p"}, "top_p"),
        ({"message": "Unsupported parameter: 'max_tokens' is not supported with this model."}, "max_tokens"),
        ({"code": "unsupported_parameter", "param": "max_output_tokens"}, "max_tokens"),
        ({"code": "unsupported_parameter", "param": "max_completion_tokens"}, "max_tokens"),
    ],
)
async def test_a_setting_that_the_model_does_not_take_is_named_with_the_way_out(service, api, fields, setting):
    service.default = Reply(status=400, body=complaint(**fields))
    params = Params(temperature=0.2, top_p=0.5, max_tokens=64)
    error = await failure_of(a_provider(service, api=api), a_request(params=params))
    assert type(error) is errors.UnsupportedParameter
    assert f"clear {setting} in the chat's settings" in str(error)
    assert len(service.requests) == 1


async def test_a_setting_out_of_range_is_named_too(service):
    body = complaint("Expected a value <= 2.", param="temperature", code="decimal_above_max_value")
    service.default = Reply(status=400, body=body)
    error = await failure_of(a_provider(service))
    assert type(error) is errors.RequestRejected
    assert "clear temperature in the chat's settings" in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "7.5"}, 7.5),
        ({"retry-after-ms": "9000"}, 9.0),
        ({"retry-after": "Fri, 20 Nov 2026 09:01:30 GMT", "date": "Fri, 20 Nov 2026 09:00:00 GMT"}, 90.0),
    ],
)
async def test_retry_after_is_told_and_a_long_one_not_waited_for(service, headers, seconds):
    service.default = Reply(status=429, headers=headers)
    error = await failure_of(a_provider(service))
    assert type(error) is errors.RateLimited
    assert error.retry_after == seconds
    assert f"Try again in {seconds:g} seconds" in str(error)
    assert len(service.requests) == 1


async def test_a_wrong_address_is_told_from_a_wrong_model(service):
    service.default = Reply(status=404, body="404 page not found")
    error = await failure_of(a_provider(service))
    assert type(error) is errors.RequestRejected
    assert "OPENAI_API_BASE" in str(error)


async def test_what_is_quoted_is_short_one_line_and_without_keys(service):
    leaked = [
        "sk-proj-abcdef123456",
        "sk-ab***********wxyz",
        "Bearer abc.def",
        "0123456789abcdef0123456789abcdef",
        KEY,
    ]
    message = "Incorrect key:\n\x07" + " and ".join(leaked) + ". " + "It is long. " * 100
    service.default = Reply(status=401, body=complaint(message))
    said = str(await failure_of(a_provider(service)))
    assert not any(secret in said for secret in leaked)
    assert said.count("[key]") == len(leaked)
    assert len(said) < 600
    assert said.isprintable()


@BOTH_APIS
async def test_a_key_of_an_unusual_form_is_not_quoted_either(service, api):
    service.default = Reply(status=401, body=complaint("The key 'hunter2' is wrong."))
    assert "hunter2" not in str(await failure_of(a_provider(service, api=api, api_key="hunter2")))


# The stream


@BOTH_APIS
@pytest.mark.parametrize(
    ("fault", "chunked", "expected"),
    [
        ("close", True, errors.StreamCut),
        ("reset", True, errors.StreamCut),
        ("reset", False, errors.StreamCut),
        ("close", False, errors.StreamUnfinished),  # no framing: a cut looks like an end
        ("end", True, errors.StreamUnfinished),
        ("bad_json", True, errors.StreamBroken),
        ("bad_utf8", True, errors.StreamBroken),
    ],
)
async def test_a_reply_that_breaks_off_keeps_what_came_and_says_why(service, api, fault, chunked, expected):
    service.default = Reply(text="one two three", fault=fault, after=2, chunked=chunked)
    events = await events_of(a_provider(service, api=api))
    assert text_of(events) == "one two"
    assert isinstance(events[-1], ErrorEvent)
    assert type(events[-1].error) is expected
    assert len(service.requests) == 1


@BOTH_APIS
async def test_a_stream_that_is_cut_right_after_its_text_is_not_taken_for_finished(service, api):
    service.default = Reply(text="all of it", fault="end")
    events = await events_of(a_provider(service, api=api))
    assert text_of(events) == "all of it"
    assert isinstance(events[-1], ErrorEvent)


@BOTH_APIS
@pytest.mark.parametrize("reply", [Reply(silent=True), Reply(fault="stall", after=1)])
async def test_silence_is_a_stall_after_the_idle_timeout_and_closes_the_connection(service, api, reply):
    service.default = reply
    error = await failure_of(a_provider(service, api=api, idle_timeout=0.05))
    assert type(error) is errors.StreamStalled
    assert "0.05 seconds" in str(error)
    assert service.wait_closed(1.0)
    assert len(service.requests) == 1


async def test_a_page_in_place_of_a_stream_is_said_to_be_one(service):
    service.default = Reply(body="<html>Welcome to the conference Wi-Fi</html>")
    error = await failure_of(a_provider(service))
    assert type(error) is errors.StreamBroken
    assert "text/html" in str(error)
    assert "sign-in" in str(error)


async def test_a_stream_by_another_name_that_breaks_off_is_still_a_stream(service):
    service.default = Reply(fault="end", headers={"content-type": "text/plain"})
    assert type(await failure_of(a_provider(service))) is errors.StreamUnfinished


@pytest.mark.parametrize("body", [b"data: 5\n\n", b"data: [1]\n\n", b"data: " + b"[" * 100_000 + b"\n\n"])
async def test_json_that_is_no_frame_is_a_broken_stream(service, body):
    service.default = Reply(body=body, headers={"content-type": "text/event-stream"})
    assert type(await failure_of(a_provider(service))) is errors.StreamBroken


@BOTH_APIS
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"code": "rate_limit_exceeded"}, errors.RateLimited),
        ({"code": "insufficient_quota"}, errors.OutOfCredit),
        ({"code": "server_error"}, errors.ProviderDown),
        ({"code": "invalid_prompt"}, errors.ContentBlocked),
        ({"code": "image_content_policy_violation"}, errors.ContentBlocked),
        ({"code": 429}, errors.RateLimited),
        ({"code": "502"}, errors.ProviderDown),
        ({"code": None, "type": "invalid_request_error"}, errors.RequestRejected),
        ({}, errors.ProviderDown),
    ],
)
async def test_a_complaint_in_mid_stream_is_told_by_its_code(service, api, fields, expected):
    service.default = Reply(text="some", error={"message": "It broke.", **fields})
    events = await events_of(a_provider(service, api=api))
    assert text_of(events) == "some"
    assert isinstance(events[-1], ErrorEvent)
    assert type(events[-1].error) is expected
    assert '"It broke."' in str(events[-1].error)


@pytest.mark.parametrize(
    ("api", "frame"),
    [
        ("responses", {"type": "error", "code": "server_error", "message": "It broke."}),
        ("responses", {"type": "error", "error": {"code": "server_error", "message": "It broke."}}),
        ("chat", {"error": "It broke."}),
        ("chat", {"object": "error", "message": "It broke.", "code": 500}),
        (
            "chat",
            {"choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "It broke."}}]},
        ),
    ],
)
async def test_complaints_of_other_shapes_are_understood(service, api, frame):
    service.default = Reply(frames=[frame])
    error = await failure_of(a_provider(service, api=api))
    assert type(error) is errors.ProviderDown
    assert '"It broke."' in str(error)


@BOTH_APIS
async def test_a_finish_with_nothing_said_is_an_empty_reply(service, api):
    service.default = Reply(text="")
    events = await events_of(a_provider(service, api=api))
    assert [type(event) for event in events] == [UsageEvent, ErrorEvent]
    assert isinstance(events[-1], ErrorEvent)
    assert type(events[-1].error) is errors.EmptyReply


@BOTH_APIS
async def test_a_limit_that_went_on_thinking_is_said_to_be_the_cause(service, api):
    service.default = Reply(text="", reasoning=["hmm"], finish="length")
    error = await failure_of(a_provider(service, api=api))
    assert type(error) is errors.EmptyReply
    assert "Raise max_tokens" in str(error)


@BOTH_APIS
async def test_a_filter_that_left_no_text_is_an_error_and_one_that_left_some_a_finish(service, api):
    service.reply_with(Reply(text="", finish="content_filter"), Reply(text="so far", finish="content_filter"))
    assert type(await failure_of(a_provider(service, api=api))) is errors.ContentBlocked
    events = await events_of(a_provider(service, api=api))
    assert events[0] == TextDelta(text="so")
    assert events[-1] == TextDone(finish_reason="content_filter")


def test_every_provider_error_has_a_code_of_its_own():
    def below(kind: type[errors.ProviderError]) -> list[type[errors.ProviderError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in below(child))]

    codes = [kind.code for kind in below(errors.ProviderError)]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)
