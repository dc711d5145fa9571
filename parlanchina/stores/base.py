"""The contract every session store keeps, whatever it is made of.

Each call takes the owner and sees nothing else's: another owner's session does not exist. What a call returns
is on the disk. A reply in the making is written through a `ReplyJournal`, at a cost that does not grow
with the session; if the process dies, the next load folds the journal in and shows the reply as `interrupted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from parlanchina.messages import Feedback, Message, Params, Session, SessionSummary

__all__ = ["ReplyJournal", "SessionStore"]


class ReplyJournal(Protocol):
    """The growing text of one reply, owned by the process that makes it."""

    def append(self, *, text: str = "", reasoning: str = "") -> None:
        """Add what came since the last call; on the disk when this returns.

        After a `StoreError` nothing of it counts: the same text may be given again. `ValueError` once it is let go.
        """
        ...

    def finish(self, message: Message) -> Session:
        """Put the ended reply in the session in place of the journal, which goes away.

        Everything else in the session stays as others left it, `head` and a thumb on this reply included. After a
        `StoreError` it may be tried again. `SessionNotFound`: deleted meanwhile; the reply comes back with the undo.
        """
        ...

    def close(self) -> None:
        """Let go without finishing: the next load shows the reply as interrupted. Harmless after `finish`."""
        ...


class SessionStore(Protocol):
    """Sessions, by owner. Every method may raise `StoreError`; an unknown or foreign id is `SessionNotFound`."""

    def check_writable(self) -> None:
        """Raise `StoreNotWritable` unless something can really be written."""
        ...

    def list_sessions(self, *, owner: str) -> list[SessionSummary]:
        """The owner's sessions, last updated first. Damaged ones are left out (see `damaged`)."""
        ...

    def damaged(self) -> list[str]:
        """One sentence for each session that can't be read, found since the start: set aside, or left as it is."""
        ...

    def search(self, query: str, *, owner: str) -> list[SessionSummary]:
        """Sessions whose title or text holds every word of `query` (case ignored), last updated first.

        A word may be part of a longer one; no words find everything. A reply is searched once it has ended.
        """
        ...

    def create_session(
        self, *, owner: str, title: str, model: str, system_prompt: str = "", params: Params | None = None
    ) -> Session:
        """Make an empty session."""
        ...

    def load_session(self, session_id: str, *, owner: str) -> Session:
        """Read a session, with what a running reply (of any process) has said so far."""
        ...

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
        """Change what is given, keep the rest, `updated_at` too: a list must not jump when a session is renamed.

        `ValueError` if `head` names no message of the session.
        """
        ...

    def append_messages(self, session_id: str, messages: Sequence[Message], *, owner: str) -> Session:
        """Add messages, in order, in one write; the last becomes `head`.

        `ValueError` for an id that the session has already, or a parent that does not come before.
        """
        ...

    def set_feedback(self, session_id: str, message_id: str, feedback: Feedback | None, *, owner: str) -> Session:
        """Keep the user's thumb on a reply, or take it back. `ValueError` if there is no such message."""
        ...

    def update_message(self, session_id: str, message: Message, *, owner: str) -> Session:
        """Replace an ended message by a new version of itself (same id), e.g. rendered again; `updated_at` stays.

        `ValueError` if there is no such message, `TurnRunning` while it is still being made.
        """
        ...

    def begin_reply(self, session_id: str, messages: Sequence[Message], *, owner: str) -> ReplyJournal:
        """Append `messages`, the last being an assistant's with status `streaming`, and open its journal.

        In one write: all of it or nothing. Raises `TurnRunning` if the message it answers is itself a reply still
        being made.
        """
        ...

    def delete_session(self, session_id: str, *, owner: str) -> None:
        """Take a session away; `restore_session` brings it back."""
        ...

    def restore_session(self, session_id: str, *, owner: str) -> Session:
        """Undo `delete_session`, for at least 30 days; a session that was not deleted is returned as it is."""
        ...
