"""What opening a long conversation costs, beside a plain `st.markdown` chat: `python -m benchmarks.history`.

The same session for both: questions of a line, replies of 2 kB with everything common in them. Each is opened in a
new tab of a browser that has the page's scripts in its cache. Ready means that the last reply is there and nothing
changes any more. Ours draws the newest messages first and the older ones on demand; how many is in the table, and so
is what it takes to have them all. Middle values of several runs.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import BrowserContext

from benchmarks.chats import Chat, chatting
from benchmarks.provider import serving_replies
from benchmarks.replies import Order
from benchmarks.report import Line, machine, print_table
from benchmarks.tab import Tab, browsing
from parlanchina.markdown import RENDERER, render_markdown
from parlanchina.messages import Message, Session, Timing, Usage
from parlanchina.stores.json_format import encode_session

_OWNER = "local"
_START = datetime(2026, 11, 20, 9, tzinfo=UTC)
_OLDER = ".st-key-show_older button"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One opening of a session. Seconds, and bytes to the browser."""

    ready: float
    busy: float
    received: int
    cpu: float
    messages: int
    """How many are drawn."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run of each, and a tenth of the messages")
    options = parser.parse_args()
    runs = 1 if options.quick else 5
    few, many = (20, 100) if options.quick else (200, 1_000)
    print(machine())
    with ExitStack() as stack:
        base = stack.enter_context(serving_replies())
        browser = stack.enter_context(browsing())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parlanchina-")))
        short, long = (write_session(folder, number, messages=size) for number, size in enumerate((few, many)))
        ours = stack.enter_context(chatting("ours", base, PARLANCHINA_DATA_DIR=str(folder)))
        plain = stack.enter_context(chatting("plain", base, PLAIN_CHAT_HISTORY=str(short)))
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        opened_short = middle([open_session(context, ours, short) for _ in range(runs + 1)][1:])
        opened_plain = middle([open_session(context, plain) for _ in range(runs + 1)][1:])
        opened_long = middle([open_session(context, ours, long) for _ in range(runs)])
        everything = middle([open_session(context, ours, short, everything=True) for _ in range(runs)])
        print_table(f"Opening {few} messages ({few // 2} replies of 2 kB)", lines(opened_short, opened_plain, goal=2))
        print_table("The same, and then all of it on demand", lines(everything, opened_plain))
        print_table(
            f"Opening {many:,} messages, beside {few} (right: ours too)", lines(opened_long, opened_short, goal=0.8)
        )


def lines(ours: Opening, plain: Opening, *, goal: float | None = None) -> list[Line]:
    """One opening beside another."""
    return [
        Line(measure="messages drawn", ours=ours.messages, plain=plain.messages, unit=""),
        Line(measure="page ready", ours=ours.ready, plain=plain.ready, times_less=goal),
        Line(measure="main thread busy", ours=ours.busy, plain=plain.busy, times_less=goal),
        Line(measure="to the browser", ours=ours.received, plain=plain.received, unit="kB"),
        Line(measure="server CPU", ours=ours.cpu, plain=plain.cpu),
    ]


def open_session(
    context: BrowserContext, chat: Chat, session: Path | None = None, *, everything: bool = False
) -> Opening:
    """Open a session in a new tab; with `everything`, ask for older messages until there are none."""
    page = context.new_page()
    tab = Tab(page)
    cpu = chat.cpu_seconds()
    ready = tab.open(chat.url if session is None else re.sub(r"session=\w+", f"session={session.stem}", chat.url))
    while everything and page.locator(_OLDER).count():
        clicked = page.evaluate("performance.now()") / 1_000
        page.locator(_OLDER).click()
        page.wait_for_function("clicked => seen.changedAt > clicked * 1_000", arg=clicked)
        ready += tab.settle() - clicked
    opening = Opening(
        ready=ready,
        busy=tab.busy_seconds(),
        received=tab.received,
        cpu=chat.cpu_seconds() - cpu,
        messages=page.locator('[data-testid="stChatMessage"]').count(),
    )
    page.close()
    return opening


def middle(openings: Sequence[Opening]) -> Opening:
    """The median of every measure."""
    return Opening(
        ready=statistics.median(it.ready for it in openings),
        busy=statistics.median(it.busy for it in openings),
        received=round(statistics.median(it.received for it in openings)),
        cpu=statistics.median(it.cpu for it in openings),
        messages=openings[0].messages,
    )


def write_session(folder: Path, number: int, *, messages: int) -> Path:
    """Store a conversation as it would be after it was held; its file."""
    held: list[Message] = []
    for place in range(messages):
        moment = _START + timedelta(minutes=place)
        parent_id = held[-1].id if held else None
        message_id = f"{number:016x}{place:016x}"
        if place % 2 == 0:
            text = f"And what about number {place // 2 + 1}?"
            held.append(
                Message(id=message_id, parent_id=parent_id, role="user", raw_markdown=text, created_at=moment)
            )
            continue
        text = Order(tokens=500, seed=place).text
        held.append(
            Message(
                id=message_id,
                parent_id=parent_id,
                role="assistant",
                raw_markdown=text,
                html=render_markdown(text),
                renderer=RENDERER,
                model="fake-model",
                provider="compatible",
                usage=Usage(input_tokens=1_000, output_tokens=500),
                timing=Timing(first_token_ms=400, total_ms=5_400),
                created_at=moment,
            )
        )
    session = Session(
        id=f"{number:032x}",
        owner=_OWNER,
        title=f"{messages} messages",
        model="fake-model",
        created_at=_START,
        updated_at=held[-1].created_at,
        head=held[-1].id,
        messages=tuple(held),
    )
    path = folder / "sessions" / f"{session.id}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode_session(session))
    return path


if __name__ == "__main__":
    main()
