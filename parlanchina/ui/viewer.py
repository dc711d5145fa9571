"""Draws one picture whole, in a dialog over any page, with all that is known of it and what can be done with it."""

from __future__ import annotations

from html import escape

import streamlit as st

from parlanchina.errors import StoreError
from parlanchina.stores.image_meta import ImageMeta
from parlanchina.ui import picture_actions, state
from parlanchina.ui.label import label
from parlanchina.ui.pictures import draw_card
from parlanchina.ui.state import App

__all__ = ["draw_viewer"]

_LINE = 12  # pictures shown of a lineage, each way


def draw_viewer(app: App) -> None:
    """Open the dialog, if a picture was clicked."""
    image_id = state.recall("viewing")
    if image_id:
        opened = st.dialog("Picture", width="large", on_dismiss=picture_actions.close_picture)(_draw)
        opened(app, image_id)


def _draw(app: App, image_id: str) -> None:
    if state.recall("viewing") != image_id:
        st.rerun()  # a click in here closed it, or went on to another picture
    try:
        meta = app.services.images.get(image_id, owner=app.owner)
        content = app.services.images.read(image_id, owner=app.owner)
        lineage = app.services.images.lineage(image_id, owner=app.owner)
    except StoreError as error:
        st.warning(label(str(error)), icon=":material/image_not_supported:")
        return
    with st.container(key="viewer"):
        st.image(content, width="stretch", alt=meta.alt_text)
        with st.container(key="viewer_side"):
            _draw_actions(app, meta, content)
            st.html(_facts(app, meta))
            for heading, line, place in (
                ("Made from", lineage.before[-_LINE:], "before"),
                ("Made from it", lineage.after[:_LINE], "after"),
            ):
                _draw_line(app, heading, line, place=place)


def _draw_actions(app: App, meta: ImageMeta, content: bytes) -> None:
    with st.container(horizontal=True, key="viewer_actions", gap="xsmall"):
        st.download_button(
            "Download",
            content,
            file_name=meta.filename,
            mime=meta.media_type,
            key="download_picture",
            icon=":material/download:",
            on_click="ignore",
        )
        for text, icon, key, action in (
            ("Edit this picture", "brush", "edit_picture", picture_actions.edit),
            ("Use as attachment", "attach_file", "attach_picture", picture_actions.attach),
            ("Show its message", "chat_bubble", "show_message", picture_actions.open_message),
            ("Delete", "delete", "delete_picture", picture_actions.delete),
        ):
            if action is picture_actions.open_message and _session_title(app, meta) is None:
                continue
            st.button(text, icon=f":material/{icon}:", key=key, on_click=action, args=(meta.id,))


def _facts(app: App, meta: ImageMeta) -> str:
    """Everything known of a picture, as a quiet list."""
    facts = {
        "Caption": meta.alt_text,
        "Prompt": meta.prompt,
        "As the model put it": meta.revised_prompt if meta.revised_prompt != meta.alt_text else "",
        "Model": meta.model,
        "Quality": meta.quality,
        "Size": f"{meta.width} by {meta.height} pixels, {meta.bytes / 1e6:,.1f} MB",
        "Made": f"{meta.created_at.day} {meta.created_at:%B %Y, %H:%M} UTC",
        "Chat": _session_title(app, meta) or "deleted",
    }
    rows = (
        f'<dt>{name}</dt><dd dir="auto">{escape(value.replace(chr(0), ""))}</dd>'
        for name, value in facts.items()
        if value
    )
    return f'<dl class="pc-facts">{"".join(rows)}</dl>'


def _session_title(app: App, meta: ImageMeta) -> str | None:
    summaries = app.services.sessions.list_sessions(owner=app.owner)
    return next((one.title or "New chat" for one in summaries if one.id == meta.session_id), None)


def _draw_line(app: App, heading: str, line: tuple[ImageMeta, ...], *, place: str) -> None:
    if not line:
        return
    st.html(f'<div class="pc-line">{heading}</div>')
    thumbnails = app.services.images.read_thumbnails([meta.id for meta in line], owner=app.owner)
    with st.container(horizontal=True, key=f"line_{place}"):
        for meta in line:
            draw_card(app, meta.id, meta.alt_text, thumbnail=thumbnails.get(meta.id), place=place)
