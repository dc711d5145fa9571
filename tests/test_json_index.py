"""A list and a search read again what changed, and only that."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from parlanchina.errors import StoreNotWritable
from parlanchina.messages import Session
from parlanchina.stores.json_format import decode_session, encode_session
from parlanchina.stores.json_index import SessionIndex
from parlanchina.stores.json_sessions import JsonSessions
from tests.session_files import SESSION, THE_DAY_BEFORE, file_of, titles


@pytest.fixture
def store(tmp_path: Path) -> JsonSessions:
    return JsonSessions(tmp_path)


def test_a_file_that_looks_unchanged_is_not_read_again(store: JsonSessions, tmp_path: Path) -> None:
    path = file_of(tmp_path)
    assert titles(store) == ["Title"]
    with path.open("r+b") as file:
        file.write(encode_session(replace(SESSION, title="Other")))
    os.utime(path, (THE_DAY_BEFORE, THE_DAY_BEFORE))
    assert titles(store) == ["Title"]
    os.utime(path, (THE_DAY_BEFORE + 1, THE_DAY_BEFORE + 1))
    assert titles(store) == ["Other"]


def test_a_file_too_new_for_its_time_to_tell_is_read_again(store: JsonSessions, tmp_path: Path) -> None:
    path = file_of(tmp_path)
    soon = path.stat().st_mtime + 10 * 365 * 86_400
    os.utime(path, (soon, soon))
    assert titles(store) == ["Title"]
    with path.open("r+b") as file:
        file.write(encode_session(replace(SESSION, title="Other")))
    os.utime(path, (soon, soon))
    assert titles(store) == ["Other"]


class CountedReads:
    """Reads whole files, and counts how many."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def __call__(self, session_id: str) -> Session:
        self.count += 1
        return decode_session((self.folder / f"{session_id}.json").read_bytes())


@pytest.mark.parametrize(("text_bytes", "reads_again"), [(1_000_000, 0), (100, 2), (0, 2)])
def test_texts_are_read_once_as_far_as_they_may_be_kept(tmp_path: Path, text_bytes: int, reads_again: int) -> None:
    for session_id in ("one", "two"):
        file_of(tmp_path, replace(SESSION, id=session_id, title=f"{session_id} " * 100))
    reads = CountedReads(tmp_path)
    index = SessionIndex(tmp_path, read=reads, text_bytes=text_bytes)
    assert len(index.summaries("ana")) == 2
    assert reads.count == 0  # a list needs no more than first lines
    assert [one.id for one in index.search("two why", "ana")] == ["two"]
    assert reads.count == 2
    assert [one.id for one in index.search("two why", "ana")] == ["two"]
    assert reads.count == 2 + reads_again


def test_only_the_owners_texts_are_read(tmp_path: Path) -> None:
    file_of(tmp_path)
    reads = CountedReads(tmp_path)
    assert SessionIndex(tmp_path, read=reads).search("why", "ben") == []
    assert reads.count == 0


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreNotWritable, match="PARLANCHINA_DATA_DIR"):
        JsonSessions(tmp_path / "file").list_sessions(owner="ana")


def test_a_folder_that_is_missing_holds_nothing(tmp_path: Path) -> None:
    assert JsonSessions(tmp_path / "missing").list_sessions(owner="ana") == []
    assert not (tmp_path / "missing").exists()
