"""Draws what is below the conversation: the notice, *Stop* while a reply is coming, and the composer."""

from __future__ import annotations

from html import escape

import streamlit as st

from parlanchina.turn import Turn
from parlanchina.ui import actions, state
from parlanchina.ui.sidebar import label
from parlanchina.ui.state import App

__all__ = ["draw_composer"]


def draw_composer(app: App, turn: Turn | None) -> None:
    """Draw the bottom of the page; `turn` is the reply being made there, if any."""
    with (
        st.bottom,
        st.container(key="above_composer", horizontal=True, horizontal_alignment="center"),
    ):
        said = state.notice()
        if said:
            st.warning(label(said), icon=":material/info:")
        if turn is not None:
            st.button("Stop", key="stop", icon=":material/stop_circle:", on_click=actions.stop, args=(turn.id,))
    # At the root of the page, not inside st.bottom: only so does Streamlit keep the end of the page in view.
    st.chat_input("Write a message", key="prompt", on_submit=actions.send)
    with st.bottom:
        if demo := app.services.settings.demo_reason:
            st.html(f'<div class="pc-foot">{escape(demo)}</div>')
