"""What the HTTP API adds to each token of a stream, beside the smallest FastAPI proxy: `python -m benchmarks.api`.

A model service of its own sends 50 tokens a second to every stream; each token's text is the moment it was sent,
on the clock that all processes share, and the client subtracts. Ours is the whole app (`streamlit run server.py`),
without a session and with one; the proxy stores nothing. All are asked the same way, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
RATE = 50.0  # tokens a second
LEVELS = (1, 10, 50, 200)
GOAL_LEVEL, GOAL = 50, 1.5
CONTENT = re.compile(rb'"content": ?"([^"]*)"')
LABELS = {"proxy": "plain proxy", "ours": "ours", "stored": "ours, with a session each"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run: so many streams of one server."""

    p50: float
    p99: float
    """Milliseconds from the service's write to the client's read."""
    cpu: float
    """Per cent of one core."""
    memory: float
    """Megabytes, resident, at the end."""
    lost: int
    """Streams that did not bring every token and a proper end."""


def main() -> None:
    """Print the table; exit with 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each stream at full pace")
    parser.add_argument("--levels", type=int, nargs="+", default=LEVELS, help="numbers of concurrent streams")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turn; the table has their medians")
    options = parser.parse_args()
    tokens = int(options.seconds * RATE)
    print(f"{tokens} tokens a stream at {RATE:g} a second; {platform.machine()}, {os.cpu_count()} cores;", end=" ")
    print(f"medians of {options.rounds} rounds\n")
    print("| streams | server | p50 ms | p99 ms | p99, times the proxy's | CPU % | memory MB | streams lost |")
    print("|--:|---|--:|--:|--:|--:|--:|--:|")
    is_met = True
    with tempfile.TemporaryDirectory(prefix="parlanchina-") as folder, serving_model(tokens) as base:
        for level in options.levels:
            runs: dict[str, list[Result]] = {name: [] for name in LABELS}
            for number in range(options.rounds):
                for name in LABELS:
                    data = Path(folder) / f"{name}-{level}-{number}"
                    runs[name].append(measure(name, base, data, streams=level, tokens=tokens))
            proxy = median(runs["proxy"])
            for name, label in LABELS.items():
                result = median(runs[name])
                print(row(level, label, result, proxy), flush=True)
                is_met &= name == "proxy" or result.lost == 0
                if (name, level) == ("ours", GOAL_LEVEL):  # like with like: the proxy stores nothing either
                    is_met &= result.p99 <= GOAL * proxy.p99
    print(
        f"\nAt {GOAL_LEVEL} streams at most {GOAL} times the proxy's p99, and no stream lost:",
        "yes" if is_met else "no",
    )
    sys.exit(not is_met)


def median(results: list[Result]) -> Result:
    """The middle of each figure; the sum of what was lost."""
    return Result(
        p50=statistics.median(result.p50 for result in results),
        p99=statistics.median(result.p99 for result in results),
        cpu=statistics.median(result.cpu for result in results),
        memory=statistics.median(result.memory for result in results),
        lost=sum(result.lost for result in results),
    )


def row(level: int, label: str, result: Result, proxy: Result) -> str:
    """A line of the table."""
    times = f"{result.p99 / proxy.p99:.2f}"
    return (
        f"| {level} | {label} | {result.p50:.2f} | {result.p99:.2f} | {times} "
        f"| {result.cpu:.0f} | {result.memory:.0f} | {result.lost} |"
    )


def measure(name: str, base: str, folder: Path, *, streams: int, tokens: int) -> Result:
    """Start a server, warm it up, and follow `streams` replies at once."""
    with serving(name, base, folder) as (pid, port):
        asyncio.run(follow_all(port, 2, is_stored=name == "stored"))
        cpu_before, started = cpu_seconds(pid), time.monotonic()
        delays = asyncio.run(follow_all(port, streams, is_stored=name == "stored"))
        cpu = (cpu_seconds(pid) - cpu_before) / (time.monotonic() - started) * 100
        memory = resident_megabytes(pid)
    ordered = sorted(delay for stream in delays for delay in stream)
    return Result(
        p50=ordered[len(ordered) // 2],
        p99=ordered[int(len(ordered) * 0.99)],
        cpu=cpu,
        memory=memory,
        lost=sum(len(stream) != tokens for stream in delays),
    )


async def follow_all(port: int, streams: int, *, is_stored: bool) -> list[list[float]]:
    """The delay of every token of every stream, in milliseconds."""
    sessions = [await asyncio.to_thread(new_session, port) if is_stored else None for _ in range(streams)]
    return await asyncio.gather(*(follow(port, session) for session in sessions))


async def follow(port: int, session: str | None) -> list[float]:
    """Ask once over a bare socket, so that the client's own cost stays out of the figures; empty if cut off."""
    body = json.dumps({"message": "Go."} | ({"session_id": session} if session else {})).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /api/chat/stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    delays: list[float] = []
    received, has_ended = b"", False
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            now = time.monotonic_ns()
            whole, _, received = (received + data).rpartition(b"\n\n")
            for content in CONTENT.findall(whole):
                delays += [(now - int(sent)) / 1e6 for sent in content.split()]
            has_ended |= b"event: complete" in whole
    writer.close()
    return delays if has_ended else []


def new_session(port: int) -> str:
    """Make a session."""
    url, headers = f"http://127.0.0.1:{port}/api/sessions", {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, b"{}", headers)) as answer:
        return str(json.load(answer)["id"])


@contextmanager
def serving(name: str, base: str, folder: Path) -> Iterator[tuple[int, int]]:
    """A server in a process of its own: its id and its port."""
    port = free_port()
    runs = {
        "proxy": ["-m", "uvicorn", "benchmarks.plain_proxy:app", f"--port={port}", "--no-access-log"],
        "ours": ["-m", "streamlit", "run", "server.py", f"--server.port={port}", "--server.address=127.0.0.1"],
    }
    environment = os.environ | {
        "OPENAI_PROVIDER": "compatible",
        "OPENAI_API_BASE": base,
        "PARLANCHINA_MODELS": "any",
        "PARLANCHINA_DATA_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, *runs["proxy" if name == "proxy" else "ours"]]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/{'openapi.json' if name == 'proxy' else 'api/health'}")
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextmanager
def serving_model(tokens: int) -> Iterator[str]:
    """The model service, in a process of its own: its base address."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve_model, args=(port, tokens), daemon=True)
    process.start()
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.join()


def serve_model(port: int, tokens: int) -> None:
    """Answer every POST with a chat completion whose tokens are the moments they are sent at."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
                await reader.readexactly(int(length[1]))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
                started = time.monotonic()
                for number in range(tokens):
                    await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
                    writer.write(chunk({"content": f"{time.monotonic_ns()} "}))
                writer.write(chunk({}, finish="stop") + b"data: [DONE]\n\n")
            else:
                writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=512)
        await server.serve_forever()

    asyncio.run(serve())


def chunk(delta: dict[str, str], *, finish: str | None = None) -> bytes:
    """One chunk of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    frame = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "any", "choices": [choice]}
    return b"data: " + json.dumps(frame).encode() + b"\n\n"


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 60
    while True:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing answers at {url}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, of all cores."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """What a process holds in memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
