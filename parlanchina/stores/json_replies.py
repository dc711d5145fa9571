"""How a reply's text gets from its journal into its session, whatever happens on the way.

Owns the order of the steps and the end of replies whose makers died; refuses to know how journals and sessions are
kept (`reply_journal`, `json_folder`). Methods named `…_held` are called under the session's lock.

Invariants: of a `streaming` reply the file holds what it began with and the journal holds the rest. A journal goes
only after the file has its text, and a text is folded in only together with the end of `streaming`: never twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from parlanchina.errors import SessionNotFound, SessionUnreadable, StoreError
from parlanchina.messages import Message, Session
from parlanchina.stores.json_files import reason_of
from parlanchina.stores.json_folder import SessionFolder
from parlanchina.stores.reply_journal import ReplyFile, ReplyFolder, Said

__all__ = ["JsonReplies", "JsonReply", "replaced", "streaming"]

_INTERRUPTED = "The app stopped while this reply was being written. What had come by then is kept."


class JsonReplies:
    """The replies in the making of one folder's sessions."""

    def __init__(self, folder: SessionFolder) -> None:
        self.journals = ReplyFolder(folder.path / ".replies")
        self._folder = folder

    def begin_held(self, session: Session, message_id: str, ended: Mapping[str, Said]) -> JsonReply:
        """Write `session`, which holds the new reply, and open its journal: both, or neither."""
        # The sign of life comes first: whoever sees the message finds its maker alive.
        file = self.journals.begin(session.id, message_id)
        try:
            self.save_held(session, ended)
        except BaseException:
            file.close()
            self.journals.discard(session.id, message_id)
            raise
        return JsonReply(file, message_id=message_id, end=partial(self._end, session.id, file))

    def settled_held(self, session: Session) -> tuple[Session, dict[str, Said]]:
        """Fold in the replies whose makers are gone; returns what those said as well, for `save_held`."""
        ended: dict[str, Said] = {}
        for message in streaming(session):
            if not self._is_alive(session.id, message.id):
                said = ended[message.id] = self._said(session.id, message.id)
                session = replaced(session, replace(_with(message, said), status="interrupted", error=_INTERRUPTED))
        return session, ended

    def save_held(self, session: Session, ended: Mapping[str, Said]) -> None:
        """Write a settled session, then let go of the journals whose text it now has."""
        self._folder.write_held(session)
        for message_id, said in ended.items():
            if said.intact:
                self.journals.discard(session.id, message_id)
            else:
                self._keep_journal(session.id, message_id)

    def with_running_held(self, session: Session) -> Session:
        """A settled session as it is shown: with what the running replies have said so far."""
        for message in streaming(session):
            session = replaced(session, _with(message, self._said(session.id, message.id)))
        return session

    def _end(self, session_id: str, file: ReplyFile, message: Message) -> Session:
        with self._folder.locks.hold(session_id):
            deleted = not self._folder.exists(session_id)
            try:
                session = self._folder.read_held(session_id, deleted=deleted)
            except SessionNotFound:
                file.close()  # what was appended stays in the journal
                raise
            begun = session.message(message.id)
            if begun is None:  # taken out by hand
                session = replace(session, messages=(*session.messages, message))
            else:
                session = replaced(session, replace(message, feedback=message.feedback or begun.feedback))
            session = replace(session, updated_at=self._folder.now())
            self._folder.write_held(session, deleted=deleted)
            file.close()
            self.journals.discard(session_id, message.id)
            if deleted:  # undoing the deletion brings the reply back, whole
                raise SessionNotFound(session_id)
            return self.with_running_held(session)

    def _is_alive(self, session_id: str, message_id: str) -> bool:
        try:
            return self.journals.is_alive(session_id, message_id)
        except OSError as error:
            raise SessionUnreadable(session_id, reason=reason_of(error)) from error

    def _said(self, session_id: str, message_id: str) -> Said:
        try:
            return self.journals.read(session_id, message_id)
        except OSError as error:  # not read is not empty: folding that in would lose the text
            raise SessionUnreadable(session_id, reason=reason_of(error)) from error

    def _keep_journal(self, session_id: str, message_id: str) -> None:
        with suppress(OSError):  # it stays where it is, then
            kept = self.journals.move_aside(session_id, message_id, self._folder.move_aside_held)
            self._folder.note(
                kept.name,
                StoreError(
                    f"The end of a reply in the session {session_id!r} can't be read. "
                    f"What came before it is in the session; the whole was set aside, unchanged, as {kept}."
                ),
            )


class JsonReply:
    """A reply in the making: its open journal, and the way back into its session."""

    def __init__(self, file: ReplyFile, *, message_id: str, end: Callable[[Message], Session]) -> None:
        self._file = file
        self._message_id = message_id
        self._end = end

    def append(self, *, text: str = "", reasoning: str = "") -> None:
        """Add what came since the last call; after `StoreNotWritable` the same may be given again."""
        self._file.append(text=text, reasoning=reasoning)

    def finish(self, message: Message) -> Session:
        """Put the ended reply in the session. After an error it may be tried again, even when closed.

        Raises `SessionNotFound` if the session was deleted meanwhile; the reply is then in what `restore_session`
        brings back.
        """
        if message.id != self._message_id or message.status == "streaming":
            raise ValueError(f"{message.id!r} with status {message.status} is not the end of {self._message_id!r}")
        return self._end(message)

    def close(self) -> None:
        """Let go without finishing."""
        self._file.close()


def streaming(session: Session) -> list[Message]:
    """The replies of a session that are still being made, by the file's word."""
    return [message for message in session.messages if message.status == "streaming"]


def replaced(session: Session, message: Message) -> Session:
    """A session with a message in place of the one that has its id."""
    return replace(session, messages=tuple(message if old.id == message.id else old for old in session.messages))


def _with(message: Message, said: Said) -> Message:
    return replace(
        message, raw_markdown=message.raw_markdown + said.text, reasoning=message.reasoning + said.reasoning
    )
