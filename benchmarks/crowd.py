"""Many people at once, beside a plain `st.write_stream` chat: `python -m benchmarks.crowd`.

Visitors without browsers (Streamlit's own websocket protocol), all in one process, each of whom has a page open, has
had a short reply, and then asks at the same moment as all others for 500 tokens at 100 a second. The chat runs in
`shared` mode, as it would in a workshop, so that everyone has sessions of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack

from benchmarks.chats import Chat, chatting
from benchmarks.provider import serving_replies
from benchmarks.replies import Order
from benchmarks.report import Line, machine, print_table
from benchmarks.visitor import Visit, arriving

_REPLY = Order(tokens=500, pace=100)
_WARM = Order(tokens=0, kind="warm")
_PATIENCE = 90.0


def main() -> None:
    """Print a table for each crowd."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten visitors only")
    options = parser.parse_args()
    print(machine())
    for visitors in (10,) if options.quick else (30, 60):
        ours, plain = (measure(name, visitors) for name in ("ours", "plain"))
        print_table(f"{visitors} at once, {_REPLY.tokens} tokens each at {_REPLY.pace} a second", lines(ours, plain))


def lines(ours: tuple[Sequence[Visit], float], plain: tuple[Sequence[Visit], float]) -> list[Line]:
    """What the crowds saw, and the CPU it took."""
    (our_visits, our_cpu), (plain_visits, plain_cpu) = ours, plain
    return [
        Line(
            measure="longest wait for the first text",
            ours=max(visit.first for visit in our_visits),
            plain=max(visit.first for visit in plain_visits),
            at_most=1.0,
        ),
        Line(
            measure="longest time anyone saw nothing new after it",
            ours=max(visit.longest_gap for visit in our_visits),
            plain=max(visit.longest_gap for visit in plain_visits),
            at_most=1.0,
        ),
        Line(
            measure="the same for the middle one",
            ours=statistics.median(visit.longest_gap for visit in our_visits),
            plain=statistics.median(visit.longest_gap for visit in plain_visits),
        ),
        Line(
            measure="until all is there, the last",
            ours=max(visit.total for visit in our_visits),
            plain=max(visit.total for visit in plain_visits),
        ),
        Line(measure="server CPU", ours=our_cpu, plain=plain_cpu),
    ]


def measure(name: str, visitors: int) -> tuple[list[Visit], float]:
    """What every visitor of a chat saw, and the server's CPU seconds."""
    with serving_replies() as base, chatting(name, base, PARLANCHINA_MODE="shared") as chat:
        return asyncio.run(crowd(chat, visitors))


async def crowd(chat: Chat, visitors: int) -> tuple[list[Visit], float]:
    """Let everyone come in, one after the other, and then ask at once."""
    async with AsyncExitStack() as stack:
        people = []
        for _ in range(visitors):
            people.append(await stack.enter_async_context(arriving(chat.url)))
            await people[-1].ask(_WARM.question, patience=_PATIENCE)
        cpu = chat.cpu_seconds()
        visits = await asyncio.gather(*(person.ask(_REPLY.question, patience=_PATIENCE) for person in people))
        return visits, chat.cpu_seconds() - cpu


if __name__ == "__main__":
    main()
