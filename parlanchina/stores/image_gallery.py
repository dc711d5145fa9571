"""What a gallery shows of one owner's pictures: a page of them, what to filter them by, where one comes from.

Pure: takes records, returns values. Knows nothing of stores and searches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from parlanchina.stores.image_meta import ImageMeta, ImageRecord

__all__ = ["ImageFilters", "ImagePage", "Lineage", "filters_of", "lineage_of", "page_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePage:
    """Some of the pictures that were asked for, newest first."""

    images: tuple[ImageMeta, ...]
    total: int
    """How many there are on all pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFilters:
    """What the pictures can be filtered by, the most recently used first."""

    models: tuple[str, ...]
    session_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A picture's past and future."""

    before: tuple[ImageMeta, ...]
    """What it was edited from: the first picture first, its own parent last."""
    after: tuple[ImageMeta, ...]
    """What was edited from it, and from that, and so on: oldest first; `parent_id` gives the tree."""


def page_of(
    records: Iterable[ImageRecord], *, session_id: str | None, model: str | None, limit: int, offset: int
) -> ImagePage:
    """Some of the pictures that are not deleted, of one session and one model where these are given."""
    found = [
        meta
        for meta in _newest_first(records)
        if session_id in (None, meta.session_id) and model in (None, meta.model)
    ]
    return ImagePage(images=tuple(found[max(offset, 0) :][: max(limit, 0)]), total=len(found))


def filters_of(records: Iterable[ImageRecord]) -> ImageFilters:
    """The models and the sessions that the pictures come from."""
    images = _newest_first(records)
    return ImageFilters(
        models=tuple(dict.fromkeys(meta.model for meta in images if meta.model)),
        session_ids=tuple(dict.fromkeys(meta.session_id for meta in images if meta.session_id)),
    )


def lineage_of(meta: ImageMeta, records: Collection[ImageRecord]) -> Lineage:
    """Follow the line both ways. A deleted picture is left out, and the line goes on beyond it."""
    by_id = {record.meta.id: record for record in records}
    children: dict[str | None, list[ImageRecord]] = {}
    for record in records:
        children.setdefault(record.meta.parent_id, []).append(record)
    seen = {meta.id}  # a loop, made by hand, must not hang us

    before: list[ImageRecord] = []
    parent = by_id.get(meta.parent_id or "")
    while parent is not None and parent.meta.id not in seen:
        seen.add(parent.meta.id)
        before.append(parent)
        parent = by_id.get(parent.meta.parent_id or "")

    after: list[ImageRecord] = []
    waiting = [meta.id]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.meta.id not in seen:
                seen.add(child.meta.id)
                after.append(child)
                waiting.append(child.meta.id)
    return Lineage(before=_shown(reversed(before)), after=tuple(_newest_first(after)[::-1]))


def _shown(records: Iterable[ImageRecord]) -> tuple[ImageMeta, ...]:
    return tuple(record.meta for record in records if record.deleted_at is None)


def _newest_first(records: Iterable[ImageRecord]) -> list[ImageMeta]:
    return sorted(_shown(records), key=lambda meta: (meta.created_at, meta.id), reverse=True)
