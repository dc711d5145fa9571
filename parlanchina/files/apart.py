"""A reader that works in a process of its own, with limits on time and memory.

The parsers below are large, and no list of checks makes them safe: a page can draw itself for hours, native code
can crash. So each file is read by a short-lived child (`files.child`) that is ended at its limit, and whatever
becomes of it, the app goes on. It costs about half a second a file, and knows no key: its environment is not ours.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parlanchina.errors import FileRefused, FileTooDemanding
from parlanchina.files.extract import MAX_TOKENS, Extract
from parlanchina.files.names import label_of
from parlanchina.files.size import check_size

__all__ = ["SeparateReader"]

log = logging.getLogger(__name__)

_CHILD = "parlanchina.files.child"
_ROOT = Path(__file__).parents[2]
_PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")
_KINDS_OF_REFUSAL: tuple[type[FileRefused], ...] = (FileRefused, *FileRefused.__subclasses__())
_REFUSALS = {kind.code: kind for kind in _KINDS_OF_REFUSAL}


class SeparateReader:
    """Reads files as `files.reading.read_file` does, each in a child process."""

    def __init__(
        self,
        *,
        seconds: float = 30.0,
        memory: int = 1_500_000_000,
        at_once: int = 2,
        python: str = sys.executable,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`seconds` and `memory` (bytes) are a child's limits; `at_once` of them run at a time, others wait.

        Where the system can't limit a process's memory (Windows, macOS), only the time is limited.
        """
        self._python = python
        self._seconds = seconds
        self._memory = memory
        self._free = threading.BoundedSemaphore(at_once)
        paths = [str(_ROOT), *filter(None, sys.path)]
        self._environ = {name: environ[name] for name in _PASSED_ON if name in environ}
        self._environ |= {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}

    def __call__(self, content: bytes, *, name: str, max_tokens: int = MAX_TOKENS) -> Extract:
        """Read a file. Raises `FileRefused`."""
        name = label_of(name)
        check_size(name, content)
        order = {"name": name, "max_tokens": max_tokens, "seconds": self._seconds, "memory": self._memory}
        with self._free:
            answer = self._ask(json.dumps(order).encode() + b"\n" + content, name=name)
        if "extract" in answer:
            return Extract.from_dict(answer["extract"])
        raise _REFUSALS[answer["code"]](name, answer["why"])

    def _ask(self, order: bytes, *, name: str) -> dict[str, Any]:  # Any: JSON
        try:
            child = subprocess.run(
                [self._python, "-P", "-m", _CHILD],
                input=order,
                stdout=subprocess.PIPE,
                env=self._environ,
                timeout=self._seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FileTooDemanding(
                name, f"takes more than {self._seconds:g} seconds to read: attach a smaller part of it."
            ) from error
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise FileRefused(name, f"can't be read right now, for want of a process ({why}): try again.") from error
        if child.returncode:
            log.warning("the process that read a file ended with status %s", child.returncode)
            raise FileTooDemanding(
                name, "can't be read: that took too much memory, or broke off, so attach a smaller part of it."
            )
        answer: dict[str, Any] = json.loads(child.stdout)
        return answer
