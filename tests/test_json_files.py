"""Locks hold between threads and processes; nothing is written by halves or outside the folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from parlanchina.errors import SessionNotFound, StoreBusy, StoreNotWritable
from parlanchina.stores.json_files import SessionLocks, is_session_id
from parlanchina.stores.json_sessions import JsonSessions
from tests.session_files import SESSION, THE_DAY_BEFORE, file_of, titles
from tests.session_values import message


@pytest.fixture
def store(tmp_path: Path) -> JsonSessions:
    return JsonSessions(tmp_path)


@pytest.mark.parametrize("bad", ["", "../up", "A", "con", "x" * 65, "é"])
def test_a_new_id_that_cant_name_a_file_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match="id"):
        JsonSessions(tmp_path, new_id=lambda: bad).create_session(owner="ana", title="", model="")
    assert list(tmp_path.rglob("*.json")) == []


def test_a_new_id_in_use_is_refused_and_its_session_kept(tmp_path: Path) -> None:
    file_of(tmp_path)
    with pytest.raises(ValueError, match="in use"):
        JsonSessions(tmp_path, new_id=lambda: SESSION.id).create_session(owner="ben", title="", model="")
    assert JsonSessions(tmp_path).load_session(SESSION.id, owner="ana") == SESSION


def test_an_unknown_id_leaves_no_lock_behind(store: JsonSessions, tmp_path: Path) -> None:
    with pytest.raises(SessionNotFound):
        store.update_session("nowhere", owner="ana", title="")
    assert list(tmp_path.rglob("*.lock")) == []


@pytest.mark.parametrize("good", ["a", "0", "-", "_", "a-session_7", "x" * 64, "con1", "com10", "nula"])
def test_these_can_name_a_file_anywhere(good: str) -> None:
    assert is_session_id(good)


@pytest.mark.parametrize("bad", ["", "A", "a.", "a b", "a/b", "a\n", "\x00", "é", "x" * 65, "nul", "com1", "lpt9"])
def test_these_cant(bad: str) -> None:
    assert not is_session_id(bad)


def test_no_lock_file_is_made_outside_the_folder(tmp_path: Path) -> None:
    locks = SessionLocks(tmp_path / "locks", timeout=0)
    with pytest.raises(SessionNotFound), locks.hold("../outside"):
        pass
    assert list(tmp_path.iterdir()) == []


@contextmanager
def held_elsewhere(lock_file: Path) -> Iterator[None]:
    """A lock held as another process would hold it; by a thread, since a lock file knows its own."""
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(lock_file):
            held.set()
            let_go.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        yield
    finally:
        let_go.set()
        holder.join()


def test_a_session_locked_for_too_long_is_busy_and_the_others_are_not(tmp_path: Path) -> None:
    store = JsonSessions(tmp_path, lock_timeout=0.05)
    busy, free = (store.create_session(owner="ana", title="T", model="m") for _ in range(2))
    with held_elsewhere(tmp_path / ".locks" / f"{busy.id}.lock"):
        with pytest.raises(StoreBusy, match=busy.id):
            store.append_messages(busy.id, [message("m")], owner="ana")
        assert store.load_session(busy.id, owner="ana") == busy
        assert store.append_messages(free.id, [message("m")], owner="ana").head == "m"
    assert store.append_messages(busy.id, [message("m")], owner="ana").head == "m"


def test_threads_of_one_store_wait_for_one_another_no_longer_than_that(tmp_path: Path) -> None:
    locks = SessionLocks(tmp_path, timeout=0.05)
    errors: list[Exception] = []

    def wait_in_vain() -> None:
        try:
            with locks.hold("a"):
                pass
        except StoreBusy as error:
            errors.append(error)

    with locks.hold("a"):
        waiting = threading.Thread(target=wait_in_vain)
        waiting.start()
        waiting.join()
    assert len(errors) == 1
    with locks.hold("a"):
        pass


def test_a_damaged_file_in_use_stays_until_it_can_be_set_aside(tmp_path: Path) -> None:
    store = JsonSessions(tmp_path, lock_timeout=0.01)
    path = file_of(tmp_path)
    path.write_bytes(b"{")
    os.utime(path, (THE_DAY_BEFORE, THE_DAY_BEFORE))
    (tmp_path / ".locks").mkdir()
    with held_elsewhere(tmp_path / ".locks" / f"{SESSION.id}.lock"):
        assert titles(store) == []
        assert store.damaged() == []
    assert titles(store) == []
    assert len(store.damaged()) == 1


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_place_that_cant_be_written_is_said_before_anything_is_lost(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    store = JsonSessions(tmp_path / place)
    with pytest.raises(StoreNotWritable, match="PARLANCHINA_DATA_DIR"):
        store.check_writable()
    with pytest.raises(StoreNotWritable):
        store.create_session(owner="ana", title="T", model="m")


@pytest.mark.parametrize("content", ["file", "folder"])
def test_a_session_that_cant_be_deleted_stays(store: JsonSessions, tmp_path: Path, content: str) -> None:
    file_of(tmp_path)
    if content == "file":
        (tmp_path / "deleted").write_text("in the way")
    else:
        (tmp_path / "deleted" / f"{SESSION.id}.json").mkdir(parents=True)
    with pytest.raises(StoreNotWritable):
        store.delete_session(SESSION.id, owner="ana")
    assert store.load_session(SESSION.id, owner="ana") == SESSION


def test_a_change_that_changes_nothing_writes_nothing(store: JsonSessions, tmp_path: Path) -> None:
    path = file_of(tmp_path)
    before = path.stat()
    assert store.update_session(SESSION.id, owner="ana", title=SESSION.title, head=SESSION.head) == SESSION
    assert store.append_messages(SESSION.id, [], owner="ana") == SESSION
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_asking_whether_it_can_be_written_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    JsonSessions(tmp_path / "data" / "sessions").check_writable()
    assert list((tmp_path / "data" / "sessions").iterdir()) == []


def test_what_a_crash_left_half_written_is_overwritten_by_the_next_write(store: JsonSessions, tmp_path: Path) -> None:
    file_of(tmp_path)
    left = tmp_path / f".{SESSION.id}.tmp"
    left.write_bytes(b"x" * 10_000)
    store.append_messages(SESSION.id, [message("m")], owner="ana")
    assert not left.exists()
    assert store.load_session(SESSION.id, owner="ana").head == "m"
