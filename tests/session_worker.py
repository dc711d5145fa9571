"""Another process at work on the same sessions: `python -m tests.session_worker <folder>`.

Reads a command a line (JSON: name and arguments), does it, and answers with a line once it is done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from parlanchina.stores.base import ReplyJournal
from parlanchina.stores.json_sessions import JsonSessions
from tests.session_values import message, reply_begun

OWNER = "ana"


class SessionWorker:
    """A worker process, seen from the test."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.session_worker", str(folder)],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def send(self, name: str, *arguments: str) -> None:
        """Give a command without waiting for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self.process.stdin.flush()

    def wait(self) -> str:
        """Wait until the oldest command not waited for is done."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def rest(self) -> str:
        """What a killed worker had answered and nobody waited for.

        `communicate` would read past what `wait` has buffered, and lose those answers.
        """
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def do(self, name: str, *arguments: str) -> None:
        """Give a command and wait until it is done."""
        self.send(name, *arguments)
        assert self.wait() == "done\n"


@contextmanager
def _answers() -> Iterator[None]:
    yield
    print("done", flush=True)


def main(folder: Path) -> None:
    """Work until there are no more commands."""
    store = JsonSessions(folder)
    journals: dict[str, ReplyJournal] = {}
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        with _answers():
            match name, arguments:
                case "append", [session_id, message_id]:
                    store.append_messages(session_id, [message(message_id)], owner=OWNER)
                case "begin", [session_id, reply_id]:
                    journals[reply_id] = store.begin_reply(session_id, [reply_begun(reply_id)], owner=OWNER)
                case "say", [reply_id, text]:
                    journals[reply_id].append(text=text)
                case "go on saying", [reply_id, text]:
                    while True:
                        journals[reply_id].append(text=text)
                        print("said", flush=True)
                case "vanish", []:
                    os._exit(1)
                case _:
                    raise ValueError(line)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
