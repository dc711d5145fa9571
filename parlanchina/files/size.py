"""How large a file may be."""

from __future__ import annotations

from parlanchina.errors import FileEmpty, FileTooLarge

__all__ = ["MAX_FILE_BYTES", "check_size"]

MAX_FILE_BYTES = 50_000_000
"""Bytes one file may have."""


def check_size(name: str, content: bytes) -> None:
    """Raise `FileEmpty` or `FileTooLarge`."""
    if not content:
        raise FileEmpty(name, "is empty.")
    if len(content) > MAX_FILE_BYTES:
        raise FileTooLarge(
            name, f"has {len(content) / 1e6:,.0f} MB; at most {MAX_FILE_BYTES / 1e6:,.0f} MB are taken."
        )
