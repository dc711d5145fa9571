"""How a session is laid out in its file, and what else is taken for one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from parlanchina.stores.json_sessions import JsonSessions
from tests.session_files import SESSION, file_of
from tests.session_values import START, TickingClock, message


@pytest.fixture
def store(tmp_path: Path) -> JsonSessions:
    return JsonSessions(tmp_path)


def test_a_file_is_one_json_object_with_a_message_a_line_and_ends_with_its_brace(store: JsonSessions, tmp_path: Path):
    made = store.create_session(owner="ana", title="Ti\ntle", model="demo")
    empty = (tmp_path / f"{made.id}.json").read_text("utf-8")
    made = store.append_messages(made.id, [message("a", "1\n2"), message("b")], owner="ana")
    text = (tmp_path / f"{made.id}.json").read_text("utf-8")
    header, *messages, end = text.split("\n")
    assert header.endswith('"messages": [')
    assert [json.loads(line.removesuffix(","))["id"] for line in messages] == ["a", "b"]
    assert end == "]}"
    assert json.loads(text) == made.to_dict()
    assert json.loads(empty)["messages"] == []


def test_text_is_written_as_utf_8_and_only_what_it_cant_hold_as_escapes(store: JsonSessions, tmp_path: Path) -> None:
    made = store.create_session(owner="ana", title="é👩🏽‍🚀\ud800", model="demo")
    content = (tmp_path / f"{made.id}.json").read_bytes()
    assert "é👩🏽‍🚀\\ud800".encode() in content


@pytest.mark.parametrize("layout", [{"indent": 2}, {"separators": (",", ":")}, {"sort_keys": True}], ids=str)
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf\r\n"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", [b"", b"\r\n\n"], ids=["no newline", "newlines"])
def test_a_file_laid_out_by_another_hand_is_as_good(
    store: JsonSessions, tmp_path: Path, layout: dict[str, object], start: bytes, end: bytes
) -> None:
    text = json.dumps(SESSION.to_dict(), **layout)  # type: ignore[arg-type]  # json's keyword arguments
    file_of(tmp_path).write_bytes(start + text.encode() + end)
    assert store.list_sessions(owner="ana") == [SESSION.summary()]
    assert store.load_session(SESSION.id, owner="ana") == SESSION
    assert store.damaged() == []


def test_times_are_kept_in_utc_whatever_the_clock_says(tmp_path: Path) -> None:
    clock = TickingClock(datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=3))))
    made = JsonSessions(tmp_path, clock=clock).create_session(owner="ana", title="", model="")
    assert made.created_at == START + timedelta(seconds=1)
    assert '"2026-11-20T09:00:01Z"' in (tmp_path / f"{made.id}.json").read_text("utf-8")
