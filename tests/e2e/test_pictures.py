"""A picture's whole way in a real browser: asked for, painted, shown, found again, edited, deleted, brought back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.chat_page import REPLY, WAIT, ChatPage
from tests.e2e.running_app import RunningApp

pytestmark = pytest.mark.browser

PICTURE = '[data-testid="stVerticalBlock"][class*="st-key-picture_"]'
CAPTION = "A lighthouse at sunset"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """One app for the whole way: the demo model, with no key."""
    app = RunningApp(tmp_path_factory.mktemp("pictures"))
    yield app
    app.kill()


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def chat(page: Page, app: RunningApp) -> ChatPage:
    return ChatPage(page, app.url).open()


def shown_pictures(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(f'{REPLY} [class*="st-key-picture_"] img')


def cards(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".st-key-cards img")


def whole(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".st-key-viewer")


def is_loaded(page: Page, selector: str) -> None:
    """The browser really has the picture, not only its element."""
    page.wait_for_function(
        "selector => { const image = document.querySelector(selector);"
        " return image && image.complete && image.naturalWidth > 100 }",
        arg=selector,
        timeout=WAIT,
    )


def go_to_gallery(page: Page) -> None:
    page.locator('[data-testid="stSidebar"] [data-testid="stPageLink"] a').click()
    expect(page.locator(".st-key-gallery_search input")).to_be_visible(timeout=WAIT)


def test_a_placeholder_with_its_seconds_gives_way_to_the_picture(chat: ChatPage) -> None:
    page = chat.page
    chat.send("Paint a lighthouse at sunset")
    placeholder = page.locator(".pc-canvas")
    expect(placeholder).to_be_visible(timeout=WAIT)
    assert placeholder.evaluate("e => getComputedStyle(e.querySelector('.pc-seconds'), '::after').content") != "none"
    expect(shown_pictures(page)).to_have_count(1, timeout=WAIT)
    expect(placeholder).to_have_count(0, timeout=WAIT)
    page.locator(f".st-key-live {PICTURE} img").wait_for(timeout=WAIT)  # the words after it are still to come
    corner = page.locator(f".st-key-live {PICTURE}").evaluate(
        """(picture) => {
            const [image, menu] = ["img", "[data-testid='stMenuButton'] button"]
                .map((inside) => picture.querySelector(inside).getBoundingClientRect());
            const { top, right, bottom } = image;
            return menu.width < 60 && menu.top >= top && menu.bottom < bottom && menu.right <= right;
        }"""
    )
    assert corner, "its menu is not over the picture's corner while the reply comes"
    chat.expect_ended()
    expect(chat.reply).to_contain_text("out of words that I know")


def test_after_a_reload_the_same_picture_is_there(chat: ChatPage) -> None:
    chat.page.reload()
    expect(shown_pictures(chat.page)).to_have_attribute("alt", CAPTION, timeout=WAIT)
    is_loaded(chat.page, '[class*="st-key-picture_"] img')


def test_a_reload_in_mid_picture_shows_the_placeholder_again_and_then_the_picture(chat: ChatPage) -> None:
    page = chat.page
    chat.send("Draw two pictures of a cat")
    expect(page.locator(".pc-canvas")).to_have_count(2, timeout=WAIT)
    page.reload()
    expect(page.locator(".pc-canvas").first).to_be_visible(timeout=WAIT)
    expect(shown_pictures(page)).to_have_count(3, timeout=WAIT)
    chat.expect_ended()


def test_a_picture_opens_while_a_reply_is_coming(chat: ChatPage) -> None:
    page = chat.page
    chat.send("Tell me a long story")
    expect(chat.stop_button).to_be_visible(timeout=WAIT)
    page.locator('[class*="st-key-picture_"] [class*="st-key-whole_"] button').first.click()
    expect(whole(page)).to_be_visible(timeout=WAIT)
    expect(chat.stop_button).to_have_count(1)
    page.keyboard.press("Escape")
    expect(whole(page)).to_have_count(0, timeout=WAIT)
    chat.stop_button.click()
    chat.expect_ended()


def test_the_gallery_finds_it_by_a_word_of_its_prompt(chat: ChatPage) -> None:
    page = chat.page
    go_to_gallery(page)
    expect(cards(page)).to_have_count(3, timeout=WAIT)
    search = page.locator(".st-key-gallery_search input")
    search.fill("LIGHTHOUSE")
    search.press("Enter")
    expect(cards(page)).to_have_count(1, timeout=WAIT)
    is_loaded(page, ".st-key-cards img")


def test_it_opens_whole_and_leads_to_its_message(chat: ChatPage) -> None:
    page = chat.page
    page.locator('.st-key-cards [class*="st-key-whole_"] button').click()
    expect(whole(page)).to_contain_text("Paint a lighthouse at sunset", timeout=WAIT)
    expect(whole(page).get_by_text("Edit this picture")).to_be_in_viewport()
    page.wait_for_function(
        "() => { const image = document.querySelector('.st-key-viewer img');"
        " return image && image.complete && image.naturalWidth === 1024 }",
        timeout=WAIT,
    )
    page.locator(".st-key-show_message button:visible").click()
    expect(chat.composer).to_be_visible(timeout=WAIT)
    expect(whole(page)).to_have_count(0, timeout=WAIT)
    expect(chat.replies.first.locator(f'img[alt="{CAPTION}"]')).to_be_in_viewport(timeout=WAIT)
    page.wait_for_function(
        "() => [...document.querySelectorAll('[class*=\"st-key-picture_\"] img')].every(image => image.complete)"
    )
    expect(chat.replies.first.locator(f'img[alt="{CAPTION}"]')).to_be_in_viewport(timeout=WAIT)


def test_it_can_be_edited_and_both_know_of_each_other(chat: ChatPage) -> None:
    page = chat.page
    chat.replies.first.locator('[class*="st-key-picture_menu_"] button:visible').click()
    page.get_by_text("Edit this picture", exact=True).click()
    expect(page.locator(".st-key-staged")).to_contain_text(CAPTION, timeout=WAIT)
    expect(page.locator(".st-key-staged")).to_contain_text(re.compile("about [0-9,]+ tokens"))
    chat.send("Edit this picture: make it night")
    expect(page.locator(".st-key-staged")).to_have_count(0, timeout=WAIT)
    expect(shown_pictures(page)).to_have_count(4, timeout=WAIT)
    chat.expect_ended()
    expect(page.locator('[class*="st-key-file_"]')).to_contain_text(CAPTION)
    go_to_gallery(page)
    page.locator('.st-key-cards [class*="st-key-whole_"] button').first.click()
    expect(whole(page)).to_contain_text("Made from", timeout=WAIT)
    page.locator('.st-key-line_before [class*="st-key-whole_"] button').click()
    expect(whole(page)).to_contain_text("Made from it", timeout=WAIT)
    expect(whole(page)).to_contain_text(CAPTION)


def test_it_can_be_deleted_and_brought_back(chat: ChatPage) -> None:
    page = chat.page
    before = 4
    page.locator(".st-key-delete_picture button:visible").click()
    expect(cards(page)).to_have_count(before - 1, timeout=WAIT)
    page.locator(".st-key-undo_delete_picture button:visible").click()
    expect(cards(page)).to_have_count(before, timeout=WAIT)


def test_what_is_shown_can_be_downloaded_as_one_file(chat: ChatPage, tmp_path: Path) -> None:
    page = chat.page
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=WAIT
    )  # what a run hands out for download, the next one takes back
    with page.expect_download(timeout=WAIT) as waiting:
        page.locator(".st-key-download_shown button:visible").click()
    assert waiting.value.suggested_filename == "pictures.zip"


def test_new_chat_leads_back_to_the_conversation(chat: ChatPage) -> None:
    page = chat.page
    page.locator(".st-key-new_chat button:visible").click()
    expect(chat.composer).to_be_visible(timeout=WAIT)
    expect(page.locator(".pc-welcome")).to_be_visible(timeout=WAIT)


def test_a_file_waits_with_its_tokens_and_goes_with_the_words(chat: ChatPage, tmp_path: Path) -> None:
    page = chat.page
    table = tmp_path / "sales.csv"
    table.write_text("city,sales\n" + "\n".join(f"Town {n},{n}" for n in range(50)), encoding="utf-8")
    broken = tmp_path / "picture.png"
    broken.write_bytes(b"<html>no picture</html>")
    chat.composer.fill("What is in it?")
    page.locator('.st-key-prompt input[type="file"]').first.set_input_files([table, broken])
    expect(page.locator(".st-key-above_composer")).to_contain_text("picture.png", timeout=WAIT)  # refused, and said
    expect(page.locator(".st-key-staged")).to_contain_text("sales.csv · all 50 rows", timeout=WAIT)
    expect(chat.composer).to_have_value("What is in it?", timeout=WAIT)
    chat.composer.press("Enter")
    chat.expect_ended()
    chip = page.locator('[class*="st-key-file_"] button:visible')
    expect(chip).to_contain_text("sales.csv · all 50 rows")
    chip.click()
    expect(page.locator('[role="dialog"] [data-testid="stDataFrame"]')).to_be_visible(timeout=WAIT)


def test_files_that_wait_still_wait_after_a_reload_until_they_are_sent_or_left_out(
    chat: ChatPage, tmp_path: Path
) -> None:
    page = chat.page
    files = [tmp_path / "sales.csv", tmp_path / "costs.csv"]
    for file in files:
        file.write_text("city,euros\nLima,7\n", encoding="utf-8")
    staged = page.locator(".st-key-staged")
    page.locator('.st-key-prompt input[type="file"]').first.set_input_files(files)
    expect(staged).to_contain_text("sales.csv", timeout=WAIT)
    expect(staged).to_contain_text("costs.csv", timeout=WAIT)
    page.reload()
    expect(staged).to_contain_text("sales.csv", timeout=WAIT)
    staged.locator("button:visible", has_text="costs.csv").click()
    expect(staged).not_to_contain_text("costs.csv", timeout=WAIT)
    page.wait_for_function(
        "Object.keys(localStorage).some((key) =>"
        " key.startsWith('parlanchina-waiting') && JSON.parse(localStorage[key]).length === 1)"
    )
    page.reload()
    expect(staged).to_contain_text("sales.csv", timeout=WAIT)
    expect(staged).not_to_contain_text("costs.csv")
    chat.composer.fill("What is in it?")
    chat.composer.press("Enter")
    expect(page.locator('[class*="st-key-file_"] button:visible').last).to_contain_text("its one row", timeout=WAIT)
    chat.expect_ended()
    page.reload()
    expect(page.locator('[class*="st-key-file_"] button:visible').last).to_contain_text("its one row", timeout=WAIT)
    expect(staged).to_have_count(0)
