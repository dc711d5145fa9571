"""One folder of session files: where each is, and what happens to one that can't be read.

Owns the paths (`<id>.json`, `deleted/`, `damaged/`), reading with the owner checked, and the problems met on the
way; refuses to know what is changed and why. Methods named `…_held` are called under the session's lock.

Invariant: a file that is damaged is moved to `damaged/`, once, under its lock, and stays as it was; one that is
only out of reach (a newer format, a disk that fails) is left alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from parlanchina.errors import SessionDamaged, SessionNotFound, SessionUnreadable, StoreError, StoreNotWritable
from parlanchina.messages import Session
from parlanchina.stores.json_files import SessionLocks, is_session_id, move_aside, reason_of, sync_folder, write_file
from parlanchina.stores.json_format import NewerFormat, decode_header, decode_session, encode_session

__all__ = ["SessionFolder"]


@dataclass(frozen=True, slots=True)
class _Problem:
    error: StoreError
    owner: str | None
    """None: the file doesn't tell."""


class SessionFolder:
    """The files of all sessions, whoever owns them."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime], lock_timeout: float) -> None:
        self.path = path
        self.locks = SessionLocks(path / ".locks", timeout=lock_timeout)
        self._clock = clock
        self._problems: dict[str, _Problem] = {}
        self._guard = threading.Lock()

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._clock().astimezone(UTC)

    def exists(self, session_id: str) -> bool:
        """Whether there is a file for a session, good or bad."""
        return os.path.exists(self._live(session_id))  # where a folder can't be looked into, a path's own raises

    @contextmanager
    def hold(self, session_id: str, *, owner: str) -> Iterator[None]:
        """Hold the lock of a session that is there or was deleted; who asks for another makes no lock file."""
        if not self.exists(session_id) and not os.path.exists(self._deleted(session_id)):
            raise self._missing(session_id, owner)
        with self.locks.hold(session_id):
            yield

    def read(self, session_id: str, *, owner: str | None = None) -> Session:
        """Read a session without its lock (a file is replaced in one step); `None` for an owner means anybody's.

        Raises `SessionNotFound`, `SessionDamaged` or `SessionUnreadable`.
        """
        try:
            return self._read(self._live(session_id), session_id, owner)
        except ValueError:
            with self.locks.hold(session_id):
                return self.read_held(session_id, owner=owner)  # it may have been replaced since

    def read_held(self, session_id: str, *, owner: str | None = None, deleted: bool = False) -> Session:
        """Read a session, or a deleted one; set it aside if it is damaged. Raises as `read` does."""
        path = self._deleted(session_id) if deleted else self._live(session_id)
        try:
            return self._read(path, session_id, owner)
        except ValueError as error:
            raise self._set_aside(path, session_id, owner, reason=str(error)) from error

    def write_held(self, session: Session, *, deleted: bool = False) -> None:
        """Put a session on the disk. Raises `StoreNotWritable`, and `ValueError` for what JSON can't hold."""
        path = self._deleted(session.id) if deleted else self._live(session.id)
        write_file(path, encode_session(session))

    def delete_held(self, session_id: str) -> None:
        """Move a session to `deleted/`; the file's time becomes that of the deletion. Raises `StoreNotWritable`."""
        live, deleted = self._live(session_id), self._deleted(session_id)
        when = self.now().timestamp()
        try:
            deleted.parent.mkdir(exist_ok=True)
            os.utime(live, (when, when))
        except OSError as error:
            raise StoreNotWritable(str(self.path), reason=reason_of(error)) from error
        self._move(live, deleted)

    def restore_held(self, session_id: str) -> None:
        """Move a session back from `deleted/`; the caller made sure that it is there and its place is free."""
        self._move(self._deleted(session_id), self._live(session_id))

    def problems(self) -> list[str]:
        """One sentence for each session that could not be read."""
        with self._guard:
            return [str(problem.error) for problem in self._problems.values()]

    def note(self, name: str, error: StoreError, *, owner: str | None = None) -> None:
        """Remember a problem, under a session's id or another name."""
        with self._guard:
            self._problems[name] = _Problem(error, owner)

    def move_aside_held(self, path: Path) -> Path:
        """Keep a file for a person to look at; returns where it is now. Raises `OSError`."""
        return move_aside(path, self.path / "damaged", stamp=self.now().strftime("%Y%m%dT%H%M%SZ"))

    def _read(self, path: Path, session_id: str, owner: str | None) -> Session:
        """Read a file; `ValueError` says how it is damaged."""
        try:
            session = decode_session(path.read_bytes())
        except FileNotFoundError:
            raise self._missing(session_id, owner) from None
        except OSError as error:
            unreadable = SessionUnreadable(session_id, reason=reason_of(error))
            raise self._noted(session_id, unreadable, None, owner) from error
        except NewerFormat as newer:
            unreadable = SessionUnreadable(session_id, reason=str(newer))
            raise self._noted(session_id, unreadable, newer.owner, owner) from newer
        if session.id != session_id:
            raise ValueError(f"it holds the session {session.id!r}")
        with self._guard:
            self._problems.pop(session_id, None)
        return _owned(session, owner)

    def _move(self, source: Path, target: Path) -> None:
        try:
            source.replace(target)
            sync_folder(target.parent)
            sync_folder(source.parent)
        except OSError as error:
            raise StoreNotWritable(str(self.path), reason=reason_of(error)) from error

    def _set_aside(self, path: Path, session_id: str, asking: str | None, *, reason: str) -> StoreError:
        owner = _owner_in(path)
        error: StoreError
        try:
            kept = self.move_aside_held(path)
        except OSError as refused:
            reason = f"{reason}; it could not be set aside: {reason_of(refused)}"
            error = SessionUnreadable(session_id, reason=reason)
        else:
            error = SessionDamaged(session_id, kept_at=str(kept), reason=reason)
        return self._noted(session_id, error, owner, asking)

    def _noted(self, session_id: str, error: StoreError, owner: str | None, asking: str | None) -> StoreError:
        """Remember a problem; what to tell whoever asked: the reason only if the session may be theirs."""
        self.note(session_id, error, owner=owner)
        return error if asking is None or owner in (None, asking) else SessionNotFound(session_id)

    def _missing(self, session_id: str, asking: str | None) -> StoreError:
        """What to tell whoever asks for a session that has no file: that it was set aside, or nothing."""
        with self._guard:
            problem = self._problems.get(session_id)
            if problem is not None and isinstance(problem.error, SessionUnreadable):
                del self._problems[session_id]  # it was left in place, and somebody took it away
                problem = None
        if problem is None or (asking is not None and problem.owner not in (None, asking)):
            return SessionNotFound(session_id)
        return problem.error

    def _live(self, session_id: str) -> Path:
        return self.path / _file_name(session_id)

    def _deleted(self, session_id: str) -> Path:
        return self.path / "deleted" / _file_name(session_id)


def _file_name(session_id: str) -> str:
    if not is_session_id(session_id):
        raise SessionNotFound(session_id)
    return f"{session_id}.json"


def _owned(session: Session, owner: str | None) -> Session:
    if owner is not None and session.owner != owner:
        raise SessionNotFound(session.id)
    return session


def _owner_in(path: Path) -> str | None:
    """The owner in the first line of a damaged file, if that much is whole."""
    try:
        with path.open("rb") as file:
            return decode_header(file.readline()).owner
    except (OSError, ValueError, NewerFormat):
        return None
