"""Small packets are sent at once, on connections that are there and on those that come."""

from __future__ import annotations

import socket

from parlanchina.nodelay import send_small_packets_at_once


def is_sent_at_once(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_connections_that_are_there_and_those_that_come() -> None:
    with socket.socket(socket.AF_INET) as listening:  # its proto is 0, as that of Streamlit's own
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as before:
            assert not is_sent_at_once(before)
            send_small_packets_at_once()
            assert is_sent_at_once(before)
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as after:
            assert is_sent_at_once(after)


def test_other_sockets_are_left_alone() -> None:
    closed = socket.socket()
    closed.close()
    one, other = socket.socketpair()
    with one, other, socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        send_small_packets_at_once()
