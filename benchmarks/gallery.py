"""Measure what a gallery costs: `python -m benchmarks.gallery`.

Builds folders of 50 and 5,000 pictures in a temporary place, and prints how long the image store takes for what the
gallery asks of it, and how much memory it holds after; and then, where there is a Chromium, how long the page of the
running app takes until every picture on it can be seen, and what the server's memory grew by. Files are in the
system's cache; "first page" is a store, "opened" a page of an app, that was just started.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from parlanchina.llm.demo_pictures import paint
from parlanchina.stores.image_files import examine
from parlanchina.stores.image_index import SIDECARS, sidecar_name
from parlanchina.stores.image_meta import THUMBNAIL_SUFFIX, ImageMeta, ImageRecord
from parlanchina.stores.image_objects import open_folder
from parlanchina.stores.images import ImageStore

SIZES = (50, 5_000)
PAGE = 48
PROMPT_WORDS = 60  # what an image model makes of a short prompt
OWNER = "local"
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
COLUMNS = ("first page", "page", "search", "filters", "lineage", "thumbnails")
PAGE_COLUMNS = ("opened", "again", "server, MB")
ROOT = Path(__file__).parent.parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Print the table."""
    dice = random.Random(2026)
    words = ["".join(dice.choices("abcdeghilmnoprstu", k=dice.randint(2, 9))) for _ in range(3_000)]
    print(f"Pages of {PAGE} pictures, times in ms (median)\n")
    print(f"{'pictures':>8}", *(f"{name:>11}" for name in (*COLUMNS, "memory, MB", *PAGE_COLUMNS)))
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="parlanchina-") as place:
            images = Path(place) / "images"
            images.mkdir()
            build(images, size, dice, words)
            times = measure(images, words)
            held = memory(images)
            pages = measure_page(Path(place))
        print(
            f"{size:>8}",
            *(f"{times[name]:>11.2f}" for name in COLUMNS),
            f"{held / 1e6:>11.1f}",
            *(f"{pages[name]:>11.1f}" if name in pages else f"{'-':>11}" for name in PAGE_COLUMNS),
        )


def build(folder: Path, size: int, dice: random.Random, words: list[str]) -> None:
    """Write `size` pictures of ten sessions and three models; every second one was edited from the one before."""
    content = paint("a lighthouse at sunset", size=(512, 512))
    thumbnail = examine(content, extension="png").thumbnail
    (folder / SIDECARS).mkdir()
    parent_id = None
    for number in range(size):
        image_id = f"{dice.getrandbits(128):032x}"
        meta = ImageMeta(
            id=image_id,
            filename=f"{image_id}.png",
            created_at=START + timedelta(minutes=number),
            owner=OWNER,
            prompt=" ".join(dice.choices(words, k=8)),
            revised_prompt=" ".join(dice.choices(words, k=PROMPT_WORDS)),
            alt_text=" ".join(dice.choices(words, k=12)),
            model=f"model-{number % 3}",
            size="512x512",
            width=512,
            height=512,
            bytes=len(content),
            session_id=f"{number % 10:032x}",
            message_id=f"{number:032x}",
            parent_id=parent_id if number % 2 else None,
        )
        parent_id = image_id
        (folder / meta.filename).write_bytes(content[:100])  # a page never reads it
        (folder / f"{image_id}{THUMBNAIL_SUFFIX}").write_bytes(thumbnail)
        (folder / sidecar_name(image_id)).write_bytes(ImageRecord(meta).encode())


def measure(folder: Path, words: list[str]) -> dict[str, float]:
    """Time what the gallery does, in milliseconds."""
    store = ImageStore(open_folder(folder))
    store.list_images(owner=OWNER, limit=PAGE)
    time.sleep(2.1)  # a folder just written is listed at each look, until its time tells writes apart
    page = store.list_images(owner=OWNER, limit=PAGE).images
    ids = [meta.id for meta in page]
    return {
        "first page": median(lambda: ImageStore(open_folder(folder)).list_images(owner=OWNER, limit=PAGE), times=5),
        "page": median(lambda: store.list_images(owner=OWNER, limit=PAGE)),
        "search": median(lambda: store.list_images(owner=OWNER, limit=PAGE, query=f"{words[0]} {words[1][:2]}")),
        "filters": median(lambda: store.filters(owner=OWNER)),
        "lineage": median(lambda: store.lineage(ids[0], owner=OWNER)),
        "thumbnails": median(lambda: store.read_thumbnails(ids, owner=OWNER)),
    }


def memory(folder: Path) -> int:
    """Bytes that a store holds after its first page."""
    tracemalloc.start()
    store = ImageStore(open_folder(folder))
    store.list_images(owner=OWNER, limit=PAGE)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held


def measure_page(data: Path) -> dict[str, float]:
    """Time the gallery's page in Chromium, in milliseconds; empty where there is none."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        return {}
    with app_on(data) as (url, pid), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox"])
        before = resident(pid)
        first = page_ms(browser, url)
        again = statistics.median(page_ms(browser, url) for _ in range(5))
        grown = resident(pid) - before
        browser.close()
    return {"opened": first, "again": again, "server, MB": grown / 1e6}


def page_ms(browser: Browser, url: str) -> float:
    """Open the gallery in a new browser context, and wait until each of its pictures is decoded."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    start = time.perf_counter()
    page.goto(f"{url}/pictures")
    page.wait_for_function(
        "count => { const all = [...document.querySelectorAll('.st-key-cards img')];"
        " return all.length === count && all.every(image => image.complete && image.naturalWidth) }",
        arg=PAGE,
        timeout=60_000,
    )
    took = (time.perf_counter() - start) * 1000
    context.close()
    return took


@contextmanager
def app_on(data: Path) -> Iterator[tuple[str, int]]:
    """The app over a data folder: its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    environment = os.environ | {"PARLANCHINA_DATA_DIR": str(data), "OPENAI_PROVIDER": "demo"}
    app = subprocess.Popen(
        [*command, "--server.address=127.0.0.1"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while app.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                break
            time.sleep(0.1)
        yield url, app.pid
    finally:
        app.terminate()
        app.wait()


def resident(pid: int) -> int:
    """Bytes of memory that a process has, where the system tells."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def median(call: Callable[[], object], *, times: int = 20) -> float:
    """The median time of a call, in milliseconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
