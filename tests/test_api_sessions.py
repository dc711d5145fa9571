"""Sessions, models, health, pictures and the reference, over HTTP."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from parlanchina.ownership import LOCAL_OWNER
from tests.api_house import ApiHouse, open_api


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ApiHouse]:
    with open_api(tmp_path) as house:
        yield house


def test_session_is_made_read_changed_listed_and_deleted(house: ApiHouse) -> None:
    made = house.http.post("/api/sessions", json={"title": "Bread", "options": {"temperature": 0.5}})
    session = made.json()
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/sessions/{session['id']}"
    assert (session["title"], session["model"], session["messages"]) == ("Bread", "fake-model", [])
    assert session["params"] == {"temperature": 0.5, "top_p": None, "max_tokens": None}
    path = made.headers["location"]

    changed = house.http.patch(path, json={"title": "Cake", "model": "other", "system_prompt": "Be kind."}).json()
    assert (changed["title"], changed["model"], changed["system_prompt"]) == ("Cake", "other", "Be kind.")
    assert changed["params"]["temperature"] == 0.5
    assert house.http.patch(path, json={"options": {}}).json()["params"]["temperature"] is None
    assert house.http.patch(path, json={}).json()["title"] == "Cake"

    house.ask("How?", session_id=session["id"])
    read = house.http.get(path).json()
    assert [message["role"] for message in read["messages"]] == ["user", "assistant"]
    assert read["head"] == read["messages"][-1]["id"]
    assert "owner" not in read
    [line] = house.http.get("/api/sessions").json()["sessions"]
    assert line == {name: read[name] for name in ("id", "title", "model", "created_at", "updated_at")}

    assert house.http.delete(path).status_code == 204
    assert [house.http.get(path).status_code, house.http.delete(path).status_code] == [404, 404]
    assert house.http.get("/api/sessions").json() == {"sessions": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x" * 201}, "title"),
        ({"model": "unknown"}, "model"),
        ({"owner": "browser-1"}, "owner"),
        ({"options": {"top_p": "0.5"}}, "options.top_p"),
        ({"id": "mine"}, "id"),
    ],
)
def test_wrong_field_of_a_session_is_named(house: ApiHouse, body: dict[str, object], field: str) -> None:
    path = f"/api/sessions/{house.new_session()}"
    for answer in (house.http.post("/api/sessions", json=body), house.http.patch(path, json=body)):
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


@pytest.mark.parametrize("bad", ["..%2f..%2fetc%2fpasswd", "%00", "a%0d%0ab", "%F0%9F%91%8B", "CON", "x" * 5000])
def test_id_that_is_none_leads_nowhere(house: ApiHouse, bad: str) -> None:
    for method in ("GET", "DELETE"):
        assert house.http.request(method, f"/api/sessions/{bad}").status_code == 404
    assert house.http.get(f"/images/{bad}").status_code == 404


def test_models_on_offer_are_listed(house: ApiHouse) -> None:
    assert house.http.get("/api/models").json() == {
        "default": "fake-model",
        "models": [{"id": "fake-model", "provider": "compatible"}, {"id": "other", "provider": "compatible"}],
    }


def test_health_tells_ready_and_when_the_store_takes_nothing(house: ApiHouse, tmp_path: Path) -> None:
    ready = {"live": True, "ready": True, "store": "writable", "provider": "compatible"}
    assert house.http.get("/api/health").json() == ready
    (tmp_path / "sessions").rename(tmp_path / "elsewhere")
    (tmp_path / "sessions").write_text("a file in the folder's place")
    answer = house.http.get("/api/health")
    assert (answer.status_code, answer.json()) == (503, ready | {"ready": False, "store": "not_writable"})


def test_picture_is_served_to_be_kept_for_ever(house: ApiHouse) -> None:
    content = BytesIO()
    Image.new("RGB", (3, 2), "red").save(content, "PNG")
    meta = house.services.images.save(base64.b64encode(content.getvalue()), owner=LOCAL_OWNER)
    answer = house.http.get(f"/images/{meta.filename}")
    assert (answer.status_code, answer.content) == (200, content.getvalue())
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = house.http.get(f"/images/{meta.filename}", headers={"If-None-Match": f'"x", W/{answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    house.services.images.delete(meta.id, owner=LOCAL_OWNER)
    assert house.http.get(f"/images/{meta.filename}").status_code == 404


def test_reference_tells_every_route_and_loads_nothing(house: ApiHouse) -> None:
    page = house.http.get("/api/docs")
    document = house.http.get("/api/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()}</span>{path}</code>" in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert re.search(r"default-src 'none';.* style-src 'sha256-[^']+'$", page.headers["content-security-policy"])
    assert not re.search(r"<script|<link|\bsrc=|@import|url\(|style=|\son\w+=", page.text)
    assert set(re.findall(r'href="([^"]*)"', page.text)) - {"/api/openapi.json"} <= {
        f"#{name}" for name in document["components"]["schemas"]
    }
