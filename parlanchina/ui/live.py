"""Draws a reply while it comes: finished blocks once and for good, the unfinished one as a live tail.

The script only follows; the reply is the turn's. Text is joined by time, never dropped: the first at once, then a
frame every 50 to 200 ms, the slower the longer a frame takes. Frames must be paced whatever the provider does:
Streamlit drops a page that has 500 of them waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.events import TextDelta
from parlanchina.markdown import BlockStream
from parlanchina.markdown.preview import preview
from parlanchina.turn import Turn

__all__ = ["draw_live"]

_FASTEST, _SLOWEST = 0.1, 0.2  # seconds between two frames
_SHARE = 0.2  # of the time may go into drawing: after a frame that took 20 ms, one each 100 ms
_TAIL_RATE = 4_000  # characters a second: an open block goes whole into each of its frames
_SLICE = 0.5  # seconds that a wait may block before the script looks whether it is still wanted
_SILENCE = 3.0  # seconds without anything new that make a reply "waiting"


def draw_live(turn: Turn, draw_block: Callable[[DeltaGenerator, str], None]) -> None:
    """Follow a turn to its end, drawing into the container this is called in.

    `draw_block` draws finished Markdown into a slot. A rerun or a closed page ends this at any point, and costs
    the reply nothing.
    """
    body = st.container()
    follower = _Follower(turn, _Status(st.empty()))
    slot = body.empty()
    while not follower.done:
        with slot:
            st.write_stream(follower.tail())
        if finished := follower.take_finished():
            draw_block(slot, finished)
            slot = body.empty()


class _Follower:
    """Reads a turn in frames, and keeps apart what is finished and what is still open."""

    def __init__(self, turn: Turn, status: _Status) -> None:
        self.done = False
        self._turn = turn
        self._status = status
        self._blocks = BlockStream()
        self._index = 0
        self._finished: list[str] = []
        self._pending = ""
        self._drawing_since: float | None = None

    def tail(self) -> Iterator[str]:
        """The open block as it grows, until it is finished (or its preview must be begun anew)."""
        shown = ""
        while not self._finished and not self.done:
            now = preview(self._pending)
            if not now.startswith(shown):
                return
            if len(now) > len(shown):
                yield now[len(shown) :]
                shown = now
            self._advance()

    def take_finished(self) -> str:
        """The Markdown finished since the last call; empty if there is none."""
        finished, self._finished = "".join(self._finished), []
        return finished

    def _advance(self) -> None:
        """Take the next frame's text from the turn; say what is going on while there is none."""
        self._pace()
        progress = self._turn.read(self._index, timeout=_SLICE)
        _yield_to_streamlit()
        self._index = progress.next_index
        text = "".join(event.text for event in progress.events if isinstance(event, TextDelta))
        if text:
            self._drawing_since = time.monotonic()
            update = self._blocks.feed(text)
            self._finished.extend(update.committed)
            self._pending = update.pending
            self._status.show("writing")
        elif self._turn.silence() >= _SILENCE:
            self._status.show("waiting")
        self.done = progress.done

    def _pace(self) -> None:
        now = time.monotonic()
        if self._drawing_since is None:
            return
        drawing = now - self._drawing_since
        pause = max(_FASTEST - drawing, drawing * (1 / _SHARE - 1), len(self._pending) / _TAIL_RATE)
        time.sleep(min(pause, _SLOWEST))
        self._drawing_since = None


class _Status:
    """One quiet line below the reply: thinking, writing or waiting."""

    _LINES = {  # noqa: RUF012 - a constant of the class
        "thinking": "Thinking",
        "writing": "Writing",
        "waiting": "⋯ still waiting",
    }

    def __init__(self, slot: DeltaGenerator) -> None:
        self._slot = slot
        self._shown = ""
        self.show("thinking")

    def show(self, state: str) -> None:
        if state != self._shown:
            self._shown = state
            self._slot.html(f'<div class="pc-status pc-{state}" role="status">{self._LINES[state]}</div>')


def _yield_to_streamlit() -> None:
    """Let Streamlit end this script here, if the visitor has left or clicked: any use of its state does."""
    st.session_state.get("prompt")
