"""Every attack of the corpus, drawn by the real page as a finished reply and as one that streams: nothing happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Request, expect

from parlanchina.messages import Message
from parlanchina.stores.json_sessions import JsonSessions
from tests.e2e.chat_page import WAIT, ChatPage
from tests.e2e.running_app import RunningApp
from tests.fake_openai import FakeOpenAI, Reply
from tests.markdown_attacks import ATTACKS

pytestmark = pytest.mark.browser

A_PAGE = 20  # messages: as many as the page draws at first
# Streamlit's preview gives an unfinished link the address `streamdown:incomplete-link`, which leads nowhere.
HOSTILE_ELEMENTS = "script, iframe, object, embed, form, base, link, meta, [srcdoc], [formaction], [background]"


class Watched:
    """A tab that notes whatever a reply must not make it do."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.elsewhere: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("request", self._note_request)
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.add_init_script("window.pwned = () => { window.ranSomething = true }; window.alert = window.pwned")

    def expect_drawn(self) -> None:
        """Wait for what is drawn late: diagrams, and elements whose script is still being loaded."""
        late = '.stMain [aria-busy="true"], .stMain [data-testid="stSkeleton"]'
        expect(self.page.locator(late)).to_have_count(0, timeout=WAIT)
        self.page.wait_for_load_state("networkidle")

    def expect_nothing_happened(self, where: str) -> None:
        assert self.page.evaluate("window.ranSomething") is None, where
        assert self.dialogs == [], where
        assert self.elsewhere == [], where
        found = self.page.evaluate(
            """(hostile) => [...document.querySelectorAll('.stMain .stHtml *, .stMain .stMarkdown *')].filter((e) =>
                e.matches(hostile) || [...e.attributes].some((a) => a.name.startsWith('on'))
                || (e.tagName === 'A' && !['http:', 'https:', 'mailto:', 'streamdown:', ':'].includes(e.protocol))
                || (e.tagName === 'IMG' && !/^(\\/(images|media)\\/|blob:|data:image\\/)/.test(e.getAttribute('src')))
            ).map((e) => e.outerHTML.slice(0, 200))""",
            HOSTILE_ELEMENTS,
        )
        assert found == [], where

    def _note_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.hostname not in (None, "127.0.0.1"):
            self.elsewhere.append(request.url)


@pytest.fixture
def watched(context: BrowserContext) -> Watched:
    return Watched(context)


def test_no_attack_does_anything_as_a_finished_reply(watched: Watched, app: RunningApp) -> None:
    store = JsonSessions(app.data / "sessions")
    for number, attacks in enumerate(batched_attacks(A_PAGE)):
        session_id = stored(store, attacks)
        watched.page.goto(f"{app.url}/?session={session_id}")
        last = ChatPage(watched.page, app.url).reply.locator(".pc-meter")
        expect(last).to_be_visible(timeout=WAIT)
        watched.expect_drawn()
        watched.expect_nothing_happened(f"attacks from {number * A_PAGE}")


def test_no_attack_does_anything_while_it_streams(watched: Watched, app: RunningApp, service: FakeOpenAI) -> None:
    for attacks in batched_attacks(45):
        text = "\n\n".join(attacks)
        service.reply_with(Reply(text=[text[i : i + 9] for i in range(0, len(text), 9)], pace=120))
        chat = ChatPage(watched.page, app.url).open()
        chat.send("Go on")
        expect(chat.stop_button).to_be_visible(timeout=WAIT)
        while chat.stop_button.count():
            watched.expect_nothing_happened(text)
            watched.page.wait_for_timeout(100)
        chat.expect_ended()
        watched.expect_drawn()
        watched.expect_nothing_happened(text)


def batched_attacks(size: int) -> Iterator[tuple[str, ...]]:
    return (ATTACKS[start : start + size] for start in range(0, len(ATTACKS), size))


def stored(store: JsonSessions, texts: tuple[str, ...]) -> str:
    """A session whose messages are replies, one for each text."""
    session = store.create_session(owner="local", title="Attacks", model="demo")
    messages: list[Message] = []
    for number, text in enumerate(texts):
        messages.append(
            Message(
                id=f"a{number}",
                parent_id=messages[-1].id if messages else None,
                role="assistant",
                raw_markdown=text,
                created_at=datetime(2026, 11, 20, tzinfo=UTC),
            )
        )
    store.append_messages(session.id, messages, owner="local")
    return session.id
