"""Real Chromium before the real app; skipped only where a machine has no browser and nobody demands one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.running_app import RunningApp
from tests.fake_openai import FakeOpenAI

BROWSER_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; package-wide, because its event loop would stand in the way of async tests."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI must run the browser tests: install chromium")
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="package")
def _service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


@pytest.fixture
def service(_service: FakeOpenAI) -> FakeOpenAI:
    """A provider with nothing prepared and nothing asked yet."""
    _service.begin_anew()
    return _service


@pytest.fixture(scope="package")
def _shared_app(_service: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("app"), **settings_for(_service))
    yield app
    app.kill()


@pytest.fixture
def app(_shared_app: RunningApp, service: FakeOpenAI) -> RunningApp:
    """An app that uses `service`, with the sessions of the tests before: starting one takes seconds."""
    return _shared_app


@pytest.fixture
def run_app(tmp_path: Path) -> Iterator[Callable[..., RunningApp]]:
    """Start an app of the test's own with the given environment."""
    started: list[RunningApp] = []

    def run(**environment: str) -> RunningApp:
        folder = tmp_path / f"app{len(started)}"
        folder.mkdir()
        started.append(RunningApp(folder, **environment))
        return started[-1]

    yield run
    for app in started:
        app.kill()


def settings_for(service: FakeOpenAI) -> dict[str, str]:
    """The environment of an app that uses a provider of the tests."""
    return {
        "OPENAI_API_KEY": "sk-only-for-the-tests",
        "OPENAI_API_BASE": service.base_url,
        "PARLANCHINA_MODELS": "fake-model",
    }
