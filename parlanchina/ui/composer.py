"""Draws what is below the conversation: the notice, *Stop* while a reply is coming, and the composer."""

from __future__ import annotations

from contextlib import nullcontext
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.messages import Session
from parlanchina.reply_pictures import picture_id_of
from parlanchina.turn import Turn
from parlanchina.ui import actions, state
from parlanchina.ui.attachments import draw_staged
from parlanchina.ui.label import label
from parlanchina.ui.state import App

__all__ = ["Composer"]

_taker = st.components.v2.component(
    "parlanchina_composer",
    js=(Path(__file__).parent / "composer.js").read_text(encoding="utf-8"),
)


class Composer:
    """The bottom of the page: the field to write in first, what stands around it when the page has come so far."""

    def __init__(self, app: App, session: Session | None, turn: Turn | None) -> None:
        """Draw the field; `turn` is the reply being made, if any."""
        self._app = app
        self._session = session
        self._turn = turn
        self._stop: DeltaGenerator | None = None
        with st.bottom:
            self._above = st.container(key="above_composer", horizontal_alignment="center")
        # At the root of the page, not inside st.bottom: only so does Streamlit keep the end of the page in view.
        edits = any(picture_id_of(attachment) for attachment in state.staged())
        with st.bottom if state.rests() else nullcontext():
            st.chat_input(
                "Say what to change in the picture" if edits else "Write a message",
                key="prompt",
                accept_file="multiple",
                accept_audio=app.services.transcriber is not None,
                on_submit=actions.send,
            )

    def draw_the_rest(self) -> None:
        """Draw the notice, *Stop* while a reply is coming, the files that wait, and what is below the field."""
        with self._above:
            said = state.notice()
            if said:
                st.warning(label(said), icon=":material/info:")
            if self._turn is not None:
                self._stop = st.empty()
                self._stop.button(
                    "Stop", key="stop", icon=":material/stop_circle:", on_click=actions.stop, args=(self._turn.id,)
                )
            draw_staged(self._app, self._session)
        with st.bottom:
            _taker(key="taker", height="content")
            if demo := self._app.services.settings.demo_reason:
                st.html(f'<div class="pc-foot">{escape(demo)}</div>')

    def take_stop_away(self) -> None:
        """Say that the reply has ended."""
        if self._stop is not None:
            self._stop.empty()
