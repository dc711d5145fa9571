"""The chat routes over real HTTP: both forms of a stream, what a provider hears, and every error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from parlanchina.api import Api
from parlanchina.api.streams import EventForm, TextForm, form_for
from parlanchina.ownership import LOCAL_OWNER
from tests.api_house import ApiHouse, events_in, eventually, open_api, serve, text_of
from tests.fake_openai import Gate, Reply


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    with open_api(tmp_path_factory.mktemp("api")) as house:
        yield house


@pytest.fixture
def house(shared: ApiHouse) -> ApiHouse:
    """A served API that has heard nothing yet."""
    shared.fake.requests.clear()
    return shared


# The forms of a stream


def test_events_come_in_order_each_with_an_id_of_its_own(house: ApiHouse) -> None:
    usage = {"input_tokens": 3, "output_tokens": 2, "cached_tokens": 1, "reasoning_tokens": 1}
    house.fake.reply_with(Reply(text="Hello", reasoning=["hm"], usage=usage))
    events = house.ask()
    assert [event.name for event in events] == ["reasoning", "message", "usage", "complete"]
    assert [event.id for event in events] == ["0-2-0-0", "5-2-0-0", "5-2-0-1", "5-2-0-1-end"]
    assert [event.content for event in events[:3]] == [{"content": "hm"}, {"content": "Hello"}, usage]
    end = events[3].content
    assert (end["status"], end["model"], end["finish_reason"]) == ("completed", "fake-model", "stop")


def test_each_token_of_a_paced_reply_is_passed_on_as_it_comes(house: ApiHouse) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=["one ", "two ", "three"], gate=gate))
    gate.release()  # an answer begins with the first word
    with house.http.stream("POST", "/api/chat/stream", json={"message": "Count."}) as answer:
        events = events_in(answer)
        assert next(events).content == {"content": "one "}
        gate.release()
        assert next(events).content == {"content": "two "}
        gate.open()
        assert text_of(list(events)) == "three"


def test_plain_text_is_the_words_alone(house: ApiHouse) -> None:
    house.fake.reply_with(Reply(text=["Olá, ", "mundo\n", "👋🏽"]))
    answer = house.http.post("/api/chat/stream", json={"message": "Hi"}, headers={"Accept": "text/plain"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.content == "Olá, mundo\n👋🏽".encode()


def test_plain_text_is_not_held_back_for_a_client_that_takes_gzip(house: ApiHouse) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=["first ", "last"], gate=gate))
    headers = {"Accept": "text/plain", "Accept-Encoding": "gzip"}
    gate.release()
    with house.http.stream("POST", "/api/chat/stream", json={"message": "Hi"}, headers=headers) as answer:
        chunks = answer.iter_raw()
        assert next(chunks) == b"first "
        gate.open()
        assert b"".join(chunks) == b"last"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_characters_cut_at_any_byte_on_the_way_arrive_whole(house: ApiHouse, size: int) -> None:
    text = "é€👩‍👩‍👧 ñ\u2028x"
    house.fake.reply_with(Reply(text=[text, text], split=size))
    assert text_of(house.ask()) == text * 2


def test_half_of_a_surrogate_pair_breaks_no_stream(house: ApiHouse) -> None:
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83db"},"finish_reason":"stop"}]}\n\n'
    reply = Reply(body=raw, headers={"content-type": "text/event-stream"})
    house.fake.reply_with(reply, reply, reply)
    assert text_of(house.ask()) == "a\N{REPLACEMENT CHARACTER}b"
    plain = house.http.post("/api/chat/stream", json={"message": "Hi"}, headers={"Accept": "text/plain"})
    assert plain.text == "a\N{REPLACEMENT CHARACTER}b"
    assert house.http.post("/api/chat", json={"message": "Hi"}).json()["content"] == plain.text


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", EventForm),
        ("*/*", EventForm),
        ("text/event-stream", EventForm),
        ("text/plain", TextForm),
        ("TEXT/PLAIN;charset=utf-8", TextForm),
        ("text/plain;q=0.4, text/event-stream;q=0.5", EventForm),
        ("text/plain, */*;q=0.1", TextForm),
        ("text/*, text/event-stream;q=0", TextForm),
        ("text/plain;q=nonsense", EventForm),
        ("image/png", EventForm),
        (",;,q=", EventForm),
    ],
)
def test_form_follows_accept(accept: str, form: type) -> None:
    assert isinstance(form_for(accept), form)


def test_heartbeats_keep_a_silent_answer_open(tmp_path: Path) -> None:
    gate = Gate()
    with open_api(tmp_path, heartbeat_seconds=0.05) as house:
        house.fake.reply_with(Reply(text=["late"], gate=gate))
        with house.http.stream("POST", "/api/chat/stream", json={"message": "Hi"}) as answer:
            lines = answer.iter_lines()
            assert [next(lines) for _ in range(4)] == [": still here", ""] * 2
            gate.open()
            assert any('"content":"late"' in line for line in lines)


# What the provider hears, and what is kept


def test_without_a_session_history_and_options_are_heard_and_nothing_is_kept(house: ApiHouse) -> None:
    before = house.http.get("/api/sessions").json()
    history = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1"}]
    history.append({"role": "assistant", "content": "2"})
    house.ask("3", history=history, model="other", options={"temperature": 0, "top_p": 0.5, "max_tokens": 7})
    [request] = house.fake.requests
    assert [message["content"] for message in request.body["messages"]] == ["Be brief.", "1", "2", "3"]
    assert (request.body["model"], request.body["temperature"], request.body["top_p"]) == ("other", 0, 0.5)
    assert request.body["max_tokens"] == 7
    assert house.http.get("/api/sessions").json() == before


def test_with_a_session_question_and_reply_are_stored_on_its_branch(house: ApiHouse) -> None:
    session = house.new_session(system_prompt="Be kind.", options={"temperature": 0.25, "top_p": 0.5})
    house.fake.reply_with(Reply(text="One."), Reply(text="Two."))
    house.ask("first", session_id=session)
    events = house.ask("second", session_id=session, model="other", options={"temperature": 1})
    assert house.stored(session) == [
        ("user", "first", "complete"),
        ("assistant", "One.", "complete"),
        ("user", "second", "complete"),
        ("assistant", "Two.", "complete"),
    ]
    heard = house.fake.requests[-1].body
    assert [message["content"] for message in heard["messages"]] == ["Be kind.", "first", "One.", "second"]
    assert (heard["model"], heard["temperature"], heard["top_p"]) == ("other", 1, 0.5)
    stored = house.services.sessions.load_session(session, owner=LOCAL_OWNER)
    assert (stored.model, stored.params.temperature, stored.head) == ("fake-model", 0.25, stored.messages[-1].id)
    assert events[-1].content["message_id"] == stored.head


def test_whole_reply_is_json(house: ApiHouse) -> None:
    house.fake.reply_with(Reply(text="Hello.", reasoning=["hm"], usage={"input_tokens": 5, "output_tokens": 6}))
    session = house.new_session()
    answer = house.http.post("/api/chat", json={"message": "Hi", "session_id": session})
    reply = answer.json()
    assert (reply["content"], reply["reasoning"], reply["status"]) == ("Hello.", "hm", "completed")
    assert (reply["session_id"], reply["usage"]["input_tokens"]) == (session, 5)
    assert answer.headers["x-turn-id"] == reply["message_id"]
    assert reply["timing"]["total_ms"] >= 0


# What goes wrong


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (Reply(status=400), 400, "request_rejected"),
        (Reply(status=401), 502, "authentication_failed"),
        (Reply(status=403), 502, "permission_refused"),
        (
            Reply(status=404, body={"error": {"message": "no such model", "code": "model_not_found"}}),
            502,
            "model_not_found",
        ),
        (Reply(status=429, headers={"retry-after": "17"}), 429, "rate_limited"),
        (Reply(status=500), 502, "provider_down"),
        (Reply(text=[]), 502, "empty_reply"),
        (Reply(fault="close", after=0), 502, "stream_cut"),
    ],
)
@pytest.mark.parametrize("route", ["/api/chat", "/api/chat/stream"])
@pytest.mark.parametrize("stored", [False, True])
def test_failure_before_the_first_word_is_a_status(
    house: ApiHouse, reply: Reply, status: int, code: str, route: str, stored: bool
) -> None:
    house.fake.default, default = reply, house.fake.default
    session = {"session_id": house.new_session()} if stored else {}
    answer = house.http.post(route, json={"message": "Hi"} | session)
    house.fake.default = default
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert answer.json()["error"]["message"].startswith(("No reply", "The reply"))
    assert answer.headers.get("retry-after") == ("17" if status == 429 else None)
    if stored:
        assert answer.headers["x-turn-id"]
        assert house.stored(session["session_id"])[0] == ("user", "Hi", "complete")


def test_provider_that_says_nothing_in_time_is_a_504(tmp_path: Path) -> None:
    with open_api(tmp_path, idle_timeout=0.1) as house:
        house.fake.default = Reply(silent=True)
        answer = house.http.post("/api/chat", json={"message": "Hi"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "stream_stalled")


def test_failure_after_the_first_word_is_the_last_event(house: ApiHouse) -> None:
    house.fake.reply_with(Reply(text=["half ", "lost"], fault="close", after=1))
    events = house.ask()
    assert [event.name for event in events] == ["message", "error"]
    assert events[0].content == {"content": "half "}
    assert (events[1].content["error"]["code"], events[1].content["status"]) == ("stream_cut", "interrupted")


def test_failure_after_the_first_word_is_the_last_line_of_plain_text(house: ApiHouse) -> None:
    house.fake.reply_with(Reply(text=["half ", "lost"], fault="close", after=1))
    answer = house.http.post("/api/chat/stream", json={"message": "Hi"}, headers={"Accept": "text/plain"})
    first, last = answer.text.removesuffix("\n").split("\n")
    assert first == "half "
    assert last.startswith("[error stream_cut] The reply from 'fake-model'")


def test_whole_reply_that_breaks_off_is_an_error_with_what_came_beside_it(house: ApiHouse) -> None:
    house.fake.reply_with(Reply(text=["half ", "lost"], fault="close", after=1))
    answer = house.http.post("/api/chat", json={"message": "Hi"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "stream_cut")
    assert (answer.json()["reply"]["content"], answer.json()["reply"]["status"]) == ("half ", "interrupted")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": " \n"}, "message"),
        ({"message": 5}, "message"),
        ({"message": "x" * 400_001}, "message"),
        ({"message": "hi", "mesage": "typo"}, "mesage"),
        ({"message": "hi", "model": "unknown"}, "model"),
        ({"message": "hi", "options": {"temperature": 3}}, "options.temperature"),
        ({"message": "hi", "options": {"max_tokens": True}}, "options.max_tokens"),
        ({"message": "hi", "options": {"max_tokens": 0}}, "options.max_tokens"),
        ({"message": "hi", "history": [{"role": "tool", "content": ""}]}, "history.0.role"),
        ({"message": "hi", "history": [{"role": "user", "content": "1"}], "session_id": "some"}, "history"),
        ([], "body"),
    ],
)
@pytest.mark.parametrize("route", ["/api/chat", "/api/chat/stream"])
def test_wrong_field_is_named_and_nobody_is_asked(house: ApiHouse, body: object, field: str, route: str) -> None:
    answer = house.http.post(route, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (422, field), error
    assert error["message"].endswith(".")
    assert house.fake.requests == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"message": NaN}', b'{"message": "hi"} x'])
def test_body_that_is_no_json_is_a_400_or_a_422(house: ApiHouse, content: bytes) -> None:
    answer = house.http.post("/api/chat", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


def test_json_that_is_nested_without_end_is_refused(house: ApiHouse) -> None:
    content = b'{"message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = house.http.post("/api/chat", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


def test_unknown_session_and_turn_are_404(house: ApiHouse) -> None:
    answers = [
        house.http.post("/api/chat", json={"message": "hi", "session_id": "0" * 32}),
        house.http.get("/api/turns/unknown/stream"),
        house.http.post("/api/turns/unknown/stop"),
        house.http.get("/api/nothing"),
    ]
    codes = [(answer.status_code, answer.json()["error"]["code"]) for answer in answers]
    assert codes == [(404, "session_not_found"), (404, "turn_not_found"), (404, "turn_not_found"), (404, "not_found")]


def test_body_over_the_limit_is_refused_whether_or_not_it_says_its_length(house: ApiHouse) -> None:
    big = json.dumps({"message": "x" * 2_000_000}).encode()
    headers = {"Content-Type": "application/json"}
    whole = house.http.post("/api/chat", content=big, headers=headers)
    pieces = [big[start : start + 50_000] for start in range(0, len(big), 50_000)]
    chunked = house.http.post("/api/chat", content=iter(pieces), headers=headers)
    assert "content-length" not in chunked.request.headers
    assert [answer.status_code for answer in (whole, chunked)] == [413, 413]
    assert chunked.json()["error"]["code"] == whole.json()["error"]["code"] == "too_large"


def test_body_of_another_type_is_refused(house: ApiHouse) -> None:
    form = house.http.post("/api/chat", data={"message": "hi"})
    text = house.http.post("/api/chat", content=b'{"message": "hi"}', headers={"Content-Type": "text/plain"})
    none = house.http.post("/api/chat", content=b'{"message": "hi"}')
    assert [answer.status_code for answer in (form, text, none)] == [415, 415, 415]


def test_wrong_method_is_a_405_in_our_own_shape(house: ApiHouse) -> None:
    answer = house.http.get("/api/chat")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


# Around every request


def test_request_id_is_kept_if_it_can_be_trusted_in_a_log(house: ApiHouse) -> None:
    def id_for(given: str) -> str:
        headers = {"X-Request-ID": given.encode()}
        return str(house.http.get("/api/models", headers=headers).headers["x-request-id"])

    assert id_for("my-id.7_a") == "my-id.7_a"
    for bad in ("", "a b", "x" * 129, "a;b", "ü"):
        assert id_for(bad) != bad
        assert len(id_for(bad)) == 32


def test_each_request_is_one_line_of_the_log_without_words_or_ids(
    house: ApiHouse, caplog: pytest.LogCaptureFixture
) -> None:
    session = house.new_session()
    house.fake.reply_with(Reply(usage={"input_tokens": 11, "output_tokens": 22}))
    with caplog.at_level("INFO", logger="parlanchina.api"):
        asked = house.http.post("/api/chat", json={"message": "hush", "session_id": session})
        read = house.http.get(f"/api/sessions/{session}")
        ids = [answer.headers["x-request-id"] for answer in (asked, read)]
        eventually(lambda: len(log_lines(caplog, ids)) == 2)  # a line is written after its answer
    lines = log_lines(caplog, ids)
    assert lines[0].startswith(f"request {ids[0]}: POST /api/chat 200 in ")
    assert lines[0].endswith("tokens 11+22")
    assert lines[1].startswith(f"request {ids[1]}: GET /api/sessions/{{session_id}} 200")
    assert not any(secret in line for line in lines for secret in ("hush", session))


def test_bug_of_ours_is_a_500_whose_log_says_where_but_repeats_nothing(
    house: ApiHouse, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "-".join(("sk", "secret"))  # not to be read in the line that raises it

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(secret)

    broken = replace(house.services, sessions=Broken())  # type: ignore[arg-type]  # that is what is wrong with it
    with (
        serve(Api(lambda: broken)) as url,
        httpx2.Client(base_url=url) as http,
        caplog.at_level("ERROR", logger="parlanchina.api"),
    ):
        answer = http.get("/api/sessions", headers={"X-Request-ID": "find-me"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert answer.headers["x-content-type-options"] == "nosniff"
    [said] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said.startswith("request find-me: RuntimeError\n")
    assert "list_sessions" in said
    assert secret not in said + answer.text


def test_everything_of_ours_has_the_security_headers(house: ApiHouse) -> None:
    answers: list[httpx2.Response] = [
        house.http.get("/api/models"),
        house.http.get("/api/nothing"),
        house.http.post("/api/chat/stream", json={"message": "hi"}),
        house.http.post("/api/chat", content=b"x"),
        house.http.get("/images/none.png"),
        house.http.get("/api/docs"),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


def log_lines(caplog: pytest.LogCaptureFixture, request_ids: list[str]) -> list[str]:
    """The lines about these requests; those about earlier ones may still be coming."""
    lines = [record.getMessage() for record in caplog.records if record.name == "parlanchina.api.edge"]
    return [line for line in lines if line.startswith(tuple(f"request {one}: " for one in request_ids))]
