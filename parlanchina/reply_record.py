"""What a reply has said, on its way to the disk: in pieces while it comes, and as a whole when it has ended.

For the turns' event loop; the disk itself is met on a thread beside it. The invariant: a piece is either in the
journal, or still held here to be written; a write that fails is tried again with the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from parlanchina.errors import ParlanchinaError, SessionNotFound, StoreError, StoreNotWritable
from parlanchina.messages import Message
from parlanchina.stores.base import ReplyJournal

__all__ = ["ReplyRecord", "beside_the_loop"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_RETRIES = (0.2, 1.0, 3.0)  # seconds between tries to store the end: a full disk may be freed


class ReplyRecord:
    """The pieces of one reply and of its reasoning, and how many of them its journal has."""

    def __init__(self, journal: ReplyJournal, *, turn_id: str) -> None:
        """`turn_id` names the reply in the log."""
        self._journal = journal
        self._turn_id = turn_id
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._written_text = self._written_reasoning = 0

    @property
    def text(self) -> str:
        """The Markdown so far."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return "".join(self._reasoning)

    @property
    def pieces(self) -> int:
        """How many pieces have come, of both."""
        return len(self._text) + len(self._reasoning)

    def add_text(self, piece: str) -> None:
        """Hold a piece of the reply, to be written."""
        self._text.append(piece)

    def add_reasoning(self, piece: str) -> None:
        """Hold a piece of the reasoning, to be written."""
        self._reasoning.append(piece)

    async def checkpoint(self) -> None:
        """Write what has come since the last time; what can't be written now is written with what comes next."""
        text_count, reasoning_count = len(self._text), len(self._reasoning)
        text = "".join(self._text[self._written_text : text_count])
        reasoning = "".join(self._reasoning[self._written_reasoning : reasoning_count])
        if not text and not reasoning:
            return
        try:
            await beside_the_loop(lambda: self._journal.append(text=text, reasoning=reasoning))
        except (StoreError, OSError) as error:
            log.warning("turn %s: checkpoint failed, will be tried again: %s", self._turn_id, type(error).__name__)
        else:
            self._written_text, self._written_reasoning = text_count, reasoning_count

    async def finish(self, message: Message) -> ParlanchinaError | None:
        """Store the ended reply as `message`, trying for some seconds; returns why it could not be."""
        for pause in (*_RETRIES, None):
            try:
                await beside_the_loop(lambda: self._journal.finish(message))
            except SessionNotFound as error:  # deleted in mid-reply
                return error
            except (StoreError, OSError) as error:
                log.warning("turn %s: the reply could not be stored: %s", self._turn_id, type(error).__name__)
                if pause is None:
                    self.close()
                    return error if isinstance(error, StoreError) else _not_writable(error)
                await asyncio.sleep(pause)
            else:
                return None
        raise AssertionError("unreachable: the last try returns")

    def close(self) -> None:
        """Let go without an end: the next load finds the reply interrupted."""
        self._journal.close()


async def beside_the_loop(write: Callable[[], T]) -> T:
    """Do what blocks on a thread, or right here when the process is ending and no thread can be had any more."""
    try:
        waiting = asyncio.get_running_loop().run_in_executor(None, write)
    except RuntimeError:
        return write()
    return await waiting


def _not_writable(error: OSError) -> StoreNotWritable:
    return StoreNotWritable("the data folder", reason=error.strerror or type(error).__name__)
