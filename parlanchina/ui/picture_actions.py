"""What a click on a picture does: open it, hand it to the next message, delete it, bring it back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from parlanchina.errors import StoreError
from parlanchina.messages import Session
from parlanchina.stores.image_meta import ImageMeta
from parlanchina.ui import state
from parlanchina.ui.actions import says_errors
from parlanchina.ui.state import App

__all__ = [
    "CHOICES",
    "attach",
    "choose",
    "close_picture",
    "delete",
    "edit",
    "open_message",
    "open_picture",
    "undo_delete",
]

_EXTENSION_OF_NAME = 60  # characters of a caption that make a file's name


def open_picture(image_id: str) -> None:
    """Show a picture whole."""
    state.remember("viewing", image_id)


def close_picture() -> None:
    """Show the page again."""
    state.remember("viewing", None)


@says_errors
def edit(app: App, image_id: str) -> None:
    """Hand a picture to the next message, to be made anew; where it comes from is recorded by its name."""
    meta = app.services.images.get(image_id, owner=app.owner)
    _hand_over(app, meta, name=meta.filename)


@says_errors
def attach(app: App, image_id: str) -> None:
    """Hand a copy of a picture to the next message, as a file like any other."""
    meta = app.services.images.get(image_id, owner=app.owner)
    words = "".join(letter if letter.isalnum() else " " for letter in meta.alt_text[:_EXTENSION_OF_NAME])
    extension = meta.filename.partition(".")[2]
    _hand_over(app, meta, name=f"{' '.join(words.split()) or 'picture'}.{extension}")


def _hand_over(app: App, meta: ImageMeta, *, name: str) -> None:
    content = app.services.images.read(meta.id, owner=app.owner)
    state.stage(app.services.files.save(name, content, owner=app.owner))
    close_picture()
    if not state.is_chat():
        _open_session_of(app, meta)
        state.go_to_chat()


@says_errors
def open_message(app: App, image_id: str) -> None:
    """Show the message that made a picture, in its session."""
    meta = app.services.images.get(image_id, owner=app.owner)
    session = _open_session_of(app, meta)
    close_picture()
    state.go_to_chat()
    message = session.message(meta.message_id or "") if session else None
    if session is None or message is None:
        return
    if message not in session.path():
        session = app.services.sessions.update_session(
            session.id, owner=app.owner, head=session.leaf_under(message.id)
        )
    path = [one.id for one in session.path()]
    state.show_message(message.id, back=len(path) - path.index(message.id))


def _open_session_of(app: App, meta: ImageMeta) -> Session | None:
    """Open the session that a picture comes from; if it is gone, the open one stays."""
    try:
        session = app.services.sessions.load_session(meta.session_id or "", owner=app.owner)
    except StoreError:
        return None
    if state.open_session_id() != session.id:
        state.show_session(session.id)
    return session


@says_errors
def delete(app: App, image_id: str) -> None:
    """Take a picture away, and offer to undo it."""
    app.services.images.delete(image_id, owner=app.owner)
    state.remember("deleted_picture", image_id)
    close_picture()


@says_errors
def undo_delete(app: App) -> None:
    """Bring back the picture that was deleted last."""
    image_id = state.recall("deleted_picture")
    if image_id:
        app.services.images.restore(image_id, owner=app.owner)
        state.remember("deleted_picture", None)


CHOICES: dict[str, Callable[[str], None]] = {
    ":material/open_in_full: Open": open_picture,
    ":material/brush: Edit this picture": edit,
    ":material/attach_file: Use as attachment": attach,
}
"""The menu beside a picture."""


def choose(image_id: str, key: str) -> None:
    """Do what was chosen in a picture's menu."""
    CHOICES[st.session_state[key]](image_id)
