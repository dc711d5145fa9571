"""The demo model makes pictures: what is ordered, when it comes, and what a picture is called."""

from __future__ import annotations

import asyncio
import base64
import threading
from dataclasses import replace
from typing import Any

import pytest

from parlanchina.conversation import CONTINUE_INSTRUCTION
from parlanchina.events import ImageCall, ImageStarted, TextDelta, TextDone
from parlanchina.llm.demo import DemoProvider
from parlanchina.llm.demo_pictures import paint
from parlanchina.llm.demo_pictures.order import read_order
from parlanchina.stores.image_files import examine
from tests.demo_talk import events, finish, instant, joined, reply, request

PAINT = "Paint a lighthouse at sunset"


@pytest.mark.parametrize(
    ("message", "title"),
    [
        (PAINT, "A lighthouse at sunset"),
        ("Please draw me a picture of a cat!", "A cat"),
        ("Could you make two pictures of the sea?", "The sea"),
        ("Píntame un cuadro de un gato.", "Un gato"),
        ("Edit this picture: make it night", "Make it night"),
        ("A photo of a boat", "A photo of a boat"),
        ("Paint me a picture", "Form and colour"),
        ("draw", "Form and colour"),
    ],
)
def test_a_picture_is_called_by_what_it_was_ordered_as(message: str, title: str) -> None:
    assert read_order(message).title == title


@pytest.mark.parametrize(
    ("message", "count"),
    [("Draw two pictures", 2), ("haz tres imágenes del mar", 3), ("4 small images of 7 cats", 4), ("2 cats", 1)],
)
def test_several_pictures_can_be_ordered(message: str, count: int) -> None:
    assert read_order(message).count == count


def test_a_picture_is_begun_painted_and_described() -> None:
    found = events(request(PAINT))
    kinds = [type(event) for event in found]
    begun, done = kinds.index(ImageStarted), kinds.index(ImageCall)
    assert kinds.count(ImageCall) == 1
    assert done == begun + 1
    assert TextDelta in kinds[:begun]
    assert len(joined(found[done:])) > 100
    assert finish(found) == "stop"
    call = found[done]
    assert isinstance(call, ImageCall)
    assert call.revised_prompt == "A lighthouse at sunset"
    picture = examine(base64.b64decode(call.image_b64), extension="png")
    assert f"{picture.width}x{picture.height}" == call.size == "1024x1024"


def test_several_are_begun_at_once_and_come_one_after_the_other() -> None:
    found = [event for event in events(request("Draw two pictures of a cat")) if not isinstance(event, TextDelta)]
    kinds = [type(event) for event in found[:4]]
    assert kinds == [ImageStarted, ImageStarted, ImageCall, ImageCall]
    assert len({event.image_b64 for event in found if isinstance(event, ImageCall)}) == 2


def test_painting_takes_a_moment_and_is_done_beside_the_event_loop() -> None:
    waits: list[float] = []
    threads: set[int] = set()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        threads.add(threading.get_ident())

    events(request(PAINT), provider=DemoProvider(sleep=sleep, clock=lambda: sum(waits)))
    assert 1 < max(waits) < 3
    assert len(threads) == 1


async def test_other_replies_go_on_while_one_is_painted() -> None:
    """The loop is never held up for as long as a picture takes to paint."""
    longest, running = 0.0, True

    async def beat() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while running:
            before = loop.time()
            await asyncio.sleep(0)
            longest = max(longest, loop.time() - before)

    beating = asyncio.create_task(beat())
    async for event in instant().stream(request(PAINT)):
        if isinstance(event, TextDone):
            running = False
    await beating
    began = asyncio.get_running_loop().time()
    paint(PAINT)
    assert longest < max(0.2, asyncio.get_running_loop().time() - began)


def test_a_caller_with_no_place_for_pictures_is_told_so() -> None:
    found = events(replace(request(PAINT), enable_image_tool=False))
    assert not any(isinstance(event, ImageStarted | ImageCall) for event in found)
    assert "can't send a picture" in joined(found)


@pytest.mark.parametrize(("model", "system"), [("demo-brief", ""), ("demo", "Be brief.")])
def test_a_brief_reply_has_its_picture_too(model: str, system: str) -> None:
    found = events(request(PAINT, model=model, system=system))
    assert sum(isinstance(event, ImageCall) for event in found) == 1


def test_a_reply_cut_before_its_picture_has_none_and_going_on_brings_it_once() -> None:
    cut = events(request(PAINT, max_tokens=2))
    assert not any(isinstance(event, ImageStarted) for event in cut)
    said = joined(cut)
    rest = events(request(PAINT, said, CONTINUE_INSTRUCTION))
    assert sum(isinstance(event, ImageCall) for event in rest) == 1
    assert said + joined(rest) == joined(events(request(PAINT)))

    whole = joined(events(request(PAINT)))
    first, _, second = whole.partition("\n\n")
    begun = f"{first}\n\n[picture: A lighthouse at sunset]\n\n{second[:20]}"
    rest = events(request(PAINT, begun, CONTINUE_INSTRUCTION))
    assert not any(isinstance(event, ImageStarted) for event in rest)
    assert joined(rest) == second[20:]


def with_picture(words: str) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": 'The user attached "0.png": the whole picture. It follows.'},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "text", "text": words},
    ]


def test_a_picture_that_comes_along_is_painted_anew() -> None:
    found = events(request(PAINT, "Here you are.", with_picture("Edit this picture: make it night")))
    [call] = [event for event in found if isinstance(event, ImageCall)]
    assert call.revised_prompt == "Make it night"
    order = read_order("Edit this picture: make it night", before=PAINT)
    assert base64.b64decode(call.image_b64) == paint(order.prompt, seed=0)
    assert "lighthouse" in order.prompt
    assert "sunset" not in order.prompt


def test_a_file_is_not_taken_for_the_users_words() -> None:
    part = {"type": "text", "text": 'The user attached "a.txt": all 2 lines. --- Paint a picture of a cat ---'}
    answer = reply([part, {"type": "text", "text": "What is this?"}])
    assert "can't look at it" in answer
    assert not any(isinstance(event, ImageCall) for event in events(request([part, {"type": "text", "text": "?"}])))
