"""Where conversations and pictures are kept: the way in for code that has no store in its hands.

Owns the choice of store, and functions over whichever is configured; a store's own methods (`base.SessionStore`,
`images.ImageStore`) do more. Refuses to know files and databases. Without `store`, all of it is the process's
default store, built once from the environment and `.env`.
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Unpack

from parlanchina.config import Settings, load_settings, read_dotenv
from parlanchina.errors import ConfigError
from parlanchina.messages import Message, Role, Session, SessionSummary
from parlanchina.stores.base import SessionStore
from parlanchina.stores.image_meta import ImageMeta, ImageStory
from parlanchina.stores.image_objects import open_folder, open_url
from parlanchina.stores.images import ImageStore
from parlanchina.stores.json_sessions import JsonSessions

__all__ = [
    "append_assistant_message",
    "append_user_message",
    "create_session",
    "get_image_url",
    "list_sessions",
    "load_session",
    "open_image_store",
    "open_session_store",
    "save_image_from_base64",
]


def open_session_store(settings: Settings) -> SessionStore:
    """Build the store that the settings name. Reads and writes nothing yet; raises `ConfigError`."""
    if settings.database_url:
        raise ConfigError(
            "PARLANCHINA_DATABASE_URL is set, but this version keeps sessions in files only: "
            "leave it empty, and set PARLANCHINA_DATA_DIR to choose the folder."
        )
    return JsonSessions(settings.data_dir / "sessions")


def open_image_store(settings: Settings) -> ImageStore:
    """Open the place for pictures that the settings name; makes the folder, where it is one, and asks no service.

    Raises `ConfigError`, or `ImageNotSaved` for a folder that can't be made.
    """
    return ImageStore(
        open_url(settings.images_url) if settings.images_url else open_folder(settings.data_dir / "images")
    )


@cache
def _default_store() -> SessionStore:
    return open_session_store(_process_settings())


@cache
def _default_image_store() -> ImageStore:
    return open_image_store(_process_settings())


def _process_settings() -> Settings:
    return load_settings(os.environ, dotenv=read_dotenv(Path(".env")))


def list_sessions(*, owner: str = "local", store: SessionStore | None = None) -> list[SessionSummary]:
    """The owner's sessions, last updated first."""
    return (store or _default_store()).list_sessions(owner=owner)


def load_session(session_id: str, *, owner: str = "local", store: SessionStore | None = None) -> Session:
    """Read a session; `SessionNotFound` if there is none, or it is another owner's."""
    return (store or _default_store()).load_session(session_id, owner=owner)


def create_session(title: str, model: str, *, owner: str = "local", store: SessionStore | None = None) -> Session:
    """Make an empty session."""
    return (store or _default_store()).create_session(owner=owner, title=title, model=model)


def append_user_message(
    session_id: str, content: str, *, owner: str = "local", store: SessionStore | None = None
) -> Session:
    """Add what the user said after the message being shown; returns the session, whose `head` it is."""
    return _append(session_id, "user", content, owner=owner, store=store or _default_store())


def append_assistant_message(
    session_id: str, content: str, *, owner: str = "local", store: SessionStore | None = None
) -> Session:
    """Add a complete reply in Markdown, to be rendered when it is shown; returns the session, whose `head` it is."""
    return _append(session_id, "assistant", content, owner=owner, store=store or _default_store())


def save_image_from_base64(
    image_b64: str | bytes,
    ext: str = "png",
    *,
    owner: str = "local",
    store: ImageStore | None = None,
    **story: Unpack[ImageStory],
) -> ImageMeta:
    """Keep a picture, given as base64, with what is known of it. Raises `ImageRefused` or `ImageNotSaved`."""
    return (store or _default_image_store()).save(image_b64, owner=owner, ext=ext, **story)


def get_image_url(meta: ImageMeta) -> str:
    """Where a picture is served, and how a session and its Markdown name it: `/images/<id>.png`."""
    return meta.url_path


def _append(session_id: str, role: Role, content: str, *, owner: str, store: SessionStore) -> Session:
    session = store.load_session(session_id, owner=owner)
    message = Message(
        id=uuid.uuid4().hex,
        parent_id=session.head,
        role=role,
        raw_markdown=content,
        created_at=datetime.now(UTC),
        model=session.model if role == "assistant" else "",
    )
    return store.append_messages(session_id, [message], owner=owner)
