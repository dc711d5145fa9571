"""Text that shows as itself where Streamlit reads Markdown."""

from __future__ import annotations

import re

__all__ = ["label"]

_ACTIVE_IN_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$:&^=])")


def label(text: str) -> str:
    """Make a text show as itself where Streamlit reads Markdown: no links, pictures, formulas or directives."""
    return _ACTIVE_IN_MARKDOWN.sub(r"\\\1", text)
