"""Every picture's sidecar in memory, read once, so that a page of thousands costs no more than one of a few.

Owns the decision which sidecars to read again; knows nothing of owners and pages. What this process writes shows at
once. What others write shows at the next look in a folder (its time tells whether anything changed), and in an
object store after at most `refresh_seconds`: only sidecars with a new tag are read. While one thread looks, the
others go on with what is known. A sidecar that can't be read is left out, and looked at again when it changes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from parlanchina.stores.folding import folded
from parlanchina.stores.image_meta import ImageRecord, is_image_id
from parlanchina.stores.image_objects import ImageObjects, read_many

__all__ = ["SIDECARS", "ImageIndex", "sidecar_name"]

log = logging.getLogger(__name__)

SIDECARS = "about"
"""Where sidecars are, apart from the pictures: a listing of them is a third as long as one of everything."""

_SETTLED_NS = 2_000_000_000
"""A folder's time moves in ticks, of up to two seconds on FAT: two writes within one can look the same."""


def sidecar_name(image_id: str) -> str:
    """The name of a picture's sidecar."""
    return f"{SIDECARS}/{image_id}.json"


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: str | None
    record: ImageRecord | None
    """None: it can't be read as it is."""
    text: str = ""
    """What a search looks through."""

    @classmethod
    def of(cls, tag: str | None, record: ImageRecord) -> _Entry:
        meta = record.meta
        # No word of a query holds a line break, so none can match across two texts.
        return cls(tag, record, folded("\n".join((meta.prompt, meta.revised_prompt, meta.alt_text))))


class ImageIndex:
    """The sidecars of one place. Used by any number of threads."""

    def __init__(
        self, objects: ImageObjects, *, refresh_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._objects = objects
        self._refresh_seconds = refresh_seconds
        self._monotonic = monotonic
        self._entries: dict[str, _Entry] = {}  # replaced as a whole, so it can be read without the guard
        self._own: dict[str, _Entry | None] = {}  # written here since the last look began; None: removed
        self._guard = threading.Lock()
        self._looking = threading.Lock()
        self._looked_at: float | None = None
        self._changed_ns: int | None = None

    def records(self, query: str = "") -> list[ImageRecord]:
        """The records whose prompt, revised prompt and caption hold every word of `query`, case ignored.

        Of every owner, and deleted ones as well. Raises `ImagesUnreadable`.
        """
        self._refresh()
        words = folded(query).split()
        entries = self._entries.values()
        return [entry.record for entry in entries if entry.record and all(word in entry.text for word in words)]

    def known(self, image_id: str) -> ImageRecord | None:
        """What is known of a picture without looking."""
        entry = self._entries.get(image_id)
        return entry.record if entry else None

    def add(self, record: ImageRecord, tag: str | None) -> None:
        """Take in a sidecar that this process has written."""
        self._set(record.meta.id, _Entry.of(tag, record))

    def remove(self, image_id: str) -> None:
        """Forget a picture whose sidecar this process has removed."""
        self._set(image_id, None)

    def _set(self, image_id: str, entry: _Entry | None) -> None:
        with self._guard:
            self._own[image_id] = entry
            self._entries = _merged(self._entries, {image_id: entry})

    def _refresh(self) -> None:
        if not self._outdated() or not self._looking.acquire(blocking=self._looked_at is None):
            return
        try:
            if self._outdated():  # not so if another thread looked while this one waited
                self._look()
        finally:
            self._looking.release()

    def _outdated(self) -> bool:
        if self._looked_at is None:
            return True
        changed_ns = self._objects.changed_ns(SIDECARS)
        if changed_ns is None:
            return self._monotonic() - self._looked_at >= self._refresh_seconds
        return changed_ns != self._changed_ns

    def _look(self) -> None:
        with self._guard:
            self._own = {}
        known, looked_at = self._entries, self._monotonic()
        changed_ns = self._objects.changed_ns(SIDECARS)
        settled = changed_ns is not None and time.time_ns() - changed_ns > _SETTLED_NS
        tags = {image_id: tag for name, tag in self._objects.tags(SIDECARS).items() if (image_id := _image_id(name))}
        fresh = {image_id: known[image_id] for image_id, tag in tags.items() if _is_current(known.get(image_id), tag)}
        missing = [image_id for image_id in tags if image_id not in fresh]
        contents = read_many(self._objects.get_or_none, [sidecar_name(image_id) for image_id in missing])
        for image_id, content in zip(missing, contents, strict=True):
            if content is not None:
                fresh[image_id] = _read(image_id, tags[image_id], content)
        with self._guard:
            self._entries = _merged(fresh, self._own)
        self._looked_at, self._changed_ns = looked_at, changed_ns if settled else None


def _image_id(name: str) -> str:
    """The id in a sidecar's name; empty for any other name."""
    image_id = name.removeprefix(f"{SIDECARS}/").removesuffix(".json")
    return image_id if is_image_id(image_id) and name == sidecar_name(image_id) else ""


def _is_current(entry: _Entry | None, tag: str) -> bool:
    return entry is not None and entry.tag == tag


def _read(image_id: str, tag: str, content: bytes) -> _Entry:
    try:
        record = ImageRecord.decode(content, image_id=image_id)
    except ValueError as error:
        log.warning("picture %s is left out: its sidecar can't be read: %s", image_id, error)
        return _Entry(tag, None)
    return _Entry.of(tag, record)


def _merged(entries: dict[str, _Entry], changes: dict[str, _Entry | None]) -> dict[str, _Entry]:
    merged = {image_id: entry for image_id, entry in entries.items() if image_id not in changes}
    return merged | {image_id: entry for image_id, entry in changes.items() if entry is not None}
