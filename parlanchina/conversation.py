"""What a model is told of a session: the branch being shown, as chat messages; and what a session is called.

Pure: takes sessions and messages, returns values. Nothing here is stored or sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from parlanchina.errors import EmptyMessage, MessageTooLong
from parlanchina.files import Extract, Plan, fit, prompt_parts
from parlanchina.messages import Attachment, Message, Session
from parlanchina.reply_pictures import told_in_words

__all__ = [
    "CONTINUE_INSTRUCTION",
    "FILES_BUDGET",
    "MAX_MESSAGE_CHARS",
    "MAX_TITLE_CHARS",
    "attachments_of",
    "check_message",
    "plan_files",
    "prompt_for",
    "title_from",
]

MAX_MESSAGE_CHARS = 400_000
"""Characters one message may have: about 100,000 tokens, more than most models read at once."""

MAX_TITLE_CHARS = 60

FILES_BUDGET = 64_000
"""Tokens that the files of a conversation may take together: half of what a common model reads at once."""

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


def attachments_of(messages: Sequence[Message]) -> list[Attachment]:
    """The files that came with messages, in their order, each once."""
    files = {attachment.id: attachment for message in messages for attachment in message.attachments}
    return list(files.values())


def plan_files(attachments: Sequence[Attachment], files: Mapping[str, Extract]) -> Plan:
    """Which of the files go along, of those that can still be read."""
    return fit([(file, files[file.id]) for file in attachments if file.id in files], budget_tokens=FILES_BUDGET)


def prompt_for(
    session: Session,
    question: Message,
    *,
    continued: str = "",
    files: Mapping[str, Extract] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The chat messages that ask for a reply to `question`.

    `continued` is the text of a reply that was cut and is to go on; `files` what was read of the attached files, by
    their ids. What doesn't fit, or can't be read any more, is named in its place.
    """
    path = session.path_to(question)
    sent = {attachment.id for attachment, _ in plan_files(attachments_of(path), files).sent}
    turns: list[dict[str, Any]] = []  # Any: the OpenAI chat shape
    for message in path:
        text = message.raw_markdown if message.role == "user" else told_in_words(message.raw_markdown)
        if message.attachments:
            chosen = [(file, files[file.id]) for file in message.attachments if file.id in sent]
            left_out = [file for file in message.attachments if file.id not in sent]
            turns.append({"role": message.role, "content": prompt_parts(chosen, text, left_out=left_out)})
        elif text.strip():  # a reply that failed before its first word says nothing to a model
            turns.append({"role": message.role, "content": text})
    if session.system_prompt.strip():
        turns.insert(0, {"role": "system", "content": session.system_prompt})
    if continued:
        turns += [
            {"role": "assistant", "content": told_in_words(continued)},
            {"role": "user", "content": CONTINUE_INSTRUCTION},
        ]
    return turns
