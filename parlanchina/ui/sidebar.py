"""Draws the sidebar: the name, the theme, *New chat*, the search, and the sessions, newest first."""

from __future__ import annotations

import streamlit as st

from parlanchina.messages import SessionSummary
from parlanchina.ui import actions, state
from parlanchina.ui.browser import THEMES
from parlanchina.ui.label import label
from parlanchina.ui.state import App

__all__ = ["draw_sidebar"]

_SHOWN = 40  # sessions listed at first; the search finds the others


def draw_sidebar(app: App) -> None:
    """Draw the sidebar."""
    current = state.open_session_id()
    with st.sidebar:
        with st.container(horizontal=True, key="brand", wrap=False, vertical_alignment="center"):
            st.html('<div class="pc-name">Parlanchina</div>', width="stretch")
            _draw_theme(app)
        st.button(
            "New chat",
            key="new_chat",
            icon=":material/edit_square:",
            width="stretch",
            on_click=actions.new_chat,
        )
        st.page_link(
            "pages/gallery.py",
            label="Pictures",
            icon=":material/photo_library:",
            query_params={"session": current} if current else None,
        )
        query = st.text_input(
            "Search",
            key="session_search",
            placeholder="Search chats",
            icon=":material/search:",
            label_visibility="collapsed",
        )
        _draw_undo()
        if query.strip():
            found = app.services.sessions.search(query, owner=app.owner)
            empty = "Nothing found."
        else:
            found = app.services.sessions.list_sessions(owner=app.owner)
            empty = "Your chats will be listed here."
        _draw_sessions(found, current=current, empty=empty)
        for sentence in app.services.sessions.damaged():
            st.html('<div class="pc-aside"></div>')
            st.warning(label(sentence), icon=":material/healing:")


def _draw_theme(app: App) -> None:
    if st.session_state.get("theme") not in THEMES or "_theme_wanted" not in st.session_state:
        st.session_state["theme"] = app.browser.theme
    st.segmented_control(
        "Theme",
        THEMES,
        key="theme",
        format_func={
            "Light": ":material/light_mode:",
            "Dark": ":material/dark_mode:",
            "System": ":material/contrast:",
        }.__getitem__,
        label_visibility="collapsed",
        required=True,
        on_change=_want_theme,
    )


def _want_theme() -> None:
    state.remember("theme_wanted", st.session_state.get("theme"))


def _draw_undo() -> None:
    if not state.recall("deleted"):
        return
    with st.container(horizontal=True, key="undo", vertical_alignment="center"):
        st.html('<div class="pc-aside">Chat deleted.</div>', width="stretch")
        st.button("Undo", key="undo_delete", type="tertiary", on_click=actions.undo_delete)


def _draw_sessions(found: list[SessionSummary], *, current: str | None, empty: str) -> None:
    with st.container(key="sessions", gap="xxsmall"):
        for summary in found[:_SHOWN]:
            if summary.id == current:
                _draw_open_session(summary)
            else:
                _session_button(summary)
        if not found:
            st.html(f'<div class="pc-aside">{empty}</div>')
        elif len(found) > _SHOWN:
            st.html(f'<div class="pc-aside">and {len(found) - _SHOWN:,} older: search to find them</div>')


def _session_button(summary: SessionSummary) -> None:
    st.button(
        label(summary.title or "New chat"),
        key=f"session_{summary.id}",
        type="tertiary",
        width="stretch",
        wrap=False,
        on_click=actions.open_session,
        args=(summary.id,),
    )


def _draw_open_session(summary: SessionSummary) -> None:
    """The open session has its own menu: rename and delete."""
    if state.recall("renaming") == summary.id:
        st.text_input(
            "Title",
            value=summary.title,
            key=f"rename_{summary.id}",
            label_visibility="collapsed",
            on_change=actions.rename,
            args=(summary.id,),
        )
        return
    with st.container(horizontal=True, key="open_session", wrap=False, gap="xxsmall", vertical_alignment="center"):
        _session_button(summary)
        with st.popover("Rename or delete", key=f"menu_{summary.id}", icon=":material/more_horiz:", type="tertiary"):
            st.button(
                "Rename",
                key=f"begin_rename_{summary.id}",
                icon=":material/edit:",
                type="tertiary",
                on_click=actions.begin_rename,
                args=(summary.id,),
            )
            st.button(
                "Delete",
                key=f"delete_{summary.id}",
                icon=":material/delete:",
                type="tertiary",
                on_click=actions.delete,
                args=(summary.id,),
            )
