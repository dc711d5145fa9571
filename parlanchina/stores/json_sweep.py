"""What crashes and time leave in a folder of sessions, taken away.

Owns the rule for each kind of remains; each is removed only under its session's lock, taken without waiting: what
somebody is working on is left for another time. Nothing here raises for what a disk refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from parlanchina.errors import StoreError
from parlanchina.stores.json_files import is_session_id
from parlanchina.stores.json_folder import SessionFolder
from parlanchina.stores.reply_journal import ReplyFolder

__all__ = ["DELETED_KEPT", "sweep"]

DELETED_KEPT = timedelta(days=30)
"""How long a deleted session can be brought back."""


def sweep(folder: SessionFolder, replies: ReplyFolder) -> None:
    """Remove temporary files of writers that died, sessions deleted long ago, and journals of replies that ended."""
    for session_id, path in _files([*folder.path.glob(".*.tmp"), *folder.path.glob("deleted/.*.tmp")]):
        with suppress(StoreError, OSError), folder.locks.hold(session_id, timeout=0):
            path.unlink(missing_ok=True)

    long_ago = (folder.now() - DELETED_KEPT).timestamp()
    for session_id, path in _files(folder.path.glob("deleted/*.json")):
        with suppress(StoreError, OSError), folder.locks.hold(session_id, timeout=0):
            if path.stat().st_mtime < long_ago:
                path.unlink()
                if not folder.exists(session_id):
                    replies.sweep(session_id)

    for session_id in replies.session_ids():
        with suppress(StoreError, OSError), folder.locks.hold(session_id, timeout=0):
            session = folder.read_held(session_id, deleted=not folder.exists(session_id))
            replies.sweep(
                session_id, keep=[message.id for message in session.messages if message.status == "streaming"]
            )


def _files(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        session_id = path.name.removeprefix(".").rpartition(".")[0]
        if is_session_id(session_id):
            yield session_id, path
