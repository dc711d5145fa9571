"""Makes README's pictures (`make screenshots`): a reply with everything in it, in each look, wide and on a phone."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.chat_page import ChatPage
from tests.e2e.conftest import BROWSER_ARGUMENTS
from tests.e2e.running_app import RunningApp

FOLDER = Path(__file__).parent / "screenshots"
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def main() -> None:
    """Ask the demo model for everything it can draw, once for each look, and save what the page shows."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = RunningApp(Path(folder))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER_ARGUMENTS)
        try:
            for name, size in (("chat", WIDE), ("phone", PHONE)):
                for theme in ("light", "dark"):
                    _take(browser, app.url, name=f"{name}-{theme}", size=size, theme=theme)
        finally:
            browser.close()
            app.kill()


def _take(browser: Browser, url: str, *, name: str, size: dict[str, int], theme: str) -> None:
    context = browser.new_context(viewport=size, color_scheme=theme)
    chat = ChatPage(context.new_page(), url).open("/?session=new")
    for question in ("Hello!", "Show me everything you can draw"):
        chat.send(question)
        chat.expect_reply("." if question == "Hello!" else "nothing will be lost")
        chat.expect_ended()
    page = chat.page
    page.locator("[data-testid^='stMermaid'] svg, [data-testid^='stMermaid'] img").last.wait_for(state="attached")
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / f"{name}.png")
    height = page.locator(".stMainBlockContainer").evaluate("e => e.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": height + 160})
    page.wait_for_timeout(500)  # let the charts settle at the new size
    page.screenshot(path=FOLDER / f"{name}-whole.png")
    context.close()


if __name__ == "__main__":
    main()
