"""The one door to `st.session_state` and the URL: what this visitor is looking at, and what was just said to them.

Nothing here is worth keeping: the conversation lives in the store, the replies in the turns. Losing all of this
(a reload) costs nothing but an open editor's place.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from parlanchina.messages import Attachment, Params, Session
from parlanchina.services import Services
from parlanchina.ui.browser import Browser

__all__ = [
    "NEW",
    "App",
    "again",
    "app",
    "bind_settings",
    "chosen_params",
    "drawn_before",
    "enter",
    "enter_page",
    "follow_end",
    "go_to_chat",
    "is_chat",
    "knows_staged",
    "message_limit",
    "message_to_show",
    "notice",
    "open_session_id",
    "recall",
    "remember",
    "rests",
    "say",
    "settings_belong_to",
    "show_message",
    "show_more",
    "show_session",
    "stage",
    "stage_again",
    "staged",
    "take_staged",
    "unstage",
    "wants_chat",
]

NEW = "new"
"""What stands in the URL for a chat that has no session yet."""

_SETTINGS = ("model", "system_prompt", "temperature", "top_p", "max_tokens", "image_size", "image_quality")
_SETTLING_SECONDS = 2.0

_WINDOW = 20  # messages drawn at first: the newest
_STEP = 200  # and how many more each time older ones are asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What every page works with in one run of the script."""

    services: Services
    browser: Browser
    owner: str


def enter(app: App) -> None:
    """Hand the run's services to the page; called once, by `app.py`."""
    st.session_state["_app"] = app


def app() -> App:
    """The run's services and owner."""
    entered: App = st.session_state["_app"]
    return entered


# Which session is open: the URL says it, so that a reload, a bookmark and a second tab agree.


def open_session_id() -> str | None:
    """The id in the URL: a session's, `NEW`, or None for “the newest”."""
    return st.query_params.get("session")


def show_session(session_id: str) -> None:
    """Open a session (or `NEW`), with nothing half-done left from the last one."""
    st.query_params["session"] = session_id
    for key in ("_editing", "_renaming", "_limit", "_rests"):
        st.session_state.pop(key, None)


# Which page is open. A click that leads to the conversation may come from another page.


def enter_page(*, is_chat: bool) -> None:
    """Say which page this run draws; called once, by `app.py`."""
    st.session_state["_is_chat"] = is_chat
    st.session_state["_drawn_again"] = {}


def is_chat() -> bool:
    """Whether the conversation is the page that was drawn last."""
    return bool(st.session_state.get("_is_chat", True))


def go_to_chat() -> None:
    """Have the next run draw the conversation."""
    st.session_state["_wants_chat"] = True


def wants_chat() -> bool:
    """Take what `go_to_chat` said, once."""
    return bool(st.session_state.pop("_wants_chat", False))


def again(name: str) -> str:
    """Tell apart what this run draws more than once: nothing the first time, then `_2`, `_3` …"""
    drawn: dict[str, int] = st.session_state["_drawn_again"]
    drawn[name] = drawn.get(name, 0) + 1
    return f"_{drawn[name]}" if drawn[name] > 1 else ""


# The files that wait for the next message. The browser remembers which, for the next visit.


def staged() -> tuple[Attachment, ...]:
    """The files that will go with the next message."""
    waiting: tuple[Attachment, ...] = st.session_state.get("_staged", ())
    return waiting


def stage(attachment: Attachment) -> None:
    """Have a file go with the next message."""
    st.session_state["_staged"] = (*staged(), attachment)


def knows_staged() -> bool:
    """Whether this visit has had to do with waiting files; if not, there may be some from the visit before."""
    return "_staged" in st.session_state


def stage_again(attachments: Iterable[Attachment]) -> None:
    """Have the files wait that waited when the page was left."""
    st.session_state["_staged"] = tuple(attachments)


def unstage(attachment_id: str) -> None:
    """Leave a file out."""
    st.session_state["_staged"] = tuple(one for one in staged() if one.id != attachment_id)


def take_staged() -> tuple[Attachment, ...]:
    """Take the files away: they were sent."""
    waiting = staged()
    st.session_state["_staged"] = ()
    return waiting


# Small things a page remembers between two runs


def remember(name: str, value: str | None) -> None:
    """Keep a word for the next run: which message is being edited, which session renamed."""
    st.session_state[f"_{name}"] = value


def recall(name: str) -> str | None:
    """What `remember` kept, or None."""
    return st.session_state.get(f"_{name}")


def say(sentence: str) -> None:
    """Tell the visitor something at the top of the composer in the next run."""
    st.session_state["_notice"] = sentence


def notice() -> str | None:
    """Take what was said last, once."""
    said: str | None = st.session_state.pop("_notice", None)
    return said


def message_limit() -> int:
    """How many of the newest messages are drawn."""
    return int(st.session_state.get("_limit", _WINDOW))


def show_more() -> None:
    """Draw older messages too."""
    st.session_state["_limit"] = message_limit() + _STEP


def show_message(message_id: str, *, back: int) -> None:
    """Bring a message into view; it is the `back`-th from the end."""
    st.session_state["_limit"] = max(message_limit(), back)
    st.session_state["_message_to_show"] = message_id
    st.session_state["_rests"] = True


def message_to_show() -> str | None:
    """Take the message that is to be brought into view, once."""
    message_id: str | None = st.session_state.pop("_message_to_show", None)
    return message_id


def rests() -> bool:
    """Whether the page stays at a message that was brought into view, rather than at its end."""
    return bool(st.session_state.get("_rests", False))


def follow_end() -> None:
    """Keep the end of the page in view again: something was sent."""
    st.session_state.pop("_rests", None)


def drawn_before(message_ids: list[str]) -> list[str]:
    """Which messages the last run drew, and keep which ones this run does."""
    before: list[str] = st.session_state.get("_drawn", [])
    st.session_state["_drawn"] = message_ids
    return before


# The settings of the open session, as the widgets hold them


def bind_settings(session: Session | None, *, default_model: str) -> None:
    """Set the settings' widgets to the open session's values, when another session was opened.

    For a moment they are set again with each run: a run that begins before the browser got the last one's
    elements throws those away, values and all. Later that would only overwrite what is being typed.
    """
    bound = session.id if session else NEW
    now = time.monotonic()
    if st.session_state.get("_bound") != bound or "model" not in st.session_state:
        params = session.params if session else Params()
        st.session_state["_bound"] = bound
        st.session_state["_bound_at"] = now
        st.session_state["model"] = session.model if session else default_model
        st.session_state["system_prompt"] = session.system_prompt if session else ""
        st.session_state["temperature"] = params.temperature
        st.session_state["top_p"] = params.top_p
        st.session_state["max_tokens"] = params.max_tokens
        st.session_state["image_size"] = params.image_size
        st.session_state["image_quality"] = params.image_quality
    elif now - st.session_state["_bound_at"] < _SETTLING_SECONDS:
        for key in _SETTINGS:
            if value := st.session_state.get(key):  # nothing is lost of an empty one
                st.session_state[key] = value


def settings_belong_to(session_id: str) -> None:
    """Say that the widgets already hold the settings of a session that was just made from them."""
    st.session_state["_bound"] = session_id


def chosen_params() -> Params:
    """The parameters as set; an empty field is the provider's default."""
    return Params(
        temperature=st.session_state.get("temperature"),
        top_p=st.session_state.get("top_p"),
        max_tokens=st.session_state.get("max_tokens"),
        image_size=st.session_state.get("image_size"),
        image_quality=st.session_state.get("image_quality"),
    )
