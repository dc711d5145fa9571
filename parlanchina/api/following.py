"""Following a reply, wherever it is: the steps it takes, from its start, and how it ended.

A turn of this process is followed live. One that is no longer in memory is read from the store, and one that
another process is making is read there again and again, as that process checkpoints it. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from parlanchina.api.pieces import Content, contents_of
from parlanchina.api.problems import Problem, problem_of, problem_of_reply
from parlanchina.errors import StoreError, TurnNotFound
from parlanchina.events import UsageEvent
from parlanchina.messages import Message
from parlanchina.ownership import LOCAL_OWNER
from parlanchina.services import Services
from parlanchina.turn import Turn

__all__ = ["Step", "find_turn", "follow_stored", "follow_turn"]

_LOOK_AGAIN = 1.0  # seconds: as often as a checkpoint is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a reply has said since the last step."""

    contents: Sequence[Content]
    ended: Message | None = None
    """The reply, once it has ended and all of it was handed out."""
    problem: Problem | None = None
    """Why it failed or was cut off."""

    @property
    def says_something(self) -> bool:
        """Whether there is more to it than a bill, which can come before a failure too."""
        return any(not isinstance(content, UsageEvent) for content in self.contents)


async def follow_turn(turn: Turn) -> AsyncGenerator[Step, None]:
    """Follow a turn of this process from its start."""
    async with aclosing(turn.follow()) as steps:
        async for progress in steps:
            if not progress.done:
                yield Step(contents=progress.events)
                continue
            problem = problem_of_reply(turn.message, turn.failure)
            if problem is None and turn.unsaved is not None:
                problem = problem_of(turn.unsaved)
            yield Step(contents=progress.events, ended=turn.message, problem=problem)


def find_turn(services: Services, turn_id: str) -> Turn | tuple[str, Message]:
    """A turn of this process, or else a stored reply and the id of its session. Reads the disk.

    Raises `TurnNotFound`. A store knows its messages by session only, so the sessions are looked through, last
    updated first.
    """
    try:
        return services.turns.get(turn_id, owner=LOCAL_OWNER)
    except TurnNotFound:
        for summary in services.sessions.list_sessions(owner=LOCAL_OWNER):
            try:
                message = services.sessions.load_session(summary.id, owner=LOCAL_OWNER).message(turn_id)
            except StoreError:  # damaged, or deleted meanwhile: the others can still be read
                continue
            if message is not None and message.role == "assistant":
                return summary.id, message
        raise


async def follow_stored(services: Services, session_id: str, message: Message) -> AsyncGenerator[Step, None]:
    """Follow a reply through the store: one step if it has ended, more while another process makes it."""
    text = reasoning = 0
    problem: Problem | None = None
    while True:
        fresh = replace(message, raw_markdown=message.raw_markdown[text:], reasoning=message.reasoning[reasoning:])
        if message.status != "streaming":
            problem = problem or problem_of_reply(message)
            yield Step(contents=list(contents_of(fresh)), ended=message, problem=problem)
            return
        yield Step(contents=list(contents_of(fresh)))
        text, reasoning = len(message.raw_markdown), len(message.reasoning)
        await asyncio.sleep(_LOOK_AGAIN)
        try:
            session = await asyncio.to_thread(services.sessions.load_session, session_id, owner=LOCAL_OWNER)
        except StoreError as error:  # deleted meanwhile, say
            message, problem = replace(message, status="interrupted"), problem_of(error)
        else:
            message = session.message(message.id) or replace(message, status="interrupted")
