"""How a session is laid out in its file.

Owns the bytes: one JSON object, the first line holding everything but the messages, then a message a line.
So a list can be made from first lines alone, a person can read and compare files, and the last byte is the
object's closing brace: whatever is cut off, the rest is no JSON. Knows nothing of folders and locks.

Text is UTF-8. A lone surrogate, which UTF-8 can't hold, is written as its JSON escape; a high one followed by
a low one is the character that they spell.
"""

from __future__ import annotations

import json
from typing import Any

from parlanchina.messages import SCHEMA, Session

__all__ = [
    "ENDING",
    "NewerFormat",
    "decode_header",
    "decode_object",
    "decode_session",
    "encode_line",
    "encode_session",
]

ENDING = b"\n]}"
"""How a file as written ends. No proper prefix of one does: a raw newline is never part of a JSON string."""

_OPENING = '"messages": ['


class NewerFormat(Exception):
    """A session in a format that a later version wrote: not damaged, only not for us."""

    def __init__(self, *, schema: int, owner: object) -> None:
        super().__init__(f"it is in format {schema}, this version reads {SCHEMA}: update the app to open it")
        self.owner = owner if isinstance(owner, str) else None


def encode_session(session: Session) -> bytes:
    """Write a session; `ValueError` if a number in it is not finite."""
    header = session.to_dict()
    messages = ",\n".join(map(_dumps, header.pop("messages")))
    last = f"{messages}\n]}}" if messages else "]}"
    return _to_bytes(f"{_dumps(header)[:-1]}, {_OPENING}\n{last}")


def decode_session(content: bytes) -> Session:
    """Read a session in any layout of its JSON. Raises `ValueError` saying what is wrong, or `NewerFormat`."""
    raw = decode_object(content)
    schema = raw.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerFormat(schema=schema, owner=raw.get("owner"))
    return Session.from_dict(raw)


def decode_header(line: bytes) -> Session:
    """Read a session, less its messages, from the first line of its file as written; raises as `decode_session`."""
    if not line.endswith(f"{_OPENING}\n".encode()):  # inside a string its quotes would be escaped
        raise ValueError("its first line is not a session's")
    return decode_session(line + b"]}")


def encode_line(value: dict[str, str]) -> bytes:
    """Write one line of a journal."""
    return _to_bytes(_dumps(value) + "\n")


def decode_object(content: bytes) -> dict[str, Any]:  # Any: JSON; whoever takes a field checks it
    """Read a JSON object; `ValueError` for anything else."""
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(raw, dict):
        raise ValueError("it is not a JSON object")
    return raw


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _to_bytes(text: str) -> bytes:
    # Only surrogates can't be encoded, and Python's escape for them is JSON's as well.
    return text.encode("utf-8", "backslashreplace")
