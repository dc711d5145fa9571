"""What is accepted as a picture, judged by its bytes alone."""

from __future__ import annotations

import base64
import io
import random
import struct
import zlib

import pytest
from PIL import Image

from parlanchina.errors import ImageRefused
from parlanchina.stores.image_files import MAX_BYTES, MAX_FRAMES, MAX_PIXELS, decode_base64, examine

DICE = random.Random(2026)


def noise(width: int = 24, height: int = 20, mode: str = "RGB") -> Image.Image:
    return Image.frombytes("RGB", (width, height), DICE.randbytes(width * height * 3)).convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def animated(kind: str, frames: int = 3) -> bytes:
    first, *rest = [noise(mode="P" if kind == "GIF" else "RGB") for _ in range(frames)]
    return encoded(first, kind, save_all=True, append_images=rest)


KINDS: dict[str, tuple[str, bytes]] = {
    "png": ("png", encoded(noise(), "PNG")),
    "jpeg": ("jpg", encoded(noise(), "JPEG")),
    "progressive jpeg": ("jpg", encoded(noise(), "JPEG", progressive=True)),
    "webp": ("webp", encoded(noise(), "WEBP")),
    "lossless webp": ("webp", encoded(noise(), "WEBP", lossless=True)),
    "gif": ("gif", encoded(noise(mode="P"), "GIF")),
    "animated png": ("png", animated("PNG")),
    "animated webp": ("webp", animated("WEBP")),
    "animated gif": ("gif", animated("GIF")),
}


def refusal(content: bytes, extension: str = "png") -> str:
    """The sentence that refuses a picture."""
    with pytest.raises(ImageRefused) as caught:
        examine(content, extension=extension)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


# Base64


def test_line_breaks_and_spaces_are_skipped() -> None:
    content = DICE.randbytes(1000)
    assert decode_base64(base64.encodebytes(content)) == content
    assert decode_base64("\r\n " + "\t\r\n ".join(base64.b64encode(content).decode())) == content


@pytest.mark.parametrize(
    "text",
    [
        "QUJ",
        "QUJDRA",
        "QUJDRA=",
        "QUJDRA===",
        "QUJD=RA=",
        "=QUJD",
        "QQ==QQ==",
        "QUJD!",
        "QUJD\x00",
        "QUJD\u00a0",
        "QU_-",
        "QUJDé",
        "====",
        "<html>",
    ],
)
def test_anything_but_padded_standard_base64_is_refused(text: str) -> None:
    for given in (text, text.encode(), text + "\ud83d"):
        with pytest.raises(ImageRefused, match="base64 is broken"):
            decode_base64(given)


@pytest.mark.parametrize("text", ["", "  \n", b""])
def test_an_empty_picture_is_refused(text: str | bytes) -> None:
    with pytest.raises(ImageRefused, match="empty"):
        decode_base64(text)


def test_a_data_url_is_refused_with_the_way_out() -> None:
    with pytest.raises(ImageRefused, match="what follows its comma"):
        decode_base64("data:image/png;base64,QUJD")


def test_the_largest_picture_passes_and_one_byte_more_does_not() -> None:
    assert len(decode_base64(base64.b64encode(bytes(MAX_BYTES)))) == MAX_BYTES
    with pytest.raises(ImageRefused, match="larger than 50 MB"):
        decode_base64(base64.b64encode(bytes(MAX_BYTES + 1)))


def test_what_is_far_too_long_is_refused_by_its_length() -> None:
    with pytest.raises(ImageRefused, match="larger than 50 MB"):
        decode_base64("!" * (MAX_BYTES * 2))


# Kinds


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_known_by_its_bytes(kind: str) -> None:
    extension, content = KINDS[kind]
    found = examine(content, extension=extension)
    assert (found.extension, found.width, found.height) == (extension, 24, 20)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_off_anywhere_is_refused(kind: str) -> None:
    extension, content = KINDS[kind]
    for length in {*range(0, len(content), 37), *range(len(content) - 12, len(content))}:
        refusal(content[:length], extension)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_refused_or_harmless_but_never_an_accident(kind: str) -> None:
    extension, content = KINDS[kind]
    dice = random.Random(kind)
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 5)):
            damaged[dice.randrange(min(len(damaged), dice.choice([30, 300, 10**6])))] = dice.randrange(256)
        try:
            examine(bytes(damaged), extension=extension)
        except ImageRefused:
            continue


