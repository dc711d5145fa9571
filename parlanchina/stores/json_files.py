"""Files that are either the old one or the new one, and locks that every process honours.

Owns how bytes reach the disk and who may write; refuses to know what the bytes mean. A session's lock is held
by one thread of one process on the machine. Lock files are never removed: whoever waits for one would be left
holding a file that nobody else sees.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from weakref import WeakValueDictionary

from filelock import FileLock, Timeout

from parlanchina.errors import SessionNotFound, StoreBusy, StoreNotWritable

__all__ = ["SessionLocks", "is_session_id", "move_aside", "reason_of", "sync_folder", "write_file"]

# Lower case only: on a file system that ignores case, "A" would open the file of "a".
_SESSION_ID = re.compile(r"[a-z0-9_-]{1,64}")
_WINDOWS_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")

_REPLACE_TRIES = 50 if os.name == "nt" else 1  # Windows refuses to replace a file while somebody reads it
_REPLACE_PAUSE = 0.02


def is_session_id(text: str) -> bool:
    """Whether a text can name a session's file, on every system, and nothing outside the folder."""
    return _SESSION_ID.fullmatch(text) is not None and _WINDOWS_DEVICE.fullmatch(text) is None


def reason_of(error: OSError) -> str:
    """Say in a few words why the system refused."""
    return error.strerror or type(error).__name__


def write_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`, whole and on the disk, or leave what was there. The caller holds the session's lock.

    The temporary file's name is fixed, so that what a crash left is overwritten by the next write.
    Raises `StoreNotWritable`.
    """
    temporary = path.with_name(f".{path.stem}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StoreNotWritable(str(path.parent), reason=reason_of(error)) from error


def _replace(source: Path, target: Path) -> None:
    for _ in range(_REPLACE_TRIES - 1):
        with suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(_REPLACE_PAUSE)
    source.replace(target)


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_aside(path: Path, folder: Path, *, stamp: str) -> Path:
    """Move a file to `folder` under a name with `stamp` that nothing has yet; returns where it is. Raises `OSError`.

    The caller holds the lock of the session whose id the name begins with, so that no one else picks that name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{path.stem}-{stamp}{path.suffix}"
    again = 1
    while target.exists():
        again += 1
        target = folder / f"{path.stem}-{stamp}-{again}{path.suffix}"
    path.rename(target)
    return target


class SessionLocks:
    """The locks of a folder's sessions: exclusive between threads and between processes; not reentrant."""

    def __init__(self, folder: Path, *, timeout: float) -> None:
        self._folder = folder
        self._timeout = timeout
        self._guard = threading.Lock()
        # Threads queue here first: they are woken at once, where the file lock can only be asked again and again.
        self._threads: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

    @contextmanager
    def hold(self, session_id: str, *, timeout: float | None = None) -> Iterator[None]:
        """Hold a session's lock. Raises `StoreBusy` after `timeout` seconds, or `StoreNotWritable`."""
        if not is_session_id(session_id):
            raise SessionNotFound(session_id)
        timeout = self._timeout if timeout is None else timeout
        with self._guard:
            threads = self._threads.setdefault(session_id, threading.Lock())
        if not threads.acquire(timeout=timeout):
            raise StoreBusy(session_id)
        try:
            with self._file_lock(session_id, timeout):
                yield
        finally:
            threads.release()

    def _file_lock(self, session_id: str, timeout: float) -> AbstractContextManager[object]:
        lock = FileLock(self._folder / f"{session_id}.lock", poll_interval=0.01)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return lock.acquire(timeout=timeout)
        except Timeout:
            raise StoreBusy(session_id) from None
        except OSError as error:
            raise StoreNotWritable(str(self._folder), reason=reason_of(error)) from error
