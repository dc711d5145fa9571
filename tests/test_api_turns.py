"""A reply's life over HTTP: coming back to it, reading it twice, stopping it, and going away."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parlanchina.ownership import LOCAL_OWNER
from tests.api_house import WAIT, ApiHouse, Event, events_in, eventually, open_api, text_of
from tests.fake_openai import Gate, Reply

TEXT = ["Tell ", "mé ", "a 👋", "\n\n", "story", "."]
REPLY = Reply(text=TEXT, reasoning=["let ", "me see"], usage={"input_tokens": 1, "output_tokens": 2})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    with open_api(tmp_path_factory.mktemp("api")) as house:
        yield house


@pytest.fixture
def house(shared: ApiHouse) -> ApiHouse:
    """A served API that has heard nothing yet."""
    shared.fake.requests.clear()
    return shared


def follow(house: ApiHouse, turn_id: str, since: str | None = None) -> list[Event]:
    """A turn's events to the end, all or those after an id."""
    headers = {} if since is None else {"Last-Event-ID": since}
    answer = house.http.get(f"/api/turns/{turn_id}/stream", headers=headers)
    if answer.status_code == 204:
        return []
    assert answer.status_code == 200, answer.text
    return list(events_in(answer))


def told(events: list[Event]) -> dict[str, list[object]]:
    """What events tell, however it was cut: the words of each kind joined, and everything else."""
    others: list[object] = [(event.name, event.content) for event in events if "content" not in event.content]
    reasoning = "".join(event.content["content"] for event in events if event.name == "reasoning")
    return {"text": [text_of(events)], "reasoning": [reasoning], "others": others}


def paced(house: ApiHouse, session: str) -> tuple[str, list[Event]]:
    """A turn whose every delta came as an event of its own: its id, and those."""
    gate = Gate()
    house.fake.reply_with(Reply(text=TEXT, reasoning=REPLY.reasoning, usage=REPLY.usage, gate=gate))
    events: list[Event] = []
    gate.release()
    with house.http.stream("POST", "/api/chat/stream", json={"message": "Hi", "session_id": session}) as answer:
        for event in events_in(answer):
            events.append(event)
            gate.release()
        return answer.headers["x-turn-id"], events


def test_resume_from_every_event_brings_the_rest_exactly_once(house: ApiHouse) -> None:
    turn_id, events = paced(house, house.new_session())
    assert len(events) == len(TEXT) + 2 + 2  # the deltas of both kinds, usage, end
    assert told(follow(house, turn_id)) == told(events)
    for number, event in enumerate(events, start=1):
        rest = follow(house, turn_id, since=event.id)
        assert told(rest) == told(events[number:]), event
        assert {other.id for other in rest}.isdisjoint(other.id for other in events[:number])


def test_resume_works_from_the_store_after_a_restart(tmp_path: Path) -> None:
    with open_api(tmp_path) as house:
        turn_id, events = paced(house, house.new_session())
    with open_api(tmp_path) as house:
        assert told(follow(house, turn_id)) == told(events)
        for number, event in enumerate(events, start=1):
            assert told(follow(house, turn_id, since=event.id)) == told(events[number:]), event
        assert house.fake.requests == []
        end = house.http.post(f"/api/turns/{turn_id}/stop").json()
        assert (end["status"], end["message_id"]) == ("completed", turn_id)


def test_reply_cut_by_a_restart_goes_on_to_its_end_as_interrupted(tmp_path: Path) -> None:
    gate = Gate()
    with open_api(tmp_path) as house:
        house.fake.reply_with(Reply(text=["half ", "lost"], gate=gate))
        gate.release()
        session = house.new_session()
        with house.http.stream("POST", "/api/chat/stream", json={"message": "Hi", "session_id": session}) as answer:
            turn_id = answer.headers["x-turn-id"]
            events = events_in(answer)
            first = next(events)
            house.services.turns.close()
            assert [(event.name, event.content["status"]) for event in events] == [("complete", "interrupted")]
    with open_api(tmp_path) as house:
        assert text_of(follow(house, turn_id)) == "half "
        [end] = follow(house, turn_id, since=first.id)
        assert (end.name, end.content["status"]) == ("complete", "interrupted")


