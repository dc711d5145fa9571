"""Pictures as one zip file: the pictures as they were saved, and a table of what is known of them.

Refuses to know the page. A cell that a spreadsheet would run is made text: prompts come from anybody.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence

from parlanchina.errors import StoreError
from parlanchina.stores.image_meta import ImageMeta
from parlanchina.stores.images import ImageStore

__all__ = ["archive"]

_ACTIVE_IN_A_SHEET = ("=", "+", "-", "@", "\t", "\r", "\n")


def archive(store: ImageStore, images: Sequence[ImageMeta], *, owner: str) -> bytes:
    """Pack pictures with `pictures.csv`. One that can't be read any more is in the table, and marked there."""
    output = io.BytesIO()
    rows: list[dict[str, object]] = []
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as packed:  # pictures don't get smaller
        for meta in images:
            try:
                packed.writestr(meta.filename, store.read(meta.id, owner=owner))
            except StoreError:
                rows.append({"file": "", **_row(meta)})
            else:
                rows.append({"file": meta.filename, **_row(meta)})
        table = io.StringIO()
        writer = csv.DictWriter(table, fieldnames=list(rows[0]) if rows else ["file"])
        writer.writeheader()
        writer.writerows({name: _as_text(value) for name, value in row.items()} for row in rows)
        packed.writestr("pictures.csv", table.getvalue().encode("utf-8-sig", "replace"), zipfile.ZIP_DEFLATED)
    return output.getvalue()


def _row(meta: ImageMeta) -> dict[str, object]:
    values = meta.to_dict()
    return {name: value for name, value in values.items() if name not in ("owner", "filename")}


def _as_text(value: object) -> object:
    if isinstance(value, str) and value.startswith(_ACTIVE_IN_A_SHEET):
        return f"'{value}"
    return value
