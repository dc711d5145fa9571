"""What a model is told, and what a session is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from parlanchina.conversation import (
    FILES_BUDGET,
    MAX_MESSAGE_CHARS,
    MAX_TITLE_CHARS,
    check_message,
    prompt_for,
    title_from,
)
from parlanchina.errors import EmptyMessage, MessageTooLong
from parlanchina.files import Extract
from parlanchina.messages import Attachment, Message, Session

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


def text_file(name: str, *, size: int = 10) -> tuple[Attachment, Extract]:
    attachment = Attachment(id=f"id-{name}", name=name, media_type="text/plain", size=size)
    extract = Extract(kind="text", media_type="text/plain", part="all 1 line", tokens=size, text="x" * 3 * size)
    return attachment, extract


def test_files_go_along_with_later_questions_while_they_fit() -> None:
    kept, extract = text_file("kept.txt")
    first = replace(message("a", None, "What is this?"), attachments=(kept,))
    answer = message("b", "a", "A file.", role="assistant")
    question = message("c", "b", "And more?")
    told = prompt_for(session(first, answer), question, files={kept.id: extract})
    about, words = told[0]["content"]
    assert "kept.txt" in about["text"]
    assert extract.text in about["text"]
    assert words == {"type": "text", "text": "What is this?"}
    assert [one["content"] for one in told[1:]] == ["A file.", "And more?"]


def test_an_older_file_gives_way_and_is_named_where_it_was() -> None:
    old, old_extract = text_file("old.txt", size=FILES_BUDGET - 10)
    new, new_extract = text_file("new.txt", size=1_000)
    first = replace(message("a", None, "One"), attachments=(old,))
    question = replace(message("b", "a", "Two"), attachments=(new,))
    told = prompt_for(session(first), question, files={old.id: old_extract, new.id: new_extract})
    assert "no room left" in told[0]["content"][0]["text"]
    assert new_extract.text in told[1]["content"][0]["text"]


def test_a_file_that_is_gone_is_named_and_nothing_fails() -> None:
    gone, _ = text_file("gone.txt")
    question = replace(message("a", None, "What was it?"), attachments=(gone,))
    [told] = prompt_for(session(question), question)
    assert "gone.txt" in told["content"][0]["text"]
