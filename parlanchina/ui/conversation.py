"""Draws the open session: its newest messages, the reply being made, and what an empty chat offers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.errors import SessionDamaged, SessionNotFound, TurnNotFound
from parlanchina.messages import Message, Session
from parlanchina.turn import Turn
from parlanchina.ui import actions, state
from parlanchina.ui.attachments import draw_file
from parlanchina.ui.body import blank
from parlanchina.ui.composer import Composer
from parlanchina.ui.label import label
from parlanchina.ui.message import LiveReply, draw_question, draw_reply, draw_ways_on, draw_words
from parlanchina.ui.sidebar import draw_sidebar
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
    """Draw the chat page of the session in the URL, and the sidebar.

    While a reply is being made, what was asked for comes first: the rest of the page waits for the first words.
    """
    session = _opened(app)
    turn = _turn_shown(app, session)
    composer = Composer(app, session, turn)
    if state.recall("reading"):
        draw_file(app, session)
    else:
        draw_viewer(app)
    with st.container(key="page"):
        topbar = st.container(horizontal=True, key="topbar", vertical_alignment="center")

        def draw_the_rest() -> None:
            composer.draw_the_rest()
            draw_sidebar(app)
            with topbar:
                draw_topbar(app, session)

        if session is None or not session.messages:
            draw_the_rest()
            _draw_welcome()
        else:
            session = _Branch(app, session).draw(turn, rest=draw_the_rest)
            composer.take_stop_away()
    _watch(app, session)


def _opened(app: App) -> Session | None:
    """The session in the URL, or None for a new chat; anything else is said, and ends the run."""
    session_id = state.open_session_id()
    if session_id in (None, state.NEW):
        return None
    try:
        return app.services.sessions.load_session(str(session_id), owner=app.owner)
    except (SessionNotFound, SessionDamaged) as error:
        draw_sidebar(app)
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


class _Branch:
    """The messages of the branch being shown, in their places on the page."""

    def __init__(self, app: App, session: Session) -> None:
        self._app = app
        self._session = session
        self._wanted = state.message_to_show()

    def draw(self, turn: Turn | None, *, rest: Callable[[], None]) -> Session:
        """Draw them, and follow the reply being made, if there is one, to its end; the session as it is then.

        `rest` draws what else the page has, as soon as the first words are there.
        """
        path = self._session.path()
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
        before = state.drawn_before([message.id for message in shown])
        live = turn if turn is not None and turn.id == shown[-1].id else None
        # In this order: the places, the newest question, the first words of its reply, all the others.
        places = [self._place(message, is_live=live is not None and message is shown[-1]) for message in shown]
        blank(len(before) - len(shown))
        drawn = list(zip(shown, places, strict=True))
        if live is None:
            rest()
            self._draw(drawn)
            return self._session
        _, slot = drawn.pop()
        stood_there = before[len(drawn) : len(shown)]
        self._follow(LiveReply(self._app, live, slot, over=stood_there not in ([], [live.id])), live, drawn, rest)
        return self._session

    def _follow(
        self,
        reply: LiveReply,
        turn: Turn,
        drawn: list[tuple[Message, DeltaGenerator]],
        rest: Callable[[], None],
    ) -> None:
        """Draw the newest question, the first words of its reply, and then, while it is followed, all the others."""
        question, place = drawn.pop()
        draw_words(self._app, question, place)

        def draw_the_others() -> None:
            rest()
            draw_ways_on(self._session, question, place)
            self._draw(drawn)

        reply.follow(then=draw_the_others)
        if turn.message.images:
            st.rerun()  # a picture's buttons can't be drawn twice in one run
        self._session = self._app.services.sessions.load_session(self._session.id, owner=self._app.owner)
        reply.end(self._session, self._fresh(self._session.message(turn.id) or turn.message))

    @staticmethod
    def _place(message: Message, *, is_live: bool) -> DeltaGenerator:
        return st.empty() if is_live else st.chat_message("user" if message.role == "user" else "assistant")

    def _draw(self, messages: Sequence[tuple[Message, DeltaGenerator]]) -> None:
        for message, place in messages:
            if message.role == "user":
                draw_question(self._app, self._session, message, place)
            else:
                draw_reply(self._app, self._session, self._fresh(message), place)
            if message.id == self._wanted:
                with place:
                    _bring_into_view(message)

    def _fresh(self, message: Message) -> Message:
        """A reply as it is to be drawn: rendered again if another renderer made its HTML; the turn's if unsaved."""
        try:
            turn = self._app.services.turns.get(message.id, owner=self._app.owner)
        except TurnNotFound:
            pass
        else:
            if turn.unsaved is not None:
                return turn.message
        return self._app.services.render_again(self._session, message)


def _bring_into_view(message: Message) -> None:
    st.html(
        f"""<script>
        const name = ".st-key-copy_" + CSS.escape({json.dumps(message.id).replace("<", "")});
        let left = 6; // tries: the pictures above it take a moment to have their height
        const trying = setInterval(() => {{
          const message = document.querySelector(name)?.closest('[data-testid="stChatMessage"]');
          message?.scrollIntoView({{ block: "start" }});
          if (--left <= 0) clearInterval(trying);
        }}, 150);
        for (const kind of ["wheel", "pointerdown", "keydown"]) {{
          addEventListener(kind, () => clearInterval(trying), {{ once: true, capture: true }});
        }}
        </script>""",
        unsafe_allow_javascript=True,
    )


def _draw_welcome() -> None:
    st.html(
        '<div class="pc-welcome"><h1>What shall we talk about?</h1>'
        "<p>Replies keep coming while you are away: reload, close the tab, come back.</p></div>"
    )
    with st.grid(2, min_column_width=240, key="suggestions"):
        for icon, text in _SUGGESTIONS:
            st.button(text, icon=icon, key=f"suggest_{text}", width="stretch", on_click=actions.ask, args=(text,))


@st.fragment(run_every=3.0)
def _watch(app: App, session: Session | None) -> None:
    """Notice what another tab or the HTTP API asked for in this session, and a reply another process is making."""
    if session is None:
        return
    known = {message.id: message.status for message in session.messages}
    turns = app.services.turns.of_session(session.id, owner=app.owner)
    if any(turn.id not in known for turn in turns) or known.get(session.head or "") == "streaming":
        st.rerun()
