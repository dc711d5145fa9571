"""Measure what a gallery costs: `python -m benchmarks.gallery`.

Builds folders of 50 and 5,000 pictures in a temporary place, and prints how long the image store takes for what the
gallery asks of it, and how much memory it holds after. Files are in the system's cache; "first page" is a store that
was just opened.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


def main() -> None:
    """Print the table."""
    dice = random.Random(2026)
    words = ["".join(dice.choices("abcdeghilmnoprstu", k=dice.randint(2, 9))) for _ in range(3_000)]
    print(f"Pages of {PAGE} pictures, times in ms (median)\n")
    print(f"{'pictures':>8}", *(f"{name:>11}" for name in (*COLUMNS, "memory, MB")))
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="parlanchina-") as place:
            build(Path(place), size, dice, words)
            times = measure(Path(place), words)
            held = memory(Path(place))
        print(f"{size:>8}", *(f"{times[name]:>11.2f}" for name in COLUMNS), f"{held / 1e6:>11.1f}")


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
