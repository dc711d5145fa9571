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

__all__ = ["draw_composer"]

_taker = st.components.v2.component(
    "parlanchina_composer",
    js=(Path(__file__).parent / "composer.js").read_text(encoding="utf-8"),
)


def draw_composer(app: App, session: Session | None, turn: Turn | None) -> DeltaGenerator:
    """Draw the bottom of the page; `turn` is the reply being made there, if any. Returns the slot of *Stop*."""
    with st.bottom, st.container(key="above_composer", horizontal_alignment="center"):
        said = state.notice()
        if said:
            st.warning(label(said), icon=":material/info:")
        stop = st.empty()
        if turn is not None:
            stop.button("Stop", key="stop", icon=":material/stop_circle:", on_click=actions.stop, args=(turn.id,))
        draw_staged(app, session)
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
    with st.bottom:
        _taker(key="taker", height="content")
        if demo := app.services.settings.demo_reason:
            st.html(f'<div class="pc-foot">{escape(demo)}</div>')
    return stop
