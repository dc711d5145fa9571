"""Draws the gallery: every picture of this visitor, newest first, found by its words, its chat or its model."""

from __future__ import annotations

import streamlit as st

from parlanchina.errors import StoreError
from parlanchina.stores.image_gallery import ImagePage
from parlanchina.ui import picture_actions, state
from parlanchina.ui.label import label
from parlanchina.ui.picture_archive import archive
from parlanchina.ui.pictures import draw_card
from parlanchina.ui.state import App
from parlanchina.ui.viewer import draw_viewer

__all__ = ["draw_gallery"]

_PAGE = 48


def draw_gallery(app: App) -> None:
    """Draw the gallery page."""
    with st.container(key="gallery"):
        try:
            _draw_controls(app)
            found = _found(app)
        except StoreError as error:
            st.error(label(str(error)), icon=":material/image_not_supported:")
            return
        _draw_undo()
        if found.images:
            _draw_grid(app, found)
        else:
            st.html(f'<div class="pc-welcome"><h1>{_nothing()[0]}</h1><p>{_nothing()[1]}</p></div>')
    draw_viewer(app)


def _draw_controls(app: App) -> None:
    filters = app.services.images.filters(owner=app.owner)
    titles = {one.id: one.title or "New chat" for one in app.services.sessions.list_sessions(owner=app.owner)}
    if said := state.notice():
        st.warning(label(said), icon=":material/info:")
    st.html('<h1 class="pc-title">Pictures</h1>')
    with st.container(horizontal=True, key="gallery_controls", vertical_alignment="bottom"):
        st.text_input(
            "Search",
            key="gallery_search",
            placeholder="Search prompts and captions",
            icon=":material/search:",
            label_visibility="collapsed",
            on_change=_from_the_first,
        )
        _choice("Chat", "gallery_session", filters.session_ids, names=titles)
        _choice("Model", "gallery_model", filters.models, names={})


def _choice(name: str, key: str, options: tuple[str, ...], *, names: dict[str, str]) -> None:
    if st.session_state.get(key) not in options:  # its last picture was deleted, say
        st.session_state[key] = None
    st.selectbox(
        name,
        options,
        key=key,
        placeholder=f"Any {name.lower()}",
        format_func=lambda option: names.get(option, "a deleted chat" if names else option),
        label_visibility="collapsed",
        on_change=_from_the_first,
        width=200,
    )


def _from_the_first() -> None:
    st.session_state["gallery_page"] = 1


def _found(app: App) -> ImagePage:
    place = st.session_state.get("gallery_page", 1)
    while True:
        found = app.services.images.list_images(
            owner=app.owner,
            query=st.session_state.get("gallery_search") or "",
            session_id=st.session_state.get("gallery_session"),
            model=st.session_state.get("gallery_model"),
            limit=_PAGE,
            offset=(place - 1) * _PAGE,
        )
        if found.images or place == 1:
            return found
        place = st.session_state["gallery_page"] = _pages(found)  # the last page lost its last picture


def _pages(found: ImagePage) -> int:
    return max(1, -(-found.total // _PAGE))


def _draw_undo() -> None:
    if state.recall("deleted_picture"):
        with st.container(horizontal=True, key="picture_undo", vertical_alignment="center"):
            st.html('<div class="pc-aside">Picture deleted.</div>', width="content")
            st.button("Undo", key="undo_delete_picture", type="tertiary", on_click=picture_actions.undo_delete)


def _draw_grid(app: App, found: ImagePage) -> None:
    thumbnails = app.services.images.read_thumbnails([meta.id for meta in found.images], owner=app.owner)
    with st.grid("auto", min_column_width=180, key="cards"):
        for meta in found.images:
            caption = meta.alt_text or meta.prompt
            draw_card(app, meta.id, caption, thumbnail=thumbnails.get(meta.id), place="grid")
    with st.container(horizontal=True, key="gallery_foot", vertical_alignment="center"):
        count = f"{found.total:,} pictures" if found.total != 1 else "One picture"
        st.html(f'<div class="pc-aside">{count}</div>', width="content")
        st.download_button(
            f"Download these {len(found.images)}" if len(found.images) > 1 else "Download it",
            lambda: archive(app.services.images, found.images, owner=app.owner),
            file_name="pictures.zip",
            mime="application/zip",
            key="download_shown",
            icon=":material/folder_zip:",
            type="tertiary",
            on_click="ignore",
        )
        if _pages(found) > 1:
            st.pagination(_pages(found), key="gallery_page")


def _nothing() -> tuple[str, str]:
    narrowed = any(st.session_state.get(key) for key in ("gallery_search", "gallery_session", "gallery_model"))
    if narrowed:
        return "Nothing found", "Try another word, or take a filter away."
    return "No pictures yet", "Ask for one in a chat: “Paint a lighthouse at sunset”, say. It will be kept here."