@pytest.mark.parametrize(
    ("claimed", "is_kind"), [("png", "jpeg"), ("jpg", "png"), ("webp", "gif"), ("gif", "webp"), ("png", "webp")]
)
def test_a_wrong_extension_is_refused_not_corrected(claimed: str, is_kind: str) -> None:
    assert f"claims to be '{claimed}'" in refusal(KINDS[is_kind][1], claimed)


@pytest.mark.parametrize("extension", ["svg", "", ".png", "png/../x", "html", "pn\ng", "x" * 500])
def test_an_extension_that_is_none_of_ours_is_refused(extension: str) -> None:
    assert len(refusal(KINDS["png"][1], extension)) < 120


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a<script>alert(1)</script>;",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        b"\x00" * 5000,
        encoded(noise(), "BMP"),
        encoded(noise(), "TIFF"),
        encoded(noise(), "ICO"),
        encoded(noise(), "PPM"),
    ],
    ids=["svg", "html", "html as gif", "pdf", "png head", "webp head", "zeros", "bmp", "tiff", "ico", "ppm"],
)
def test_what_is_no_picture_of_the_four_kinds_is_refused(content: bytes) -> None:
    for extension in ("png", "jpg", "webp", "gif"):
        refusal(content, extension)


def test_a_page_behind_a_picture_is_refused() -> None:
    refusal(KINDS["png"][1] + b"<script>alert(1)</script>")


# Bombs


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that says it is this large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "size",
    [(MAX_PIXELS + 1, 1), (8000, 6251), (9500, 9500), (16_000, 16_000), (65_535, 65_535), (2**31 - 1, 2**31 - 1)],
)
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    assert "more than 50 megapixels" in refusal(png_claiming(*size))


def test_a_gif_whose_frame_is_larger_than_it_says_is_refused() -> None:
    small = bytearray(encoded(noise(8, 8, mode="P"), "GIF"))
    frame = small.index(b"\x2c\x00\x00\x00\x00\x08\x00\x08\x00")
    small[frame + 5 : frame + 9] = struct.pack("<HH", 60_000, 60_000)
    refusal(bytes(small), "gif")


def test_an_animation_of_too_many_frames_is_refused() -> None:
    one = encoded(Image.new("P", (2, 2)), "GIF")
    start = one.index(b"\x2c")
    endless = one[:start] + one[start:-1] * (MAX_FRAMES + 1) + b";"
    assert f"over {MAX_FRAMES} frames" in refusal(endless, "gif")
    examine(one[:start] + one[start:-1] * MAX_FRAMES + b";", extension="gif")


def test_an_animation_of_too_many_pixels_is_refused() -> None:
    one = encoded(Image.new("P", (7000, 7000)), "GIF")
    start = one.index(b"\x2c")
    assert "too large ones" in refusal(one[:start] + one[start:-1] * 5 + b";", "gif")


# Thumbnails


def thumbnail_of(content: bytes, extension: str = "png") -> Image.Image:
    image = Image.open(io.BytesIO(examine(content, extension=extension).thumbnail))
    image.load()
    return image


def test_a_picture_turned_by_exif_is_measured_and_shown_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    exif[0x8825] = {2: (48.0, 8.0, 0.0)}  # where it was taken
    content = encoded(Image.new("RGB", (60, 20), (200, 0, 0)), "JPEG", exif=exif)
    found = examine(content, extension="jpg")
    assert (found.width, found.height) == (20, 60)
    small = thumbnail_of(content, "jpg")
    assert small.size == (20, 60)
    assert not small.getexif()


def test_a_thumbnail_keeps_what_is_transparent() -> None:
    clear = Image.new("RGBA", (700, 700), (255, 0, 0, 0))
    assert thumbnail_of(encoded(clear, "PNG")).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16"])
def test_every_mode_of_a_png_has_a_thumbnail(mode: str) -> None:
    image = Image.new("I;16", (9, 9), 32_768) if mode == "I;16" else Image.new("L", (9, 9), 128).convert(mode)
    small = thumbnail_of(encoded(image.convert("LA") if mode == "PA" else image, "PNG"))
    if mode not in ("1", "P"):  # what these make of a grey is their own business
        assert abs(small.convert("L").getpixel((4, 4)) - 128) <= 4


def test_a_jpeg_in_printers_colours_has_a_thumbnail() -> None:
    assert thumbnail_of(encoded(Image.new("CMYK", (9, 9), (0, 200, 200, 0)), "JPEG"), "jpg").mode == "RGB"


def test_jpegs_in_a_row_count_as_their_first() -> None:
    content = encoded(noise(), "MPO", save_all=True, append_images=[noise(30, 30)])
    assert examine(content, extension="jpg").width == 24
