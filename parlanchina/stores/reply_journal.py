"""The growing text of replies that are still being made, one side file each.

Owns `<session id>.<key>.jsonl`, a line for every append, and the lock beside it that the process making the
reply holds: the sign of life. The system drops a lock with its process, however that ends, so neither a crash
nor a reused process id can pass for life. Refuses to know sessions: the caller holds the session's lock
around everything here but `append` and `close`.

Invariant: a line is whole, or it is the last one and is dropped.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from parlanchina.errors import StoreNotWritable
from parlanchina.stores.json_files import reason_of, sync_folder
from parlanchina.stores.json_format import decode_object, encode_line

__all__ = ["ReplyFile", "ReplyFolder", "Said"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a journal holds."""

    text: str = ""
    reasoning: str = ""
    intact: bool = True
    """False: there is a line before the last that can't be read; what follows it is not in here."""


class ReplyFile:
    """An open journal, owned by the process that makes the reply."""

    def __init__(self, path: Path, life: FileLock) -> None:
        self._path = path
        self._life = life
        self._guard = threading.Lock()
        self._size = 0
        self._file = path.open("xb", buffering=0)

    def append(self, *, text: str = "", reasoning: str = "") -> None:
        """Add a line; on the disk when this returns. After `StoreNotWritable` the same text may be given again."""
        line = encode_line({name: said for name, said in (("text", text), ("reasoning", reasoning)) if said})
        with self._guard:
            if self._file.closed:
                raise ValueError("the reply has ended: nothing can be added to it")
            try:
                self._file.seek(self._size)
                self._file.truncate()  # what an append that failed half-way left
                rest = memoryview(line)
                while rest:
                    rest = rest[self._file.write(rest) :]
                os.fsync(self._file.fileno())
            except OSError as error:
                raise StoreNotWritable(str(self._path.parent), reason=reason_of(error)) from error
            self._size += len(line)

    def close(self) -> None:
        """Give up the sign of life; the text stays. Harmless when closed."""
        with self._guard:
            self._file.close()
            self._life.release()


class ReplyFolder:
    """The journals of a folder's sessions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, session_id: str, message_id: str) -> ReplyFile:
        """Open a new journal and show the sign of life. Raises `StoreNotWritable`."""
        path = self._path(session_id, message_id)
        # Not bound to a thread: a reply begins in one and ends in another.
        life = FileLock(path.with_suffix(".lock"), thread_local=False)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with ExitStack() as undo:
                life.acquire(blocking=False)
                undo.callback(life.release)
                file = ReplyFile(path, life)
                undo.callback(self._remove, path)
                undo.callback(file.close)
                sync_folder(self._folder)
                undo.pop_all()
        except OSError as error:  # filelock's `Timeout` is one
            raise StoreNotWritable(str(self._folder), reason=reason_of(error)) from error
        return file

    def is_alive(self, session_id: str, message_id: str) -> bool:
        """Whether a process, this one or another, is making the reply. Raises `OSError`."""
        life = self._path(session_id, message_id).with_suffix(".lock")
        if not life.exists():
            return False
        try:
            with FileLock(life, blocking=False):
                return False
        except Timeout:
            return True

    def read(self, session_id: str, message_id: str) -> Said:
        """What the reply has said so far; nothing if it has no journal. Raises `OSError`."""
        return _read(self._path(session_id, message_id))

    def discard(self, session_id: str, message_id: str) -> None:
        """Remove a journal whose text is in the session."""
        self._remove(self._path(session_id, message_id))

    def move_aside(self, session_id: str, message_id: str, move: Callable[[Path], Path]) -> Path:
        """Have a journal that is not intact kept by `move`; returns where. Raises `OSError`."""
        path = self._path(session_id, message_id)
        kept = move(path)
        self._remove(path)
        return kept

    def session_ids(self) -> set[str]:
        """The sessions that have a journal here, or the lock of one."""
        return {path.name.partition(".")[0] for path in self._folder.glob("*")}

    def sweep(self, session_id: str, *, keep: Iterable[str] = ()) -> None:
        """Remove a session's journals but for those of the messages in `keep`, and damaged ones."""
        kept = {self._path(session_id, message_id) for message_id in keep}
        found = {path.with_suffix(".jsonl") for path in self._folder.glob(f"{session_id}.*")}
        for path in found - kept:
            if _read(path).intact:
                self._remove(path)

    def _remove(self, path: Path) -> None:
        with suppress(OSError):  # what stays is swept another time
            path.unlink(missing_ok=True)
            # Made and removed under the session's lock only, so nobody can be waiting for this one.
            path.with_suffix(".lock").unlink(missing_ok=True)

    def _path(self, session_id: str, message_id: str) -> Path:
        # A digest, since a message's id may hold what a file name can't.
        key = hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return self._folder / f"{session_id}.{key}.jsonl"


def _read(path: Path) -> Said:
    try:
        *lines, _torn = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return Said()
    text: list[str] = []
    reasoning: list[str] = []
    for line in lines:
        try:
            said = decode_object(line)
            text.append(_piece(said, "text"))
            reasoning.append(_piece(said, "reasoning"))
        except ValueError:
            return Said(text="".join(text), reasoning="".join(reasoning), intact=False)
    return Said(text="".join(text), reasoning="".join(reasoning))


def _piece(said: Mapping[str, object], name: str) -> str:
    piece = said.get(name, "")
    if not isinstance(piece, str):
        raise ValueError(f"{name} is not text")
    return piece
