"""Session files put on the disk by hand."""

from __future__ import annotations

import os
from pathlib import Path

from parlanchina.messages import Session
from parlanchina.stores.base import SessionStore
from parlanchina.stores.json_format import encode_session
from tests.session_values import START, message

SESSION = Session(
    id="a-session",
    owner="ana",
    title="Title",
    model="demo",
    created_at=START,
    updated_at=START,
    head="q",
    messages=(message("q", "Why?"),),
)
THE_DAY_BEFORE = START.timestamp() - 86_400


def file_of(folder: Path, session: Session = SESSION) -> Path:
    """Write a session's file, as of a time long enough ago to be trusted."""
    path = folder / f"{session.id}.json"
    path.write_bytes(encode_session(session))
    os.utime(path, (THE_DAY_BEFORE, THE_DAY_BEFORE))
    return path


def titles(store: SessionStore) -> list[str]:
    """What the list shows."""
    return [summary.title for summary in store.list_sessions(owner="ana")]
