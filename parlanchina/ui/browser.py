"""The visitor's browser: who it is, which theme it shows, and what must happen in it (drafts, copying).

One invisible component carries all of it (`browser.js`). In `shared` mode the browser's secret, which makes it
the owner of its sessions, is kept in its local storage and travels over the app's own socket: a cookie of ours
would not pass the proxy of Streamlit Community Cloud.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from parlanchina.config import Settings
from parlanchina.ownership import LOCAL_OWNER, is_direct_local, is_shared, owner_of_browser

__all__ = ["THEMES", "Browser", "meet_browser"]

THEMES = ("Light", "Dark", "System")

_KEY = "browser"
_UNSAID = json.dumps({"secret": None, "theme": "System"}, separators=(",", ":"))  # as JavaScript would write it
_MOST_WAITING = 100
_component = st.components.v2.component(
    "parlanchina_browser",
    js=(Path(__file__).parent / "browser.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What the page needs to know of the browser it is drawn in."""

    owner: str | None
    """Whose sessions it shows; None until the browser has said who it is."""
    shared: bool
    theme: str
    """The choice, one of `THEMES`."""
    waiting: tuple[str, ...]
    """The ids of files that waited for the next message when the page was left; said once, if it is asked."""


def meet_browser(
    settings: Settings, *, session_id: str, theme_wanted: str | None, waiting: Sequence[str] | None
) -> Browser:
    """Mount the component, once a run, and read what the browser said.

    `waiting`: the ids of the files that wait for the next message, for it to remember; None asks which did.
    """
    shared = is_shared(settings.mode, direct_local=_direct_local())
    known = st.session_state.get(_KEY, {}).get("browser") or _UNSAID
    said = _component(
        key=_KEY,
        data={
            "session": session_id,
            "theme": theme_wanted,
            "wantsSecret": shared,
            "known": known,
            "waiting": waiting,
        },
        default={"browser": None},
        on_browser_change=_nothing,
        on_waiting_change=_nothing,
        height="content",
    )
    secret, theme = _read(said.browser)
    return Browser(
        owner=owner_of_browser(secret) if shared else LOCAL_OWNER,
        shared=shared,
        theme=theme if theme in THEMES else "System",
        waiting=_ids(said.waiting),
    )


def _direct_local() -> bool:
    peer = st.context.ip_address
    if not isinstance(peer, str):  # None is Streamlit's word for this machine; under AppTest nobody is connected
        # Behind a Unix socket Streamlit just doesn't know the peer: there is a proxy at the other end.
        peer = None if str(st.get_option("server.address") or "").startswith("unix://") else "127.0.0.1"
    return is_direct_local(peer=peer, header_names=st.context.headers.keys())


def _read(said: object) -> tuple[object, object]:
    try:
        answer = json.loads(said) if isinstance(said, str) else None
    except ValueError:
        answer = None
    return (answer.get("secret"), answer.get("theme")) if isinstance(answer, dict) else (None, None)


def _ids(said: object) -> tuple[str, ...]:
    """What the browser calls ids; whether they are, and of whose files, is the store's to say."""
    ids = said if isinstance(said, list) else []
    return tuple(one for one in ids[:_MOST_WAITING] if isinstance(one, str))


def _nothing() -> None:
    """Stand for a callback: the component's state exists only where one is given."""
