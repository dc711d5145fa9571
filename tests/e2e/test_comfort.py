"""What makes a reply pleasant to use: copying, phones, links, and saying what is going on while it comes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.chat_page import WAIT, ChatPage
from tests.e2e.running_app import RunningApp
from tests.fake_openai import FakeOpenAI, Gate, Reply

pytestmark = pytest.mark.browser

CODE = 'def greet(name):\n    return f"Hello, {name}"\n'
TABLE = '| name | price |\n|---|---:|\n| tea, hot | $2.50 |\n| =1+1 | say "hi" |\n'
MARKDOWN = f"Look:\n\n```python\n{CODE}```\n\n{TABLE}\nAnd [a link](https://example.com/).\n"


@pytest.fixture
def chat(context: BrowserContext, app: RunningApp, service: FakeOpenAI) -> ChatPage:
    """A chat with one reply that holds all of it."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    service.reply_with(Reply(text=MARKDOWN))
    chat = ChatPage(context.new_page(), app.url).open()
    chat.send("Show me")
    chat.expect_ended()
    return chat


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_code_table_and_reply_are_copied(chat: ChatPage) -> None:
    page = chat.page
    copy_code = chat.reply.locator(".pc-copy")
    copy_code.click()
    expect(copy_code).to_have_attribute("data-pc-copy", "copied")
    assert clipboard(page) == CODE
    copy_table = chat.reply.locator(".pc-csv")
    copy_table.click()
    expect(copy_table).to_have_attribute("data-pc-copy", "copied")
    assert clipboard(page).splitlines() == ["name,price", '"tea, hot",$2.50', '\'=1+1,"say ""hi"""']
    chat.button("copy").click()
    expect(chat.button("copy")).to_have_attribute("data-pc-copy", "copied")
    assert clipboard(page) == MARKDOWN


def test_a_reply_is_copied_where_the_page_has_no_clipboard(chat: ChatPage) -> None:
    page = chat.page
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as on http from elsewhere
    chat.button("copy").click()
    expect(chat.button("copy")).to_have_attribute("data-pc-copy", re.compile("copied|again"), timeout=WAIT)
    expect(chat.button("copy")).not_to_have_attribute("data-pc-copy", re.compile("."), timeout=WAIT)
    chat.button("copy").click()  # by now at the latest
    expect(chat.button("copy")).to_have_attribute("data-pc-copy", "copied")
    chat.composer.press("Control+v")
    expect(chat.composer).to_have_value(MARKDOWN)


def test_what_came_is_there_once_when_it_is_drawn_as_a_whole(
    page: Page, app: RunningApp, service: FakeOpenAI
) -> None:
    """Finished blocks are drawn one by one; with a formula among them they are drawn anew at the end, as fewer."""
    names = [f"paragraph {number}" for number in range(12)]
    names[5] = "$e^{i\\pi} + 1 = 0$"
    service.reply_with(Reply(text="\n\n".join(names), pace=12))
    chat = ChatPage(page, app.url).open()
    chat.send("One after the other")
    chat.expect_reply("paragraph 11")
    chat.expect_ended()
    paragraphs = chat.reply.get_by_text(re.compile(r"^paragraph \d+$"))
    expect(paragraphs).to_have_text([name for name in names if name.startswith("paragraph")])
    expect(chat.reply.locator(".katex")).to_have_count(1)


def test_what_came_is_there_once_when_its_block_turns_out_to_hold_a_formula(
    page: Page, app: RunningApp, service: FakeOpenAI
) -> None:
    """The parts of an open block give way to the whole of it while the reply still comes."""
    words = [f"word{number}" for number in range(40)]
    gate = Gate()
    service.reply_with(
        Reply(text=[*(word + " " for word in words), "$x^2$\n\n", "| a |\n", "|---|\n", "| b |"], gate=gate)
    )
    chat = ChatPage(page, app.url).open()
    chat.send("A long paragraph")
    for word in words:
        gate.release()
        chat.expect_reply(word)
    gate.release(3)
    expect(chat.reply.locator(".katex")).to_have_count(1, timeout=WAIT)
    assert [chat.reply.inner_text().count(f"{word} ") for word in words] == [1] * len(words)
    gate.open()
    chat.expect_ended()


def test_links_open_apart_and_tell_nothing(chat: ChatPage) -> None:
    link = chat.reply.locator("a")
    expect(link).to_have_attribute("target", "_blank")
    # The renderer also writes `nofollow`; Streamlit's own sanitiser sets `rel` anew in the page.
    assert set((link.get_attribute("rel") or "").split()) >= {"noopener", "noreferrer"}


def test_wide_content_scrolls_inside_a_phone_page(
    context: BrowserContext, app: RunningApp, service: FakeOpenAI
) -> None:
    row = "| " + " | ".join(f"column {number}" for number in range(30)) + " |\n"
    service.reply_with(
        Reply(text=f"{row}{'|---' * 30}|\n{row}\n```text\n{'x' * 400}\n```\n\n" + "y" * 300 + "\n\n# " + "Big " * 9)
    )
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 800})
    chat = ChatPage(page, app.url).open()
    chat.send("Something wide")
    chat.expect_ended()
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    title = page.locator(".pc-md h1")
    assert float(title.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) <= 24


def test_the_page_says_thinking_writing_and_waiting(page: Page, app: RunningApp, service: FakeOpenAI) -> None:
    gate = Gate()
    service.reply_with(Reply(text=["First words. ", "Last words."], gate=gate))
    chat = ChatPage(page, app.url).open()
    chat.send("Take your time")
    status = page.locator(".pc-status")
    expect(status).to_have_text("Thinking", timeout=WAIT)
    gate.release()
    expect(status).to_have_count(0, timeout=WAIT)
    expect(status).to_have_text("⋯ still waiting", timeout=WAIT)
    expect(chat.reply).to_contain_text("First words.")
    gate.open()
    chat.expect_ended()
    expect(status).to_have_count(0)


def test_a_message_too_long_is_refused_and_stays_in_the_composer(page: Page, app: RunningApp) -> None:
    chat = ChatPage(page, app.url).open()
    text = "word " * 200_000
    chat.send(text)
    expect(page.get_by_text("1,000,000 characters")).to_be_visible(timeout=WAIT)
    expect(chat.composer).to_have_value(text, timeout=WAIT)
    expect(chat.questions).to_have_count(0)
