"""The page, driven as a visitor would, without a browser: what is typed, pressed, and read."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from parlanchina.conversation import MAX_MESSAGE_CHARS
from parlanchina.messages import Message, Params, Session
from parlanchina.stores.json_sessions import JsonSessions
from parlanchina.ui.gate import gate
from tests.fake_openai import FakeOpenAI, Gate, Reply
from tests.room_in_gate import has_room

APP = str(Path(__file__).parent.parent / "app.py")
SECRET = "sk-never-to-be-shown"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JsonSessions:
    """Where the app keeps its sessions in this test."""
    monkeypatch.setenv("PARLANCHINA_DATA_DIR", str(tmp_path))
    return JsonSessions(tmp_path / "sessions")


@pytest.fixture
def service(store: JsonSessions, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOpenAI]:
    """A provider, and the app set up to use it."""
    with FakeOpenAI() as service:
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        monkeypatch.setenv("OPENAI_API_BASE", service.base_url)
        monkeypatch.setenv("PARLANCHINA_MODELS", "small,large")
        service.default = Reply(text="An *answer*.")
        yield service


def open_app(session: str | None = None) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    if session:
        app.query_params["session"] = session
    return app.run()


def send(app: AppTest, text: str) -> AppTest:
    return app.chat_input(key="prompt").set_value(text).run()


def page_text(app: AppTest) -> str:
    """All the page shows, as HTML and Markdown."""
    parts = [element.value for kind in (app.html, app.markdown, app.error, app.warning) for element in kind]
    return "\n".join(str(part) for part in parts)


def composer_holds(app: AppTest) -> str:
    """What the page puts (back) into the composer."""
    sent = app.chat_input(key="prompt").proto
    return sent.value if sent.set_value else ""


def only(store: JsonSessions) -> Session:
    [summary] = store.list_sessions(owner="local")
    return store.load_session(summary.id, owner="local")


def last_reply(store: JsonSessions) -> Message:
    return only(store).path()[-1]


def test_the_first_question_is_answered_by_the_demo_model_with_no_key(store: JsonSessions) -> None:
    app = open_app()
    assert "OPENAI_API_KEY" in page_text(app)  # how to add one
    send(app, "Hello!")
    assert not app.exception
    reply = last_reply(store)
    assert (reply.status, reply.provider) == ("complete", "demo")
    drawn = re.findall(r'<div class="pc-md" dir="auto">(.*?)</div>(?=\n<div|\Z)', page_text(app), re.DOTALL)
    assert "".join(drawn) == reply.html  # block by block, as it came
    app.run()
    assert reply.html in page_text(app)
    assert app.query_params["session"] == only(store).id


def test_a_suggestion_asks_it(store: JsonSessions, service: FakeOpenAI) -> None:
    app = open_app()
    [button] = [button for button in app.button if button.label == "What can you do?"]
    button.click().run()
    assert only(store).title == "What can you do?"


def test_meter_shows_model_times_and_tokens(service: FakeOpenAI) -> None:
    app = send(open_app(), "Hi")
    [meter] = re.findall(r'<div class="pc-meter">(.*?)</div>', page_text(app))
    assert re.fullmatch(
        r"small · first token [\d.]+ m?s · [\d.]+ m?s · \d+ → \d+ tokens( · [\d,.]+ tokens/s)? · —", meter
    )


def test_empty_messages_are_not_sent(store: JsonSessions, service: FakeOpenAI) -> None:
    app = open_app()
    for text in ("", "   ", "\n\t "):
        send(app, text)
    assert store.list_sessions(owner="local") == []
    assert service.requests == []


def test_a_message_of_a_megabyte_is_refused_with_a_sentence_and_kept(
    store: JsonSessions, service: FakeOpenAI
) -> None:
    text = "x" * 1_000_000
    app = send(open_app(), text)
    assert f"at most {MAX_MESSAGE_CHARS:,}" in page_text(app).replace("\\", "")
    assert composer_holds(app) == text
    assert store.list_sessions(owner="local") == []


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "$5 and $10", "a\x00b\x07c", "שלום עולם", "👩‍👩‍👧 é", "![x](https://evil.example)"],
)
def test_odd_text_survives_to_disk_and_is_shown_as_text(store: JsonSessions, service: FakeOpenAI, text: str) -> None:
    app = send(open_app(), text)
    assert only(store).messages[0].raw_markdown == text
    assert not app.exception
    assert not any("<script" in element.value for element in app.html)
    again = open_app(only(store).id)
    assert not again.exception


def test_a_model_outside_the_list_is_refused_with_the_list(store: JsonSessions, service: FakeOpenAI) -> None:
    old = store.create_session(owner="local", title="Old", model="retired")
    app = send(open_app(old.id), "Hello?")
    said = page_text(app).replace("\\", "")
    assert "not offered here" in said
    assert "small, large" in said
    assert composer_holds(app) == "Hello?"
    assert service.requests == []


def test_settings_are_saved_with_the_session_and_only_set_ones_are_sent(
    store: JsonSessions, service: FakeOpenAI
) -> None:
    app = open_app()
    app.text_area(key="system_prompt").set_value("Be kind.")
    app.number_input(key="temperature").set_value(0.5).run()
    send(app, "One")
    session = only(store)
    assert (session.system_prompt, session.params) == ("Be kind.", Params(temperature=0.5))
    sent = service.requests[-1].body
    assert sent["temperature"] == 0.5
    assert "top_p" not in sent
    app.number_input(key="temperature").set_value(None).run()
    app.selectbox(key="model").set_value("large").run()
    send(app, "Two")
    assert only(store).model == "large"
    assert "temperature" not in service.requests[-1].body
    assert service.requests[-1].body["model"] == "large"


def test_opening_another_session_shows_its_own_settings(store: JsonSessions, service: FakeOpenAI) -> None:
    kept = store.create_session(
        owner="local", title="Kept", model="large", system_prompt="Mine", params=Params(max_tokens=7)
    )
    app = open_app("new")
    assert app.selectbox(key="model").value == "small"
    app.button(key=f"session_{kept.id}").click().run()
    assert app.selectbox(key="model").value == "large"
    assert app.text_area(key="system_prompt").value == "Mine"
    assert app.number_input(key="max_tokens").value == 7


def test_an_error_is_a_sentence_without_the_key_and_retry_answers(store: JsonSessions, service: FakeOpenAI) -> None:
    service.reply_with(Reply(status=401))
    app = send(open_app(), "Hello?")
    failed = last_reply(store)
    assert (failed.status, failed.error_code) == ("error", "authentication_failed")
    assert SECRET not in page_text(app)
    app.button(key=f"retry_{failed.id}").click().run()
    assert last_reply(store).raw_markdown == "An *answer*."
    assert [m.role for m in only(store).path()] == ["user", "assistant"]


def test_the_demo_model_answers_instead_when_asked_to(store: JsonSessions, service: FakeOpenAI) -> None:
    service.reply_with(Reply(status=401))
    app = send(open_app(), "Hello?")
    app.button(key=f"demo_{last_reply(store).id}").click().run()
    reply = last_reply(store)
    assert (reply.provider, reply.status) == ("demo", "complete")
    assert "standing in" in page_text(app)


def test_fallback_answers_by_itself_and_says_so(
    store: JsonSessions, service: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLANCHINA_FALLBACK", "demo")
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1")  # nobody listens there
    app = send(open_app(), "Hello?")
    assert last_reply(store).provider == "demo"
    assert "standing in" in page_text(app)


def test_a_cut_reply_can_be_continued(store: JsonSessions, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="One, two", finish="length"), Reply(text=", three."))
    app = send(open_app(), "Count")
    app.button(key=f"continue_{last_reply(store).id}").click().run()
    assert last_reply(store).raw_markdown == "One, two, three."


def test_regenerate_edit_and_branches(store: JsonSessions, service: FakeOpenAI) -> None:
    service.default = lambda request: Reply(text=f"{len(service.requests)}: {request.last_text}")
    app = send(open_app(), "first")
    first = last_reply(store)
    app.button(key=f"regenerate_{first.id}").click().run()
    second = last_reply(store)
    assert (first.raw_markdown, second.raw_markdown) == ("1: first", "2: first")
    app.button(key=f"branch_{first.id}").click().run()
    assert last_reply(store).id == first.id

    question = only(store).path()[0]
    app.button(key=f"edit_{question.id}").click().run()
    app.text_area(key=f"editor_{question.id}").set_value("second")
    app.button(key=f"resend_{question.id}").click().run()
    assert [m.raw_markdown for m in only(store).path()] == ["second", "3: second"]
    app.button(key=f"branch_{question.id}").click().run()
    assert only(store).path()[0].raw_markdown == "first"
    assert len(only(store).messages) == 5


def test_thumbs_are_kept_in_the_session(store: JsonSessions, service: FakeOpenAI) -> None:
    app = send(open_app(), "Hi")
    key = f"feedback_{last_reply(store).id}"
    app.feedback(key=key).set_value(0).run()
    assert last_reply(store).feedback == "down"
    app.feedback(key=key).set_value(None).run()
    assert last_reply(store).feedback is None


def test_rename_delete_and_undo(store: JsonSessions, service: FakeOpenAI) -> None:
    app = send(open_app(), "Hi")
    session_id = only(store).id
    app.button(key=f"begin_rename_{session_id}").click().run()
    app.text_input(key=f"rename_{session_id}").set_value("  A new\nname ").run()
    assert only(store).title == "A new name"
    app.button(key=f"delete_{session_id}").click().run()
    assert store.list_sessions(owner="local") == []
    app.button(key="undo_delete").click().run()
    assert only(store).title == "A new name"
    assert "An <em>answer</em>." in page_text(app)


def test_search_finds_words_of_titles_and_texts(store: JsonSessions, service: FakeOpenAI) -> None:
    service.default = lambda request: Reply(text=f"About {request.last_text}: a platypus.")
    send(open_app("new"), "Birds")
    send(open_app("new"), "Fish")
    app = open_app()
    for query, found in (("PLATYPUS", {"Birds", "Fish"}), ("fish", {"Fish"}), ("nothing", set())):
        app.text_input(key="session_search").set_value(query).run()
        labels = {b.label for b in app.sidebar.button if (b.key or "").startswith("session_")}
        assert labels == found


def test_root_opens_the_newest_session_and_unknown_ones_are_not_found(
    store: JsonSessions, service: FakeOpenAI
) -> None:
    send(open_app("new"), "Older")
    send(open_app("new"), "Newer")
    assert "Newer" in page_text(open_app())
    foreign = store.create_session(owner="browser-someone", title="Private", model="small")
    for session_id in ("nonsense", "../../etc/passwd", "0" * 32, foreign.id):
        app = open_app(session_id)
        assert "There is no session" in page_text(app).replace("\\", "")
        assert "Private" not in page_text(app)
        app.button(key="new_chat_instead").click().run()
        assert app.chat_input(key="prompt")


@pytest.mark.parametrize(
    ("name", "value"),
    [("OPENAI_PROVIDER", "openia"), ("PARLANCHINA_MODE", "both"), ("PARLANCHINA_DATABASE_URL", "sqlite:///x.db")],
)
def test_a_wrong_setting_is_a_sentence_on_the_page(
    store: JsonSessions, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    app = open_app()
    assert not app.exception
    [error] = app.error
    assert name in error.value.replace("\\", "")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_data_that_cannot_be_written_is_said_before_anything_is_typed(
    store: JsonSessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("PARLANCHINA_DATA_DIR", str(blocked))
    app = open_app()
    assert "can be saved" in page_text(app).replace("\\", "")
    assert not app.chat_input


def test_a_damaged_session_is_said_and_the_others_still_open(store: JsonSessions, tmp_path: Path) -> None:
    good = store.create_session(owner="local", title="Good", model="demo")
    bad = store.create_session(owner="local", title="Bad", model="demo")
    path = tmp_path / "sessions" / f"{bad.id}.json"
    path.write_bytes(path.read_bytes()[:-10])
    app = open_app(good.id)
    assert "set aside" in page_text(app).replace("\\", "")
    assert not app.exception


def test_older_messages_are_drawn_on_demand(store: JsonSessions, service: FakeOpenAI) -> None:
    session = long_session(store, exchanges=30)
    app = open_app(session.id)
    shown = len(re.findall('class="pc-question"', page_text(app)))
    assert shown < 30
    while any(button.key == "show_older" for button in app.button):
        app.button(key="show_older").click().run()
    assert len(re.findall('class="pc-question"', page_text(app))) == 30


def test_html_of_an_older_renderer_is_made_again_when_opened(store: JsonSessions, service: FakeOpenAI) -> None:
    session = long_session(store, exchanges=1)
    assert session.messages[-1].renderer == ""
    app = open_app(session.id)
    assert "<strong>answer</strong>" in page_text(app)
    assert "<strong>answer</strong>" in store.load_session(session.id, owner="local").messages[-1].html


def long_session(store: JsonSessions, *, exchanges: int) -> Session:
    """A session as another version of the app might have left it: nothing rendered."""
    session = store.create_session(owner="local", title="Long", model="small")
    messages: list[Message] = []
    for number in range(exchanges):
        parent = messages[-1].id if messages else None
        question = Message(
            id=f"q{number}", parent_id=parent, role="user", raw_markdown=f"q {number}", created_at=session.created_at
        )
        answer = Message(
            id=f"a{number}",
            parent_id=question.id,
            role="assistant",
            raw_markdown="**answer**",
            created_at=session.created_at,
        )
        messages += [question, answer]
    return store.append_messages(session.id, messages, owner="local")


def test_two_pages_of_one_visitor_share_what_is_stored(store: JsonSessions, service: FakeOpenAI) -> None:
    first, second = open_app("new"), open_app("new")
    send(first, "From the first")
    second.run()
    labels: Callable[[AppTest], list[str]] = lambda app: [  # noqa: E731 - a word for what follows
        b.label for b in app.sidebar.button if (b.key or "").startswith("session_")
    ]
    assert labels(second) == labels(first) == ["From the first"]


def test_a_page_that_waits_for_words_keeps_nobody_from_drawing(store: JsonSessions, service: FakeOpenAI) -> None:
    held = Gate()
    service.default = Reply(text=["One ", "two."], gate=held)
    held.release()
    page = open_app("new")
    asking = threading.Thread(target=send, args=(page, "Slowly"))
    asking.start()
    deadline = time.monotonic() + 30
    while not (words_have_come(store) and has_room(gate, places=2)):
        assert time.monotonic() < deadline
    held.open()
    asking.join(30)
    assert "One two." in page_text(page)
    assert has_room(gate, places=2)


def words_have_come(store: JsonSessions) -> bool:
    """Whether the journal of a reply has the first of them."""
    sessions = [store.load_session(summary.id, owner="local") for summary in store.list_sessions(owner="local")]
    return any(message.role == "assistant" and message.raw_markdown for one in sessions for message in one.messages)


def test_size_and_quality_of_pictures_are_the_sessions(store: JsonSessions, service: FakeOpenAI) -> None:
    app = open_app()
    app.selectbox(key="image_size").set_value("1536x1024")
    app.selectbox(key="image_quality").set_value("low").run()
    send(app, "Draw a cat")
    [tool] = service.requests[-1].body["tools"]
    assert (tool["size"], tool["quality"]) == ("1536x1024", "low")
    assert only(store).params == Params(image_size="1536x1024", image_quality="low")
    app.selectbox(key="image_size").set_value(None).run()
    app.selectbox(key="image_quality").set_value(None).run()
    send(app, "And a dog")
    [tool] = service.requests[-1].body["tools"]
    assert (tool["size"], tool["quality"]) == ("1024x1024", "high")
