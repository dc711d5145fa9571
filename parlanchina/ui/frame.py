"""What every page begins with: the style, the services, and who is looking."""

from __future__ import annotations

import streamlit as st

from parlanchina.errors import ConfigError, StoreError
from parlanchina.services import Services, process_services
from parlanchina.ui import state
from parlanchina.ui.attachments import take_back
from parlanchina.ui.browser import meet_browser
from parlanchina.ui.label import label
from parlanchina.ui.secrets import streamlit_secrets
from parlanchina.ui.state import App
from parlanchina.ui.theme import apply_style

__all__ = ["enter_frame", "turn_to"]


def turn_to(page: st.Page, *, chat: st.Page) -> None:
    """Begin a run of a page, or leave it for the conversation, if that is where the last click leads."""
    if state.wants_chat() and page is not chat:
        st.switch_page(chat, query_params=st.query_params.to_dict())
    state.enter_page(is_chat=page is chat)


def enter_frame() -> None:
    """Make the run's services and say who is looking; what can't work is said on the page, and ends the run."""
    apply_style()
    services = _services_or_stop()
    browser = meet_browser(
        services.settings,
        session_id=state.open_session_id() or state.NEW,
        theme_wanted=state.recall("theme_wanted"),
        waiting=[file.id for file in state.staged()] if state.knows_staged() else None,
    )
    if browser.owner is None:
        st.stop()  # for the moment until the browser has said who it is; its answer starts a new run
    app = App(services=services, browser=browser, owner=browser.owner)
    state.enter(app)
    if browser.waiting and not state.knows_staged():
        take_back(app, browser.waiting)
    if state.open_session_id() is None:
        sessions = services.sessions.list_sessions(owner=app.owner)
        state.show_session(sessions[0].id if sessions else state.NEW)


def _services_or_stop() -> Services:
    try:
        return process_services(streamlit_secrets)
    except (ConfigError, StoreError) as error:
        st.html('<div class="pc-welcome"><h1>Parlanchina can\'t start yet</h1></div>')
        st.error(label(str(error)), icon=":material/build:")
        st.stop()
