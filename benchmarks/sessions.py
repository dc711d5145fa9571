"""Measure what sessions on disk cost: `python -m benchmarks.sessions`.

Builds folders of 500 to 5,000 sessions of 20 messages in a temporary place, and prints how long the store takes
for what the app does with them: listing (a rerun pays the warm one), searching, opening one, adding to it, and
checkpointing a reply. Files are in the system's cache; "cold" is a store that was just started.
"""

from __future__ import annotations

import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from parlanchina.messages import Message, Session, Usage
from parlanchina.stores.json_format import encode_session
from parlanchina.stores.json_sessions import JsonSessions

SIZES = (1, 500, 1_000, 2_000, 5_000)
MESSAGES = 20
OWNER = "local"
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
COLUMNS = ("list cold", "list warm", "search cold", "search warm", "open one", "add to one")


def main() -> None:
    """Print the two tables."""
    dice = random.Random(2026)
    words = ["".join(dice.choices("abcdeghilmnoprstu", k=dice.randint(2, 9))) for _ in range(3_000)]
    print(f"Sessions of {MESSAGES} messages, times in ms (median)\n")
    print(f"{'sessions':>8} {'MB':>5}", *(f"{name:>12}" for name in COLUMNS))
    rows: dict[int, dict[str, float]] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="parlanchina-") as place:
            written = build(Path(place), size, dice, words)
            rows[size] = measure(Path(place), size, words)
        print(f"{size:>8} {written / 1e6:>5.0f}", *(f"{rows[size][name]:>12.2f}" for name in COLUMNS))
    most = max(SIZES)
    warm = {size: row["list warm"] for size, row in rows.items() if size > 1}
    print(f"\nwarm list: grows with the number of sessions to the power of {exponent(warm):.2f}")
    for name in ("open one", "add to one"):
        print(f"{name}: {rows[most][name] / rows[1][name]:.2f} times as long beside {most:,} as alone")

    print("\nCheckpoint of 400 characters, times in ms (median of 200)\n")
    with tempfile.TemporaryDirectory(prefix="parlanchina-") as place:
        few, many = checkpoints(JsonSessions(Path(place)))
    print(f"{few:.2f} at the reply's start, {many:.2f} after 10 MB of it: {many / few:.2f} times as long")


def build(folder: Path, size: int, dice: random.Random, words: list[str]) -> int:
    """Write `size` sessions; returns the bytes."""
    written = 0
    for number in range(size):
        content = encode_session(conversation(number, dice, words))
        path = folder / f"{number:032x}.json"
        path.write_bytes(content)
        os.utime(path, (START.timestamp(), START.timestamp()))  # not of this moment: those are looked at twice
        written += len(content)
    return written


def conversation(number: int, dice: random.Random, words: list[str]) -> Session:
    """A session of questions of a sentence and answers of a few paragraphs."""
    moment = START + timedelta(seconds=number)
    messages: list[Message] = []
    for position in range(MESSAGES):
        common = {"id": f"{number}-{position}", "parent_id": messages[-1].id if messages else None}
        if position % 2 == 0:
            text = " ".join(dice.choices(words, k=12))
            messages.append(Message(**common, role="user", raw_markdown=text, created_at=moment))
            continue
        paragraphs = [" ".join(dice.choices(words, k=50)) for _ in range(3)]
        messages.append(
            Message(
                **common,
                role="assistant",
                raw_markdown="\n\n".join(paragraphs),
                html="".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs),
                renderer="1",
                model="demo",
                usage=Usage(input_tokens=120, output_tokens=240),
                created_at=moment,
            )
        )
    return Session(
        id=f"{number:032x}",
        owner=OWNER,
        title=messages[0].raw_markdown[:40],
        model="demo",
        created_at=moment,
        updated_at=moment,
        head=messages[-1].id,
        messages=tuple(messages),
    )


def measure(folder: Path, size: int, words: list[str]) -> dict[str, float]:
    """What each thing costs in a folder, by column."""
    store = JsonSessions(folder)
    one = f"{size // 2:032x}"
    query = f"{words[0]} {words[1]}"
    numbers = iter(range(1_000_000))

    def add() -> None:
        message = Message(
            id=f"added-{next(numbers)}", parent_id=None, role="user", raw_markdown="One more.", created_at=START
        )
        store.append_messages(one, [message], owner=OWNER)

    return {
        "list cold": timed(lambda: JsonSessions(folder).list_sessions(owner=OWNER), runs=3),
        "list warm": timed(lambda: store.list_sessions(owner=OWNER), runs=30, first=False),
        "search cold": timed(lambda: store.search(query, owner=OWNER), runs=1),
        "search warm": timed(lambda: store.search(query, owner=OWNER), runs=10),
        "open one": timed(lambda: store.load_session(one, owner=OWNER), runs=200),
        "add to one": timed(add, runs=50),
    }


def checkpoints(store: JsonSessions) -> tuple[float, float]:
    """What a checkpoint costs at the start of a reply, and far into it."""
    session = store.create_session(owner=OWNER, title="A long reply", model="demo")
    reply = Message(
        id="reply", parent_id=None, role="assistant", raw_markdown="", status="streaming", created_at=START
    )
    journal = store.begin_reply(session.id, [reply], owner=OWNER)
    try:
        few = timed(lambda: journal.append(text="word " * 80), runs=200)
        for _ in range(10):
            journal.append(text="word " * 200_000)
        many = timed(lambda: journal.append(text="word " * 80), runs=200)
    finally:
        journal.close()
    return few, many


def timed(run: Callable[[], object], *, runs: int, first: bool = True) -> float:
    """The median time of a call in milliseconds; without `first`, a call before the others is not counted."""
    if not first:
        run()
    times: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1_000)
    return statistics.median(times)


def exponent(times: dict[int, float]) -> float:
    """The power of its size by which a cost grows: the slope of a line through the logarithms."""
    sizes = [math.log(size) for size in times]
    costs = [math.log(cost) for cost in times.values()]
    return statistics.linear_regression(sizes, costs).slope


if __name__ == "__main__":
    main()
