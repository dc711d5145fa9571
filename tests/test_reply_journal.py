"""What a reply has said survives whatever happens to the process that makes it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlanchina.errors import SessionNotFound, SessionUnreadable, StoreNotWritable
from parlanchina.messages import Message, Session
from parlanchina.stores.json_sessions import JsonSessions
from tests.session_store_contract import begun, ended
from tests.session_values import message, reply_begun, spelled, texts
from tests.session_worker import SessionWorker


@pytest.fixture
def store(tmp_path: Path) -> JsonSessions:
    return JsonSessions(tmp_path)


@pytest.fixture
def session(store: JsonSessions) -> Session:
    return store.create_session(owner="ana", title="T", model="m")


def journal_in(folder: Path) -> Path:
    (path,) = folder.glob(".replies/*.jsonl")
    return path


def only_message(store: JsonSessions, session: Session) -> Message:
    (found,) = store.load_session(session.id, owner="ana").messages
    return found


# Cut anywhere


@settings(deadline=None, derandomize=True, max_examples=150)
@given(said=st.lists(st.tuples(texts, texts), max_size=5), fraction=st.floats(0, 1))
def test_a_journal_cut_anywhere_keeps_every_whole_append(said: list[tuple[str, str]], fraction: float) -> None:
    with tempfile.TemporaryDirectory() as place:
        store = JsonSessions(Path(place))
        session = store.create_session(owner="ana", title="T", model="m")
        sizes = [0]
        with begun(store, session, [reply_begun("r")]) as journal:
            path = journal_in(Path(place))
            for text, reasoning in said:
                journal.append(text=text, reasoning=reasoning)
                sizes.append(path.stat().st_size)
        cut = round(sizes[-1] * fraction)
        os.truncate(path, cut)
        whole = said[: max(index for index, size in enumerate(sizes) if size <= cut)]

        reply = only_message(store, session)
        assert reply.status == "interrupted"
        assert reply.raw_markdown == spelled("".join(text for text, _ in whole))
        assert reply.reasoning == spelled("".join(reasoning for _, reasoning in whole))
        assert only_message(JsonSessions(Path(place)), session) == reply
        assert list(Path(place).glob(".replies/*")) == []


@pytest.mark.parametrize("broken", [b"\x00\x00\x00", b"{", b"[]", b'{"text": 1}', b'{"text": "\xff"}', b""])
def test_a_line_broken_in_the_middle_ends_the_text_and_the_file_is_kept(
    store: JsonSessions, session: Session, tmp_path: Path, broken: bytes
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        path = journal_in(tmp_path)
        journal.append(text="before")
    content = path.read_bytes() + broken + b'\n{"text": "after"}\n'
    path.write_bytes(content)
    assert (only_message(store, session).raw_markdown, only_message(store, session).status) == (
        "before",
        "interrupted",
    )
    (kept,) = tmp_path.glob("damaged/*.jsonl")
    assert kept.read_bytes() == content
    (sentence,) = store.damaged()
    assert str(kept) in sentence
    assert list(tmp_path.glob(".replies/*")) == []


def test_a_broken_journal_that_cant_be_moved_stays_where_it_is(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    (tmp_path / "damaged").write_text("in the way")
    with begun(store, session, [reply_begun("r")]):
        path = journal_in(tmp_path)
    path.write_bytes(b"{\n")
    assert only_message(store, session).status == "interrupted"
    assert path.read_bytes() == b"{\n"


# Between two steps


def test_a_reply_stored_but_not_yet_let_go_is_not_told_twice(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        journal.append(text="Beca")
        before = tmp_path.parent / f"{tmp_path.name}-before"
        shutil.copytree(tmp_path / ".replies", before)
        journal.finish(ended("Because."))
    shutil.copytree(before, tmp_path / ".replies", dirs_exist_ok=True)
    assert only_message(JsonSessions(tmp_path), session) == ended("Because.")


def test_a_reply_folded_in_but_whose_journal_stayed_is_not_told_twice(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        path = journal_in(tmp_path)
        journal.append(text="Beca")
    said = path.read_bytes()
    interrupted = only_message(store, session)
    path.write_bytes(said)
    assert only_message(JsonSessions(tmp_path), session) == interrupted
    assert interrupted.raw_markdown == "Beca"


def test_a_journal_whose_session_was_not_yet_written_is_nothing(store: JsonSessions, tmp_path: Path) -> None:
    session = store.create_session(owner="ana", title="T", model="m")
    before = (tmp_path / f"{session.id}.json").read_bytes()
    with begun(store, session, [reply_begun("r")]):
        path = journal_in(tmp_path)
    (tmp_path / f"{session.id}.json").write_bytes(before)
    later = JsonSessions(tmp_path)
    assert later.list_sessions(owner="ana") == [session.summary()]
    assert later.load_session(session.id, owner="ana") == session
    assert not path.exists()


def test_a_reply_without_a_journal_is_interrupted(store: JsonSessions, session: Session, tmp_path: Path) -> None:
    begun_with = replace(reply_begun("r"), raw_markdown="So far ", reasoning="Hm")
    with begun(store, session, [begun_with]) as journal:
        journal.append(text="so good")
    shutil.rmtree(tmp_path / ".replies")
    reply = only_message(store, session)
    assert (reply.status, reply.raw_markdown, reply.reasoning) == ("interrupted", "So far ", "Hm")


def test_a_reply_that_began_with_text_keeps_it(store: JsonSessions, session: Session) -> None:
    with begun(store, session, [replace(reply_begun("r"), raw_markdown="So far ")]) as journal:
        journal.append(text="so good")
        assert only_message(store, session).raw_markdown == "So far so good"
        store.update_session(session.id, owner="ana", title="T2")
        assert only_message(store, session).raw_markdown == "So far so good"
    assert only_message(store, session).raw_markdown == "So far so good"


# Taken away by hand


def test_a_session_taken_away_in_mid_reply_leaves_what_was_said(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        journal.append(text="Beca")
        (tmp_path / f"{session.id}.json").unlink()
        with pytest.raises(SessionNotFound):
            journal.finish(ended("Because."))
    assert b"Beca" in journal_in(tmp_path).read_bytes()


def test_a_message_taken_out_in_mid_reply_is_put_back(store: JsonSessions, session: Session, tmp_path: Path) -> None:
    path = tmp_path / f"{session.id}.json"
    before = path.read_bytes()
    with begun(store, session, [reply_begun("r")]) as journal:
        path.write_bytes(before)
        assert journal.finish(ended("Because.")).messages == (ended("Because."),)


def test_a_journal_that_cant_be_read_now_is_not_taken_for_an_empty_one(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        path = journal_in(tmp_path)
        journal.append(text="Beca")
    path.rename(tmp_path / "elsewhere")
    path.mkdir()  # reading it fails in the system, even for an administrator
    with pytest.raises(SessionUnreadable):
        store.load_session(session.id, owner="ana")
    path.rmdir()
    (tmp_path / "elsewhere").rename(path)
    assert only_message(store, session).raw_markdown == "Beca"


def test_a_sign_of_life_that_cant_be_checked_now_is_not_taken_for_death(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        journal.append(text="Beca")
    life = journal_in(tmp_path).with_suffix(".lock")
    life.unlink()
    life.mkdir()
    with pytest.raises(SessionUnreadable):
        store.load_session(session.id, owner="ana")
    life.rmdir()
    assert only_message(store, session).raw_markdown == "Beca"


# A full disk


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Make the system refuse to let any file grow beyond `size` bytes, as a full disk does."""
    resource = pytest.importorskip("resource", reason="this system has no limit on the size of files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_append_that_failed_half_way_can_be_tried_again(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        journal.append(text="One. ")
        with files_no_larger_than(50):
            with pytest.raises(StoreNotWritable):
                journal.append(text="Two. " * 20)
            assert journal_in(tmp_path).stat().st_size == 50  # a torn line
            assert only_message(store, session).raw_markdown == "One. "
        journal.append(text="Two.")
        assert only_message(store, session).raw_markdown == "One. Two."
        assert journal.finish(ended("One. Two.")).messages == (ended("One. Two."),)


def test_a_reply_that_cant_be_begun_leaves_nothing(store: JsonSessions, session: Session, tmp_path: Path) -> None:
    with files_no_larger_than(50), pytest.raises(StoreNotWritable):
        store.begin_reply(session.id, [message("q"), reply_begun("r", parent="q")], owner="ana")
    assert store.load_session(session.id, owner="ana") == session
    assert list(tmp_path.glob(".replies/*")) == []
    assert list(tmp_path.glob(".*.tmp")) == []
    with begun(store, session, [message("q"), reply_begun("r", parent="q")]) as journal:
        journal.append(text="now")
        assert store.load_session(session.id, owner="ana").messages[1].raw_markdown == "now"


def test_an_end_that_cant_be_stored_can_be_tried_again(store: JsonSessions, session: Session) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        journal.append(text="Beca")
        with files_no_larger_than(50), pytest.raises(StoreNotWritable):
            journal.finish(ended("Because."))
        journal.append(text="use")
        assert only_message(store, session).raw_markdown == "Because"
        assert journal.finish(ended("Because.")).messages == (ended("Because."),)


def test_an_interrupted_reply_is_seen_though_the_disk_is_full(store: JsonSessions, session: Session) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        journal.append(text="Beca")
    with files_no_larger_than(50):
        reply = only_message(store, session)
        assert (reply.status, reply.raw_markdown) == ("interrupted", "Beca")
    assert only_message(store, session) == reply


def test_a_journal_in_the_way_of_another_is_not_overwritten(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with begun(store, session, [reply_begun("r")]) as journal:
        path = journal_in(tmp_path)
        journal.append(text="Beca")
    other = store.create_session(owner="ana", title="T", model="m")
    in_the_way = path.with_name(path.name.replace(session.id, other.id))
    path.rename(in_the_way)
    with pytest.raises(StoreNotWritable):
        store.begin_reply(other.id, [reply_begun("r")], owner="ana")
    assert b"Beca" in in_the_way.read_bytes()
    assert store.load_session(other.id, owner="ana") == other


# Other processes


def test_a_reply_made_by_another_process_is_streaming_until_that_process_dies(
    store: JsonSessions, session: Session, tmp_path: Path
) -> None:
    with SessionWorker(tmp_path) as worker:
        worker.do("begin", session.id, "r")
        worker.do("say", "r", "Beca")
        worker.do("say", "r", "use")
        reply = only_message(store, session)
        assert (reply.status, reply.raw_markdown) == ("streaming", "Because")
        worker.send("vanish")
        worker.process.wait()
        reply = only_message(store, session)
        assert (reply.status, reply.raw_markdown) == ("interrupted", "Because")


@pytest.mark.parametrize("heard", [1, 25])
def test_a_process_killed_in_mid_reply_loses_no_append_that_was_done(
    store: JsonSessions, session: Session, tmp_path: Path, heard: int
) -> None:
    with SessionWorker(tmp_path) as worker:
        worker.do("begin", session.id, "r")
        worker.send("go on saying", "r", "word ")
        for _ in range(heard):
            assert worker.wait() == "said\n"
        worker.process.kill()
        unheard = worker.rest()
    reply = only_message(store, session)
    assert reply.status == "interrupted"
    words = reply.raw_markdown.split()
    assert reply.raw_markdown == "word " * len(words)
    done = heard + unheard.count("said\n")
    assert done <= len(words) <= done + 1


def test_no_interleaving_of_two_processes_loses_a_message(store: JsonSessions, tmp_path: Path) -> None:
    with SessionWorker(tmp_path) as first, SessionWorker(tmp_path) as second:

        @settings(deadline=None, derandomize=True, max_examples=15)
        @given(rounds=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), max_size=4))
        def check(rounds: list[tuple[int, int, bool]]) -> None:
            session = store.create_session(owner="ana", title="T", model="m")
            expected: list[str] = []
            for number, (of_first, of_second, here_too) in enumerate(rounds):
                sent = [(first, f"{number}a{i}") for i in range(of_first)]
                sent += [(second, f"{number}b{i}") for i in range(of_second)]
                for worker, message_id in sent:
                    worker.send("append", session.id, message_id)
                if here_too:
                    store.append_messages(session.id, [message(f"{number}c")], owner="ana")
                    expected.append(f"{number}c")
                for worker, message_id in sent:
                    assert worker.wait() == "done\n"
                    expected.append(message_id)
            loaded = store.load_session(session.id, owner="ana")
            assert sorted(one.id for one in loaded.messages) == sorted(expected)

        check()


if sys.platform == "win32":  # an open file can't be moved or removed there, which several tests do by hand
    pytestmark = pytest.mark.skip(reason="moves files that are open")
