"""Files on the page: those that wait for the next message, those of a message, and one of them opened.

A file is read and kept as soon as it is put in, so what a model will get of it, and what it costs, is said before
anything is sent. A file that is refused is one sentence, and leaves nothing behind.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import streamlit as st
from streamlit.typing import UploadedFile

from parlanchina.conversation import attachments_of, plan_files
from parlanchina.errors import AttachmentNotFound, FileRefused, ImageRefused, StoreError
from parlanchina.files import Extract, FileStore, Plan
from parlanchina.messages import Attachment, Message, Session
from parlanchina.reply_pictures import picture_id_of
from parlanchina.stores.image_files import examine
from parlanchina.ui import state
from parlanchina.ui.label import label
from parlanchina.ui.state import App

__all__ = ["draw_file", "draw_files_of", "draw_staged", "plan_of_next", "take_back", "take_in"]

_AT_ONCE = 2
_SHOWN_CHARS = 20_000
_ICONS = {
    "image": "image",
    "pdf": "picture_as_pdf",
    "document": "description",
    "sheet": "table",
    "table": "table",
    "code": "code",
    "json": "data_object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What the page says of a file, small enough to be remembered."""

    kind: str
    part: str
    tokens: int
    preview: str = ""
    """A small picture, as a data: URL."""


@lru_cache(maxsize=256)
def _about(files: FileStore, attachment_id: str, owner: str) -> _About | None:
    """None for a file that is gone."""
    try:
        extract = files.extracted(attachment_id, owner=owner)
    except (AttachmentNotFound, FileRefused):
        return None
    preview = ""
    if extract.image_url:
        head, _, encoded = extract.image_url.partition(",")
        extension = "png" if "png" in head else "jpg"
        with suppress(ImageRefused):
            thumbnail = examine(base64.b64decode(encoded), extension=extension).thumbnail
            preview = "data:image/webp;base64," + base64.b64encode(thumbnail).decode()
    return _About(kind=extract.kind, part=extract.part, tokens=extract.tokens, preview=preview)


# Taking in


def take_in(app: App, uploads: Sequence[UploadedFile]) -> list[str]:
    """Read files and have them wait for the next message; returns a sentence for each that is refused."""

    def keep(upload: UploadedFile) -> Attachment | str:
        try:
            return app.services.files.save(upload.name, upload.getvalue(), owner=app.owner)
        except (FileRefused, StoreError) as error:
            return str(error)

    refused: list[str] = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as readers:
        for kept in readers.map(keep, uploads):
            if isinstance(kept, str):
                refused.append(kept)
            else:
                state.stage(kept)
    return refused


def take_back(app: App, attachment_ids: Sequence[str]) -> None:
    """Have files wait again that waited when the page was left; those that are gone are left out."""
    found: list[Attachment] = []
    for attachment_id in attachment_ids:
        with suppress(AttachmentNotFound):
            found.append(app.services.files.find(attachment_id, owner=app.owner))
    state.stage_again(found)


def plan_of_next(app: App, session: Session | None) -> Plan:
    """Which files will go to the model with the next message: those of the conversation, and those that wait."""
    attachments = [*(attachments_of(session.path()) if session else []), *state.staged()]
    read: dict[str, Extract] = {}
    for attachment in attachments:
        with suppress(AttachmentNotFound, FileRefused):
            read[attachment.id] = app.services.files.extracted(attachment.id, owner=app.owner)
    return plan_files(attachments, read)


# Drawing


def draw_staged(app: App, session: Session | None) -> None:
    """Draw the files that wait for the next message, what they come to, and what does not fit."""
    waiting = state.staged()
    if not waiting:
        if state.recall("had_staged"):  # they were sent: what stood here must not wait for the reply to end
            state.remember("had_staged", None)
            for _ in range(2):
                st.empty()
        return
    state.remember("had_staged", "yes")
    plan = plan_of_next(app, session)
    with st.container(horizontal=True, key="staged", gap="xsmall"):
        for attachment in waiting:
            about = _about(app.services.files, attachment.id, app.owner)
            st.button(
                _line(app, attachment, about, with_tokens=True),
                icon=":material/close:",
                key=f"unstage_{attachment.id}",
                help="Leave it out",
                on_click=state.unstage,
                args=(attachment.id,),
            )
    sentences = [f"The files of this chat come to about {plan.tokens:,} tokens.", plan.warning]
    st.html(f'<div class="pc-aside" role="status">{escape(" ".join(filter(None, sentences)))}</div>')