def test_nothing_is_left_after_the_last_event(house: ApiHouse) -> None:
    session = house.new_session()
    events = house.ask(session_id=session)
    turn_id = events[-1].content["message_id"]
    answer = house.http.get(f"/api/turns/{turn_id}/stream", headers={"Last-Event-ID": events[-1].id})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("bad", ["x", "1", "1-2-3", "-1-0-0-0", "1-0-0-2", "9" * 10 + "-0-0-0", "1-0-0-0-END"])
def test_id_that_is_none_is_refused(house: ApiHouse, bad: str) -> None:
    turn_id = house.ask(session_id=house.new_session())[-1].content["message_id"]
    answer = house.http.get(f"/api/turns/{turn_id}/stream", headers={"Last-Event-ID": bad})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "last-event-id")


def test_id_from_beyond_the_end_brings_the_end_alone(house: ApiHouse) -> None:
    turn_id = house.ask(session_id=house.new_session())[-1].content["message_id"]
    assert [event.name for event in follow(house, turn_id, since="999999999-0-0-1")] == ["complete"]


def test_two_readers_at_once_hear_the_same_live(house: ApiHouse) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=TEXT, gate=gate))
    session = house.new_session()
    gate.release()
    with house.http.stream("POST", "/api/chat/stream", json={"message": "Hi", "session_id": session}) as first:
        turn_id = first.headers["x-turn-id"]
        with house.http.stream("GET", f"/api/turns/{turn_id}/stream") as second:
            readers = [events_in(first), events_in(second)]
            for word in TEXT:
                assert [next(reader).content for reader in readers] == [{"content": word}] * 2
                gate.release()
            assert [list(reader)[-1].name for reader in readers] == ["complete"] * 2


def test_failed_turn_is_followed_as_events(house: ApiHouse) -> None:
    house.fake.reply_with(Reply(status=401))
    answer = house.http.post("/api/chat", json={"message": "Hi", "session_id": house.new_session()})
    [event] = follow(house, answer.headers["x-turn-id"])
    assert (event.name, event.content["error"]) == ("error", answer.json()["error"])


def test_stop_reaches_the_provider_and_keeps_what_came(house: ApiHouse) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=["half ", "more"], gate=gate))
    gate.release()
    session = house.new_session()
    with house.http.stream("POST", "/api/chat/stream", json={"message": "Hi", "session_id": session}) as answer:
        events = events_in(answer)
        assert next(events).content == {"content": "half "}
        turn_id = answer.headers["x-turn-id"]
        stopped = house.http.post(f"/api/turns/{turn_id}/stop").json()
        assert (stopped["status"], stopped["message_id"]) == ("stopped", turn_id)
        assert house.fake.wait_closed(0.5)
        assert [(event.name, event.content["status"]) for event in events] == [("complete", "stopped")]
    assert house.stored(session)[-1] == ("assistant", "half ", "stopped")
    assert house.http.post(f"/api/turns/{turn_id}/stop").json() == stopped
    plain = house.http.post("/api/chat/stream", json={"message": "Go on"}, headers={"Accept": "text/plain"})
    assert "[" not in plain.text


def test_second_turn_waits_its_turn(house: ApiHouse) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=["one ", "two"], gate=gate))
    session = {"session_id": house.new_session()}
    gate.release()
    with house.http.stream("POST", "/api/chat/stream", json={"message": "Hi"} | session) as answer:
        refused = house.http.post("/api/chat", json={"message": "And?"} | session)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "turn_running")
        gate.open()
        assert text_of(list(events_in(answer))) == "one two"
    assert house.http.post("/api/chat", json={"message": "And?"} | session).status_code == 200


def raw_request(house: ApiHouse, path: str, body: str) -> socket.socket:
    """Send a request over a bare socket, to be dropped at will."""
    connection = socket.create_connection(("127.0.0.1", int(house.url.rpartition(":")[2])), timeout=WAIT)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return connection


@pytest.mark.parametrize("reply", [Reply(silent=True), Reply(text=["first ", "x"], fault="stall", after=1)])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", '{"message": "Hi"}'),
        ("/api/chat/stream", '{"message": "Hi"}'),
        ("/v1/chat/completions", '{"model": "other", "messages": [{"role": "user", "content": "Hi"}]}'),
        (
            "/v1/chat/completions",
            '{"model": "other", "stream": true, "messages": [{"role": "user", "content": "Hi"}]}',
        ),
    ],
)
def test_provider_is_let_go_within_half_a_second_when_nobody_reads_any_more(
    house: ApiHouse, reply: Reply, path: str, body: str
) -> None:
    house.fake.reply_with(reply)
    connection = raw_request(house, path, body)
    [request] = house.fake.wait_for_requests()
    if not reply.silent and "stream" in path + body:
        assert connection.recv(100)
    connection.close()
    gone_at = time.monotonic()
    assert request.wait_closed(WAIT)
    assert request.closed_at is not None
    assert request.closed_at - gone_at < 0.5


