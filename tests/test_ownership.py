"""Who owns what is read from the connection, never from what a client says about itself."""

from __future__ import annotations

import pytest

from parlanchina.ownership import is_direct_local, is_shared, owner_of_browser


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_a_connection_from_this_machine_is_local(peer: str) -> None:
    assert is_direct_local(peer=peer, header_names=["Host", "User-Agent", "Cookie", "Origin"])


@pytest.mark.parametrize(
    "peer", ["192.168.1.7", "8.8.8.8", "fe80::1", "::ffff:8.8.8.8", "", "localhost", "127.0.0.1.evil.example", None]
)
def test_any_other_peer_is_not_local(peer: str | None) -> None:
    assert not is_direct_local(peer=peer, header_names=[])


@pytest.mark.parametrize("header", ["X-Forwarded-For", "forwarded", "Via", "X-REAL-IP", "CF-Connecting-IP"])
def test_a_proxy_on_this_machine_makes_a_connection_not_local(header: str) -> None:
    assert not is_direct_local(peer="127.0.0.1", header_names=["Host", header])


def test_modes() -> None:
    assert is_shared("shared", direct_local=True)
    assert not is_shared("single", direct_local=False)
    assert is_shared("auto", direct_local=False)
    assert not is_shared("auto", direct_local=True)


def test_owner_is_stable_and_does_not_give_the_secret_away() -> None:
    secret = "0123456789abcdef" * 4
    owner = owner_of_browser(secret)
    assert owner == owner_of_browser(secret)
    assert owner is not None
    assert owner.startswith("browser-")
    assert secret not in owner
    assert owner != owner_of_browser("f" * 64)


@pytest.mark.parametrize("said", [None, "", "local", "../x", "0" * 63, "0" * 65, "G" * 64, "0" * 64 + "\n", 7, {}])
def test_anything_but_a_secret_is_nobody(said: object) -> None:
    assert owner_of_browser(said) is None
