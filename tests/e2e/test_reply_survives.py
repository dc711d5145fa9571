"""The promise, in a real browser: whatever happens to the page or the server, no word of a reply is lost."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.chat_page import WAIT, ChatPage
from tests.e2e.conftest import settings_for
from tests.e2e.running_app import RunningApp
from tests.fake_openai import FakeOpenAI, Gate, Reply

pytestmark = pytest.mark.browser

FIRST, REST = "The first part. ", "The second part."
WHOLE = FIRST + REST


@pytest.fixture
def gate() -> Gate:
    """Holds a reply after its first part until the test opens it."""
    gate = Gate()
    gate.release()
    return gate


def begin(page: Page, app: RunningApp, service: FakeOpenAI, gate: Gate) -> ChatPage:
    """Send a question whose reply stops after its first part."""
    service.reply_with(Reply(text=[FIRST, REST], gate=gate))
    chat = ChatPage(page, app.url).open()
    chat.send("Tell me both parts")
    chat.expect_reply(FIRST.strip())
    return chat


def test_a_reply_is_shown_and_is_there_after_a_reload(page: Page, app: RunningApp, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="Hello **there**."))
    chat = ChatPage(page, app.url).open()
    chat.send("Hi, `you` <b>there</b> for $5 and $10")
    chat.expect_ended()
    for _ in range(2):
        expect(chat.questions).to_have_text(["Hi, `you` <b>there</b> for $5 and $10"])
        expect(chat.reply.locator("strong")).to_have_text("there")
        expect(chat.sessions.first).to_have_text("Hi, `you` <b>there</b> for $5 and $10")
        page.reload()
    assert len(service.requests) == 1


def test_stop_closes_the_provider_connection_and_keeps_the_text(
    page: Page, app: RunningApp, service: FakeOpenAI, gate: Gate
) -> None:
    chat = begin(page, app, service, gate)
    chat.stop_button.click()
    assert service.requests[0].wait_closed(0.5 + 1.0)  # half a second, and the browser's own way to the server
    chat.expect_ended()
    chat.expect_reply(FIRST.strip())
    expect(chat.reply).to_contain_text("Stopped.")
    page.reload()
    chat.expect_reply(FIRST.strip())


def test_reload_in_mid_reply_goes_on_and_ends_whole(
    page: Page, app: RunningApp, service: FakeOpenAI, gate: Gate
) -> None:
    chat = begin(page, app, service, gate)
    page.reload()
    chat.expect_reply(FIRST.strip())
    expect(chat.stop_button).to_be_visible()
    gate.open()
    chat.expect_ended()
    chat.expect_reply(WHOLE)
    assert len(service.requests) == 1


def test_another_session_and_back_in_mid_reply(page: Page, app: RunningApp, service: FakeOpenAI, gate: Gate) -> None:
    chat = begin(page, app, service, gate)
    page.locator(".st-key-new_chat button").click()
    expect(chat.questions).to_have_count(0)
    service.reply_with(Reply(text="Elsewhere."))
    chat.send("Another chat")
    chat.expect_reply("Elsewhere.")
    chat.expect_ended()
    chat.sessions.filter(has_text="both parts").first.click()
    chat.expect_reply(FIRST.strip())
    gate.open()
    chat.expect_ended()
    chat.expect_reply(WHOLE)


def test_closed_tab_finds_the_whole_reply_on_return(
    page: Page, app: RunningApp, service: FakeOpenAI, gate: Gate
) -> None:
    chat = begin(page, app, service, gate)
    context = page.context
    page.close()
    gate.open()
    wait_until(lambda: service.requests[0].finished)
    again = ChatPage(context.new_page(), app.url).open("/")
    again.expect_reply(WHOLE)
    again.expect_ended()
    assert chat.page.is_closed()


def test_two_tabs_follow_one_reply(page: Page, app: RunningApp, service: FakeOpenAI, gate: Gate) -> None:
    chat = begin(page, app, service, gate)
    other = ChatPage(page.context.new_page(), app.url).open(f"/?session={chat.session_id}")
    other.expect_reply(FIRST.strip())
    gate.open()
    for tab in (chat, other):
        tab.expect_ended()
        tab.expect_reply(WHOLE)
    service.reply_with(Reply(text="Again."))
    chat.send("And now?")
    other.expect_reply("Again.")  # an idle tab notices what another one asks
    assert len(service.requests) == 2


def test_theme_switched_in_mid_reply_loses_nothing(
    page: Page, app: RunningApp, service: FakeOpenAI, gate: Gate
) -> None:
    chat = begin(page, app, service, gate)
    chat.composer.fill("not sent yet")
    page.locator(".st-key-theme button").nth(1).click()
    app_frame = page.locator(".stApp")
    expect(app_frame).to_have_css("background-color", "rgb(20, 20, 20)", timeout=WAIT)
    chat.expect_reply(FIRST.strip())
    expect(chat.composer).to_have_value("not sent yet", timeout=WAIT)
    gate.open()
    chat.expect_ended()
    chat.expect_reply(WHOLE)


def test_killed_server_keeps_what_came_and_continue_goes_on(
    page: Page, run_app: Callable[..., RunningApp], service: FakeOpenAI, gate: Gate
) -> None:
    app = run_app(**settings_for(service))
    chat = begin(page, app, service, gate)
    wait_until_on_disk(app, FIRST.strip())
    app.kill()
    app.start()
    expect(chat.reply.locator(".pc-problem")).to_be_visible(timeout=WAIT)  # the open tab finds back by itself
    chat.expect_reply(FIRST.strip())
    service.reply_with(Reply(text="And the rest."))
    chat.button("continue").click()
    chat.expect_reply("The first part. And the rest.")
    chat.expect_ended()


def test_a_server_told_to_end_loses_not_even_the_last_second(
    page: Page, run_app: Callable[..., RunningApp], service: FakeOpenAI, gate: Gate
) -> None:
    app = run_app(**settings_for(service))
    begin(page, app, service, gate)
    app.stop()
    app.start()
    chat = ChatPage(page, app.url).open("/")
    chat.expect_reply(FIRST.strip())
    expect(chat.button("continue")).to_be_visible()


def test_strangers_on_a_shared_link_never_meet(
    chromium: Browser, run_app: Callable[..., RunningApp], service: FakeOpenAI
) -> None:
    app = run_app(PARLANCHINA_MODE="shared", **settings_for(service))
    service.default = Reply(text="Your secret is safe.")
    alice_browser, bob_browser = chromium.new_context(), chromium.new_context()
    alice = ChatPage(alice_browser.new_page(), app.url).open()
    alice.send("Alice's secret plan")
    alice.expect_reply("safe")
    alice.expect_ended()

    bob = ChatPage(bob_browser.new_page(), app.url).open()
    expect(bob.page.locator(".pc-welcome")).to_be_visible()
    expect(bob.sessions).to_have_count(0)
    bob.page.locator(".st-key-session_search input").fill("secret")
    bob.page.locator(".st-key-session_search input").press("Enter")
    expect(bob.page.get_by_text("Nothing found.")).to_be_visible()
    bob.page.goto(f"{app.url}/?session={alice.session_id}")
    expect(bob.page.get_by_text("There is no session")).to_be_visible(timeout=WAIT)
    expect(bob.questions).to_have_count(0)

    alice.page.reload()
    alice.expect_reply("safe")
    expect(alice.sessions).to_have_text(["Alice's secret plan"])
    alice_browser.close()
    bob_browser.close()


def test_an_error_is_said_and_retry_answers(page: Page, app: RunningApp, service: FakeOpenAI) -> None:
    service.reply_with(Reply(status=401))
    chat = ChatPage(page, app.url).open()
    chat.send("Hello?")
    expect(chat.reply.locator(".pc-problem")).to_be_visible(timeout=WAIT)
    expect(chat.page.get_by_text("sk-only")).to_have_count(0)
    service.reply_with(Reply(text="Here I am."))
    chat.button("retry").click()
    chat.expect_reply("Here I am.")
    chat.expect_ended()
    expect(chat.questions).to_have_count(1)


def test_the_demo_model_stands_in_when_asked(page: Page, app: RunningApp, service: FakeOpenAI) -> None:
    service.reply_with(Reply(status=401))
    chat = ChatPage(page, app.url).open()
    chat.send("Hello?")
    chat.button("demo").click(timeout=WAIT)
    chat.expect_ended()
    expect(chat.reply.locator(".pc-byline")).to_contain_text("demo model")


def test_edit_resend_and_switch_branches(page: Page, app: RunningApp, service: FakeOpenAI) -> None:
    service.default = lambda request: Reply(text=f"You said {request.last_text}.")
    chat = ChatPage(page, app.url).open()
    chat.send("first wording")
    chat.expect_reply("You said first wording.")
    chat.expect_ended()
    question = page.locator('[aria-label="Chat message from user"]')
    question.hover()
    question.locator('[class*="st-key-edit_"] button:visible').click()
    question.locator("textarea").fill("second wording")
    question.locator('[class*="st-key-resend_"] button').click()
    chat.expect_reply("You said second wording.")
    chat.expect_ended()
    expect(question).to_contain_text("2 / 2")
    question.locator('[class*="st-key-branch_"] button:visible').first.click()
    chat.expect_reply("You said first wording.")
    expect(chat.questions).to_have_text(["first wording"])
    expect(question).to_contain_text("1 / 2")


def test_a_draft_survives_a_reload(page: Page, app: RunningApp) -> None:
    chat = ChatPage(page, app.url).open()
    chat.composer.press_sequentially("half a thou")
    page.wait_for_function("Object.keys(localStorage).some(k => k.startsWith('parlanchina-draft'))")
    chat.composer.press_sequentially("ght")
    page.reload()
    expect(chat.composer).to_have_value("half a thought", timeout=WAIT)


def test_what_was_sent_is_no_draft_however_soon_it_was_sent(page: Page, app: RunningApp, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="At once."))
    chat = ChatPage(page, app.url).open()
    chat.send("Before the page has settled")
    chat.expect_reply("At once.")
    chat.expect_ended()
    page.wait_for_function("!Object.keys(localStorage).some(k => k.startsWith('parlanchina-draft'))")
    expect(chat.composer).to_have_value("")


def wait_until_on_disk(app: RunningApp, text: str) -> None:
    """Wait until a checkpoint holds `text`: within a second or so, says the promise."""
    wait_until(lambda: any(text.encode() in path.read_bytes() for path in app.data.rglob("*") if path.is_file()))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT / 1000
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
