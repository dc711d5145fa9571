"""Pictures: their bytes, their thumbnails, and the story of how each was made.

Owns what a save and a deletion are, and who may see what. How bytes are judged (`image_files`), what is written
of them (`image_meta`), where it goes (`image_objects`), what stays in memory (`image_index`) and what a gallery shows
of it (`image_gallery`) are its neighbours'.

Invariants: the sidecar is written last and removed first, so a picture is there whole or not at all, whatever
crashes; what is left of a broken save has no sidecar, and is never shown. Bytes never change once they are saved.
Every call with an owner sees nothing of another's: their pictures do not exist.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Unpack

from parlanchina.errors import ImageNotFound, ImagesUnreadable, StoreError
from parlanchina.stores.image_files import decode_base64, examine
from parlanchina.stores.image_gallery import ImageFilters, ImagePage, Lineage, filters_of, lineage_of, page_of
from parlanchina.stores.image_index import ImageIndex, sidecar_name
from parlanchina.stores.image_meta import (
    MEDIA_TYPES,
    THUMBNAIL_SUFFIX,
    ImageMeta,
    ImageRecord,
    ImageStory,
    is_image_id,
)
from parlanchina.stores.image_objects import ImageObjects, read_many

__all__ = ["DELETED_KEPT", "MAX_TEXT_CHARS", "ImageStore", "ServedImage"]

log = logging.getLogger(__name__)

DELETED_KEPT = timedelta(days=30)
"""How long a deleted picture can be brought back, as for sessions."""

MAX_TEXT_CHARS = 32_000
"""Characters kept of each text about a picture: as many as an image model takes as its prompt (gpt-image-1)."""

_THUMBNAILS_KEPT = 256  # in memory, at 10 to 40 KB each

_PUBLIC_NAME = re.compile(rf"([0-9a-f]{{32}})(?:\.({'|'.join(MEDIA_TYPES)})|{re.escape(THUMBNAIL_SUFFIX)})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedImage:
    """What is sent for `/images/<file>`. The bytes under an ETag never change."""

    content: bytes
    media_type: str
    etag: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _random_id() -> str:
    return secrets.token_hex(16)


class ImageStore:
    """The pictures in a folder or an object store. Safe between threads and between processes."""

    def __init__(
        self,
        objects: ImageObjects,
        *,
        clock: Callable[[], datetime] = _utc_now,
        new_id: Callable[[], str] = _random_id,
        refresh_seconds: float = 10.0,
    ) -> None:
        """`new_id` makes ids that can't be guessed (see `open_public`): 32 hexadecimal digits.

        `refresh_seconds` is how late a list in an object store may show what another process did.
        """
        self._objects = objects
        self._index = ImageIndex(objects, refresh_seconds=refresh_seconds)
        self._clock = clock
        self._new_id = new_id
        self._get_thumbnail = lru_cache(maxsize=_THUMBNAILS_KEPT)(self._read_thumbnail)
        self._sweep_at = datetime.min.replace(tzinfo=UTC)

    # One picture

    def save(
        self,
        image_b64: str | bytes,
        *,
        owner: str,
        ext: str = "png",
        **story: Unpack[ImageStory],
    ) -> ImageMeta:
        """Keep a picture; when this returns it is there to stay.

        Raises `ImageRefused` for bytes that are not the picture that `ext` says, or too large a one, and
        `ImageNotSaved` where nothing can be written; nothing of the picture is left then. Texts are cut at
        `MAX_TEXT_CHARS`.
        """
        content = decode_base64(image_b64)
        picture = examine(content, extension=ext)
        image_id = self._new_id()
        if not is_image_id(image_id):
            raise ValueError(f"the new id {image_id!r} is not 32 hexadecimal digits")
        meta = ImageMeta(
            id=image_id,
            filename=f"{image_id}.{picture.extension}",
            created_at=self._clock(),
            owner=owner,
            width=picture.width,
            height=picture.height,
            bytes=len(content),
            **story,
        )
        meta = replace(
            meta,
            prompt=meta.prompt[:MAX_TEXT_CHARS],
            revised_prompt=meta.revised_prompt[:MAX_TEXT_CHARS],
            alt_text=meta.alt_text[:MAX_TEXT_CHARS],
        )
        try:
            self._objects.put(meta.filename, content)
            self._objects.put(image_id + THUMBNAIL_SUFFIX, picture.thumbnail)
            self._write(ImageRecord(meta))
        except BaseException:
            for name in _names(meta):  # even one whose writing failed may be there: only its answer was lost
                with suppress(StoreError):
                    self._objects.delete([name])
            raise
        return meta

    def get(self, image_id: str, *, owner: str) -> ImageMeta:
        """What is known of a picture, read afresh. Raises `ImageNotFound` or `ImagesUnreadable`."""
        return self._live(image_id, owner).meta

    def read(self, image_id: str, *, owner: str) -> bytes:
        """A picture's bytes, as they were saved. Raises `ImageNotFound` or `ImagesUnreadable`."""
        return self._content(self._live(image_id, owner).meta.filename)

    def read_thumbnail(self, image_id: str, *, owner: str) -> bytes:
        """A picture's thumbnail, in WebP. Raises `ImageNotFound` or `ImagesUnreadable`."""
        record = self._index.known(image_id)
        if record is None or record.deleted_at is not None or record.meta.owner != owner:
            record = self._live(image_id, owner)
        return self._get_thumbnail(record.meta.filename)

    def open_public(self, filename: str) -> ServedImage:
        """What `/images/<filename>` answers with: a picture, or a thumbnail; `ImageNotFound` for anything else.

        No owner is asked for: a browser sends none with an `<img>`. To know the name is the permission: it holds
        128 random bits, and only the owner is told it. A deleted picture is not found, in any process at once.
        """
        name = _PUBLIC_NAME.fullmatch(filename)
        if name is None:
            raise ImageNotFound(filename)
        record = self._read_record(name[1])
        wants_thumbnail = name[2] is None
        if record.deleted_at is not None or not (wants_thumbnail or filename == record.meta.filename):
            raise ImageNotFound(filename)
        return ServedImage(
            content=self._get_thumbnail(record.meta.filename)
            if wants_thumbnail
            else self._content(record.meta.filename),
            media_type=MEDIA_TYPES["webp"] if wants_thumbnail else record.meta.media_type,
            etag=f'"{filename}"',
        )

    def delete(self, image_id: str, *, owner: str) -> None:
        """Take a picture away; `restore` brings it back for `DELETED_KEPT`. `ImageNotFound` if there is none."""
        self._write(ImageRecord(self._live(image_id, owner).meta, self._clock()))
        self._sweep()

    def restore(self, image_id: str, *, owner: str) -> ImageMeta:
        """Undo `delete`; a picture that is there is returned as it is."""
        record = self._owned(image_id, owner)
        if record.deleted_at is not None:
            self._write(ImageRecord(record.meta))
        return record.meta

    # Many pictures

    def list_images(
        self,
        *,
        owner: str,
        query: str = "",
        session_id: str | None = None,
        model: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> ImagePage:
        """A page of an owner's pictures, newest first; no sidecar is read for it twice. Raises `ImagesUnreadable`.

        `query` keeps those whose prompt, revised prompt and caption hold every one of its words, case ignored.
        """
        self._sweep()
        found = self._of(owner, self._index.records(query))
        return page_of(found, session_id=session_id, model=model, limit=limit, offset=offset)

    def filters(self, *, owner: str) -> ImageFilters:
        """The models and the sessions that an owner's pictures come from. Raises `ImagesUnreadable`."""
        return filters_of(self._of(owner, self._index.records()))

    def lineage(self, image_id: str, *, owner: str) -> Lineage:
        """What a picture was edited from and what was edited from it. `ImageNotFound`, `ImagesUnreadable`."""
        meta = self.get(image_id, owner=owner)
        return lineage_of(meta, self._of(owner, self._index.records()))

    def read_thumbnails(self, image_ids: Sequence[str], *, owner: str) -> dict[str, bytes]:
        """A page's thumbnails by picture, several read at a time; one that can't be had is left out."""

        def read(image_id: str) -> bytes | None:
            with suppress(ImageNotFound, ImagesUnreadable):
                return self.read_thumbnail(image_id, owner=owner)
            return None

        found = zip(image_ids, read_many(read, image_ids), strict=True)
        return {image_id: thumbnail for image_id, thumbnail in found if thumbnail is not None}

    # Reading and writing

    def _live(self, image_id: str, owner: str) -> ImageRecord:
        record = self._owned(image_id, owner)
        if record.deleted_at is not None:
            raise ImageNotFound(image_id)
        return record

    def _owned(self, image_id: str, owner: str) -> ImageRecord:
        record = self._read_record(image_id)
        if record.meta.owner != owner:
            raise ImageNotFound(image_id)
        return record

    def _read_record(self, image_id: str) -> ImageRecord:
        content = self._objects.get_or_none(sidecar_name(image_id)) if is_image_id(image_id) else None
        if content is None:
            raise ImageNotFound(image_id)
        try:
            return ImageRecord.decode(content, image_id=image_id)
        except ValueError as error:
            log.warning("picture %s is not found: its sidecar can't be read: %s", image_id, error)
            raise ImageNotFound(image_id) from error

    def _content(self, filename: str) -> bytes:
        content = self._objects.get_or_none(filename)
        if content is None:
            raise ImageNotFound(filename)
        return content

    def _read_thumbnail(self, filename: str) -> bytes:
        image_id, _, extension = filename.partition(".")
        thumbnail = self._objects.get_or_none(image_id + THUMBNAIL_SUFFIX)
        if thumbnail is None:  # taken away by hand: made again, not written, for reading is no reason to write
            thumbnail = examine(self._content(filename), extension=extension).thumbnail
        return thumbnail

    def _write(self, record: ImageRecord) -> None:
        tag = self._objects.put(sidecar_name(record.meta.id), record.encode())
        self._index.add(record, tag)

    def _remove(self, meta: ImageMeta) -> None:
        self._objects.delete(_names(meta))
        self._index.remove(meta.id)

    def _sweep(self) -> None:
        """Remove for good what was deleted long ago, once a day."""
        now = self._clock()
        if now < self._sweep_at:
            return
        self._sweep_at = now + timedelta(days=1)
        for record in self._index.records():
            if record.deleted_at is not None and record.deleted_at < now - DELETED_KEPT:
                with suppress(StoreError):  # a place that can't be written now: another day
                    self._remove(record.meta)

    @staticmethod
    def _of(owner: str, records: Iterable[ImageRecord]) -> list[ImageRecord]:
        return [record for record in records if record.meta.owner == owner]


def _names(meta: ImageMeta) -> list[str]:
    """A picture's objects, in the order to remove them."""
    return [sidecar_name(meta.id), meta.id + THUMBNAIL_SUFFIX, meta.filename]
