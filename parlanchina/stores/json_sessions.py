"""Sessions as one JSON file each, in one folder, for any number of threads and processes.

Owns what a change is, and the order in which a reply's text moves from its journal to its session. The bytes, the
files, the journals and the list are its neighbours' (`json_format`, `json_folder`, `reply_journal`, `json_index`).

Invariants: a change reads and replaces the file under the session's lock, so that none is lost. Of a `streaming`
reply the file holds what it began with, and the journal the rest; the journal goes only after the file has it all.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from parlanchina.errors import StoreNotWritable, TurnRunning
from parlanchina.messages import Feedback, Message, Params, Session, SessionSummary
from parlanchina.stores.base import ReplyJournal
from parlanchina.stores.json_files import is_session_id, reason_of
from parlanchina.stores.json_folder import SessionFolder
from parlanchina.stores.json_index import SessionIndex
from parlanchina.stores.json_replies import JsonReplies, replaced, streaming
from parlanchina.stores.json_sweep import sweep

__all__ = ["JsonSessions"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _random_id() -> str:
    return uuid.uuid4().hex


class JsonSessions:
    """The session store that needs nothing but a folder. Safe between threads and between processes."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], datetime] = _utc_now,
        new_id: Callable[[], str] = _random_id,
        lock_timeout: float = 10.0,
    ) -> None:
        self._folder = SessionFolder(folder, clock=clock, lock_timeout=lock_timeout)
        self._replies = JsonReplies(self._folder)
        self._index = SessionIndex(folder, read=self._folder.read)
        self._new_id = new_id
        self._swept = False

    def check_writable(self) -> None:
        """Raise `StoreNotWritable` unless a file can really be written; makes the folder if it is missing."""
        path = self._folder.path
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path, prefix=".write-test-") as file:
                file.write(b"written")
                file.flush()
        except OSError as error:
            raise StoreNotWritable(str(path), reason=reason_of(error)) from error

    def list_sessions(self, *, owner: str) -> list[SessionSummary]:
        """The owner's sessions, last updated first; damaged ones are left out."""
        self._sweep_once()
        return self._index.summaries(owner)

    def damaged(self) -> list[str]:
        """One sentence for each session that was found unreadable since the start."""
        return self._folder.problems()

    def search(self, query: str, *, owner: str) -> list[SessionSummary]:
        """Sessions whose title or text holds every word of `query`; of a running reply, once it has ended."""
        self._sweep_once()
        return self._index.search(query, owner)

    def create_session(
        self, *, owner: str, title: str, model: str, system_prompt: str = "", params: Params | None = None
    ) -> Session:
        """Make an empty session."""
        now = self._folder.now()
        session = Session(
            id=self._new_id(),
            owner=owner,
            title=title,
            model=model,
            system_prompt=system_prompt,
            params=params or Params(),
            created_at=now,
            updated_at=now,
        )
        if not is_session_id(session.id):
            raise ValueError(f"the new id {session.id!r} can't name a file")
        with self._folder.locks.hold(session.id):
            if self._folder.exists(session.id):
                raise ValueError(f"the new id {session.id!r} is in use")
            self._folder.write_held(session)
        return session

    def load_session(self, session_id: str, *, owner: str) -> Session:
        """Read a session, with what running replies (of any process) have said, and dead ones marked as such."""
        session = self._folder.read(session_id, owner=owner)
        if not streaming(session):
            return session
        with self._folder.hold(session_id, owner=owner):
            session, ended = self._replies.settled_held(self._folder.read_held(session_id, owner=owner))
            if ended:
                with suppress(StoreNotWritable):  # a full disk: seen all the same, and the journals stay
                    self._replies.save_held(session, ended)
            return self._replies.with_running_held(session)

    def update_session(
        self,
        session_id: str,
        *,
        owner: str,
        title: str | None = None,
        model: str | None = None,
        system_prompt: str | None = None,
        params: Params | None = None,
        head: str | None = None,
    ) -> Session:
        """Change what is given; `updated_at` stays. `ValueError` if `head` names no message of the session."""

        def change(session: Session) -> Session:
            if head is not None:
                _existing(session, head)
            return replace(
                session,
                title=session.title if title is None else title,
                model=session.model if model is None else model,
                system_prompt=session.system_prompt if system_prompt is None else system_prompt,
                params=session.params if params is None else params,
                head=session.head if head is None else head,
            )

        return self._change(session_id, owner, change)

    def append_messages(self, session_id: str, messages: Sequence[Message], *, owner: str) -> Session:
        """Add messages in one write. `ValueError` for an id in use or a parent that isn't there."""
        return self._change(session_id, owner, lambda session: self._appended(session, messages))

    def set_feedback(self, session_id: str, message_id: str, feedback: Feedback | None, *, owner: str) -> Session:
        """Keep the user's thumb on a reply, or take it back; `ValueError` if there is no such message."""

        def change(session: Session) -> Session:
            return replaced(session, replace(_existing(session, message_id), feedback=feedback))

        return self._change(session_id, owner, change)

    def update_message(self, session_id: str, message: Message, *, owner: str) -> Session:
        """Replace an ended message. `ValueError` if it is not there, `TurnRunning` while it is being written."""

        def change(session: Session) -> Session:
            if _existing(session, message.id).status == "streaming":
                raise TurnRunning
            return replaced(session, message)

        return self._change(session_id, owner, change)

    def begin_reply(self, session_id: str, messages: Sequence[Message], *, owner: str) -> ReplyJournal:
        """Append `messages`, the last being a reply in the making, and open its journal. Nothing or all of it."""
        if not messages or messages[-1].role != "assistant" or messages[-1].status != "streaming":
            raise ValueError("the last message must be an assistant's, with status streaming")
        with self._folder.hold(session_id, owner=owner):
            session, ended = self._replies.settled_held(self._folder.read_held(session_id, owner=owner))
            answered = session.message(messages[0].parent_id or "")
            if answered is not None and answered.status == "streaming":
                raise TurnRunning
            return self._replies.begin_held(self._appended(session, messages), messages[-1].id, ended)

    def delete_session(self, session_id: str, *, owner: str) -> None:
        """Take a session away; it can be brought back for `json_sweep.DELETED_KEPT`."""
        with self._folder.hold(session_id, owner=owner):
            self._folder.read_held(session_id, owner=owner)
            self._folder.delete_held(session_id)
        sweep(self._folder, self._replies.journals)

    def restore_session(self, session_id: str, *, owner: str) -> Session:
        """Undo `delete_session`; a session that is there is returned as it is, never replaced."""
        with self._folder.hold(session_id, owner=owner):
            if not self._folder.exists(session_id):
                self._folder.read_held(session_id, owner=owner, deleted=True)
                self._folder.restore_held(session_id)
        return self.load_session(session_id, owner=owner)

    # Changing

    def _change(self, session_id: str, owner: str, change: Callable[[Session], Session]) -> Session:
        with self._folder.hold(session_id, owner=owner):
            stored = self._folder.read_held(session_id, owner=owner)
            session, ended = self._replies.settled_held(stored)
            session = change(session)
            if session != stored:
                self._replies.save_held(session, ended)
            return self._replies.with_running_held(session)

    def _appended(self, session: Session, messages: Sequence[Message]) -> Session:
        known = {message.id for message in session.messages}
        for message in messages:
            if message.id in known:
                raise ValueError(f"the session has a message {message.id!r} already")
            if message.parent_id is not None and message.parent_id not in known:
                raise ValueError(f"the session has no message {message.parent_id!r} to answer")
            known.add(message.id)
        if not messages:
            return session
        return replace(
            session,
            messages=(*session.messages, *messages),
            head=messages[-1].id,
            updated_at=self._folder.now(),
        )

    def _sweep_once(self) -> None:
        if not self._swept:
            self._swept = True
            sweep(self._folder, self._replies.journals)


def _existing(session: Session, message_id: str) -> Message:
    message = session.message(message_id)
    if message is None:
        raise ValueError(f"the session has no message {message_id!r}")
    return message
