"""The two chats that are compared, each in a process of its own: ours and the plain one (`plain_chat.py`)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.running_app import RunningApp

__all__ = ["Chat", "chatting"]

_AS_STREAMLIT_COMES = {"STREAMLIT_RUNNER_POST_SCRIPT_GC": "true", "STREAMLIT_GLOBAL_MIN_CACHED_MESSAGE_SIZE": "10000"}
"""What our `.streamlit/config.toml` tunes for speed; a tutorial doesn't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat that is running."""

    name: str
    url: str
    """Where it opens with no message."""
    pid: int

    def cpu_seconds(self) -> float:
        """What its server has used so far, of all cores."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def chatting(name: str, base: str, **environment: str) -> Iterator[Chat]:
    """Run `ours` or `plain`; `base` is where the model is."""
    with tempfile.TemporaryDirectory(prefix="parlanchina-") as folder:
        app = RunningApp(
            Path(folder),
            script="app.py" if name == "ours" else "benchmarks/plain_chat.py",
            OPENAI_PROVIDER="compatible",
            OPENAI_API_BASE=base,
            OPENAI_API_KEY="sk-any",
            PARLANCHINA_MODELS="fake-model",
            LOG_LEVEL="WARNING",
            **({} if name == "ours" else _AS_STREAMLIT_COMES),
            **environment,
        )
        try:
            yield Chat(name=name, url=f"{app.url}/?session=new" if name == "ours" else app.url, pid=app.pid)
        finally:
            app.kill()
