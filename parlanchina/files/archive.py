"""What a Word or Excel file may unpack to: checked in its table of contents, before anything is unpacked.

The sizes are what the file says of itself. That is enough: `zipfile` never unpacks a member beyond its stated
size, and takes one that is larger for damaged.
"""

from __future__ import annotations

import zipfile
from io import BytesIO

from parlanchina.errors import FileLocked, FileTooDemanding

__all__ = ["check_archive"]

_MAX_MEMBERS = 10_000
_MAX_UNPACKED = 200_000_000  # bytes
_MAX_RATIO = 100  # Word's and Excel's own files reach 10 to 30
_RATIO_FROM = 20_000_000  # below this, no ratio does harm
_ENCRYPTED = 0x1


def check_archive(content: bytes, *, name: str, max_xml: int) -> None:
    """Raise `FileTooDemanding` for a zip bomb or more than `max_xml` bytes of XML, and `FileLocked` for a locked one.

    A damaged archive raises `zipfile.BadZipFile`.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    xml = sum(member.file_size for member in members if member.filename.lower().endswith((".xml", ".rels")))
    if (
        len(members) > _MAX_MEMBERS
        or unpacked > _MAX_UNPACKED
        or xml > max_xml
        or (unpacked > _RATIO_FROM and unpacked > _MAX_RATIO * len(content))
    ):
        raise FileTooDemanding(
            name, f"would unpack to {unpacked / 1e6:,.0f} MB in {len(members):,} pieces, which is more than is taken."
        )
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise FileLocked(name)
