"""What a click does: each function is one action of the visitor on the services, run as a widget's callback.

An action never raises what a person can read: it says it. Typed text that could not be sent goes back to where
it was typed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import streamlit as st
from streamlit.typing import ChatInputValue, UploadedFile

from parlanchina.conversation import check_message, title_from
from parlanchina.errors import ParlanchinaError, ProviderError
from parlanchina.files import Plan
from parlanchina.messages import Session
from parlanchina.ui import state
from parlanchina.ui.attachments import plan_of_next, take_in
from parlanchina.ui.state import App

__all__ = [
    "ask",
    "begin_edit",
    "begin_rename",
    "cancel_edit",
    "delete",
    "new_chat",
    "open_session",
    "rate",
    "regenerate",
    "rename",
    "resend",
    "resume",
    "save_settings",
    "says_errors",
    "send",
    "stop",
    "switch_branch",
    "undo_delete",
]

P = ParamSpec("P")


def says_errors(action: Callable[Concatenate[App, P], None]) -> Callable[P, None]:
    """Run an action with the run's services; turn an error of ours into its sentence."""

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            action(state.app(), *args, **kwargs)
        except ParlanchinaError as error:
            state.say(str(error))

    return run


# Asking


def send() -> None:
    """Send what the composer holds; what can't be sent goes back into it, and files wait above it.

    Files without words are only taken in. With words they go at once, unless there is something to be said first.
    """
    app, given = state.app(), st.session_state.get("prompt")
    text, uploads, recording = _parts_of(given)
    said = take_in(app, uploads)
    if recording is not None:  # dictation: the words are to be read before they are sent
        try:
            text = f"{text} {_written_down(app, recording)}".strip()
        except ProviderError as error:
            said.append(str(error))
        if said:
            state.say(" ".join(said))
        st.session_state["prompt"] = text
        return
    if uploads and not said and (warning := _plan_of_next(app).warning):
        said = [warning]
    if not said and text.strip():
        try:
            _ask(app, text)
        except ParlanchinaError as error:
            said = [str(error)]
        else:
            state.take_staged()
            state.follow_end()
            return
    if said:
        state.say(" ".join(said))
    if text.strip():
        st.session_state["prompt"] = text


def _parts_of(given: str | ChatInputValue | None) -> tuple[str, list[UploadedFile], UploadedFile | None]:
    """What the composer was submitted with: words, files, a recording."""
    if isinstance(given, str | None):
        return given or "", [], None
    return given.text or "", list(given.files), given.get("audio")  # type: ignore[return-value]  # as documented


def _written_down(app: App, recording: UploadedFile) -> str:
    transcriber = app.services.transcriber
    if transcriber is None:
        return ""

    async def listen() -> str:
        try:
            return await transcriber.transcribe(recording.getvalue())
        finally:
            await transcriber.aclose()

    return asyncio.run(listen())


def _plan_of_next(app: App) -> Plan:
    session_id = state.open_session_id()
    try:
        session = app.services.sessions.load_session(session_id or "", owner=app.owner)
    except ParlanchinaError:
        session = None
    return plan_of_next(app, session)


@says_errors
def ask(app: App, text: str) -> None:
    """Send a suggestion."""
    _ask(app, text)
    state.take_staged()


def _ask(app: App, text: str) -> None:
    check_message(text)
    model: str | None = st.session_state.get("model")
    session_id = state.open_session_id()
    if session_id in (None, state.NEW):
        session = app.services.sessions.create_session(
            owner=app.owner,
            title=title_from(text),
            model=model or app.services.settings.default_model,
            system_prompt=st.session_state.get("system_prompt", ""),
            params=state.chosen_params(),
        )
        session_id = session.id
        state.settings_belong_to(session_id)
        st.query_params["session"] = session_id
    app.services.turns.ask(str(session_id), text, owner=app.owner, model=model, attachments=state.staged())


