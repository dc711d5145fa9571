"""What crashes and time leave is taken away; what is in use or can still be brought back is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from parlanchina.errors import SessionNotFound
from parlanchina.stores.json_sessions import JsonSessions
from parlanchina.stores.json_sweep import DELETED_KEPT
from tests.session_files import SESSION, file_of
from tests.session_store_contract import begun, ended
from tests.session_values import START, TickingClock, message, reply_begun
from tests.test_json_files import held_elsewhere


def start(folder: Path, *, days: float = 0) -> JsonSessions:
    """A store as it is some days later, after its first look around."""
    store = JsonSessions(folder, clock=TickingClock(START + timedelta(days=days)))
    store.list_sessions(owner="ana")
    return store


def test_temporary_files_of_dead_writers_go_and_those_in_use_stay(tmp_path: Path) -> None:
    dead, alive, trash = tmp_path / ".dead.tmp", tmp_path / ".alive.tmp", tmp_path / "deleted" / ".dead.tmp"
    trash.parent.mkdir()
    for path in (dead, alive, trash):
        path.write_text("half")
    (tmp_path / ".locks").mkdir()
    with held_elsewhere(tmp_path / ".locks" / "alive.lock"):
        start(tmp_path)
        assert not dead.exists()
        assert not trash.exists()
        assert alive.exists()
    start(tmp_path)
    assert not alive.exists()


def test_deleted_sessions_can_be_brought_back_for_thirty_days(tmp_path: Path) -> None:
    file_of(tmp_path)
    start(tmp_path, days=100).delete_session(SESSION.id, owner="ana")
    assert timedelta(days=30) == DELETED_KEPT
    store = start(tmp_path, days=100 + 29.9)
    assert store.restore_session(SESSION.id, owner="ana") == SESSION
    store.delete_session(SESSION.id, owner="ana")
    store = start(tmp_path, days=100 + 29.9 + 30.1)
    with pytest.raises(SessionNotFound):
        store.restore_session(SESSION.id, owner="ana")
    assert list(tmp_path.rglob("*.json")) == []


def test_a_server_that_runs_for_months_lets_go_of_old_deletions_too(tmp_path: Path) -> None:
    clock = TickingClock()
    store = JsonSessions(tmp_path, clock=clock)
    first, second = (store.create_session(owner="ana", title="T", model="m") for _ in range(2))
    store.delete_session(first.id, owner="ana")
    clock.now += timedelta(days=31)
    store.delete_session(second.id, owner="ana")
    assert [path.stem for path in tmp_path.rglob("*.json")] == [second.id]


def test_what_a_reply_said_in_a_deleted_session_goes_with_it(tmp_path: Path) -> None:
    store = JsonSessions(tmp_path, clock=TickingClock())
    made = store.create_session(owner="ana", title="T", model="m")
    with begun(store, made, [reply_begun("r")]) as journal:
        journal.append(text="Beca")
        store.delete_session(made.id, owner="ana")
    start(tmp_path, days=1)
    assert len(list(tmp_path.glob(".replies/*.jsonl"))) == 1
    start(tmp_path, days=31)
    assert list(tmp_path.glob(".replies/*")) == []


def test_journals_of_ended_replies_go_and_the_others_stay(tmp_path: Path) -> None:
    store = JsonSessions(tmp_path)
    made = store.create_session(owner="ana", title="T", model="m")
    replies = tmp_path / ".replies"
    with begun(store, made, [reply_begun("running")]) as running:
        running.append(text="1")
        of_running = set(replies.iterdir())
        with begun(store, made, [reply_begun("cut")]) as cut:
            cut.append(text="2")
        not_ended = set(replies.iterdir())

        with begun(store, made, [reply_begun("ended")]) as journal:
            journal.append(text="3")
            (path,) = set(replies.glob("*.jsonl")) - not_ended
            said = path.read_bytes()
            journal.finish(ended("3", "ended"))
        path.write_bytes(said)  # as if the process had died before it was removed,
        (replies / f"{made.id}.0123456789abcdef.lock").touch()  # or between the one file and the other
        lost = replies / "nowhere.0123456789abcdef.jsonl"
        lost.write_bytes(said)  # its session was taken away by hand

        loaded = start(tmp_path).load_session(made.id, owner="ana")
        assert [(one.raw_markdown, one.status) for one in loaded.messages] == [
            ("1", "streaming"),
            ("2", "interrupted"),
            ("3", "complete"),
        ]
        assert set(replies.iterdir()) == of_running | {lost}


def test_an_unreadable_journal_is_not_swept_away(tmp_path: Path) -> None:
    file_of(tmp_path, replace(SESSION, messages=(message("q"), ended("whole", "r", parent="q"))))
    store = JsonSessions(tmp_path)
    with begun(store, SESSION, [reply_begun("s", parent="q")]) as journal:
        (path,) = tmp_path.glob(".replies/*.jsonl")
        journal.append(text="more")
        said = path.read_bytes()
        journal.finish(ended("more", "s", parent="q"))
    path.write_bytes(b"\x00\x00\n" + said)
    start(tmp_path)
    assert path.exists()


def test_sweeping_a_folder_that_refuses_stops_nothing(tmp_path: Path) -> None:
    file_of(tmp_path)
    (tmp_path / ".dead.tmp").mkdir()  # can't be unlinked
    for name in (".locks", ".replies", "deleted"):
        (tmp_path / name).write_text("in the way")
    assert start(tmp_path).load_session(SESSION.id, owner="ana") == SESSION
