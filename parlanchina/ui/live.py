"""Draws a reply while it comes: finished blocks once and for good, the open one in parts of which the last grows.

The script only follows; the reply is the turn's. Text is joined by time, never dropped: the first at once, then a
frame every 100 ms or so, the slower the longer a frame takes. Frames must be paced whatever the provider does:
Streamlit drops a page that has 500 of them waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.events import ImageCall, ImageStarted, TextDelta
from parlanchina.markdown import BlockStream, Definitions, Update
from parlanchina.markdown.preview import OpenBlock, is_one_part
from parlanchina.turn import Turn
from parlanchina.ui.gate import gate
from parlanchina.ui.pictures import painting

__all__ = ["draw_live"]

_PAUSE = 0.11  # seconds at least between two frames: each is some 15 ms of the browser's time
_SHARE = 0.2  # of the time may go into drawing: after a frame that took 50 ms, a pause of 200,
_LONGEST_FOR_LOAD = 0.4  # but not more than this
_TAIL_RATE = 3_000  # characters a second: what still grows goes whole into each of its frames,
_LONGEST_FOR_LENGTH = 0.15  # with pauses of at most this
_HEAD_START = 0.05  # seconds in which the first text may come before anything else of the page is drawn
_SLICE = 0.5  # seconds that a wait may block before the script looks whether it is still wanted
_SILENCE = 3.0  # seconds without anything new that make a reply "waiting"


class DrawBlock(Protocol):
    """Draws finished Markdown into a slot."""

    def __call__(self, slot: DeltaGenerator, markdown: str, definitions: Definitions, *, over: int) -> None:
        """`definitions` are those known by then; `over`: how many elements a container in the slot holds."""


def draw_live(
    turn: Turn, *, blocks: DeltaGenerator, below: DeltaGenerator, draw: DrawBlock, then: Callable[[], None]
) -> None:
    """Follow a turn to its end: its blocks go into a container, what is going on into a slot below.

    `draw` draws what is finished. `then` is called once, when the first words are on their way to the page, or have
    not come soon. A rerun or a closed page ends this at any point, and costs the reply nothing. A page's place in the
    gate is given up for each wait.
    """
    follower = _Follower(turn, _Below(below), then)
    slot: DeltaGenerator | None = None
    while not follower.done:
        slot = slot or blocks.empty()
        parts = _draw_open_block(slot, follower)
        if finished := follower.take_finished():
            draw(slot, finished, follower.definitions, over=parts)
            slot = None
        follower.tell()
    follower.draw_the_rest()


def _draw_open_block(slot: DeltaGenerator, follower: _Follower) -> int:
    """Draw the open block, part by part, until it is finished; returns how many are in a container in the slot."""
    follower.wait_for_text()
    place = slot if follower.is_one_part else _parts_in(slot)
    drawn = 0
    while not follower.is_over:
        try:
            with place:
                st.write_stream(follower.part())
        except _PartEnds as end:
            drawn += 1
            if not end.is_settled and not follower.is_over:  # it turned out to be something else: begin anew
                place = _parts_in(slot)
                for _ in range(drawn):
                    place.empty()
            follower.wait_for_text()
    return 0 if place is slot else drawn


def _parts_in(slot: DeltaGenerator) -> DeltaGenerator:
    return slot.container(gap=None, horizontal=True)  # horizontal: for the style, which has the parts read as one


class _PartEnds(Exception):
    """Ends an element that is being written: a stream that just ends would be sent as a whole once more."""

    def __init__(self, *, is_settled: bool) -> None:
        self.is_settled = is_settled
        """It is as it will be, and the next can begin; else the block is finished, or was misjudged."""


class _Follower:
    """Reads a turn in frames, and keeps apart what is finished and what is still open."""

    def __init__(self, turn: Turn, below: _Below, then: Callable[[], None]) -> None:
        self.done = False
        self._turn = turn
        self._below = below
        self._then: Callable[[], None] | None = then
        self._began_at = time.monotonic()
        self._has_shown = False
        self._blocks = BlockStream()
        self._index = 0
        self._finished: list[str] = []
        self._pending = ""
        self._open = OpenBlock()
        self._waited = 0.0  # seconds at the gate before this frame
        self._drawing_since: float | None = None

    @property
    def definitions(self) -> Definitions:
        """What the finished blocks define."""
        return self._blocks.definitions

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be drawn of the open block as such."""
        return self.done or bool(self._finished)

    @property
    def is_one_part(self) -> bool:
        return self.is_over or is_one_part(self._pending)

    def wait_for_text(self) -> None:
        """Read on until there is more to show than what is there: an element is not made before it is needed."""
        while not self.is_over and len(self._pending) <= self._open.seen:
            self._advance()

    def part(self) -> Iterator[str]:
        """The part of the open block that comes next, as it grows; ends with `_PartEnds`."""
        while not self.is_over:
            step = self._open.step(self._pending)
            if step is None:
                self._open = OpenBlock()
                break
            if step.text:
                self._has_shown = True
                yield step.text
            elif not self._has_shown:
                self._drawing_since = None  # a fence's first line, say, shows nothing: what does comes at once
            if step.is_settled:
                raise _PartEnds(is_settled=True)
            self._advance()
        raise _PartEnds(is_settled=False)

    def take_finished(self) -> str:
        """The Markdown finished since the last call; empty if there is none."""
        finished, self._finished = "".join(self._finished), []
        self._has_shown = self._has_shown or bool(finished)
        return finished

    def draw_the_rest(self) -> None:
        """Draw what of the page has waited for the first words, once."""
        then, self._then = self._then, None
        if then is not None:
            then()

    def tell(self) -> None:
        """Say below the text what is going on, unless there is finished text to be drawn first."""
        if not self._finished:
            self._below.draw()

    def _advance(self) -> None:
        """Take the next frame's text from the turn."""
        gate.leave()
        self._pace()  # before the rest of the page too: a browser draws at once whatever it gets at once
        is_due = self._has_shown or time.monotonic() - self._began_at >= _HEAD_START
        if is_due and self._then and gate.enter_if_free():  # others' first words go before our rest
            self.draw_the_rest()
            gate.leave()
        self._turn.wait(self._index, timeout=_SLICE if is_due else _HEAD_START)
        self._waited = gate.enter()
        progress = self._turn.read(self._index)
        _yield_to_streamlit()
        self._index = progress.next_index
        texts: list[str] = []
        for event in progress.events:
            match event:
                case TextDelta():
                    texts.append(event.text)
                case ImageStarted():
                    self._below.begin(event)
                case ImageCall():
                    self._take("".join(texts))
                    texts.clear()
                    self._close_block()
                    self._below.end(event)
        self._take("".join(texts))
        if progress.done:
            self.done = True
            self._hand_on(self._blocks.finish())
        if any(isinstance(event, TextDelta) for event in progress.events):
            self._below.state = "writing"
        elif self._turn.silence() >= _SILENCE:
            self._below.state = "waiting"
        self.tell()

    def _take(self, text: str) -> None:
        if text:
            self._drawing_since = time.monotonic() - self._waited  # where many wait to draw, each draws less often
            self._hand_on(self._blocks.feed(text))

    def _close_block(self) -> None:
        """Take the open block for finished: a picture is whole when it comes, whatever follows it."""
        self._hand_on(self._blocks.finish())
        self._blocks = BlockStream()

    def _hand_on(self, update: Update) -> None:
        self._pending = update.pending
        if update.committed:
            self._finished.extend(update.committed)
            self._open = OpenBlock()

    def _pace(self) -> None:
        """Let some time go by since the last frame, unless there will be none after the next."""
        now = time.monotonic()
        if self._drawing_since is None:
            return
        drawing = now - self._drawing_since
        for_load = min(drawing * (1 / _SHARE - 1), _LONGEST_FOR_LOAD)
        for_length = min(self._open.length / _TAIL_RATE, _LONGEST_FOR_LENGTH)
        self._turn.wait_until_done(timeout=max(_PAUSE, for_load, for_length))
        self._drawing_since = None