@says_errors
def stop(app: App, turn_id: str) -> None:
    """End a reply and keep what came; the page draws the stored end, not a race with it."""
    turn = app.services.turns.get(turn_id, owner=app.owner)
    turn.stop()
    turn.wait_until_done(timeout=2.0)


@says_errors
def regenerate(app: App, session: Session, reply_id: str, *, standby: bool = False) -> None:
    """Have the question answered again, as a branch beside the reply."""
    app.services.turns.regenerate(session.id, reply_id, owner=app.owner, standby=standby)


@says_errors
def resume(app: App, session: Session, reply_id: str) -> None:
    """Have a cut reply continued."""
    app.services.turns.resume(session.id, reply_id, owner=app.owner)


# Branches


def begin_edit(message_id: str) -> None:
    """Open the editor on a question."""
    state.remember("editing", message_id)


def cancel_edit() -> None:
    """Close the editor."""
    state.remember("editing", None)


@says_errors
def resend(app: App, session: Session, message_id: str) -> None:
    """Send an edited question as a branch beside the old one."""
    question = session.message(message_id)
    text = st.session_state.get(f"editor_{message_id}") or ""
    if question is not None:
        app.services.turns.ask(
            session.id, text, owner=app.owner, parent_id=question.parent_id, attachments=question.attachments
        )
        cancel_edit()


@says_errors
def switch_branch(app: App, session: Session, message_id: str) -> None:
    """Show the branch that goes through a message, down to its newest leaf."""
    app.services.sessions.update_session(session.id, owner=app.owner, head=session.leaf_under(message_id))


@says_errors
def rate(app: App, session: Session, reply_id: str) -> None:
    """Keep the thumb on a reply."""
    thumb = st.session_state.get(f"feedback_{reply_id}")
    feedback = None if thumb is None else ("down", "up")[thumb]
    app.services.sessions.set_feedback(session.id, reply_id, feedback, owner=app.owner)  # type: ignore[arg-type]


# Sessions


def new_chat() -> None:
    """Show an empty chat; it becomes a session with its first message."""
    state.go_to_chat()
    state.show_session(state.NEW)


def open_session(session_id: str) -> None:
    """Show a session."""
    state.go_to_chat()
    state.show_session(session_id)


def begin_rename(session_id: str) -> None:
    """Open the field for a new title."""
    state.remember("renaming", session_id)


@says_errors
def rename(app: App, session_id: str) -> None:
    """Give a session the title typed for it."""
    title = " ".join(str(st.session_state.get(f"rename_{session_id}") or "").split())
    state.remember("renaming", None)
    if title:
        app.services.sessions.update_session(session_id, owner=app.owner, title=title[:200])


@says_errors
def delete(app: App, session_id: str) -> None:
    """Take a session away, and offer to undo it. A reply being made there is stopped first."""
    for turn in app.services.turns.running(session_id, owner=app.owner):
        turn.stop()
        turn.wait_until_done(timeout=2.0)
    app.services.sessions.delete_session(session_id, owner=app.owner)
    state.remember("deleted", session_id)
    if state.open_session_id() == session_id:
        del st.query_params["session"]


@says_errors
def undo_delete(app: App) -> None:
    """Bring the session back that was deleted last, and show it."""
    session_id = state.recall("deleted")
    if session_id:
        app.services.sessions.restore_session(session_id, owner=app.owner)
        state.remember("deleted", None)
        state.go_to_chat()
        state.show_session(session_id)


@says_errors
def save_settings(app: App) -> None:
    """Keep the model, the system prompt and the parameters with the open session."""
    session_id = state.open_session_id()
    if session_id in (None, state.NEW):
        return  # they go with the first message
    app.services.sessions.update_session(
        str(session_id),
        owner=app.owner,
        model=st.session_state["model"],
        system_prompt=st.session_state.get("system_prompt", ""),
        params=state.chosen_params(),
    )
