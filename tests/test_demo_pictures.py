"""The demo's painter: the same words give the same picture, and what they name is in it."""

from __future__ import annotations

import io
from itertools import product

import pytest
from PIL import Image, ImageStat

from parlanchina.llm.demo_pictures import paint
from parlanchina.llm.demo_pictures.prompt import read_prompt
from parlanchina.stores.image_files import examine

SMALL = (160, 120)


def painted(prompt: str, *, seed: int = 0, size: tuple[int, int] = SMALL) -> Image.Image:
    return Image.open(io.BytesIO(paint(prompt, seed=seed, size=size))).convert("RGB")


def average(image: Image.Image) -> tuple[float, float, float]:
    red, green, blue = ImageStat.Stat(image).mean
    return red, green, blue


@pytest.mark.parametrize("prompt", ["a lighthouse at sunset", "something else entirely"])
def test_the_same_words_give_the_same_picture(prompt: str) -> None:
    assert paint(prompt, size=SMALL) == paint(prompt, size=SMALL)


def test_another_seed_or_other_words_give_another_picture() -> None:
    pictures = [paint("hello", size=SMALL), paint("hello", seed=1, size=SMALL), paint("hello you", size=SMALL)]
    assert len(set(pictures)) == 3


@pytest.mark.parametrize(
    "prompt", ["a city at night", "a green forest in the mist", "planets", "mountains by a lake"]
)
def test_a_picture_of_full_size_can_be_kept_and_is_light(prompt: str) -> None:
    content = paint(prompt)
    found = examine(content, extension="png")
    assert (found.width, found.height) == (1024, 1024)
    assert len(content) < 1_500_000


@pytest.mark.parametrize("size", [(64, 64), (2048, 64), (64, 300), (1536, 1024), (333, 777)])
def test_every_shape_is_painted(size: tuple[int, int]) -> None:
    for subject in ("cat", "city", "lighthouse", "planet", "logo"):
        assert painted(f"{subject} at sunset", size=size).size == size


@pytest.mark.parametrize("size", [(0, 0), (63, 100), (100, 2049), (-1, 100)])
def test_a_size_beyond_reason_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="64 to 2048"):
        paint("cat", size=size)


@pytest.mark.parametrize(
    "prompt", ["", " \n", "\x00", "lone \ud83d", "雪の山", "x" * 100_000, "🐈", "<svg onload=alert(1)>", "../../etc"]
)
def test_words_that_say_nothing_to_it_still_make_a_picture(prompt: str) -> None:
    assert len(set(painted(prompt).resize((8, 8)).tobytes())) > 8


@pytest.mark.parametrize(
    ("subject", "hour"),
    list(
        product(
            ("cat", "lighthouse", "boat", "city", "mountain", "lake", "desert", "forest", "sea", "hills"),
            ("", "night", "sunset", "dawn", "day"),
        )
    ),
)
def test_every_subject_is_painted_at_every_hour(subject: str, hour: str) -> None:
    assert len(painted(f"{subject} {hour}").getcolors(SMALL[0] * SMALL[1]) or ()) > 500


@pytest.mark.parametrize("subject", ["cat", "sea", "mountains", "hills"])
def test_a_night_is_darker_than_a_day(subject: str) -> None:
    night, day = (sum(average(painted(f"{subject} by {hour}"))) for hour in ("night", "day"))
    assert night < day * 0.6


@pytest.mark.parametrize("subject", ["mountains at dawn", "sea", "hello", "a logo"])
@pytest.mark.parametrize(("colour", "band"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_colour_that_is_named_is_the_picture_s(subject: str, colour: str, band: int) -> None:
    bands = average(painted(f"{subject} in {colour}"))
    assert max(bands) == bands[band]


@pytest.mark.parametrize(
    ("prompt", "subject", "hour", "water"),
    [
        ("A CAT by the sea at Night!", "cat", "night", True),
        ("dos gatos, de noche", "cat", "night", False),
        ("montañas nevadas al amanecer, junto a un lago", "mountain", "dawn", True),
        ("the lighthouses", "lighthouse", "", False),
        ("puesta de sol en la ciudad", "city", "sunset", False),
        ("a category of scattered ideas", "", "", False),
        ("", "", "", False),
    ],
)
def test_words_are_understood_in_both_languages(prompt: str, subject: str, hour: str, water: bool) -> None:
    wish = read_prompt(prompt)
    assert (wish.subject, wish.hour, wish.water) == (subject, hour, water)


def test_colours_are_taken_in_their_order_and_once() -> None:
    assert len(read_prompt("teal and orange, turquesa, y rojo").colours) == 3
    one, other = read_prompt("red, blue").colours, read_prompt("azul, rojo").colours
    assert one == other[::-1]
