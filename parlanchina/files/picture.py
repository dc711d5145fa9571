"""Pictures as vision input: turned upright, no larger than a model looks at, without metadata.

What is sent is always painted anew: nothing of the file but its pixels goes on (a phone writes into a photo where
it was taken). Of an animation, the first picture is sent.
"""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

from PIL import Image, ImageOps

from parlanchina.errors import FileTooDemanding
from parlanchina.files.extract import Extract

__all__ = ["MAX_PIXELS", "MAX_SIDE", "picture_tokens", "read_picture"]

MAX_PIXELS = 50_000_000
"""A larger picture is refused before it is unpacked."""

MAX_SIDE = 2048
"""Pixels of a side; providers scale down to this or less before a model sees anything."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_PATCH = 32
_MAX_PATCHES = 1536
_LEAST = 255
_MAX_PNG = 1_500_000  # bytes; sharp for drawings and screenshots, but a photo as PNG takes ten times its JPEG


def picture_tokens(width: int, height: int) -> int:
    """Estimate a picture's tokens: one for each square of 32 pixels, at least 255 and at most 1,536.

    The squares and the upper bound are OpenAI's rule for the gpt-4.1 family ("Images and vision", 2025), where small
    models count 1.6 to 2.5 tokens a square; 255 is the least that its models count which go by tiles of 512 pixels.
    """
    return min(max(-(-width // _PATCH) * -(-height // _PATCH), _LEAST), _MAX_PATCHES)


def read_picture(content: bytes, *, name: str, max_tokens: int) -> Extract:
    """Read a picture. Raises `FileTooDemanding` beyond 50 megapixels, and what Pillow raises for a damaged one.

    `max_tokens` is not looked at: a picture can't be cut, and never takes more than 1,536.
    """
    with Image.open(BytesIO(content), formats=_FORMATS) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            size = f"{picture.width:,} by {picture.height:,}"
            raise FileTooDemanding(name, f"has {size} pixels; at most {MAX_PIXELS // 1_000_000} million are taken.")
        # A phone's JPEG may hold more pictures behind the first (MPO): a depth map, a second lens.
        form = "JPEG" if picture.format == "MPO" else str(picture.format)
        animated = form != "JPEG" and getattr(picture, "is_animated", False)
        before = picture.size
        upright = _upright(picture)
    width, height = upright.size
    scaled = (
        ""
        if max(before) <= MAX_SIDE
        else f", scaled from {before[0]:,} by {before[1]:,} pixels to {width:,} by {height:,}"
    )
    return Extract(
        kind="image",
        media_type=f"image/{form.lower()}",
        part=("the first picture of the animation" if animated else "the whole picture") + scaled,
        tokens=picture_tokens(width, height),
        image_url=_data_url(upright, lossless=form in ("PNG", "GIF")),
    )


def _upright(picture: Image.Image) -> Image.Image:
    """The picture's own pixels, scaled first (that is cheaper), then turned as its metadata says."""
    if picture.mode.startswith(("I", "F")):  # 16 bits a pixel: everything above 255 would become white
        picture = picture.convert("F").point(lambda value: value / 257.0).convert("L")
    elif picture.mode not in ("RGB", "L"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    turned = ImageOps.exif_transpose(picture)
    turned.info.clear()
    return turned


def _data_url(picture: Image.Image, *, lossless: bool) -> str:
    """A data: URL: PNG where that is sharper and not much larger, otherwise JPEG, transparent parts made white."""
    drawn = BytesIO()
    if lossless or picture.mode == "RGBA":
        picture.save(drawn, "PNG")
        if drawn.tell() <= _MAX_PNG:
            return "data:image/png;base64," + b64encode(drawn.getvalue()).decode()
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A"))
        picture = white
    drawn = BytesIO()
    picture.save(drawn, "JPEG", quality=88)
    return "data:image/jpeg;base64," + b64encode(drawn.getvalue()).decode()
