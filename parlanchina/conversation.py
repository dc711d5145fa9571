"""What a model is told of a session: the branch being shown, as chat messages; and what a session is called.

Pure: takes sessions and messages, returns values. Nothing here is stored or sent.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from parlanchina.errors import EmptyMessage, MessageTooLong
from parlanchina.messages import Message, Session

__all__ = [
    "CONTINUE_INSTRUCTION",
    "MAX_MESSAGE_CHARS",
    "MAX_TITLE_CHARS",
    "check_message",
    "prompt_for",
    "title_from",
]

MAX_MESSAGE_CHARS = 400_000
"""Characters one message may have: about 100,000 tokens, more than most models read at once."""

MAX_TITLE_CHARS = 60

CONTINUE_INSTRUCTION = "Continue your last message exactly where it stopped. Repeat nothing, and add no introduction."
"""Sent after a cut reply to have it continued; never stored."""


def check_message(text: str) -> None:
    """Raise `EmptyMessage` or `MessageTooLong` for what can't be sent."""
    if not text.strip():
        raise EmptyMessage
    if len(text) > MAX_MESSAGE_CHARS:
        raise MessageTooLong(length=len(text), limit=MAX_MESSAGE_CHARS)


def title_from(text: str) -> str:
    """Make a session's title from its first message: its first words, on one line."""
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs"} else c for c in text[:2000])
    words = " ".join(visible.strip().lstrip("#>*-` ").split())
    if len(words) <= MAX_TITLE_CHARS:
        return words or "New chat"
    cut = words[:MAX_TITLE_CHARS]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > MAX_TITLE_CHARS // 2 else cut).rstrip(" ,.;:") + "…"


def prompt_for(session: Session, question: Message, *, continued: str = "") -> list[dict[str, Any]]:
    """The chat messages that ask for a reply to `question`.

    `continued` is the text of a reply that was cut and is to go on.
    """
    by_id = {message.id: message for message in session.messages}
    turns: list[dict[str, Any]] = []  # Any: the OpenAI chat shape
    current: Message | None = question
    while current is not None and len(turns) <= len(by_id):
        if current.raw_markdown.strip():  # a reply that failed before its first word says nothing to a model
            turns.append({"role": current.role, "content": current.raw_markdown})
        current = by_id.get(current.parent_id) if current.parent_id else None
    turns.reverse()
    if session.system_prompt.strip():
        turns.insert(0, {"role": "system", "content": session.system_prompt})
    if continued:
        turns += [
            {"role": "assistant", "content": continued},
            {"role": "user", "content": CONTINUE_INSTRUCTION},
        ]
    return turns