def draw_files_of(app: App, message: Message) -> None:
    """Draw the files that came with a message: each with what a model gets of it, to be opened."""
    previews: list[str] = []
    with st.container(horizontal=True, horizontal_alignment="right", key=f"files_{message.id}", gap="xsmall"):
        for attachment in message.attachments:
            about = _about(app.services.files, attachment.id, app.owner)
            if about is not None and about.preview:
                previews.append(f'<img src="{about.preview}" alt="{escape(_name(app, attachment))}">')
            st.button(
                _line(app, attachment, about),
                icon=f":material/{_ICONS.get(about.kind if about else '', 'draft')}:",
                key=f"file_{message.id}_{attachment.id}",
                disabled=about is None,
                on_click=state.remember,
                args=("reading", attachment.id),
            )
    if previews:
        st.html(f'<div class="pc-previews">{"".join(previews)}</div>')


def draw_file(app: App, session: Session | None) -> None:
    """Open the file that was clicked, in a dialog: what a model gets of it, and the file itself to download."""
    attachment_id = state.recall("reading")
    known = attachments_of(session.messages) if session else []
    attachment = next((one for one in known if one.id == attachment_id), None)
    if attachment is not None:
        st.dialog(label(_name(app, attachment)), width="large", on_dismiss=_close_file)(_draw_file)(app, attachment)


def _close_file() -> None:
    state.remember("reading", None)


def _draw_file(app: App, attachment: Attachment) -> None:
    try:
        extract = app.services.files.extracted(attachment.id, owner=app.owner)
        content = app.services.files.read(attachment.id, owner=app.owner)
    except (AttachmentNotFound, FileRefused) as error:
        st.warning(label(str(error)), icon=":material/draft:")
        return
    with st.container(horizontal=True, key="file_head", vertical_alignment="center"):
        said = " ".join([f"{extract.part}, about {extract.tokens:,} tokens.", *extract.notes])
        st.html(f'<div class="pc-aside">{escape(said[:1].upper() + said[1:])}</div>', width="stretch")
        st.download_button(
            "Download",
            content,
            file_name=attachment.name,
            mime="application/octet-stream",  # saved, never shown: anybody's file is not our page
            key="download_file",
            icon=":material/download:",
            on_click="ignore",
        )
    for table in extract.tables:
        columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.names)
        st.dataframe(dict(zip(table.names, columns, strict=True)), hide_index=True)
        st.html(f'<div class="pc-aside">{escape(" ".join(filter(None, (table.title, table.part))))}</div>')
    if extract.image_url:
        with st.container(key="file_picture"):
            st.image(base64.b64decode(extract.image_url.partition(",")[2]), alt=attachment.name)
    elif not extract.tables:
        st.code(extract.text[:_SHOWN_CHARS], language=None, wrap_lines=True)
        if len(extract.text) > _SHOWN_CHARS:
            st.html(f'<div class="pc-aside">The first {_SHOWN_CHARS:,} characters are shown.</div>')


def _line(app: App, attachment: Attachment, about: _About | None, *, with_tokens: bool = False) -> str:
    name = label(_name(app, attachment))
    if about is None:
        return f"{name} · not there any more"
    tokens = f" · about {about.tokens:,} tokens" if with_tokens else ""
    return f"{name} · {label(about.part)}{tokens}"


def _name(app: App, attachment: Attachment) -> str:
    """A file's name; for a picture of ours that is to be edited, what it shows."""
    image_id = picture_id_of(attachment)
    if image_id is None:
        return attachment.name
    try:
        caption = app.services.images.get(image_id, owner=app.owner).alt_text
    except StoreError:
        caption = ""
    return f"Edit: {caption[:60]}" if caption else "A picture to edit"
