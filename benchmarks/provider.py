"""The model service of the benchmarks, in a process of its own: the tests' own, answering `replies.Order`s.

By hand: `python -m benchmarks.provider`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from benchmarks.replies import Order
from tests.fake_openai import FakeOpenAI, Reply, Request

__all__ = ["serving_replies"]


@contextmanager
def serving_replies() -> Iterator[str]:
    """Run the service; its base address."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.provider"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _answer(request: Request) -> Reply:
    return _reply(request.last_text)


@lru_cache(maxsize=64)
def _reply(question: str) -> Reply:
    order = Order.read(question)
    return Reply(text=order.deltas, pace=order.pace or None)


def _main() -> None:
    with FakeOpenAI() as service, contextlib.suppress(KeyboardInterrupt):
        service.default = _answer
        print(service.base_url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    _main()
