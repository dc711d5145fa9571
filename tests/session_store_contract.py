"""What every session store must do, whatever it is made of.

A store's own test file inherits from `SessionStoreContract` and says in the fixture `open_store` how to open a store;
opened twice, it is the same data seen by another process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

import pytest
from hypothesis import given, settings

from parlanchina.errors import SessionNotFound, TurnRunning
from parlanchina.messages import Message, Params, Session
from parlanchina.stores.base import ReplyJournal, SessionStore
from tests.session_values import TickingClock, message, reply_begun, sessions

ODD_TEXTS = [
    "",
    " \n\t ",
    "<script>alert(1)</script>",
    "$5 and $10",
    "\x00\x01\x1b\x7f\x85",
    "line\u2028separator\r\n",
    "👩🏽‍🚀 🇪🇺",
    "\u202eright to left\u202c שלום",
    "lone \ud83d and \udc00 alone",
    '"messages": [\n]}',
    "\\u0000 \\",
    "x" * 1_000_000,
]


class OpenStore(Protocol):
    """Opens a store on the test's data; `clock` and `new_id` only where a test says so."""

    def __call__(self, *, clock: Callable[[], datetime] = ..., new_id: Callable[[], str] = ...) -> SessionStore: ...


@pytest.fixture
def store(open_store: OpenStore) -> SessionStore:
    return open_store(clock=TickingClock())


@pytest.fixture
def other(open_store: OpenStore) -> SessionStore:
    """The same data, as another process sees it."""
    return open_store(clock=TickingClock(datetime(2026, 11, 21, tzinfo=UTC)))


@contextmanager
def begun(
    store: SessionStore, session: Session, messages: Sequence[Message], *, owner: str = "ana"
) -> Iterator[ReplyJournal]:
    """A reply in the making that is let go at the end, whatever the test made of it."""
    journal = store.begin_reply(session.id, messages, owner=owner)
    try:
        yield journal
    finally:
        journal.close()


def ended(text: str, message_id: str = "r", *, parent: str | None = None) -> Message:
    return replace(reply_begun(message_id, parent=parent), raw_markdown=text, status="complete", html="<p></p>")


