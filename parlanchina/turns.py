"""The life of a reply: asked for, made, followed, stopped, and stored, whoever is looking.

A reply is made by a task on this module's own event loop, in a thread of the process, never by the page or the
request that shows it. Owns that loop, the running turns, and the order in which things reach the store:

1. the question is on the disk before the model is called, together with an empty reply marked `streaming`;
2. what comes is checkpointed every second;
3. the end is stored as exactly one of `complete`, `stopped`, `error`, `interrupted`, rendered once.

Refuses to know how replies are drawn, and how stores and providers work.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from parlanchina.conversation import attachments_of, check_message, prompt_for, title_from
from parlanchina.errors import FileRefused, ModelNotAllowed, StoreError, TurnNotFound, TurnRunning
from parlanchina.files import Extract, FileStore
from parlanchina.llm.base import Provider, ReplyRequest
from parlanchina.messages import Attachment, Message, Params, Session
from parlanchina.reply_pictures import ReplyPictures, picture_id_of
from parlanchina.reply_task import Renderer, ReplyTask
from parlanchina.stores.base import ReplyJournal, SessionStore
from parlanchina.stores.images import ImageStore
from parlanchina.turn import Turn

__all__ = ["HEAD", "Turns"]

log = logging.getLogger(__name__)

HEAD = "head"
"""Ask below whatever message the session shows last."""

_PAUSE, _LONGEST_PAUSE = 0.05, 0.2  # seconds between two reads of a reply that only pages follow
_FEW, _PAUSE_FOR_EACH = 10, 0.003  # and seconds more for each reply being made beyond so many
_REMEMBERED = 200  # ended turns that can still be followed from any event; older ones are read from the store


class Turns:
    """Starts replies, finds those being made, and stops them."""

    def __init__(
        self,
        store: SessionStore,
        *,
        images: ImageStore,
        files: FileStore,
        providers: Mapping[str, Provider],
        models: Mapping[str, str],
        renderer: Renderer,
        standby: tuple[str, str] | None = None,
        standby_answers_by_itself: bool = False,
        checkpoint_seconds: float = 1.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """`models` is the allow-list: each model with the name of the provider, in `providers`, that has it.

        `standby` is a model and its provider that may answer in another's place: when asked to (`regenerate`),
        and by itself, where that is set, when a provider can't be reached.
        """
        self._store = store
        self._images = images
        self._files = files
        self._providers = providers
        self._models = models
        self._renderer = renderer
        self._standby = standby
        self._standby_answers_by_itself = standby_answers_by_itself
        self._checkpoint_seconds = checkpoint_seconds
        self._now = now
        self._new_id = new_id
        self._turns: dict[str, Turn] = {}
        # By session and question, every reply being made; None while its turn is only being prepared.
        self._answering: dict[tuple[str, str], Turn | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # touched on the loop's thread only
        self._guard = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="turns", daemon=True)
        self._thread.start()

    # Asking

    def ask(
        self,
        session_id: str,
        text: str,
        *,
        owner: str,
        parent_id: str | None = HEAD,
        model: str | None = None,
        params: Params | None = None,
        attachments: Iterable[Attachment] = (),
    ) -> Turn:
        """Store a question below `parent_id` (None: as a first message) and start its reply.

        Another `parent_id` than `HEAD` makes a new branch: that is *edit and resend*. What `model` and `params` set
        goes before the session's own, for this reply alone. Raises `InputError`, `TurnRunning` or `StoreError`,
        with nothing stored and no model called.
        """
        check_message(text)
        session = self._store.load_session(session_id, owner=owner)
        question = Message(
            id=self._new_id(),
            parent_id=session.head if parent_id == HEAD else parent_id,
            role="user",
            raw_markdown=text,
            attachments=tuple(attachments),
            created_at=self._now(),
        )
        turn = self._begin(session, question, model=model or session.model, params=params, store_question=True)
        if not session.title:
            self._store.update_session(session_id, owner=owner, title=title_from(text))
        return turn

    def regenerate(
        self, session_id: str, reply_id: str, *, owner: str, model: str | None = None, standby: bool = False
    ) -> Turn:
        """Start another reply to the same question, as a branch beside `reply_id`. Also *Retry*.

        `standby` has the standby model answer, this once.
        """
        session, _, question = self._reply(session_id, reply_id, owner=owner)
        return self._begin(session, question, model=model or session.model, standby=standby)

    def resume(self, session_id: str, reply_id: str, *, owner: str, model: str | None = None) -> Turn:
        """Start a reply that begins with the text of a cut one and goes on from there, as a branch beside it."""
        session, reply, question = self._reply(session_id, reply_id, owner=owner)
        return self._begin(session, question, model=model or session.model, continued=reply.raw_markdown)

    # Finding and stopping

    def provider_of(self, model: str) -> Provider:
        """The provider that has a model; `ModelNotAllowed` for one that is not on offer."""
        if model not in self._models:
            raise ModelNotAllowed(model=model, allowed=tuple(self._models))
        return self._providers[self._models[model]]

    def get(self, turn_id: str, *, owner: str) -> Turn:
        """Find a turn that is running or ended lately; another owner's is `TurnNotFound`."""
        turn = self._turns.get(turn_id)
        if turn is None or turn.owner != owner:
            raise TurnNotFound(turn_id)
        return turn

    def of_session(self, session_id: str, *, owner: str) -> list[Turn]:
        """The turns of a session that are running or ended lately, on any of its branches, oldest first."""
        with self._guard:
            turns = list(self._turns.values())
        return [turn for turn in turns if turn.session_id == session_id and turn.owner == owner]

    def running(self, session_id: str, *, owner: str) -> list[Turn]:
        """Those of a session's turns that are still being made."""
        return [turn for turn in self.of_session(session_id, owner=owner) if not turn.done]

    def stop(self, turn_id: str, *, owner: str) -> None:
        """End a reply now: the provider's connection is closed, what came is kept and stored as `stopped`."""
        self.get(turn_id, owner=owner).stop()

    def close(self, *, timeout: float = 5.0) -> None:
        """Write what the running replies have said and end their tasks: each is left to be `interrupted`."""
        if self._loop.is_running():
            asyncio.run_coroutine_threadsafe(self._let_go(), self._loop).result(timeout)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout)
            self._loop.close()

    # Making

    def _reply(self, session_id: str, reply_id: str, *, owner: str) -> tuple[Session, Message, Message]:
        session = self._store.load_session(session_id, owner=owner)
        reply = session.message(reply_id)
        question = session.message(reply.parent_id) if reply and reply.parent_id else None
        if reply is None or reply.role != "assistant" or question is None:
            raise TurnNotFound(reply_id)
        return session, reply, question

    def _begin(
        self,
        session: Session,
        question: Message,
        *,
        model: str,
        params: Params | None = None,
        store_question: bool = False,
        continued: str = "",
        standby: bool = False,
    ) -> Turn:
        if standby and self._standby:
            model = self._standby[0]
            provider = self._providers[self._standby[1]]
        else:
            provider = self.provider_of(model)
        reply = Message(
            id=self._new_id(),
            parent_id=question.id,
            role="assistant",
            raw_markdown="",
            created_at=self._now(),
            model=model,
            provider=provider.name,
            status="streaming",
        )
        request = ReplyRequest(
            messages=prompt_for(session, question, continued=continued, files=self._read_files(session, question)),
            model=model,
            params=replace(session.params, **_set(params)) if params else session.params,
        )
        key = (session.id, question.id)
        with self._guard:
            if key in self._answering and not _is_done(self._answering[key]):
                raise TurnRunning
            self._answering[key] = None
        try:
            messages = [question, reply] if store_question else [reply]
            journal = self._store.begin_reply(session.id, messages, owner=session.owner)
        except BaseException:
            del self._answering[key]
            raise
        turn = Turn(session_id=session.id, owner=session.owner, message=reply, stop=lambda: task.stop())
        task = ReplyTask(
            turn,
            journal,
            renderer=self._renderer,
            pictures=self._pictures_of(session, question, reply),
            checkpoint_seconds=self._checkpoint_seconds,
            pause=lambda: self._pause_in(turn),
            continued=continued,
        )
        self._remember(turn)
        self._answering[key] = turn
        making = task.run(provider, request, fallback=self._fallback_for(provider))
        self._loop.call_soon_threadsafe(self._spawn, making, turn, journal, key)
        return turn

    def _read_files(self, session: Session, question: Message) -> dict[str, Extract]:
        """What was read of the files on the way to a question, less those that are gone."""
        files: dict[str, Extract] = {}
        for attachment in attachments_of(session.path_to(question)):
            with suppress(StoreError, FileRefused):
                files[attachment.id] = self._files.extracted(attachment.id, owner=session.owner)
        return files

    def _pictures_of(self, session: Session, question: Message, reply: Message) -> ReplyPictures:
        named = map(picture_id_of, question.attachments)
        return ReplyPictures(
            store=self._images,
            owner=session.owner,
            story={
                "prompt": question.raw_markdown,
                "model": reply.model,
                "session_id": session.id,
                "message_id": reply.id,
            },
            inputs=[image_id for image_id in named if image_id is not None],
        )

    def _pause_in(self, turn: Turn) -> float:
        """Seconds between two reads: a page draws ten times a second at most, other readers want each word."""
        if turn.is_listened_to:
            return 0.0
        return min(_PAUSE + max(0, len(self._tasks) - _FEW) * _PAUSE_FOR_EACH, _LONGEST_PAUSE)

    def _spawn(
        self, making: Coroutine[None, None, None], turn: Turn, journal: ReplyJournal, key: tuple[str, str]
    ) -> None:
        task = self._loop.create_task(making)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._forget(done, turn, journal, key))

    def _forget(self, task: asyncio.Task[None], turn: Turn, journal: ReplyJournal, key: tuple[str, str]) -> None:
        self._tasks.discard(task)
        journal.close()  # a task that was cancelled before its first step has not done so itself
        with self._guard:
            if self._answering.get(key) is turn:  # the next reply to this question may have begun already
                del self._answering[key]
        if not task.cancelled() and (error := task.exception()):
            log.error("turn %s: its task failed with %s", turn.id, type(error).__qualname__)
        if not turn.done:  # cancelled or failed: whoever follows must not wait for ever
            turn.end(replace(turn.message, raw_markdown=turn.text, status="interrupted"))

    async def _let_go(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for provider in self._providers.values():
            await provider.aclose()
        with suppress(RuntimeError):  # the process is ending, and has ended its threads itself
            await self._loop.shutdown_default_executor()

    def _fallback_for(self, provider: Provider) -> tuple[Provider, str] | None:
        if self._standby is None or not self._standby_answers_by_itself:
            return None
        model, name = self._standby
        return None if self._providers[name] is provider else (self._providers[name], model)

    def _remember(self, turn: Turn) -> None:
        with self._guard:
            self._turns[turn.id] = turn
            ended = [turn_id for turn_id, other in self._turns.items() if other.done]
            for turn_id in ended[: max(0, len(ended) - _REMEMBERED)]:
                del self._turns[turn_id]


def _is_done(turn: Turn | None) -> bool:
    return turn is not None and turn.done


def _set(params: Params) -> dict[str, Any]:  # Any: one value per parameter, of its own type
    """The parameters that are set, by name."""
    return {name: value for name, value in params.to_dict().items() if value is not None}
