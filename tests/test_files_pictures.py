"""Pictures: upright, no larger than needed, and nothing in them but pixels."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from parlanchina.files import Extract
from parlanchina.files.picture import MAX_SIDE, picture_tokens
from parlanchina.files.reading import read_file
from tests import make_files as make


def sent(extract: Extract) -> Image.Image:
    head, _, body = extract.image_url.partition(",")
    picture = Image.open(BytesIO(b64decode(body, validate=True)))
    assert head == f"data:image/{str(picture.format).lower()};base64"
    return picture


def test_a_large_picture_is_scaled_and_says_so() -> None:
    extract = read_file("a.png", make.picture(size=(4_096, 1_024)))
    assert sent(extract).size == (MAX_SIDE, 512)
    assert extract.part == "the whole picture, scaled from 4,096 by 1,024 pixels to 2,048 by 512"
    assert extract.tokens == 64 * 16


def test_a_photo_is_turned_upright_and_loses_where_and_with_what_it_was_taken() -> None:
    original = make.photo(size=(60, 40), orientation=6)
    assert b"A maker of phones" in original
    extract = read_file("a.jpg", original)
    picture = sent(extract)
    assert picture.size == (40, 60)
    assert not picture.getexif()
    assert "comment" not in picture.info
    assert b"A maker of phones" not in b64decode(extract.image_url.partition(",")[2])


def test_a_photo_with_broken_metadata_is_still_a_photo() -> None:
    assert sent(read_file("a.jpg", make.oddly_tagged_photo())).size == (30, 20)


def test_a_second_picture_behind_a_photo_is_left_alone() -> None:
    extract = read_file("a.jpg", make.double_photo())
    assert (extract.media_type, extract.part) == ("image/jpeg", "the whole picture")
    assert sent(extract).format == "JPEG"


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_mode_keeps_its_dark_and_light_half(mode: str) -> None:
    picture = sent(read_file("a.png", make.picture("PNG", mode=mode))).convert("RGBA")
    assert picture.getpixel((60, 20)) == (255, 255, 255, 255)
    dark = picture.getpixel((5, 20))
    assert isinstance(dark, tuple)
    assert dark[:3] == (0, 0, 0)


def test_print_colours_are_turned_into_screen_colours() -> None:
    assert sent(read_file("a.jpg", make.picture("JPEG", mode="CMYK"))).mode == "RGB"


def test_a_drawing_stays_sharp_and_a_photo_stays_small() -> None:
    assert sent(read_file("a.png", make.picture())).format == "PNG"
    assert sent(read_file("a.png", make.noise(size=(1_000, 1_000)))).format == "JPEG"


def test_transparency_survives() -> None:
    assert sent(read_file("a.webp", make.transparent("WEBP"))).mode == "RGBA"


def test_what_is_transparent_becomes_white_where_png_would_be_too_large() -> None:
    picture = sent(read_file("a.png", make.transparent(size=(1_000, 1_000))))
    assert (picture.format, picture.mode) == ("JPEG", "RGB")


def test_an_animation_gives_its_first_picture() -> None:
    picture = sent(read_file("a.gif", make.animation())).convert("RGB")
    assert picture.getpixel((10, 10)) == (0, 0, 0)


def test_tokens_grow_with_the_area_between_the_providers_least_and_most() -> None:
    sizes = ((1, 1), (513, 512), (1_024, 1_024), (2_048, 2_048))
    assert [picture_tokens(*size) for size in sizes] == [255, 272, 1_024, 1_536]
