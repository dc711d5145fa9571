"""What a model is told, and what a session is called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parlanchina.conversation import MAX_MESSAGE_CHARS, MAX_TITLE_CHARS, check_message, prompt_for, title_from
from parlanchina.errors import EmptyMessage, MessageTooLong
from parlanchina.messages import Message, Session

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def message(message_id: str, parent_id: str | None, text: str, *, role: str = "user") -> Message:
    return Message(id=message_id, parent_id=parent_id, role=role, raw_markdown=text, created_at=NOON)  # type: ignore[arg-type]


def session(*messages: Message, system_prompt: str = "") -> Session:
    return Session(
        id="s",
        owner="local",
        title="",
        model="m",
        system_prompt=system_prompt,
        created_at=NOON,
        updated_at=NOON,
        head=messages[-1].id,
        messages=messages,
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello there", "Hello there"),
        ("  ## A heading\nand more", "A heading and more"),
        ("\x00\u202egnp.exe\n", "gnp.exe"),
        ("¿Qué tal? 👋", "¿Qué tal? 👋"),
        ("***", "New chat"),
    ],
)
def test_title_is_the_first_words_on_one_line(text: str, title: str) -> None:
    assert title_from(text) == title


def test_long_title_is_cut_between_words() -> None:
    title = title_from("word " * 100)
    assert len(title) <= MAX_TITLE_CHARS + 1
    assert title.endswith("word…")
    assert title_from("x" * 500) == "x" * MAX_TITLE_CHARS + "…"


def test_empty_and_oversized_messages_are_refused_with_a_sentence() -> None:
    for text in ("", " \n\u2003"):
        with pytest.raises(EmptyMessage):
            check_message(text)
    check_message("x" * MAX_MESSAGE_CHARS)
    with pytest.raises(MessageTooLong, match="1,000,000 characters"):
        check_message("x" * 1_000_000)


def test_prompt_follows_the_branch_and_leaves_failed_replies_out() -> None:
    first = message("1", None, "one")
    failed = message("2", "1", "", role="assistant")
    other = message("2b", "1", "another branch", role="assistant")
    last = message("3", "2", "three")
    told = prompt_for(session(first, failed, other, last, system_prompt="Be brief."), last)
    assert told == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "user", "content": "three"},
    ]


def test_a_loop_in_a_hand_edited_session_ends() -> None:
    a, b = message("a", "b", "a"), message("b", "a", "b", role="assistant")
    assert len(prompt_for(session(a, b), a)) <= 3
    assert len(session(a, b).path()) <= 3
    assert session(a, b).leaf_under("a") in {"a", "b"}
