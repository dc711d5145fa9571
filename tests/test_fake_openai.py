"""The fake service itself, over plain sockets: what the other tests rely on."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.fake_openai import FakeOpenAI, Gate, Reply


@pytest.fixture
def service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


@contextmanager
def connected(service: FakeOpenAI) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)) as connection:
        yield connection


@contextmanager
def post(service: FakeOpenAI, path: str = "/v1/chat/completions") -> Iterator[http.client.HTTPResponse]:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream_options": {"include_usage": True}}
    with connected(service) as connection:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        with connection.getresponse() as answer:
            yield answer


def test_a_chat_stream_has_the_frames_of_the_real_one(service):
    service.default = Reply(text="Hi there")
    with post(service) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = answer.read().decode().split("\n\n")
    frames = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert events[-2:] == ["data: [DONE]", ""]
    assert [frame["choices"][0]["delta"].get("content") for frame in frames[:-1]] == ["", "Hi", " there", None]
    assert frames[-2]["choices"][0]["finish_reason"] == "stop"
    assert frames[-1]["usage"]["completion_tokens"] == 2


def test_a_responses_stream_has_the_frames_of_the_real_one(service):
    with post(service, "/v1/responses") as answer:
        events = answer.read().decode().strip().split("\n\n")
    frames = [json.loads(event.partition("data: ")[2]) for event in events]
    assert [frame["sequence_number"] for frame in frames] == list(range(len(frames)))
    assert frames[0]["type"] == "response.created"
    assert frames[-1]["type"] == "response.completed"
    assert all(event.startswith(f"event: {frame['type']}\n") for event, frame in zip(events, frames, strict=True))


def test_a_gate_lets_through_what_it_is_told_to(service):
    gate = Gate()
    service.default = Reply(text="one two three", gate=gate)
    gate.release(2)
    with post(service) as answer:
        came = b""
        while b"two" not in came:
            came += answer.read1()
        assert b"three" not in came
        gate.open()
        assert b"three" in answer.read()


def test_replies_are_taken_in_turn_and_then_the_default(service):
    service.default = lambda request: Reply(body={"said": request.last_text})
    service.reply_with(Reply(status=503), Reply(body={"said": "second"}))
    answers = []
    for _ in range(3):
        with post(service) as answer:
            answers.append((answer.status, json.loads(answer.read()).get("said")))
    assert answers == [(503, None), (200, "second"), (200, "Hi")]


def test_a_hang_up_is_noticed_and_an_open_connection_is_not_taken_for_one(service):
    service.default = Reply(silent=True)
    with connected(service) as connection:
        connection.request("POST", "/v1/responses", "{}", {"Content-Type": "application/json"})
        [request] = service.wait_for_requests(1)
        assert not request.wait_closed(0.01)
    assert request.wait_closed(2.0)
    assert not request.finished


def test_models_are_listed_and_other_routes_are_not_there(service):
    with connected(service) as connection:
        connection.request("GET", "/v1/models")
        with connection.getresponse() as answer:
            assert json.loads(answer.read())["data"][0]["id"] == "fake-model"
    with post(service, "/v1/nothing") as answer:
        assert answer.status == 404


def test_waiting_for_requests_that_do_not_come_is_an_error(service):
    with pytest.raises(TimeoutError, match="0 of 1"):
        service.wait_for_requests(1, timeout=0.01)


def test_stopping_drops_every_connection():
    with FakeOpenAI() as service:
        service.default = Reply(silent=True)
        client = socket.create_connection(("127.0.0.1", service.port))
        client.sendall(b"POST /v1/responses HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        service.wait_for_requests(1)
    with client:
        assert client.recv(1) == b""
