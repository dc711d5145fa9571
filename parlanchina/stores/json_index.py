"""What a list and a search need of every session, kept in memory as long as the files stay as they are.

Owns the decision which files to read again; refuses to know how a bad file is dealt with (`read` does that).
A list looks at the names, sizes and times in the folder; of a file that is new or changed it reads the first line
and the last bytes. The first search reads the texts; later ones have them at hand, up to a bound.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parlanchina.errors import StoreError, StoreNotWritable
from parlanchina.messages import Session, SessionSummary
from parlanchina.stores.folding import folded
from parlanchina.stores.json_files import is_session_id, reason_of
from parlanchina.stores.json_format import ENDING, NewerFormat, decode_header

__all__ = ["SessionIndex"]

_SETTLED_NS = 2_000_000_000
"""A file's time moves in ticks, of up to two seconds on FAT: two writes within one can look the same."""

_TEXT_BYTES = 64 * 2**20
"""How much text is kept for searching; sessions beyond it are read at each search."""

_Stamp = tuple[int, int, int]


@dataclass(slots=True)
class _Entry:
    stamp: _Stamp
    settled: bool
    owner: str
    summary: SessionSummary | None
    """None: the file can't be read now, and shows in no list."""
    text: str | None = None


class SessionIndex:
    """The sessions of one folder, by owner. Used by any number of threads."""

    def __init__(self, folder: Path, *, read: Callable[[str], Session], text_bytes: int = _TEXT_BYTES) -> None:
        self._folder = folder
        self._read = read
        self._text_bytes = text_bytes
        self._guard = threading.Lock()
        self._entries: dict[str, _Entry] = {}  # replaced as a whole, so it can be read without the guard

    def summaries(self, owner: str) -> list[SessionSummary]:
        """An owner's sessions, last updated first. Raises `StoreNotWritable` if the folder can't be looked at."""
        return [summary for summary, _ in self._of(owner)]

    def search(self, query: str, owner: str) -> list[SessionSummary]:
        """Those of an owner's sessions whose title and texts hold every word of `query`."""
        words = folded(query).split()
        found = self._of(owner)
        if not words:
            return [summary for summary, _ in found]
        kept = sum(sys.getsizeof(entry.text) for entry in self._entries.values() if entry.text is not None)
        hits: list[SessionSummary] = []
        for summary, entry in found:
            text = entry.text
            if text is None:
                text = self._text_of(summary.id)
                if text is None:  # can't be read now
                    continue
                kept += sys.getsizeof(text)
                if kept <= self._text_bytes:
                    entry.text = text
            if all(word in text for word in words):
                hits.append(summary)
        return hits

    def _of(self, owner: str) -> list[tuple[SessionSummary, _Entry]]:
        with self._guard:
            self._refresh()
            entries = self._entries.values()
            found = [(entry.summary, entry) for entry in entries if entry.summary and entry.owner == owner]
        found.sort(key=lambda one: (one[0].updated_at, one[0].created_at, one[0].id), reverse=True)
        return found

    def _refresh(self) -> None:
        fresh: dict[str, _Entry] = {}
        now = time.time_ns()  # compared with the file system's clock, so not the application's
        try:
            with os.scandir(self._folder) as files:
                for file in files:
                    session_id, dot, extension = file.name.rpartition(".")
                    if extension != "json" or not dot:
                        continue
                    try:
                        seen = file.stat()
                    except FileNotFoundError:  # gone since its name was read
                        continue
                    stamp = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
                    entry = self._entries.get(session_id)
                    if entry is None or entry.stamp != stamp or not entry.settled:
                        if not is_session_id(session_id) or not stat.S_ISREG(seen.st_mode):
                            continue
                        # The stamp is older than what is read now: a write in between shows at the next look.
                        session = self._first_line(session_id)
                        entry = _Entry(
                            stamp=stamp,
                            settled=session is not None and now - seen.st_mtime_ns > _SETTLED_NS,
                            owner=session.owner if session else "",
                            summary=session.summary() if session else None,
                        )
                    fresh[session_id] = entry
        except FileNotFoundError:
            pass  # no session was ever saved here
        except OSError as error:
            raise StoreNotWritable(str(self._folder), reason=reason_of(error)) from error
        self._entries = fresh

    def _first_line(self, session_id: str) -> Session | None:
        try:
            with (self._folder / f"{session_id}.json").open("rb") as file:
                header = decode_header(file.readline())
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - len(ENDING), 0))
                if file.read() == ENDING and header.id == session_id:
                    return header
        except (OSError, ValueError, NewerFormat):
            pass
        # Not as we write it: laid out by another hand, damaged or newer. The careful reader tells which.
        return self._whole(session_id)

    def _whole(self, session_id: str) -> Session | None:
        try:
            return self._read(session_id)
        except StoreError:  # which `read` has taken note of
            return None

    def _text_of(self, session_id: str) -> str | None:
        session = self._whole(session_id)
        if session is None:
            return None
        # No word holds a line break, so none can match across two texts.
        return folded("\n".join((session.title, *(message.raw_markdown for message in session.messages))))
