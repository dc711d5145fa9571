"""The other end of `files.apart`: one file on standard input, one answer on standard output, then gone.

The order is a line of JSON, followed by the file's bytes. The answer is JSON: an extract, or a refusal.
"""

from __future__ import annotations

import json
import logging
import sys

from parlanchina.errors import FileRefused
from parlanchina.files.reading import read_file

if sys.platform != "win32":
    import resource


def _limit(*, memory: int, seconds: float) -> None:
    """Bound this process's memory and, should nobody be left to end it, its time."""
    if sys.platform == "win32":
        return
    for limit, value in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CPU, int(seconds) + 1)):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, hard))


def main() -> None:
    """Read the order, and answer."""
    logging.disable()  # the libraries quote what they stumble over: other people's words, in our log
    order = json.loads(sys.stdin.buffer.readline())
    _limit(memory=order["memory"], seconds=order["seconds"])
    answer: dict[str, object]
    try:
        extract = read_file(order["name"], sys.stdin.buffer.read(), max_tokens=order["max_tokens"])
        answer = {"extract": extract.to_dict()}
    except FileRefused as refusal:
        answer = {"code": refusal.code, "why": refusal.why}
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
