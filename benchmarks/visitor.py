"""A visitor without a browser: Streamlit's own websocket protocol, and the moments at which something new is seen.

Knows no more of a page than its texts by place. It sends no polls of its own (`auto_rerun`): while a reply comes, a
browser sends none either.
"""

from __future__ import annotations

import asyncio
import html
import json
import math
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.replies import END

__all__ = ["Visit", "Visitor", "arriving"]

_NOT_OF_THE_REPLY = re.compile(r'<div class="pc-(?:status|byline|meter|question)\b.*?</div>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(slots=True, kw_only=True)
class Visit:
    """What one visitor saw of one reply; whatever never came took endless time."""

    sent_at: float
    updates: list[float] = field(default_factory=list)
    """When something new was seen."""
    is_whole: bool = False

    @property
    def first(self) -> float:
        """Seconds to the first text."""
        return self.updates[0] - self.sent_at if self.updates else math.inf

    @property
    def longest_gap(self) -> float:
        """The longest time between two moments with something new."""
        gaps = (after - before for before, after in pairwise(self.updates))
        return max(gaps, default=0.0) if self.is_whole else math.inf

    @property
    def total(self) -> float:
        """Seconds until all was there."""
        return self.updates[-1] - self.sent_at if self.is_whole else math.inf


class Visitor:
    """Someone with the chat open; everyone is another browser."""

    def __init__(self, socket: ClientConnection, *, query: str) -> None:
        self._socket = socket
        self._query = query
        self._secret = secrets.token_hex(32)
        self._browser = ""  # the id of our component that says which browser this is
        self._composer = ""
        self._texts: dict[tuple[int, ...], str] = {}  # by place on the page
        self._reply: tuple[int, ...] = ()  # the place of the last reply, which is the lowest

    async def open(self) -> None:
        """Load the page, and wait until one can write there."""
        await self._run()
        await self._until_finished()
        if self._browser:
            await self._run()  # as the component makes happen, once it has been drawn
            await self._until_finished()
        if not self._composer:
            raise RuntimeError("the page has no composer")

    async def ask(self, question: str, *, patience: float) -> Visit:
        """Ask, and watch the reply to its end, or for `patience` seconds."""
        seen = Visit(sent_at=time.monotonic())
        try:
            async with asyncio.timeout(patience):
                await self._run(question)
                before = self._reply
                while not seen.is_whole:
                    text = self._new_text(await self._receive())
                    if text and self._reply > before:
                        seen.updates.append(time.monotonic())
                        seen.is_whole = END in text
                await self._until_finished()
        except (TimeoutError, ConnectionClosed):
            seen.is_whole = False
        return seen

    async def _run(self, question: str = "") -> None:
        message = BackMsg()
        message.rerun_script.query_string = self._query
        widgets = message.rerun_script.widget_states.widgets
        if self._browser:
            said = json.dumps({"secret": self._secret, "theme": "System"})
            widgets.add(id=self._browser, json_value=json.dumps({"browser": said}))
        if question:
            widgets.add(id=self._composer).chat_input_value.data = question
        await self._socket.send(message.SerializeToString())

    async def _receive(self) -> ForwardMsg:
        received = await self._socket.recv()
        assert isinstance(received, bytes)
        message = ForwardMsg()
        message.ParseFromString(received)
        match message.WhichOneof("type"):
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "delta":
                if message.delta.add_block.chat_message.name == "assistant":
                    self._reply = max(self._reply, tuple(message.metadata.delta_path))
                element = message.delta.new_element
                match element.WhichOneof("type"):
                    case "bidi_component" if element.bidi_component.id.endswith("-browser"):  # the key it has
                        self._browser = element.bidi_component.id
                    case "chat_input":
                        self._composer = element.chat_input.id
        return message

    def _new_text(self, message: ForwardMsg) -> str:
        """The text of an element of the last reply, if it is not what stood there before."""
        place = tuple(message.metadata.delta_path)
        if message.WhichOneof("type") != "delta" or place[: len(self._reply)] != self._reply:
            return ""
        element = message.delta.new_element
        match element.WhichOneof("type"):
            case "markdown":
                text = element.markdown.body
            case "html":
                text = html.unescape(_TAG.sub("", _NOT_OF_THE_REPLY.sub("", element.html.body)))
            case _:
                return ""
        before, self._texts[place] = self._texts.get(place), text
        return text if text != before else ""

    async def _until_finished(self) -> None:
        while True:
            message = await self._receive()
            self._new_text(message)
            if (
                message.WhichOneof("type") == "script_finished"
                and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return


@asynccontextmanager
async def arriving(url: str) -> AsyncIterator[Visitor]:
    """A visitor whose page is open."""
    parts = urlsplit(url)
    address = f"ws://{parts.netloc}/_stcore/stream"
    async with connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None) as socket:
        visitor = Visitor(socket, query=parts.query)
        await visitor.open()
        yield visitor