def test_reply_of_a_session_goes_on_when_nobody_reads_any_more(house: ApiHouse) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=["one ", "two"], gate=gate))
    session = house.new_session()
    gate.release()
    connection = raw_request(house, "/api/chat/stream", f'{{"message": "Hi", "session_id": "{session}"}}')
    assert connection.recv(100)
    connection.close()
    gate.open()
    eventually(lambda: house.stored(session)[-1] == ("assistant", "one two", "complete"))


def test_slow_reader_holds_nobody_up_and_loses_nothing(house: ApiHouse) -> None:
    words = ["x" * 1000 + " "] * 3000  # more than every buffer on the way
    house.fake.reply_with(Reply(text=words))
    session = house.new_session()
    slow = raw_request(house, "/api/chat/stream", f'{{"message": "Hi", "session_id": "{session}"}}')
    eventually(lambda: len(house.stored(session)) == 2 and house.stored(session)[-1][2] == "complete")
    received = b""
    while b"event: complete" not in received:
        piece = slow.recv(1 << 20)
        assert piece
        received += piece
    slow.close()
    assert received.count(b"x" * 1000 + b" ") == len(words)


def test_turn_started_elsewhere_in_the_process_is_followed_live(house: ApiHouse) -> None:
    gate = Gate()
    house.fake.reply_with(Reply(text=["from ", "the page"], gate=gate))
    turn = house.services.turns.ask(house.new_session(), "Hi", owner=LOCAL_OWNER)
    with ThreadPoolExecutor() as pool:
        following = pool.submit(follow, house, turn.id)
        gate.open()
        assert text_of(following.result(WAIT)) == "from the page"


def test_turn_of_another_owner_is_not_there(house: ApiHouse) -> None:
    session = house.services.sessions.create_session(owner="browser-1", title="", model="other")
    turn = house.services.turns.ask(session.id, "Hi", owner="browser-1")
    assert turn.wait_until_done(timeout=WAIT)
    answers = [
        house.http.get(f"/api/turns/{turn.id}/stream"),
        house.http.post(f"/api/turns/{turn.id}/stop"),
        house.http.get(f"/api/sessions/{session.id}"),
        house.http.delete(f"/api/sessions/{session.id}"),
        house.http.patch(f"/api/sessions/{session.id}", json={"title": "mine"}),
        house.http.post("/api/chat", json={"message": "Hi", "session_id": session.id}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6
    assert session.id not in house.http.get("/api/sessions").text


def test_many_streams_at_once_lose_nothing(house: ApiHouse) -> None:
    house.fake.default, default = Reply(text=["a ", "b ", "c"], pace=200), house.fake.default
    together = threading.Barrier(30)

    def ask(number: int) -> str:
        together.wait(WAIT)
        return text_of(house.ask(**({"session_id": sessions[number]} if number % 2 else {})))

    sessions = [house.new_session() for _ in range(30)]
    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(ask, range(30))) == ["a b c"] * 30
    house.fake.default = default


def test_reply_that_another_process_makes_is_followed_through_the_store(house: ApiHouse, tmp_path: Path) -> None:
    gate = Gate()
    with open_api(tmp_path) as maker, open_api(tmp_path) as reader:
        maker.fake.reply_with(Reply(text=["one ", "two"], gate=gate))
        session = maker.new_session()
        turn = maker.services.turns.ask(session, "Hi", owner=LOCAL_OWNER)
        gate.release()
        eventually(lambda: reader.stored(session)[-1] == ("assistant", "one ", "streaming"))
        with reader.http.stream("GET", f"/api/turns/{turn.id}/stream") as answer:
            events = events_in(answer)
            assert next(events).content == {"content": "one "}
            gate.open()
            rest = list(events)
            assert (text_of(rest), rest[-1].content["status"]) == ("two", "completed")
