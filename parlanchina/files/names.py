"""A file's name as a label: what is shown and offered for download, never a path.

Whatever a browser sends becomes one plain line that every system accepts as a file's name.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["extension_of", "label_of"]

_MAX_BYTES = 160  # file systems stop at 255; this leaves room for what a download adds, as in "name (1).pdf"
_MAX_EXTENSION = 16
_REFUSED = re.compile(r'[<>:"|?*]')  # by Windows, in any name
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)


def label_of(name: str) -> str:
    """The last part of a name, without anything that isn't visible, and at most 160 bytes with its extension."""
    name = re.split(r"[/\\]", name[-4096:].rstrip("/\\"))[-1]
    visible = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", name) if _is_visible(c))
    label = _REFUSED.sub("_", " ".join(visible.split())).rstrip(". ")
    stem, dot, extension = label.rpartition(".")
    if not dot or len(extension) > _MAX_EXTENSION:
        stem, dot, extension = label, "", ""
    room = _MAX_BYTES - len((dot + extension).encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[: room - len("…".encode())].decode(errors="ignore").rstrip() + "…"
    label = stem + dot + extension
    return f"_{label}" if _DEVICE.match(label) else label or "file"


def extension_of(label: str) -> str:
    """What comes after the last dot, in lower case; of `Makefile` and `.gitignore`, nothing."""
    stem, _, extension = label.rpartition(".")
    return extension.lower() if stem else ""


def _is_visible(character: str) -> bool:
    # Cc, Cf, Cs, Co, Cn: controls, bidirectional overrides, halves of surrogate pairs, private and unassigned.
    return character.isspace() or not unicodedata.category(character).startswith("C")
