"""A file that can't be read is kept, told of, and harms no other."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parlanchina.errors import SessionDamaged, SessionNotFound, SessionUnreadable
from parlanchina.messages import Session
from parlanchina.stores.json_sessions import JsonSessions
from tests.session_files import SESSION, file_of, titles
from tests.session_values import START, message, sessions


@pytest.fixture
def store(tmp_path: Path) -> JsonSessions:
    return JsonSessions(tmp_path)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(session=sessions(), fraction=st.floats(0, 1, exclude_max=True))
@example(session=SESSION, fraction=0.0)
@example(session=SESSION, fraction=0.999_999)
@example(session=replace(SESSION, head=None, messages=()), fraction=0.999_999)
def test_any_truncation_is_detected_and_harms_no_other(session: Session, fraction: float) -> None:
    session = replace(session, id="cut", owner="ana")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file_of(folder)
        path = file_of(folder, session)
        rest = path.read_bytes()[: int(path.stat().st_size * fraction)]
        path.write_bytes(rest)

        by_list = JsonSessions(folder)
        assert by_list.list_sessions(owner="ana") == [SESSION.summary()]
        assert len(by_list.damaged()) == 1
        (kept,) = folder.glob("damaged/cut-*.json")
        assert kept.read_bytes() == rest

        path.write_bytes(rest)
        by_load = JsonSessions(folder)
        with pytest.raises(SessionDamaged, match="damaged"):
            by_load.load_session("cut", owner="ana")
        assert by_load.list_sessions(owner="ana") == [SESSION.summary()]
        assert by_load.load_session(SESSION.id, owner="ana") == SESSION
        assert [one.read_bytes() for one in folder.glob("damaged/cut-*.json")] == [rest, rest]


def test_every_truncation_of_one_file_is_detected(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    whole = path.read_bytes()
    store = JsonSessions(tmp_path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(SessionDamaged):
            store.load_session(SESSION.id, owner="ana")
    path.write_bytes(whole)
    assert store.load_session(SESSION.id, owner="ana") == SESSION


GOOD = json.dumps(SESSION.to_dict()).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 500,
        b"[]",
        b"null",
        b"[" * 100_000,
        b"{}",
        GOOD + b"}",
        GOOD + GOOD,
        GOOD.replace(b'"schema": 1', b'"schema": "1"'),
        GOOD.replace(b'"schema": 1', b'"schema": 0'),
        GOOD.replace(b'"Title"', b"7"),
        GOOD.replace(b'"Title"', b'"\xff"'),
        GOOD.replace(b'"temperature": null', b'"temperature": NaN'),
        GOOD.replace(b'"temperature": null', b'"temperature": 1e999'),
        GOOD.replace(b'"temperature": null', b'"temperature": ' + b"9" * 5_000),
        GOOD.replace(b'"user"', b'"system"'),
        GOOD.replace(b"2026-11-20T09", b"2026-11-20T99"),
        GOOD.replace(b'"a-session"', b'"another"'),
        GOOD.replace(b'"a-session"', b'"A-session"'),
    ],
    ids=range(18),
)
@pytest.mark.parametrize("found_by", ["load", "list", "search", "write", "delete"])
def test_a_damaged_file_is_set_aside_unchanged_and_reported(
    store: JsonSessions, tmp_path: Path, content: bytes, found_by: str
) -> None:
    file_of(tmp_path, replace(SESSION, id="sound"))
    file_of(tmp_path).write_bytes(content)
    find = {
        "load": lambda: store.load_session(SESSION.id, owner="ana"),
        "list": lambda: store.list_sessions(owner="ana"),
        "search": lambda: store.search("why", owner="ana"),
        "write": lambda: store.append_messages(SESSION.id, [message("m")], owner="ana"),
        "delete": lambda: store.delete_session(SESSION.id, owner="ana"),
    }[found_by]
    with suppress(SessionDamaged):
        found = find()
        assert [one.id for one in found] == ["sound"]
    (kept,) = tmp_path.glob("damaged/*")
    assert kept.read_bytes() == content
    assert not (tmp_path / f"{SESSION.id}.json").exists()
    (sentence,) = store.damaged()
    assert SESSION.id in sentence
    assert str(kept) in sentence
    with pytest.raises(SessionDamaged, match="set aside"):
        store.load_session(SESSION.id, owner="ana")
    assert [one.id for one in store.list_sessions(owner="ana")] == ["sound"]


def test_a_copy_under_another_name_is_not_a_session_of_its_own(store: JsonSessions, tmp_path: Path) -> None:
    (tmp_path / "copy.json").write_bytes(file_of(tmp_path).read_bytes())
    assert titles(store) == ["Title"]
    assert "it holds the session 'a-session'" in store.damaged()[0]
    assert [path.name.partition("-")[0] for path in tmp_path.glob("damaged/*")] == ["copy"]


def test_damage_in_the_middle_of_a_file_is_found_when_it_is_searched_or_opened(
    store: JsonSessions, tmp_path: Path
) -> None:
    path = file_of(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"user"', b'"usre"'))
    assert titles(store) == ["Title"]
    assert store.search("why", owner="ana") == []
    assert len(store.damaged()) == 1
    assert titles(store) == []


def test_files_of_one_name_are_set_aside_beside_one_another(tmp_path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        file_of(tmp_path).write_bytes(content)
        with pytest.raises(SessionDamaged):
            JsonSessions(tmp_path, clock=lambda: START).load_session(SESSION.id, owner="ana")
    assert sorted(path.read_bytes() for path in tmp_path.glob("damaged/*")) == [b"1", b"2", b"3"]


def test_a_repaired_file_put_back_is_read_again(store: JsonSessions, tmp_path: Path) -> None:
    file_of(tmp_path).write_bytes(b"{")
    assert titles(store) == []
    file_of(tmp_path)
    assert store.load_session(SESSION.id, owner="ana") == SESSION
    assert titles(store) == ["Title"]
    assert store.damaged() == []


def test_another_owner_is_not_told_of_the_damage(store: JsonSessions, tmp_path: Path) -> None:
    path = file_of(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    for _ in range(2):
        with pytest.raises(SessionNotFound) as refused:
            store.load_session(SESSION.id, owner="ben")
        assert str(refused.value) == str(SessionNotFound(SESSION.id))
    with pytest.raises(SessionDamaged):
        store.load_session(SESSION.id, owner="ana")


def test_a_damaged_file_that_cant_be_moved_stays_and_is_reported(store: JsonSessions, tmp_path: Path) -> None:
    (tmp_path / "damaged").write_text("in the way")
    path = file_of(tmp_path)
    path.write_bytes(b"{")
    with pytest.raises(SessionUnreadable, match="could not be set aside"):
        store.load_session(SESSION.id, owner="ana")
    assert titles(store) == []
    assert path.read_bytes() == b"{"
    assert len(store.damaged()) == 1


def test_a_newer_versions_file_is_left_where_it_is(store: JsonSessions, tmp_path: Path) -> None:
    path = file_of(tmp_path)
    newer = GOOD.replace(b'"schema": 1', b'"schema": 2').replace(b'"Title"', b'{"text": "Title"}')
    path.write_bytes(newer)
    assert titles(store) == []
    (sentence,) = store.damaged()
    assert "update the app" in sentence
    for attempt in (store.load_session, store.delete_session, partial(store.update_session, title="T")):
        with pytest.raises(SessionUnreadable, match="format 2"):
            attempt(SESSION.id, owner="ana")
        with pytest.raises(SessionNotFound):
            attempt(SESSION.id, owner="ben")
    assert path.read_bytes() == newer
    assert not (tmp_path / "damaged").exists()


def test_what_the_disk_wont_give_now_is_not_taken_for_damage(store: JsonSessions, tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION.id}.json"
    path.mkdir()  # reading it fails in the system, even for an administrator
    with pytest.raises(SessionUnreadable, match="left as it is"):
        store.load_session(SESSION.id, owner="ana")
    assert titles(store) == []
    assert path.is_dir()
    assert len(store.damaged()) == 1
    path.rmdir()
    with pytest.raises(SessionNotFound):
        store.load_session(SESSION.id, owner="ana")
    assert store.damaged() == []
    file_of(tmp_path)
    assert titles(store) == ["Title"]
    assert store.load_session(SESSION.id, owner="ana") == SESSION


def test_a_file_of_another_kind_is_left_alone(store: JsonSessions, tmp_path: Path) -> None:
    for name in ("README.md", "My notes.json", "Ä.json", "json", ".json"):
        (tmp_path / name).write_text("mine")
    assert titles(store) == []
    assert len(list(tmp_path.iterdir())) == 5
