"""The chat page as a visitor meets it: what they can see and do, in their words."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

WAIT = 20_000  # milliseconds a condition may take on a busy machine
REPLY = '[aria-label="Chat message from assistant"]'


class ChatPage:
    """One tab on the chat."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    def open(self, path: str = "/?session=new") -> ChatPage:
        """Go to an empty chat, or to what `path` says."""
        self.page.goto(self._url + path)
        expect(self.composer).to_be_visible(timeout=WAIT)
        return self

    @property
    def composer(self) -> Locator:
        return self.page.locator(".st-key-prompt textarea")

    @property
    def questions(self) -> Locator:
        return self.page.locator(".pc-question")

    @property
    def replies(self) -> Locator:
        return self.page.locator(REPLY)

    @property
    def reply(self) -> Locator:
        """The last reply."""
        return self.replies.last

    @property
    def stop_button(self) -> Locator:
        return self.page.locator(".st-key-stop button")

    @property
    def sessions(self) -> Locator:
        return self.page.locator('.st-key-sessions [class*="st-key-session_"] button p')

    def send(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def expect_reply(self, text: str | re.Pattern[str]) -> None:
        expect(self.reply).to_contain_text(text, timeout=WAIT)

    def expect_ended(self) -> None:
        """The last reply has ended: its meter is there, and Stop is gone."""
        expect(self.reply.locator(".pc-meter")).to_be_visible(timeout=WAIT)
        expect(self.stop_button).to_have_count(0, timeout=WAIT)

    def button(self, name: str) -> Locator:
        """A button in the last reply, by the first part of its key."""
        return self.reply.locator(f'[class*="st-key-{name}_"] button:visible')

    @property
    def session_id(self) -> str:
        match = re.search(r"session=([0-9a-f]{32})", self.page.url)
        assert match, self.page.url
        return match[1]
