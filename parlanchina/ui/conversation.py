"""Draws the open session: its newest messages, the reply being made, and what an empty chat offers."""

from __future__ import annotations

import json

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.errors import SessionDamaged, SessionNotFound, TurnNotFound
from parlanchina.messages import Message, Session
from parlanchina.turn import Turn
from parlanchina.ui import actions, state
from parlanchina.ui.attachments import draw_file
from parlanchina.ui.composer import draw_composer
from parlanchina.ui.label import label
from parlanchina.ui.message import blank, draw_live_reply, draw_question, draw_reply, reply_slot
from parlanchina.ui.state import App
from parlanchina.ui.topbar import draw_topbar
from parlanchina.ui.viewer import draw_viewer

__all__ = ["draw_conversation"]

_SUGGESTIONS = (
    (":material/waving_hand:", "What can you do?"),
    (":material/palette:", "Show me everything you can draw"),
    (":material/key:", "How do I connect OpenAI or another provider?"),
    (":material/auto_stories:", "Tell me a long story"),
)


def draw_conversation(app: App) -> None:
    """Draw the chat page of the session in the URL."""
    session = _opened(app)
    turn = _turn_shown(app, session)
    stop = draw_composer(app, session, turn)
    if state.recall("reading"):
        draw_file(app, session)
    else:
        draw_viewer(app)
    with st.container(key="page"):
        draw_topbar(app, session)
        if session is None or not session.messages:
            _draw_welcome()
        else:
            session = _draw_messages(app, session, turn, stop)
    _watch(app, session)


def _opened(app: App) -> Session | None:
    """The session in the URL, or None for a new chat; anything else is said, and ends the run."""
    session_id = state.open_session_id()
    if session_id in (None, state.NEW):
        return None
    try:
        return app.services.sessions.load_session(str(session_id), owner=app.owner)
    except (SessionNotFound, SessionDamaged) as error:
        st.html('<div class="pc-welcome"><h1>Not found</h1></div>')
        st.error(label(str(error)), icon=":material/search_off:")
        st.button("New chat", key="new_chat_instead", on_click=actions.new_chat)
        st.stop()


def _turn_shown(app: App, session: Session | None) -> Turn | None:
    """The turn whose reply ends the branch being shown, if it is being made in this process."""
    if session is None or session.head is None:
        return None
    try:
        turn = app.services.turns.get(session.head, owner=app.owner)
    except TurnNotFound:
        return None
    return None if turn.done else turn


def _draw_messages(app: App, session: Session, turn: Turn | None, stop: DeltaGenerator) -> Session:
    """Draw the branch being shown; return the session as it is when its reply has ended."""
    path = session.path()
    limit = state.message_limit()
    if len(path) > limit:
        st.button(
            f"Show older messages ({len(path) - limit:,})",
            key="show_older",
            type="tertiary",
            width="stretch",
            on_click=state.show_more,
        )
    shown = path[-limit:]
    before = state.drawn_before(len(shown))
    wanted = state.message_to_show()
    for message in shown:
        if message.role == "user":
            draw_question(app, session, message)
        elif turn is not None and message.id == turn.id:
            slot = reply_slot(turn.id)
            blank(before - len(shown))
            draw_live_reply(app, turn, slot)
            if turn.message.images:
                st.rerun()  # a picture's buttons can't be drawn twice in one run
            # Drawn again where it stands, as it is stored: a run of its own would send the whole page once more.
            stop.empty()
            session = app.services.sessions.load_session(session.id, owner=app.owner)
            draw_reply(app, session, _fresh(app, session, session.message(turn.id) or turn.message), slot)
        else:
            draw_reply(app, session, _fresh(app, session, message), reply_slot(message.id))
        if message.id == wanted:
            _bring_into_view(message)
    return session


def _bring_into_view(message: Message) -> None:
    st.html(
        f"""<script>
        const name = ".st-key-reply_" + CSS.escape({json.dumps(message.id).replace("<", "")});
        let left = 6; // tries: the pictures above it take a moment to have their height
        const trying = setInterval(() => {{
          document.querySelector(name)?.scrollIntoView({{ block: "start" }});
          if (--left <= 0) clearInterval(trying);
        }}, 150);
        for (const kind of ["wheel", "pointerdown", "keydown"]) {{
          addEventListener(kind, () => clearInterval(trying), {{ once: true, capture: true }});
        }}
        </script>""",
        unsafe_allow_javascript=True,
    )


def _fresh(app: App, session: Session, message: Message) -> Message:
    """The reply as it is to be drawn: rendered again if another renderer made its HTML, from the turn if unsaved."""
    try:
        turn = app.services.turns.get(message.id, owner=app.owner)
    except TurnNotFound:
        pass
    else:
        if turn.unsaved is not None:
            return turn.message
    return app.services.render_again(session, message)


def _draw_welcome() -> None:
    st.html(
        '<div class="pc-welcome"><h1>What shall we talk about?</h1>'
        "<p>Replies keep coming while you are away: reload, close the tab, come back.</p></div>"
    )
    with st.grid(2, min_column_width=240, key="suggestions"):
        for icon, text in _SUGGESTIONS:
            st.button(text, icon=icon, key=f"suggest_{text}", width="stretch", on_click=actions.ask, args=(text,))


@st.fragment(run_every=2.0)
def _watch(app: App, session: Session | None) -> None:
    """Notice what another tab or the HTTP API asked for in this session, and a reply another process is making."""
    if session is None:
        return
    known = {message.id: message.status for message in session.messages}
    turns = app.services.turns.of_session(session.id, owner=app.owner)
    if any(turn.id not in known for turn in turns) or known.get(session.head or "") == "streaming":
        st.rerun()
