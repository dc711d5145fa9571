"""Draws pictures of ours: in a reply, inside its running text, as a card, and as a placeholder while one is made.

The bytes come from the image store, through Streamlit's own media, so a session shows the same pictures with and
without `server.py`. What is drawn is the thumbnail; the whole picture is `viewer`'s. Every picture is asked for with
its owner: another visitor's is not there.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable
from html import escape

import streamlit as st

from parlanchina.errors import StoreError
from parlanchina.markdown import Picture
from parlanchina.ui import picture_actions, state
from parlanchina.ui.label import label
from parlanchina.ui.state import App

__all__ = ["draw_card", "draw_picture", "painting", "with_pictures"]

_IN_HTML = re.compile(r'<img src="/images/([0-9a-f]{32})\.[a-z]{3,4}" alt="([^"]*)"')
_LONGEST_TITLE = 80


def draw_picture(app: App, picture: Picture) -> None:
    """Draw a picture of a reply with its caption, and what can be done with it."""
    image_id = picture.url.removeprefix("/images/").partition(".")[0]
    thumbnail = _thumbnail(app, image_id)
    if thumbnail is None:
        st.html(_gone(picture.alt))
        return
    place = f"{image_id}{state.again(image_id)}"
    with st.container(key=f"picture_{place}", gap="xxsmall"):
        st.image(thumbnail, width="stretch", alt=picture.alt)
        _draw_opener(image_id, picture.alt, key=f"whole_{place}")
        st.menu_button(
            "What to do with this picture",
            list(picture_actions.CHOICES),
            key=f"picture_menu_{place}",
            icon=":material/more_horiz:",
            type="tertiary",
            on_click=picture_actions.choose,
            args=(image_id, f"picture_menu_{place}"),
        )


def draw_card(app: App, image_id: str, caption: str, *, thumbnail: bytes | None, place: str) -> None:
    """Draw a picture small, to be opened; `place` keeps apart cards of the same picture."""
    with st.container(key=f"card_{place}_{image_id}", gap="xxsmall"):
        if thumbnail is None:
            st.html(_gone(caption))
        else:
            st.image(thumbnail, width="stretch", alt=caption)
        _draw_opener(image_id, caption, key=f"whole_{place}_{image_id}")


def _draw_opener(image_id: str, caption: str, *, key: str) -> None:
    """A button that says what the picture shows; the style spreads it over the whole picture."""
    st.button(
        label(caption if len(caption) <= _LONGEST_TITLE else caption[: _LONGEST_TITLE - 1] + "…") or "Picture",
        key=key,
        type="tertiary",
        wrap=False,
        width="stretch",
        on_click=picture_actions.open_picture,
        args=(image_id,),
    )


def with_pictures(app: App, html: str) -> str:
    """Rendered HTML with the pictures that stand inside its running text: a list, a table, a sentence."""
    return _IN_HTML.sub(lambda found: _embedded(app, found), html) if "/images/" in html else html


def painting(begun_at: Iterable[float]) -> str:
    """The placeholders of pictures that are being made, as HTML; the style counts their seconds by itself."""
    now = time.monotonic()
    frames = [
        '<div class="pc-canvas" role="img" aria-label="A picture is being painted">'
        f'<span class="pc-seconds" style="animation-delay:-{max(0.0, now - begun):.1f}s">painting…</span></div>'
        for begun in begun_at
    ]
    return f'<div class="pc-canvases">{"".join(frames)}</div>' if frames else ""


def _embedded(app: App, found: re.Match[str]) -> str:
    thumbnail = _thumbnail(app, found[1])
    source = base64.b64encode(thumbnail).decode() if thumbnail else ""
    return f'<img src="data:image/webp;base64,{source}" alt="{found[2]}"'


def _thumbnail(app: App, image_id: str) -> bytes | None:
    try:
        return app.services.images.read_thumbnail(image_id, owner=app.owner)
    except StoreError:  # deleted, or its place can't be read now
        return None


def _gone(caption: str) -> str:
    return f'<div class="pc-gone">This picture is not there any more.<span>{escape(caption)}</span></div>'
