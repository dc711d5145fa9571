"""Has what this process serves sent at once, however small it is.

asyncio turns Nagle's algorithm off for the connections it accepts, but not for those of a listening socket that was
made as Streamlit makes its own (`socket.socket(family=…)`, whose `proto` is 0). Each second small packet then waits
for the browser's acknowledgement of the first, up to 40 ms: the first words of every reply, and every event of the
HTTP API.
"""

from __future__ import annotations

import gc
import socket
from contextlib import suppress

__all__ = ["send_small_packets_at_once"]


def send_small_packets_at_once() -> None:
    """Set `TCP_NODELAY` on all TCP sockets of this process; what a listening one accepts later inherits it.

    They are found among the process's objects: Streamlit hands out neither its socket nor its connections.
    """
    for thing in gc.get_objects():
        if issubclass(type(thing), socket.socket) and thing.type == socket.SOCK_STREAM:
            with suppress(OSError):  # closed meanwhile, or not TCP
                thing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
