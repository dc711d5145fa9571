"""Loads, once a page is there to be seen, what the first reply of a process would otherwise wait for.

Several libraries are loaded only where they are first used: pandas by Streamlit's first `st.write_stream`, those of
the connection by a provider's first call, the sanitiser's parser by the first reply's end. Together that is a second,
and it would be the first thing an audience sees.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cache
from importlib import import_module

from parlanchina.markdown import render_markdown

__all__ = ["preload"]

_LIBRARIES = ("pandas", "httpcore2", "anyio._backends._asyncio")


@cache
def preload() -> threading.Thread:
    """Begin to load them on a thread of their own, if that was not done yet; returns the thread."""
    thread = threading.Thread(target=_load, name="preload")  # no daemon: one that ends in mid-import can crash
    thread.start()
    return thread


def _load() -> None:
    for library in _LIBRARIES:
        with suppress(ImportError):  # whoever needs it will say so
            import_module(library)
    render_markdown("*A word*, `code`\n\n```python\nx = 1\n```")
