"""Draws a reply while it comes: finished blocks once and for good, the unfinished one as a live tail.

The script only follows; the reply is the turn's. Text is joined by time, never dropped: the first at once, then a
frame every 100 to 150 ms, the slower the longer a frame and its text take. Frames must be paced whatever the provider
does: Streamlit drops a page that has 500 of them waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.events import ImageCall, ImageStarted, TextDelta
from parlanchina.markdown import BlockStream
from parlanchina.markdown.preview import preview
from parlanchina.turn import Turn
from parlanchina.ui.pictures import painting

__all__ = ["draw_live"]

_FASTEST, _SLOWEST = 0.1, 0.15  # seconds between two frames
_SHARE = 0.2  # of the time may go into drawing: after a frame that took 20 ms, one each 100 ms
_TAIL_RATE = 3_000  # characters a second: an open block goes whole into each of its frames
_SLICE = 0.5  # seconds that a wait may block before the script looks whether it is still wanted
_SILENCE = 3.0  # seconds without anything new that make a reply "waiting"


def draw_live(turn: Turn, draw_block: Callable[[DeltaGenerator, str], None]) -> None:
    """Follow a turn to its end, drawing into the container this is called in.

    `draw_block` draws finished Markdown into a slot. A rerun or a closed page ends this at any point, and costs
    the reply nothing.
    """
    body = st.container()
    paintings = _Paintings(st.empty())
    follower = _Follower(turn, _Status(st.empty()), paintings)
    slot = body.empty()
    while not follower.done:
        with slot:
            st.write_stream(follower.tail())
        if finished := follower.take_finished():
            draw_block(slot, finished)
            slot = body.empty()
        paintings.draw()  # one that is finished gives way once the picture stands in the text


class _Follower:
    """Reads a turn in frames, and keeps apart what is finished and what is still open."""

    def __init__(self, turn: Turn, status: _Status, paintings: _Paintings) -> None:
        self.done = False
        self._turn = turn
        self._status = status
        self._paintings = paintings
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
        texts: list[str] = []
        for event in progress.events:
            match event:
                case TextDelta():
                    texts.append(event.text)
                case ImageStarted():
                    self._paintings.begin(event)
                case ImageCall():
                    self._take("".join(texts))
                    texts.clear()
                    self._close_block()
                    self._paintings.end(event)
        self._take("".join(texts))
        if self._paintings.is_busy:
            self._status.show("painting")
            self._paintings.draw_begun()
        elif any(isinstance(event, TextDelta) for event in progress.events):
            self._status.show("writing")
        elif self._turn.silence() >= _SILENCE:
            self._status.show("waiting")
        self.done = progress.done

    def _take(self, text: str) -> None:
        if text:
            self._drawing_since = time.monotonic()
            update = self._blocks.feed(text)
            self._finished.extend(update.committed)
            self._pending = update.pending

    def _close_block(self) -> None:
        """Take the open block for finished: a picture is whole when it comes, whatever follows it."""
        self._finished.extend(self._blocks.finish().committed)
        self._pending = ""
        self._blocks = BlockStream()

    def _pace(self) -> None:
        now = time.monotonic()
        if self._drawing_since is None:
            return
        drawing = now - self._drawing_since
        pause = max(_FASTEST - drawing, drawing * (1 / _SHARE - 1), len(self._pending) / _TAIL_RATE)
        time.sleep(min(pause, _SLOWEST))
        self._drawing_since = None


class _Paintings:
    """The placeholders of the pictures that are being made, below the text so far."""

    def __init__(self, slot: DeltaGenerator) -> None:
        self._slot = slot
        self._begun: dict[str, float] = {}
        self._drawn: frozenset[str] = frozenset()

    @property
    def is_busy(self) -> bool:
        return bool(self._begun)

    def begin(self, picture: ImageStarted) -> None:
        self._begun[picture.call_id] = picture.begun_at

    def end(self, picture: ImageCall) -> None:
        self._begun.pop(picture.call_id, None)

    def draw_begun(self) -> None:
        """Draw, if there are new ones."""
        if not self._drawn.issuperset(self._begun):
            self.draw()

    def draw(self) -> None:
        """Draw them as they are now, if that has changed."""
        if self._drawn != frozenset(self._begun):
            self._drawn = frozenset(self._begun)
            self._slot.html(painting(self._begun.values()) or "<div></div>")


class _Status:
    """One quiet line below the reply: thinking, writing, painting or waiting."""

    _LINES = {  # noqa: RUF012 - a constant of the class
        "thinking": "Thinking",
        "writing": "Writing",
        "painting": "Painting",
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
