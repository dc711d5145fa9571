"""What the HTTP API starts shows up live in the app, and the other way round: they share one set of services."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.api_house import events_in, text_of
from tests.e2e.running_app import RunningApp
from tests.fake_openai import FakeOpenAI, Gate, Reply

pytestmark = pytest.mark.browser


def test_reply_that_the_api_started_grows_on_the_page(
    run_app: Callable[..., RunningApp], service: FakeOpenAI, page: Page
) -> None:
    app = run_app(
        script="server.py",
        OPENAI_PROVIDER="compatible",
        OPENAI_API_BASE=service.base_url,
        PARLANCHINA_MODELS="fake-model",
    )
    gate = Gate()
    service.reply_with(Reply(text=["Begun by a script, ", "seen on the page."], gate=gate))
    with httpx2.Client(base_url=app.url, timeout=20) as http:
        session = http.post("/api/sessions", json={}).json()["id"]
        gate.release()
        asked = {"message": "Are you there?", "session_id": session}
        with http.stream("POST", "/api/chat/stream", json=asked) as answer:
            page.goto(f"{app.url}/?session={session}")
            expect(page.get_by_text("Begun by a script,")).to_be_visible()
            gate.open()
            expect(page.get_by_text("Begun by a script, seen on the page.")).to_be_visible()
            assert text_of(list(events_in(answer))) == "Begun by a script, seen on the page."