class SessionStoreContract:
    """Inherit, and define a fixture `open_store`."""

    # Making and reading

    def test_a_new_session_is_read_back_equal_by_anyone_who_opens_the_data(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        made = store.create_session(
            owner="ana", title="Hello", model="demo", system_prompt="Be kind.", params=Params(temperature=0.5)
        )
        assert made.title == "Hello"
        assert made.messages == ()
        assert made.created_at == made.updated_at
        assert made.created_at.tzinfo is UTC
        assert other.load_session(made.id, owner="ana") == made

    def test_two_sessions_have_two_ids(self, open_store: OpenStore) -> None:
        store = open_store()
        ids = {store.create_session(owner="ana", title="", model="").id for _ in range(5)}
        assert len(ids) == 5

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
    def test_any_text_survives(self, store: SessionStore, other: SessionStore, text: str) -> None:
        made = store.create_session(owner="ana", title=text, model="demo", system_prompt=text)
        store.append_messages(made.id, [message("m", text)], owner="ana")
        loaded = other.load_session(made.id, owner="ana")
        assert (loaded.title, loaded.system_prompt, loaded.messages[0].raw_markdown) == (text, text, text)
        assert [one.title for one in other.list_sessions(owner="ana")] == [text]

    def test_any_session_written_is_read_back_equal(self, open_store: OpenStore) -> None:
        ids = (f"session-{number}" for number in count())

        @settings(deadline=None, derandomize=True, max_examples=60)
        @given(session=sessions())
        def check(session: Session) -> None:
            session = replace(session, id=next(ids), updated_at=session.created_at)
            store = open_store(clock=lambda: session.created_at, new_id=lambda: session.id)
            store.create_session(
                owner=session.owner,
                title=session.title,
                model=session.model,
                system_prompt=session.system_prompt,
                params=session.params,
            )
            store.append_messages(session.id, session.messages, owner=session.owner)
            written = store.update_session(session.id, owner=session.owner, head=session.head)
            if session.head is None and session.messages:
                session = replace(session, head=session.messages[-1].id)
            assert written == session
            assert open_store().load_session(session.id, owner=session.owner) == session

        check()

    @pytest.mark.parametrize(
        "session_id",
        [
            "nowhere",
            "",
            ".",
            "..",
            "../a",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "C:\\a",
            "a\x00",
            "a.json",
            "CON",
            "nul",
            "ä",
        ],
    )
    def test_an_id_that_names_nothing_is_not_found(self, store: SessionStore, session_id: str) -> None:
        store.create_session(owner="ana", title="", model="")
        for call in every_call(session_id):
            with pytest.raises(SessionNotFound):
                call(store, "ana")

    # Whose it is

    def test_another_owners_session_does_not_exist(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="Secret", model="demo")
        store.append_messages(made.id, [message("m", "secret")], owner="ana")
        before = store.load_session(made.id, owner="ana")
        unknown = str(SessionNotFound(made.id))
        for call in every_call(made.id):
            with pytest.raises(SessionNotFound) as refused:
                call(store, "ben")
            assert str(refused.value) == unknown
        assert store.list_sessions(owner="ben") == []
        assert store.search("secret", owner="ben") == []
        assert store.load_session(made.id, owner="ana") == before

    def test_another_owners_deleted_session_does_not_exist(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="Secret", model="demo")
        store.delete_session(made.id, owner="ana")
        with pytest.raises(SessionNotFound):
            store.restore_session(made.id, owner="ben")
        assert store.restore_session(made.id, owner="ana") == made

    # Lists

    def test_sessions_are_listed_last_updated_first(self, store: SessionStore, other: SessionStore) -> None:
        first, second, third = (store.create_session(owner="ana", title=title, model="m") for title in "123")
        store.append_messages(second.id, [message("m")], owner="ana")
        expected = [store.load_session(one.id, owner="ana").summary() for one in (second, third, first)]
        assert store.list_sessions(owner="ana") == expected
        assert other.list_sessions(owner="ana") == expected

    def test_a_list_shows_what_others_changed(self, store: SessionStore, other: SessionStore) -> None:
        made = store.create_session(owner="ana", title="Old", model="m")
        assert [one.title for one in store.list_sessions(owner="ana")] == ["Old"]
        for title in ("New", "Neu", "Nyt", "Ny"):
            other.update_session(made.id, owner="ana", title=title)
            assert [one.title for one in store.list_sessions(owner="ana")] == [title]
        other.delete_session(made.id, owner="ana")
        assert store.list_sessions(owner="ana") == []

    def test_an_empty_store_lists_nothing(self, store: SessionStore) -> None:
        assert store.list_sessions(owner="ana") == []
        assert store.search("a", owner="ana") == []
        assert store.damaged() == []

    def test_a_writable_place_is_said_to_be_writable(self, store: SessionStore) -> None:
        store.check_writable()
        assert store.list_sessions(owner="ana") == []

    # Search

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["both", "one", "two"]),
            ("  ", ["both", "one", "two"]),
            ("apples", ["both", "one"]),
            ("APPLES pears", ["both"]),
            ("pears apples", ["both"]),
            ("one", ["one"]),
            ("two pears", ["two"]),
            ("pplesp", []),
            (".*", []),
            ("strasse", ["one"]),
            ("cafe\u0301", ["two"]),
            ("ΣΊΣΥΦΟΣ", ["two"]),
            ("markup", []),
        ],
    )
    def test_search_finds_every_word_in_title_or_text(
        self, store: SessionStore, query: str, found: list[str]
    ) -> None:
        for title, text in (
            ("two", "Pears at the café, Σίσυφος"),
            ("one", "Green Apples, Straße"),
            ("both", "apples\npears"),
        ):
            made = store.create_session(owner="ana", title=title, model="m")
            asked, replied = message("q", text), replace(ended("", parent="q"), html="<b>markup</b>")
            store.append_messages(made.id, [asked, replied], owner="ana")
        assert [one.title for one in store.search(query, owner="ana")] == found
        assert [one.title for one in store.search(query, owner="ana")] == found  # and again, from memory

    def test_search_finds_what_was_just_written(self, store: SessionStore, other: SessionStore) -> None:
        made = store.create_session(owner="ana", title="", model="m")
        assert store.search("word", owner="ana") == []
        other.append_messages(made.id, [message("m", "a Word")], owner="ana")
        assert [one.id for one in store.search("word", owner="ana")] == [made.id]

    # Changing

    def test_an_update_changes_what_is_given_and_keeps_the_rest(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m", system_prompt="S")
        made = store.append_messages(made.id, [message("a"), message("b", parent="a")], owner="ana")
        for change in (
            {"title": "T2"},
            {"title": ""},
            {"model": "m2"},
            {"system_prompt": ""},
            {"params": Params(top_p=0.1, max_tokens=5)},
            {"head": "a"},
        ):
            updated = store.update_session(made.id, owner="ana", **change)  # type: ignore[arg-type]  # one of each
            assert updated == replace(made, **change)
            assert store.load_session(made.id, owner="ana") == updated
            made = updated

    def test_a_head_that_is_no_message_is_refused(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with pytest.raises(ValueError, match="nowhere"):
            store.update_session(made.id, owner="ana", head="nowhere")
        assert store.load_session(made.id, owner="ana") == made

    def test_appended_messages_follow_in_order_and_the_last_is_the_head(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        appended = store.append_messages(made.id, [message("a"), message("b", parent="a")], owner="ana")
        again = store.append_messages(made.id, [message("c", parent="a")], owner="ana")
        assert [one.id for one in again.messages] == ["a", "b", "c"]
        assert (appended.head, again.head) == ("b", "c")
        assert made.updated_at < appended.updated_at < again.updated_at
        assert store.append_messages(made.id, [], owner="ana") == again

    @pytest.mark.parametrize(
        "messages",
        [
            [message("a")],
            [message("b"), message("b")],
            [message("b", parent="nowhere")],
            [message("b", parent="c"), message("c")],
        ],
        ids=["used", "twice", "no parent", "parent later"],
    )
    def test_messages_that_fit_nowhere_are_refused_and_nothing_is_written(
        self, store: SessionStore, messages: list[Message]
    ) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        made = store.append_messages(made.id, [message("a")], owner="ana")
        with pytest.raises(ValueError, match="message"):
            store.append_messages(made.id, messages, owner="ana")
        assert store.load_session(made.id, owner="ana") == made

    def test_feedback_is_kept_and_can_be_taken_back(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        made = store.append_messages(made.id, [ended("Hi")], owner="ana")
        rated = store.set_feedback(made.id, "r", "up", owner="ana")
        assert rated == replace(made, messages=(replace(made.messages[0], feedback="up"),))
        assert store.set_feedback(made.id, "r", None, owner="ana") == made
        with pytest.raises(ValueError, match="nowhere"):
            store.set_feedback(made.id, "nowhere", "up", owner="ana")

    def test_a_message_can_be_replaced_by_a_new_version_of_itself(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        made = store.append_messages(made.id, [message("a"), ended("Hi")], owner="ana")
        rendered = replace(made.messages[1], html="<p>Hi</p>", renderer="2")
        updated = store.update_message(made.id, rendered, owner="ana")
        assert updated == replace(made, messages=(made.messages[0], rendered))
        with pytest.raises(ValueError, match="nowhere"):
            store.update_message(made.id, replace(rendered, id="nowhere"), owner="ana")

    def test_writers_at_the_same_time_lose_nothing(self, store: SessionStore, other: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")

        def write(number: int) -> None:
            (store, other)[number % 2].append_messages(made.id, [message(f"m{number}")], owner="ana")

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(write, range(40)))
        written = [one.id for one in store.load_session(made.id, owner="ana").messages]
        assert sorted(written) == sorted(f"m{number}" for number in range(40))

    # A reply in the making

    def test_question_and_reply_are_there_before_anything_is_said(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [message("q", "Why?"), reply_begun("r", parent="q")]):
            loaded = other.load_session(made.id, owner="ana")
            assert loaded.messages == (message("q", "Why?"), reply_begun("r", parent="q"))
            assert loaded.head == "r"
            assert loaded.updated_at > made.updated_at

    def test_everyone_sees_what_a_running_reply_has_said_so_far(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            journal.append(text="Because ", reasoning="Hmm")
            journal.append(text="of \x00\ud83d")
            journal.append(reasoning=".")
            journal.append()
            for reader in (store, other):
                said = reader.load_session(made.id, owner="ana").messages[0]
                assert (said.raw_markdown, said.reasoning) == ("Because of \x00\ud83d", "Hmm.")
                assert said.status == "streaming"

    def test_a_reply_outlives_the_thread_that_began_it(self, store: SessionStore, other: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with ThreadPoolExecutor(1) as thread:
            journal = thread.submit(store.begin_reply, made.id, [reply_begun("r")], owner="ana").result()
        journal.append(text="Beca")
        assert other.load_session(made.id, owner="ana").messages[0].status == "streaming"
        with ThreadPoolExecutor(1) as thread:
            thread.submit(journal.close).result()
        assert other.load_session(made.id, owner="ana").messages[0].status == "interrupted"

    def test_a_finished_reply_takes_the_place_of_its_journal(self, store: SessionStore, other: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [message("q"), reply_begun("r", parent="q")]) as journal:
            journal.append(text="Beca")
            finished = journal.finish(ended("Because.", parent="q"))
        assert finished.messages == (message("q"), ended("Because.", parent="q"))
        assert other.load_session(made.id, owner="ana") == finished

    def test_a_reply_that_is_let_go_is_interrupted_with_its_text(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            journal.append(text="Beca", reasoning="Hm")
        loaded = other.load_session(made.id, owner="ana")
        (reply,) = loaded.messages
        assert (reply.status, reply.raw_markdown, reply.reasoning) == ("interrupted", "Beca", "Hm")
        assert (reply.html, reply.renderer) == ("", "")
        assert reply.error
        assert store.load_session(made.id, owner="ana") == loaded
        assert store.append_messages(made.id, [message("m", parent="r")], owner="ana").messages[0] == reply

    def test_a_write_settles_a_reply_that_was_let_go_as_well(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            journal.append(text="Beca")
        reply = store.update_session(made.id, owner="ana", title="T2").messages[0]
        assert (reply.status, reply.raw_markdown) == ("interrupted", "Beca")

    def test_nothing_can_be_added_to_a_reply_that_was_let_go(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            journal.close()
            with pytest.raises(ValueError, match="ended"):
                journal.append(text="more")

    def test_a_reply_let_go_and_finished_after_all_is_whole(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            journal.append(text="Beca")
        store.load_session(made.id, owner="ana")
        assert journal.finish(ended("Because.")).messages == (ended("Because."),)
        assert journal.finish(ended("Because.")).messages == (ended("Because."),)

    def test_only_the_reply_that_was_begun_can_finish_it(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            with pytest.raises(ValueError, match="'s'"):
                journal.finish(ended("Hi", "s"))
            with pytest.raises(ValueError, match="streaming"):
                journal.finish(reply_begun("r"))

    @pytest.mark.parametrize(
        "messages", [[], [message("q")], [reply_begun("r"), message("q")], [ended("Hi")]], ids=range(4)
    )
    def test_only_a_streaming_reply_can_be_begun(self, store: SessionStore, messages: list[Message]) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with pytest.raises(ValueError, match="streaming"):
            store.begin_reply(made.id, messages, owner="ana")
        assert store.load_session(made.id, owner="ana") == made

    def test_a_reply_whose_id_is_in_use_is_refused_and_the_first_goes_on(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            with pytest.raises(ValueError, match="'r'"):
                store.begin_reply(made.id, [reply_begun("r")], owner="ana")
            journal.append(text="still here")
            assert store.load_session(made.id, owner="ana").messages[0].raw_markdown == "still here"

    def test_a_reply_in_the_making_cant_be_answered_or_replaced(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]):
            for writer in (store, other):
                with pytest.raises(TurnRunning):
                    writer.begin_reply(made.id, [message("q", parent="r"), reply_begun("s", parent="q")], owner="ana")
                with pytest.raises(TurnRunning):
                    writer.update_message(made.id, ended("Hi"), owner="ana")
        with begun(store, made, [message("q", parent="r"), reply_begun("s", parent="q")]):
            statuses = [one.status for one in store.load_session(made.id, owner="ana").messages]
        assert statuses == ["interrupted", "complete", "streaming"]

    def test_other_changes_and_a_running_reply_keep_one_another(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [message("q"), reply_begun("r", parent="q")]) as journal:
            journal.append(text="Beca")
            other.update_session(made.id, owner="ana", title="T2")
            seen = other.append_messages(made.id, [message("b", "another branch")], owner="ana")
            assert seen.messages[1].raw_markdown == "Beca"
            other.set_feedback(made.id, "r", "down", owner="ana")
            journal.append(text="use")
            assert store.load_session(made.id, owner="ana").messages[1].raw_markdown == "Because"
            finished = journal.finish(ended("Because.", parent="q"))
        assert finished.title == "T2"
        assert finished.head == "b"
        assert finished.messages == (
            message("q"),
            replace(ended("Because.", parent="q"), feedback="down"),
            message("b", "another branch"),
        )
        assert other.load_session(made.id, owner="ana") == finished

    def test_two_branches_can_be_answered_at_once(self, store: SessionStore, other: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        store.append_messages(made.id, [message("q")], owner="ana")
        with (
            begun(store, made, [reply_begun("r", parent="q")]) as one,
            begun(other, made, [reply_begun("s", parent="q")]) as two,
        ):
            one.append(text="1")
            two.append(text="2")
            assert [m.raw_markdown for m in store.load_session(made.id, owner="ana").messages[1:]] == ["1", "2"]
            after = one.finish(ended("1.", "r", parent="q"))
            assert [(m.raw_markdown, m.status) for m in after.messages[1:]] == [
                ("1.", "complete"),
                ("2", "streaming"),
            ]
            two.finish(ended("2.", "s", parent="q"))
        assert [m.raw_markdown for m in store.load_session(made.id, owner="ana").messages[1:]] == ["1.", "2."]

    # Deleting

    def test_a_deleted_session_is_gone_until_it_is_restored(self, store: SessionStore, other: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        made = store.append_messages(made.id, [message("a", "text")], owner="ana")
        store.delete_session(made.id, owner="ana")
        for reader in (store, other):
            assert reader.list_sessions(owner="ana") == []
            assert reader.search("text", owner="ana") == []
            with pytest.raises(SessionNotFound):
                reader.load_session(made.id, owner="ana")
        with pytest.raises(SessionNotFound):
            store.delete_session(made.id, owner="ana")
        assert other.restore_session(made.id, owner="ana") == made
        assert store.list_sessions(owner="ana") == [made.summary()]

    def test_restoring_what_is_there_changes_nothing(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        assert store.restore_session(made.id, owner="ana") == made
        store.delete_session(made.id, owner="ana")
        store.restore_session(made.id, owner="ana")
        assert store.restore_session(made.id, owner="ana") == made

    def test_a_reply_that_ends_after_its_session_was_deleted_comes_back_whole(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [message("q"), reply_begun("r", parent="q")]) as journal:
            journal.append(text="Beca")
            store.delete_session(made.id, owner="ana")
            journal.append(text="use")
            with pytest.raises(SessionNotFound):
                journal.finish(ended("Because.", parent="q"))
            assert store.list_sessions(owner="ana") == []
        restored = store.restore_session(made.id, owner="ana")
        assert restored.messages == (message("q"), ended("Because.", parent="q"))

    def test_a_reply_goes_on_through_deletion_and_undo(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            journal.append(text="Beca")
            store.delete_session(made.id, owner="ana")
            journal.append(text="use")
            restored = store.restore_session(made.id, owner="ana")
            assert (restored.messages[0].status, restored.messages[0].raw_markdown) == ("streaming", "Because")
            assert journal.finish(ended("Because.")).messages == (ended("Because."),)

    def test_a_reply_let_go_in_a_deleted_session_comes_back_interrupted(self, store: SessionStore) -> None:
        made = store.create_session(owner="ana", title="T", model="m")
        with begun(store, made, [reply_begun("r")]) as journal:
            journal.append(text="Beca")
            store.delete_session(made.id, owner="ana")
        (reply,) = store.restore_session(made.id, owner="ana").messages
        assert (reply.status, reply.raw_markdown) == ("interrupted", "Beca")


def every_call(session_id: str) -> list[Callable[[SessionStore, str], object]]:
    """Each method that takes a session's id, as a call for an owner."""
    return [
        lambda store, owner: store.load_session(session_id, owner=owner),
        lambda store, owner: store.update_session(session_id, owner=owner, title="Taken"),
        lambda store, owner: store.append_messages(session_id, [message("new")], owner=owner),
        lambda store, owner: store.set_feedback(session_id, "m", "up", owner=owner),
        lambda store, owner: store.update_message(session_id, message("m", "changed"), owner=owner),
        lambda store, owner: store.begin_reply(session_id, [reply_begun("new")], owner=owner),
        lambda store, owner: store.delete_session(session_id, owner=owner),
        lambda store, owner: store.restore_session(session_id, owner=owner),
    ]
