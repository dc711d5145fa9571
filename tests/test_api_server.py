"""`streamlit run server.py` as it is run: the app and the API on one port, to the end of the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import openai
import pytest

from tests.api_house import WAIT, events_in, eventually, text_of
from tests.e2e.running_app import RunningApp
from tests.fake_openai import FakeOpenAI, Gate, Reply


@dataclass
class Collector:
    """What OpenTelemetry's exporters are told to talk to: it remembers what they send, by path."""

    received: dict[str, bytes] = field(default_factory=dict)

    def serve(self) -> ThreadingHTTPServer:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received[self.path] = received.get(self.path, b"") + body
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@dataclass(frozen=True)
class Running:
    """A running `server.py`, its provider and its collector."""

    app: RunningApp
    fake: FakeOpenAI
    collector: Collector
    http: httpx2.Client


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    collector = Collector()
    with FakeOpenAI() as fake, collector.serve() as listening:
        threading.Thread(target=listening.serve_forever).start()
        app = RunningApp(
            tmp_path_factory.mktemp("server"),
            script="server.py",
            OPENAI_PROVIDER="compatible",
            OPENAI_API_BASE=fake.base_url,
            PARLANCHINA_MODELS="fake-model",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{listening.server_port}",
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
        )
        with httpx2.Client(base_url=app.url, timeout=WAIT) as http:
            yield Running(app, fake, collector, http)
        app.kill()
        listening.shutdown()


def test_app_and_api_share_a_port(running: Running) -> None:
    page = running.http.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "x-request-id" not in page.headers
    assert running.http.get("/_stcore/health").text == "ok"
    assert running.http.get("/api/health").json()["ready"] is True
    assert running.http.get("/images/none.png").json()["error"]["code"] == "image_not_found"
    assert running.http.get("/api/docs").status_code == 200


def test_both_forms_stream_and_the_whole_is_stored(running: Running) -> None:
    session = running.http.post("/api/sessions", json={}).json()["id"]
    gate = Gate()
    running.fake.reply_with(Reply(text=["one ", "two"], gate=gate), Reply(text="three"))
    gate.release()
    asked = {"message": "Count.", "session_id": session}
    headers = {"Accept": "text/plain", "Accept-Encoding": "gzip"}
    with running.http.stream("POST", "/api/chat/stream", json=asked, headers=headers) as answer:
        chunks = answer.iter_raw()
        assert next(chunks) == b"one "
        gate.open()
        assert b"".join(chunks) == b"two"
    turn_id = answer.headers["x-turn-id"]
    events = list(events_in(running.http.post("/api/chat/stream", json=asked)))
    assert (text_of(events), events[-1].content["status"]) == ("three", "completed")
    again = list(events_in(running.http.get(f"/api/turns/{turn_id}/stream", headers={"Last-Event-ID": "4-0-0-0"})))
    assert text_of(again) == "two"
    messages = running.http.get(f"/api/sessions/{session}").json()["messages"]
    assert [message["raw_markdown"] for message in messages] == ["Count.", "one two", "Count.", "three"]


def test_openai_client_is_served(running: Running) -> None:
    running.fake.reply_with(Reply(text="Whole."), Reply(text="In pieces."))
    with openai.OpenAI(base_url=f"{running.app.url}/v1", api_key="any", max_retries=0) as client:
        whole = client.chat.completions.create(model="fake-model", messages=[{"role": "user", "content": "Hi"}])
        assert whole.choices[0].message.content == "Whole."
        stream = client.chat.completions.create(
            model="fake-model", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "In pieces."


def test_log_has_a_line_for_each_request(running: Running) -> None:
    running.http.get("/api/models", headers={"X-Request-ID": "find-me"})
    eventually(lambda: "request find-me: GET /api/models 200 in " in running.app.log.read_text())


def test_end_of_the_process_ends_every_stream_properly_and_sends_what_was_observed(running: Running) -> None:
    """The last test of this file: the process is gone after it, and comes back with what was said."""
    endless = Reply(text=["half ", "never"], fault="stall", after=1)
    running.fake.reply_with(endless, endless)
    session = running.http.post("/api/sessions", json={}).json()["id"]
    with (
        running.http.stream("POST", "/api/chat/stream", json={"message": "Hi"}) as alone,
        running.http.stream("POST", "/api/chat/stream", json={"message": "Hi", "session_id": session}) as kept,
        ThreadPoolExecutor() as pool,
    ):
        streams = [events_in(alone), events_in(kept)]
        firsts = [next(stream) for stream in streams]
        assert [first.content for first in firsts] == [{"content": "half "}] * 2
        ending = pool.submit(running.app.stop)
        for stream in streams:
            assert [(event.name, event.content["status"]) for event in stream] == [("complete", "interrupted")]
        ending.result(20)
    spans = running.collector.received["/v1/traces"]
    for word in (b"gen_ai.request.model", b"fake-model", b"/api/chat/stream"):
        assert word in spans
    assert b"gen_ai.client.token.usage" in running.collector.received["/v1/metrics"]
    assert b"half" not in spans

    running.app.start()
    turn_id = kept.headers["x-turn-id"]
    headers = {"Last-Event-ID": firsts[1].id}
    with httpx2.Client(base_url=running.app.url, timeout=WAIT) as http:
        [end] = events_in(http.get(f"/api/turns/{turn_id}/stream", headers=headers))
    assert (end.name, end.content["status"]) == ("complete", "interrupted")
