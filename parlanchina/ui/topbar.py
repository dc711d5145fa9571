"""Draws the top of the conversation: its title, the settings, and the model at the right."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from parlanchina.messages import Session
from parlanchina.params import ImageQuality, ImageSize
from parlanchina.ui import actions, state
from parlanchina.ui.label import label
from parlanchina.ui.state import App

__all__ = ["draw_topbar"]


def draw_topbar(app: App, session: Session | None) -> None:
    """Draw, in the bar that is open, the title, the settings' popover and the model selector of the open session."""
    settings = app.services.settings
    state.bind_settings(session, default_model=settings.default_model)
    st.markdown(f"**{label(session.title)}**" if session else "", width="stretch")
    with st.popover("Settings", icon=":material/tune:", help="System prompt and parameters", type="tertiary"):
        _draw_settings()
    models = settings.models
    if st.session_state.get("model") not in models:  # an old session's: it can be read, not continued as it is
        st.session_state["model"] = None
    st.selectbox(
        "Model",
        models,
        key="model",
        index=0 if st.session_state["model"] else None,  # None would let a chosen model be cleared
        placeholder="Choose a model",
        label_visibility="collapsed",
        on_change=actions.save_settings,
        width=200,
    )


def _draw_settings() -> None:
    st.text_area(
        "System prompt",
        key="system_prompt",
        placeholder="How should the model behave? Empty: as its maker set it.",
        height=140,
        on_change=actions.save_settings,
    )
    empty = "default"
    st.number_input(
        "Temperature",
        min_value=0.0,
        max_value=2.0,
        step=0.1,
        value=None,
        key="temperature",
        placeholder=empty,
        help="Higher is more varied. Empty: the provider's default, and nothing is sent.",
        on_change=actions.save_settings,
    )
    st.number_input(
        "Top p",
        min_value=0.0,
        max_value=1.0,
        step=0.05,
        value=None,
        key="top_p",
        placeholder=empty,
        help="Only the likeliest words that add up to this share are drawn from.",
        on_change=actions.save_settings,
    )
    st.number_input(
        "Max tokens",
        min_value=1,
        max_value=1_000_000,
        step=100,
        value=None,
        key="max_tokens",
        placeholder=empty,
        help="The reply is cut there; *Continue* goes on.",
        on_change=actions.save_settings,
    )
    st.selectbox(
        "Picture size",
        get_args(ImageSize),
        index=None,
        key="image_size",
        placeholder="1024x1024",
        format_func=lambda size: size.replace("x", " × "),
        on_change=actions.save_settings,
    )
    st.selectbox(
        "Picture quality",
        get_args(ImageQuality),
        index=None,
        key="image_quality",
        placeholder="high",
        help="Lower is faster and costs less. For providers that make pictures with OpenAI's tool.",
        on_change=actions.save_settings,
    )
