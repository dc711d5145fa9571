"""Whose sessions a visitor sees.

In `single` mode there is one owner, `local`. In `shared` mode every browser is its own owner, through a secret
that it keeps; what is stored is only a digest of the secret, so that a look at the data gives nobody's chats away.

Which mode holds is read from the connection: the peer's address, and whether a proxy forwarded it. Nothing that
a client states about itself (a URL, a Host, a cookie) can move it towards `single`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from typing import Literal

__all__ = ["LOCAL_OWNER", "is_direct_local", "is_shared", "owner_of_browser"]

LOCAL_OWNER = "local"

_FORWARDING_HEADERS = frozenset(
    {
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-server",
        "x-forwarded-prefix",
        "x-original-forwarded-for",
        "x-original-host",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-streamlit-user",
        "true-client-ip",
        "cf-connecting-ip",
        "cf-ray",
        "fastly-client-ip",
        "fly-client-ip",
        "x-amzn-trace-id",
        "x-cloud-trace-context",
        "x-azure-clientip",
        "ngrok-skip-browser-warning",
    }
)
_SECRET = re.compile(r"[0-9a-f]{64}")


def is_direct_local(*, peer: str | None, header_names: Iterable[str]) -> bool:
    """Whether a connection comes from this machine itself, with no proxy between.

    `peer` is the address of the other end of the connection. Any forwarding header, whatever it says,
    means that a proxy took part: a client that adds one only makes itself less trusted.
    """
    if any(name.lower() in _FORWARDING_HEADERS for name in header_names):
        return False
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)  # how a socket for both IPv4 and IPv6 writes 127.0.0.1
    return bool((mapped or address).is_loopback)


def is_shared(mode: Literal["auto", "single", "shared"], *, direct_local: bool) -> bool:
    """Whether this connection's chats belong to its browser alone."""
    return mode == "shared" or (mode == "auto" and not direct_local)


def owner_of_browser(secret: object) -> str | None:
    """The owner behind a browser's secret (64 hexadecimal digits), or None for anything else."""
    if not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        return None
    return "browser-" + hashlib.sha256(secret.encode()).hexdigest()[:40]
