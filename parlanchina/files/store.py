"""Files that users put in, on the disk: `<folder>/<digest of the owner>/<id>/`, with what was read of each beside it.

A file is read before it is kept, so that whatever is kept can be sent; it appears whole or not at all. A name is
never part of a path. Another owner's file does not exist: the path to it can't be made without that owner's name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from parlanchina.errors import AttachmentNotFound, StoreNotWritable
from parlanchina.files.apart import SeparateReader
from parlanchina.files.extract import MAX_TOKENS, Extract, Reader
from parlanchina.files.names import label_of
from parlanchina.messages import Attachment

__all__ = ["FileStore"]

_READING = 1
"""The version of the readers: an extract made by another is made again."""

_ID = re.compile(r"[0-9a-f]{32}")
_CONTENT, _ABOUT = "content", "about.json"
_STALE = 86_400.0  # seconds after which a folder that was never finished is a crash's


class FileStore:
    """The files of every owner."""

    def __init__(
        self,
        folder: Path,
        *,
        reader: Reader | None = None,
        new_id: Callable[[], str] = lambda: uuid4().hex,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`new_id` makes ids of 32 hexadecimal digits that nobody can guess."""
        self._folder = folder
        self._reader = reader or SeparateReader()
        self._new_id = new_id
        self._now = now

    def save(self, name: str, content: bytes, *, owner: str) -> Attachment:
        """Read a file and keep it. Raises `FileRefused` or `StoreNotWritable`, with nothing kept."""
        label = label_of(name)
        extract = self._reader(content, name=label, max_tokens=MAX_TOKENS)
        attachment = Attachment(id=self._new_id(), name=label, media_type=extract.media_type, size=len(content))
        home = self._home(owner)
        unfinished = home / f".{attachment.id}.tmp"
        try:
            self._sweep(home)
            unfinished.mkdir(parents=True)
            try:
                _write(unfinished / _CONTENT, content)
                _write(unfinished / _ABOUT, _told(attachment, extract))
                _sync(unfinished)
                unfinished.rename(home / attachment.id)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
            _sync(home)
        except OSError as error:
            raise StoreNotWritable(str(self._folder), reason=error.strerror or type(error).__name__) from error
        return attachment

    def find(self, attachment_id: str, *, owner: str) -> Attachment:
        """A file's name, kind and size. Raises `AttachmentNotFound`."""
        return self._about(attachment_id, owner)[0]

    def read(self, attachment_id: str, *, owner: str) -> bytes:
        """A file's bytes, as they came. Raises `AttachmentNotFound`."""
        try:
            return (self._place(attachment_id, owner) / _CONTENT).read_bytes()
        except OSError as error:
            raise AttachmentNotFound(attachment_id) from error

    def extracted(self, attachment_id: str, *, owner: str) -> Extract:
        """What a model gets of a file: as it was read when it was kept, or read again if the readers changed since.

        Raises `AttachmentNotFound`; and `FileRefused`, should the readers of today refuse it.
        """
        attachment, about = self._about(attachment_id, owner)
        with suppress(ValueError, KeyError, TypeError):
            if about["reading"] == _READING:
                return Extract.from_dict(about["extract"])
        extract = self._reader(self.read(attachment_id, owner=owner), name=attachment.name, max_tokens=MAX_TOKENS)
        with suppress(OSError):  # then it is read again the next time
            place = self._place(attachment_id, owner)
            temporary = place / f".{self._new_id()}.tmp"
            _write(temporary, _told(attachment, extract))
            temporary.replace(place / _ABOUT)
        return extract

    def _about(self, attachment_id: str, owner: str) -> tuple[Attachment, dict[str, Any]]:  # Any: JSON
        """What is written beside a file, and which file that is. Raises `AttachmentNotFound`."""
        try:
            about = json.loads((self._place(attachment_id, owner) / _ABOUT).read_bytes())
            return Attachment.from_dict(about["attachment"]), about
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise AttachmentNotFound(attachment_id) from error

    def _home(self, owner: str) -> Path:
        return self._folder / hashlib.sha256(owner.encode()).hexdigest()[:40]

    def _place(self, attachment_id: str, owner: str) -> Path:
        if not _ID.fullmatch(attachment_id):
            raise AttachmentNotFound(attachment_id)
        return self._home(owner) / attachment_id

    def _sweep(self, home: Path) -> None:
        """Remove what a crash left half-written."""
        for leftover in home.glob(".*.tmp"):
            with suppress(OSError):
                if self._now() - leftover.stat().st_mtime > _STALE:
                    shutil.rmtree(leftover)


def _told(attachment: Attachment, extract: Extract) -> bytes:
    about = {"attachment": attachment.to_dict(), "reading": _READING, "extract": extract.to_dict()}
    return json.dumps(about).encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Put a folder's names on the disk, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
