"""The demo model: a provider with no key and no network, for newcomers, for tests and for a room without Wi-Fi.

Owns how an answer is spoken: its tokens, its pace, its limit, and going on with one that was cut off. What is said
is `demo_answers`' business. Nothing here reads a clock or global randomness: for one seed, the same sequence
of calls brings the same events.

A token is a word (a long one is several, of up to 12 letters each) or a mark, with the white space before it.
All counts here use that rule; real models count a little differently.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import random
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

from parlanchina.events import ImageCall, ImageStarted, LLMEvent, TextDelta, TextDone, UsageEvent
from parlanchina.llm.base import ReplyRequest
from parlanchina.llm.demo_answers import Conversation, Sampler, compose, find_topic, text_of, topic_of
from parlanchina.llm.demo_pictures import paint
from parlanchina.llm.demo_pictures.order import Order, read_order
from parlanchina.messages import Usage

__all__ = ["DEMO_MODELS", "DemoProvider", "count_tokens", "split_tokens"]

DEMO_MODELS = ("demo", "demo-brief")
"""The models offered: whole answers, and the same in one sentence. Any other name answers as the first."""

_TOKEN = re.compile(r"\s*(?:\w{1,12}|[^\w\s])|\s+")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)
_PICTURE_TOLD = re.compile(r"\s*\[picture(?:: [^\n]*)?\]\s*")
"""A picture in a reply that is to be continued."""
_PICTURE_SIZE = 1024
_PAINTING = 1.8
"""Seconds a picture takes, on average: an image model's minute would teach nothing more."""
_FIRST_DELAY = 0.4
"""Seconds before the first token, on average."""
_TAKES = 32
"""Above temperature 0 a reply is one of so many takes, so that a cut one can be found again and continued exactly,
even by a process that did not begin it."""


def split_tokens(text: str) -> list[str]:
    """Split a text into its tokens, which joined are the text again."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Count the tokens of a text."""
    return len(split_tokens(text))


class DemoProvider:
    """Answers from prepared texts, at a pace like a real model's, which doesn't wait for its reader either.

    `tokens_per_second` is an average; 0 or infinity is as fast as possible, yielding to other tasks between tokens.
    """

    name = "demo"

    def __init__(
        self,
        *,
        seed: int = 0,
        tokens_per_second: float = 60.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not tokens_per_second >= 0:
            raise ValueError(f"tokens_per_second is {tokens_per_second!r}; give 0 or more (0: as fast as possible)")
        self._seed = seed
        self._pause = 1 / tokens_per_second if tokens_per_second else 0.0
        self._sleep = sleep
        self._clock = clock
        self._calls = itertools.count()

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[LLMEvent, None]:
        """Make one reply; closing the iterator or cancelling its reader ends it at once."""
        take = next(self._calls) % _TAKES
        conversation = Conversation.read(request.messages)
        reply = split_tokens(self._reply(conversation, request, take=take))
        order = _order_in(conversation) if request.enable_image_tool else None
        limit = request.params.max_tokens
        spoken = reply if limit is None else reply[: max(limit, 0)]

        jitter = random.Random(f"{self._seed}/{take}")
        pause = _FIRST_DELAY if self._pause else 0.0
        due = self._clock()
        for token in spoken:
            if order and "\n\n" in token:  # pictures come after the first paragraph
                async for event in self._painted(order, take=take, jitter=jitter):
                    yield event
                order = None
                due = self._clock()
            due += pause * jitter.uniform(0.5, 1.5)
            await self._sleep(max(0.0, due - self._clock()))
            yield TextDelta(text=token)
            pause = self._pause
        if order and len(spoken) == len(reply):
            async for event in self._painted(order, take=take, jitter=jitter):
                yield event

        read = 0
        for message in request.messages:
            read += count_tokens(text_of(message.get("content")))
            await self._sleep(0)  # a long history must not hold up everybody else's replies
        yield UsageEvent(usage=Usage(input_tokens=read, output_tokens=len(spoken)))
        yield TextDone(finish_reason="stop" if len(spoken) == len(reply) else "length")

    async def _painted(self, order: Order, *, take: int, jitter: random.Random) -> AsyncGenerator[LLMEvent, None]:
        """Paint what is ordered, beside the event loop: all are begun, and finished one after the other."""
        for number in range(order.count):
            yield ImageStarted(call_id=f"painting_{number}")
        for number in range(order.count):
            await self._sleep((_PAINTING if self._pause else 0.0) * jitter.uniform(0.8, 1.2))
            seed = (self._seed * _TAKES + take) * 10 + number
            picture = await asyncio.to_thread(paint, order.prompt, seed=seed, size=(_PICTURE_SIZE, _PICTURE_SIZE))
            yield ImageCall(
                call_id=f"painting_{number}",
                image_b64=base64.b64encode(picture).decode(),
                revised_prompt=order.title,
                size=f"{_PICTURE_SIZE}x{_PICTURE_SIZE}",
            )

    async def aclose(self) -> None:
        """Release connections: there are none."""

    def _reply(self, conversation: Conversation, request: ReplyRequest, *, take: int) -> str:
        unfinished = conversation.unfinished()
        if unfinished is None:
            return self._write(conversation, request, take=take)
        asked, said = unfinished
        said = _PICTURE_TOLD.sub("\n\n", said)
        topic = "lost"
        for other in range(_TAKES if _is_varied(request) else 1):
            whole = self._write(asked, request, take=other)
            if whole.startswith(said) and whole != said:
                return whole[len(said) :]
            if said.startswith(whole):
                topic = "finished"
        # What comes now is added to what was said: as a paragraph of its own, out of any code left open.
        fence = _open_fence(said)
        gap = f"\n{fence}\n\n" if fence else "\n\n"
        return gap + self._write(asked, request, take=take, topic=topic)

    def _write(
        self, conversation: Conversation, request: ReplyRequest, *, take: int, topic: str | None = None
    ) -> str:
        key = f"{self._seed}/{conversation.digest}"
        chance = random.Random(f"{key}/{take}" if _is_varied(request) else key)
        if topic is None and not request.enable_image_tool and topic_of(conversation) == "picture":
            topic = "no_picture"
        sampler = Sampler(chance, temperature=request.params.temperature, top_p=request.params.top_p)
        return compose(conversation, sampler=sampler, brief=request.model == "demo-brief", topic=topic)


def _order_in(conversation: Conversation) -> Order | None:
    """What the last question orders painted, if that is still to be done."""
    unfinished = conversation.unfinished()
    asked, said = unfinished or (conversation, "")
    if topic_of(asked) != "picture" or _PICTURE_TOLD.search(said):
        return None
    *earlier, question = asked.asked
    before = [one.text for one in earlier if find_topic(one.text) == "picture"] if question.attached else []
    return read_order(question.text, before=" ".join(before[-1:]))


def _is_varied(request: ReplyRequest) -> bool:
    return (request.params.temperature or 0.0) > 0


def _open_fence(text: str) -> str:
    """The marks that would close the code fence that a text leaves open, or nothing."""
    opened = ""
    for marks, info in _FENCE.findall(text):
        if not opened:
            opened = marks if marks[0] == "~" or "`" not in info else ""
        elif marks.startswith(opened) and not info.strip():
            opened = ""
    return opened
