"""One tab of a real browser on a chat, and what it sees and costs.

Times are the page's own clock, noted in the page at the moment they happen. Bytes are what the websocket carried,
unpacked; busy is the processor time of the page's main thread, which a busy machine doesn't lengthen.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from benchmarks.replies import END

__all__ = ["Seen", "Tab", "browsing", "opened"]

_ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
_COMPOSER = '[data-testid="stChatInput"] textarea'
_SETTLED_MS = 700  # without a change: the page has nothing left to do

_WATCH = """
const seen = {changedAt: 0};
window.seen = seen;

const replies = () => document.querySelectorAll('[aria-label="Chat message from assistant"]');
const LABELS = ".pc-byline, .pc-status";

function textOf(reply) {
  let text = reply.textContent;
  for (const label of reply.querySelectorAll(LABELS)) text = text.replace(label.textContent, "");
  return text;
}

window.expectReply = (end) => {
  Object.assign(seen, {nth: replies().length, end, text: "", sentAt: null, firstAt: null, endedAt: null,
                       updatedAt: null, longestGap: 0});
};

function look() {
  const reply = replies()[seen.nth];
  if (!reply) return;
  const text = textOf(reply);
  if (text === seen.text) return;
  const now = performance.now();
  if (seen.firstAt === null) seen.firstAt = now;
  else seen.longestGap = Math.max(seen.longestGap, now - seen.updatedAt);
  seen.text = text;
  seen.updatedAt = now;
  if (text.includes(seen.end)) seen.endedAt = now;
}

new MutationObserver(() => {
  seen.changedAt = performance.now();
  if (seen.sentAt && !seen.endedAt) look();
}).observe(document, {subtree: true, childList: true, characterData: true});

addEventListener("keydown", (event) => {
  if (event.key === "Enter" && seen.sentAt === null) seen.sentAt = performance.now();
}, {capture: true});

window.isIdle = (quiet) =>
  document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning" &&
  performance.now() - seen.changedAt > quiet;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one reply looked like in the page; seconds since it was asked for."""

    first: float | None
    whole: float | None
    """None if it never arrived."""
    longest_gap: float
    """Between two moments with something new, from the first text on."""


class Tab:
    """A page on a chat."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.received = 0
        """Bytes so far."""
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.on("Network.webSocketFrameReceived", self._count)
        self._devtools.send("Network.enable")
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.add_init_script(_WATCH)

    def open(self, url: str) -> float:
        """Go to a page, and wait until it is ready; how many seconds that took."""
        self.page.goto(url)
        self.page.locator(_COMPOSER).wait_for(timeout=60_000)
        return self.settle()

    def ask(self, question: str, *, timeout: float) -> Seen:
        """Ask, and wait until the reply is there, or `timeout` seconds."""
        self.page.evaluate("end => expectReply(end)", END)
        composer = self.page.locator(_COMPOSER)
        composer.fill(question)
        composer.press("Enter")
        try:
            self.page.wait_for_function("seen.endedAt !== null", timeout=timeout * 1_000, polling=100)
        except TimeoutError:
            pass
        else:
            self.settle()
        seen = self.page.evaluate("seen")
        return Seen(
            first=_since(seen, "firstAt"), whole=_since(seen, "endedAt"), longest_gap=seen["longestGap"] / 1_000
        )

    def settle(self) -> float:
        """Wait until the script has ended and nothing changes any more; the page's clock at the last change."""
        self.page.wait_for_function("quiet => isIdle(quiet)", arg=_SETTLED_MS, timeout=120_000, polling=50)
        return float(self.page.evaluate("seen.changedAt")) / 1_000

    def busy_seconds(self) -> float:
        """Processor time of the page's main thread so far."""
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")

    def _count(self, event: dict[str, Any]) -> None:  # Any: an event of the browser's protocol
        frame = event["response"]
        payload = frame["payloadData"]
        is_text = frame["opcode"] == 1  # anything else is told in base64
        self.received += len(payload.encode()) if is_text else len(payload) * 3 // 4 - payload[-2:].count("=")


@contextmanager
def browsing() -> Iterator[Browser]:
    """The machine's own Chromium."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise SystemExit("The benchmarks need Chromium (Debian: apt install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS.split())
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser) -> Iterator[Tab]:
    """A tab with nothing in its cache; closed afterwards."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        yield Tab(context.new_page())
    finally:
        context.close()


def _since(seen: dict[str, float | None], moment: str) -> float | None:
    at, sent = seen[moment], seen["sentAt"]
    return None if at is None or sent is None else (at - sent) / 1_000
