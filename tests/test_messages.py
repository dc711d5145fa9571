"""Values keep everything on their way to the form on disk and back, and refuse what is not that form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlanchina.messages import Message, Params, Session, format_time, parse_time
from tests.session_values import START, message, moments, reply_begun, sessions

SESSION = Session(
    id="s",
    owner="local",
    title="T",
    model="demo",
    created_at=START,
    updated_at=START,
    head="b",
    messages=(message("a", "Hello"), message("b", "Hi", parent="a", role="assistant")),
)


@settings(deadline=None, derandomize=True)
@given(session=sessions())
def test_any_session_survives_its_form_on_disk(session: Session) -> None:
    on_disk = json.dumps(session.to_dict())
    assert Session.from_dict(json.loads(on_disk)) == session


def test_the_form_on_disk_is_the_documented_one() -> None:
    raw = SESSION.to_dict()
    assert list(raw) == [
        *("schema", "id", "owner", "title", "model", "system_prompt", "params"),
        *("created_at", "updated_at", "head", "messages"),
    ]
    assert raw["created_at"] == "2026-11-20T09:00:00Z"
    assert raw["params"] == {"temperature": None, "top_p": None, "max_tokens": None}
    asked, replied = raw["messages"]
    assert list(asked) == ["id", "parent_id", "role", "raw_markdown", "attachments", "created_at"]
    assert set(replied) - set(asked) == {
        *("html", "renderer", "model", "provider", "status", "finish_reason", "error", "error_code"),
        *("reasoning", "images", "usage", "timing", "feedback"),
    }


def test_a_reply_in_the_making_survives_too() -> None:
    assert Message.from_dict(reply_begun("r").to_dict()) == reply_begun("r")


def test_fields_that_came_later_may_be_missing() -> None:
    raw = SESSION.to_dict()
    raw["messages"][1] = {
        name: raw["messages"][1][name]
        for name in ("id", "parent_id", "role", "raw_markdown", "attachments", "created_at", "status", "images")
    }
    del raw["params"]
    assert Session.from_dict(raw) == SESSION


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (["schema"], 0, "schema"),
        (["schema"], True, "schema"),
        (["schema"], "1", "schema"),
        (["id"], None, "id"),
        (["id"], 1, "id"),
        (["owner"], ["local"], "owner"),
        (["title"], None, "title"),
        (["system_prompt"], 0, "system_prompt"),
        (["params"], [], "params"),
        (["params", "temperature"], "0.5", "temperature"),
        (["params", "temperature"], True, "temperature"),
        (["params", "temperature"], float("nan"), "temperature"),
        (["params", "temperature"], 10**400, "temperature"),
        (["params", "max_tokens"], 1.5, "max_tokens"),
        (["params", "max_tokens"], True, "max_tokens"),
        (["created_at"], "2026-11-20T09:00:00", "zone"),
        (["created_at"], "yesterday", "yesterday"),
        (["updated_at"], "0001-01-01T00:00:00+14:00", "range"),
        (["updated_at"], 1_790_000_000, "time"),
        (["head"], 3, "head"),
        (["messages"], {}, "messages"),
        (["messages"], None, "messages"),
        (["messages", 0], "Hello", "messages"),
        (["messages", 0, "role"], "system", "role"),
        (["messages", 0, "role"], ["user"], "role"),
        (["messages", 0, "raw_markdown"], None, "raw_markdown"),
        (["messages", 0, "attachments"], None, "attachments"),
        (["messages", 1, "status"], "done", "status"),
        (["messages", 1, "html"], 7, "html"),
        (["messages", 1, "images"], [{"url": 1, "alt_text": ""}], "url"),
        (["messages", 1, "usage"], {"input_tokens": 1}, "output_tokens"),
        (["messages", 1, "timing"], {"first_token_ms": "5", "total_ms": 5}, "first_token_ms"),
        (["messages", 1, "feedback"], "sideways", "feedback"),
    ],
)
def test_what_is_not_the_form_is_refused_by_name(place: list[str | int], value: object, named: str) -> None:
    raw: Any = SESSION.to_dict()
    inner = raw
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(ValueError, match=named):
        Session.from_dict(raw)


def test_whole_numbers_are_taken_where_a_fraction_could_be() -> None:
    assert Params.from_dict({"temperature": 1, "top_p": 0, "max_tokens": None}) == Params(temperature=1.0, top_p=0.0)


@given(moment=moments, hours=st.integers(-12, 12))
def test_times_come_back_exactly_and_in_utc(moment: datetime, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    if not datetime(2, 1, 1, tzinfo=UTC) < moment < datetime(9998, 1, 1, tzinfo=UTC):
        zone = UTC  # at the ends of the calendar another zone's clock shows no date
    written = format_time(moment.astimezone(zone))
    assert written.endswith("Z")
    assert parse_time(written) == moment
    assert parse_time(written).tzinfo is UTC


def test_the_path_leads_to_the_head_along_one_branch() -> None:
    session = replace(
        SESSION,
        head="d",
        messages=(*SESSION.messages, message("c", parent="a", role="assistant"), message("d", parent="c")),
    )
    assert [one.id for one in session.path()] == ["a", "c", "d"]
    assert [one.id for one in session.siblings(session.messages[1])] == ["b", "c"]
    assert session.leaf_under("a") == "d"
    assert session.leaf_under("b") == "b"
    assert session.message("c") == session.messages[2]
    assert session.message("nowhere") is None


def test_an_empty_session_shows_nothing() -> None:
    assert replace(SESSION, head=None, messages=()).path() == []


def test_messages_that_answer_one_another_are_shown_once_each() -> None:
    session = replace(SESSION, messages=(message("a", parent="b"), message("b", parent="a"), message("c")))
    assert [one.id for one in session.path()] == ["a", "b"]
    assert session.leaf_under("a") in {"a", "b"}


def test_a_message_whose_parent_is_missing_starts_the_path() -> None:
    session = replace(SESSION, head="b", messages=(message("b", parent="gone"),))
    assert [one.id for one in session.path()] == ["b"]


def test_the_summary_is_what_a_list_shows() -> None:
    summary = SESSION.summary()
    assert (summary.id, summary.title, summary.model) == ("s", "T", "demo")
    assert (summary.created_at, summary.updated_at) == (START, START)