class _Below:
    """What stands below the text: the placeholders of pictures in the making, and one quiet line if nothing comes."""

    _LINES = {  # noqa: RUF012 - a constant of the class
        "thinking": "Thinking",
        "painting": "Painting",
        "waiting": "⋯ still waiting",
    }

    def __init__(self, slot: DeltaGenerator) -> None:
        self.state = "thinking"
        self._slot = slot
        self._begun: dict[str, float] = {}
        self._drawn: tuple[str, frozenset[str]] | None = None

    def begin(self, picture: ImageStarted) -> None:
        self._begun[picture.call_id] = picture.begun_at

    def end(self, picture: ImageCall) -> None:
        self._begun.pop(picture.call_id, None)

    def draw(self) -> None:
        """Draw it as it is now, if that has changed."""
        state = "painting" if self._begun else self.state
        now = (state, frozenset(self._begun))
        if now != self._drawn:
            before, self._drawn = self._drawn, now
            said = self._LINES.get(state)
            line = f'<div class="pc-status pc-{state}" role="status">{said}</div>' if said else ""
            if html := painting(self._begun.values()) + line:
                self._slot.html(html)
            elif before is not None:
                self._slot.empty()


def _yield_to_streamlit() -> None:
    """Let Streamlit end this script here, if the visitor has left or clicked: any use of its state does."""
    st.session_state.get("prompt")
