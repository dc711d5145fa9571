"""Who may call the API: tokens, this machine, names and origins."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from parlanchina.api import Api
from parlanchina.config import load_settings
from parlanchina.errors import ConfigError
from parlanchina.services import Services, build_services
from tests.api_house import ApiHouse, open_api

TOKENS = "first-token-0123456789,second-token-0123456789"
PAGE = "https://app.example.org"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    settings = load_settings({"PARLANCHINA_DATA_DIR": str(tmp_path_factory.mktemp("data"))})
    services = build_services(settings)
    yield services
    services.close()


def answer(
    services: Services,
    path: str = "/api/models",
    *,
    method: str = "GET",
    peer: str = "127.0.0.1",
    tokens: tuple[str, ...] = (),
    origins: tuple[str, ...] = (),
    **headers: str,
) -> httpx2.Response:
    """What the API answers to a request from some address with some headers."""
    settings = replace(services.settings, api_tokens=tokens, cors_origins=origins)
    api = Api(lambda: replace(services, settings=settings))
    names = {name.replace("_", "-"): value for name, value in ({"host": "localhost:8501"} | headers).items()}

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=api, client=(peer, 1234))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8501") as client:
            return await client.request(method, path, headers=[(n.encode(), v.encode()) for n, v in names.items()])

    return asyncio.run(ask())


def code(response: httpx2.Response) -> tuple[int, str]:
    """The status and the word for what is wrong."""
    return response.status_code, response.json()["error"]["code"]


# Without tokens


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8501", "LOCALHOST:1", "127.0.0.1:8501", "[::1]", "[::1]:8501"]
)
def test_this_machine_may_call_without_a_token(services: Services, peer: str, host: str) -> None:
    assert answer(services, peer=peer, host=host).status_code == 200


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", "unix", ""])
def test_other_machines_are_refused_and_told_what_to_set(services: Services, peer: str) -> None:
    refused = answer(services, peer=peer)
    assert code(refused) == (403, "local_only")
    assert "PARLANCHINA_API_TOKENS" in refused.json()["error"]["message"]


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip"])
def test_forwarded_request_is_not_this_machine_whatever_it_says(services: Services, header: str) -> None:
    assert code(answer(services, **{header: "127.0.0.1"})) == (403, "local_only")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8501",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.7",
        "",
        "0.0.0.0",
        "[::1",
        "localhost:8501.evil",
        "a@localhost",
        "2130706433",
        "[::1]evil:1",
        "[::ffff:192.0.2.1]:1",
    ],
)
def test_rebound_name_is_refused(services: Services, host: str) -> None:
    assert code(answer(services, host=host)) == (403, "host_refused")


# With tokens


@pytest.mark.parametrize("token", TOKENS.split(","))
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_any_of_the_tokens_opens_from_anywhere_under_any_name(services: Services, token: str, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {token}", "host": "chat.example.org"}
    assert answer(services, peer="192.0.2.7", tokens=tuple(TOKENS.split(",")), **headers).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic first-token-0123456789",
        "first-token-0123456789",
        "Bearer first-token-012345678",
        f"Bearer {TOKENS}",
        "Bearer FIRST-TOKEN-0123456789",
        "Bearer é" + "x" * 30,
    ],
)
def test_anything_else_is_refused_even_from_this_machine(services: Services, given: str) -> None:
    response = answer(services, tokens=tuple(TOKENS.split(",")), authorization=given)
    assert code(response) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"
    assert "first-token" not in response.text


def test_gateway_refuses_in_openais_shape(services: Services) -> None:
    error = answer(services, "/v1/models", tokens=("first-token-0123456789",)).json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("authentication_error", "unauthorized", None)


@pytest.mark.parametrize("path", ["/api/health", "/api/docs", "/api/openapi.json"])
def test_health_and_reference_are_open_to_all(services: Services, path: str) -> None:
    assert answer(services, path, peer="192.0.2.7", host="chat.example.org").status_code == 200
    assert answer(services, path, peer="192.0.2.7", tokens=("first-token-0123456789",)).status_code == 200


# Pages in a browser


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin", [PAGE, "null", "http://localhost:3000", "http://localhost", "https://localhost:8501.evil.example", ""]
)
def test_page_of_another_origin_is_refused(services: Services, method: str, origin: str) -> None:
    response = answer(services, method=method, origin=origin, access_control_request_method="POST")
    assert code(response) == (403, "origin_refused")
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/api/health", "/api/models", "/images/x.png", "/v1/models"])
@pytest.mark.parametrize("tokens", [(), ("first-token-0123456789",)])
def test_origin_is_looked_at_on_every_path_with_and_without_tokens(
    services: Services, path: str, tokens: tuple[str, ...]
) -> None:
    headers = {"authorization": "Bearer first-token-0123456789", "origin": PAGE}
    assert answer(services, path, tokens=tokens, **headers).status_code == 403


@pytest.mark.parametrize("origin", ["http://localhost:8501", "https://localhost:8501"])
def test_page_of_our_own_may_call(services: Services, origin: str) -> None:
    assert answer(services, origin=origin).status_code == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_picture_form_or_link_of_another_site_is_refused(services: Services, site: str, status: int) -> None:
    assert answer(services, sec_fetch_site=site).status_code == status
    assert answer(services, "/api/docs", sec_fetch_site=site).status_code == 200


def test_configured_origin_may_call_and_is_named_never_a_star(services: Services) -> None:
    response = answer(services, origins=(PAGE,), origin=PAGE, sec_fetch_site="cross-site")
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == PAGE
    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers
    assert code(answer(services, origins=(PAGE,), origin=PAGE + ".evil.example")) == (403, "origin_refused")


def test_preflight_of_a_configured_origin_needs_no_token(services: Services) -> None:
    response = answer(
        services,
        "/api/chat/stream",
        method="OPTIONS",
        origins=(PAGE,),
        tokens=("first-token-0123456789",),
        origin=PAGE,
        access_control_request_method="POST",
        access_control_request_headers="authorization,content-type",
    )
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == PAGE
    assert "Authorization" in response.headers["access-control-allow-headers"]


def test_refusals_are_readable_for_a_configured_origin(services: Services) -> None:
    response = answer(services, origins=(PAGE,), tokens=("first-token-0123456789",), origin=PAGE)
    assert response.status_code == 401
    assert response.headers["access-control-allow-origin"] == PAGE


def test_refused_body_is_readable_for_a_configured_origin_and_nobody_learns_more_without_a_token(
    services: Services,
) -> None:
    headers = {"origin": PAGE, "content_type": "text/plain", "content_length": "5"}
    refused = answer(services, "/api/chat", method="POST", origins=(PAGE,), **headers)
    assert code(refused) == (415, "not_json")
    assert refused.headers["access-control-allow-origin"] == PAGE
    tokens = ("first-token-0123456789",)
    assert answer(services, "/api/chat", method="POST", tokens=tokens, content_length="3000000").status_code == 401


# Before there is anything to call


def test_app_that_cannot_start_says_so_and_is_asked_again(services: Services) -> None:
    attempts = iter([ConfigError("OPENAI_PROVIDER is 'sk-secret'."), None])

    def make() -> Services:
        if error := next(attempts):
            raise error
        return services

    async def ask() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=Api(make), client=("127.0.0.1", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.get("/api/models") for _ in range(3)]

    first, second, third = asyncio.run(ask())
    assert code(first) == (503, "not_started")
    assert "sk-secret" not in first.text
    assert [second.status_code, third.status_code] == [200, 200]


def test_tokens_are_those_of_the_environment(tmp_path: Path) -> None:
    with open_api(tmp_path, PARLANCHINA_API_TOKENS=TOKENS) as house:
        assert unauthorized(house) == 401
        house.http.headers["Authorization"] = "Bearer second-token-0123456789"
        assert unauthorized(house) == 200


def unauthorized(house: ApiHouse) -> int:
    """The status of a request that needs a token."""
    return house.http.get("/api/sessions").status_code
