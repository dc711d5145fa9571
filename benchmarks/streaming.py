"""What a reply costs while it comes, beside a plain `st.write_stream` chat: `python -m benchmarks.streaming`.

Both chats run in processes of their own and are looked at with the same Chromium; the model service, a third process,
gives both the same Markdown. Every exchange is in a new page, after a short one that has everything in it, so that no
script is loaded on the way. It is counted until nothing changes any more: ours draws the stored reply at the end,
and that is in the figures. Middle values of several runs.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from playwright.sync_api import Browser

from benchmarks.chats import Chat, chatting
from benchmarks.provider import serving_replies
from benchmarks.replies import Order
from benchmarks.report import Line, machine, print_table
from benchmarks.tab import browsing, opened

# One of each element first; then another question, for the styles that an ended reply takes on while the page runs.
_WARM = (Order(tokens=0, pace=50, kind="warm").question, Order(tokens=10, pace=50).question)
_PATIENCE = 60.0  # seconds beyond the reply's own time; what isn't there then, never comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One reply in one chat. Seconds, and bytes to the browser."""

    first: float | None
    whole: float | None
    longest_gap: float
    received: int
    busy: float
    cpu: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run of each, and shorter series")
    options = parser.parse_args()
    runs = 1 if options.quick else 5
    print(machine())
    with ExitStack() as stack:
        base = stack.enter_context(serving_replies())
        browser = stack.enter_context(browsing())
        chats = [stack.enter_context(chatting(name, base)) for name in ("ours", "plain")]
        print_burst(browser, chats, runs=runs)
        print_flow(browser, chats, Order(tokens=500, pace=100), runs=runs)
        print_flow(browser, chats, Order(tokens=500, pace=100, kind="fence"), runs=1)
        print_long_burst(browser, chats, sizes=(1_000, 4_000) if options.quick else (4_000, 16_000))
        print_growth(
            browser, chats, sizes=(500, 1_000, 2_000) if options.quick else (500, 1_000, 2_000, 4_000, 8_000)
        )


def print_burst(browser: Browser, chats: Sequence[Chat], *, runs: int) -> None:
    """2,000 tokens at once."""
    order = Order(tokens=2_000)
    ours, plain = side_by_side(browser, chats, order, runs=runs)
    print_table(
        "A burst of 2,000 tokens (8 kB)",
        [
            Line(measure="to the browser", ours=ours.received, plain=plain.received, unit="kB", times_less=15),
            Line(measure="until all is there", ours=ours.whole, plain=plain.whole, times_less=1),
            Line(measure="main thread busy", ours=ours.busy, plain=plain.busy),
            Line(measure="server CPU", ours=ours.cpu, plain=plain.cpu),
        ],
    )


def print_flow(browser: Browser, chats: Sequence[Chat], order: Order, *, runs: int) -> None:
    """500 tokens, 100 a second."""
    ours, plain = side_by_side(browser, chats, order, runs=runs)
    kind = "" if order.kind == "mixed" else ", all one block of code"
    print_table(
        f"{order.tokens} tokens at {order.pace} a second ({order.tokens * 4 / 1_000:g} kB{kind})",
        [
            Line(measure="to the browser", ours=ours.received, plain=plain.received, unit="kB", times_less=25),
            Line(measure="main thread busy", ours=ours.busy, plain=plain.busy, times_less=2.5),
            Line(measure="server CPU", ours=ours.cpu, plain=plain.cpu, times_less=2),
            Line(measure="first text", ours=ours.first, plain=plain.first, times_less=1),
            Line(
                measure="longest time with nothing new", ours=ours.longest_gap, plain=plain.longest_gap, at_most=0.25
            ),
            Line(measure="until all is there", ours=ours.whole, plain=plain.whole),
        ],
    )


def print_long_burst(browser: Browser, chats: Sequence[Chat], *, sizes: tuple[int, int]) -> None:
    """Two bursts, one four times the other."""
    short, long = (side_by_side(browser, chats, Order(tokens=size), runs=1) for size in sizes)
    goal = 5 * (short[0].whole or 0.0)
    print_table(
        f"Bursts, until all is there (given up after {_PATIENCE:g} s)",
        [
            Line(measure=f"{sizes[0]:,} tokens", ours=short[0].whole, plain=short[1].whole),
            Line(measure=f"{sizes[1]:,} tokens", ours=long[0].whole, plain=long[1].whole, at_most=round(goal, 2)),
        ],
    )


def print_growth(browser: Browser, chats: Sequence[Chat], *, sizes: Sequence[int]) -> None:
    """How bytes and CPU grow with the reply, at 100 tokens a second."""
    pairs = {size: side_by_side(browser, chats, Order(tokens=size, pace=100), runs=1) for size in sizes}
    lines = [
        Line(measure=f"{size:,} tokens, to the browser", ours=ours.received, plain=plain.received, unit="kB")
        for size, (ours, plain) in pairs.items()
    ]
    lines += [
        Line(measure=f"{size:,} tokens, server CPU", ours=ours.cpu, plain=plain.cpu)
        for size, (ours, plain) in pairs.items()
    ]
    lines += [
        growth("bytes", {size: (ours.received, plain.received) for size, (ours, plain) in pairs.items()}),
        growth("server CPU", {size: (ours.cpu, plain.cpu) for size, (ours, plain) in pairs.items()}),
    ]
    print_table("At 100 tokens a second, by length", lines)


def growth(name: str, costs: dict[int, tuple[float, float]]) -> Line:
    """The powers of the length by which a cost grows: the slopes of lines through the logarithms."""
    sizes = [math.log(size) for size in costs]
    ours, plain = (
        statistics.linear_regression(sizes, [math.log(pair[chat]) for pair in costs.values()]).slope
        for chat in (0, 1)
    )
    return Line(measure=f"{name}: grow to the power of", ours=ours, plain=plain, unit="", at_most=1.1)


def side_by_side(browser: Browser, chats: Sequence[Chat], order: Order, *, runs: int) -> tuple[Exchange, Exchange]:
    """The same reply in both chats, by turns; the middle value of each measure."""
    exchanges = [[exchange(browser, chat, order) for chat in chats] for _ in range(runs)]
    ours, plain = (middle([run[chat] for run in exchanges]) for chat in (0, 1))
    return ours, plain


def exchange(browser: Browser, chat: Chat, order: Order) -> Exchange:
    """Ask for one reply in a new page."""
    patience = _PATIENCE + (order.tokens / order.pace if order.pace else 0)
    with opened(browser) as tab:
        tab.open(chat.url)
        for question in _WARM:
            tab.ask(question, timeout=_PATIENCE)
        received, busy, cpu = tab.received, tab.busy_seconds(), chat.cpu_seconds()
        seen = tab.ask(order.question, timeout=patience)
        return Exchange(
            first=seen.first,
            whole=seen.whole,
            longest_gap=seen.longest_gap,
            received=tab.received - received,
            busy=tab.busy_seconds() - busy,
            cpu=chat.cpu_seconds() - cpu,
        )


def middle(exchanges: Sequence[Exchange]) -> Exchange:
    """The median of every measure; a reply that never came in any run makes its times None."""

    def of(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if len(known) == len(values) else None

    return Exchange(
        first=of([it.first for it in exchanges]),
        whole=of([it.whole for it in exchanges]),
        longest_gap=statistics.median(it.longest_gap for it in exchanges),
        received=round(statistics.median(it.received for it in exchanges)),
        busy=statistics.median(it.busy for it in exchanges),
        cpu=statistics.median(it.cpu for it in exchanges),
    )


if __name__ == "__main__":
    main()
