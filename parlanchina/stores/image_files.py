"""The bytes of a picture: decoded strictly, looked at before they are trusted, and made small.

Owns the rules for what is kept; knows nothing of stores and names. Everything here is bounded before it is done:
base64 by its length, pixels by the header, an animation by its frames; only then is it decoded, all of it, since
only a whole decoding shows that nothing is missing. Nothing is ever written back over the original's bytes.
"""

from __future__ import annotations

import binascii
import io
from contextlib import suppress
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from parlanchina.errors import ImageRefused
from parlanchina.stores.image_meta import MEDIA_TYPES

__all__ = ["MAX_BYTES", "MAX_FRAMES", "MAX_PIXELS", "THUMBNAIL_SIDE", "Picture", "decode_base64", "examine"]

MAX_BYTES = 50 * 2**20
"""The largest picture kept; what image models send is under 10 MB."""

MAX_PIXELS = 50_000_000
"""Pixels in one frame: decoded, they take 200 MB."""

MAX_FRAMES = 500
"""Frames of an animation, which have four times `MAX_PIXELS` between them."""

THUMBNAIL_SIDE = 512

_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "WEBP": "webp", "GIF": "gif"}  # MPO: JPEGs in a row
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_ENDINGS = {"png": b"IEND\xaeB`\x82", "gif": b";"}  # which Pillow would do without; it sees to the others itself
_KINDS = "PNG, JPEG, WebP or GIF"
_WHITE_SPACE = b" \t\r\n"
_BASE64_CHARS = MAX_BYTES // 3 * 4 * 79 // 76  # in lines of 76 characters, as mail has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What was found in the bytes. Width and height are as shown: turned as EXIF says."""

    extension: str
    width: int
    height: int
    thumbnail: bytes
    """WebP, at most `THUMBNAIL_SIDE` wide and high."""


def decode_base64(text: str | bytes) -> bytes:
    """Decode standard base64 with its padding. Line breaks and spaces are skipped, anything else is refused.

    Raises `ImageRefused`; what is too long is not decoded.
    """
    if len(text) > _BASE64_CHARS:
        raise _too_large()
    try:
        encoded = (text.encode("ascii") if isinstance(text, str) else text).translate(None, _WHITE_SPACE)
        if encoded[:5].lower() == b"data:":
            raise ImageRefused("The picture is a data: URL. Hand over only what follows its comma.")
        content = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError as error:  # both what isn't ASCII and what isn't base64
        raise ImageRefused("The picture's base64 is broken, so it could not be kept. Ask for it again.") from error
    if not content:
        raise ImageRefused("The picture is empty: there are no bytes in it.")
    if len(content) > MAX_BYTES:
        raise _too_large()
    return content


def examine(content: bytes, *, extension: str) -> Picture:
    """Decode a picture to its last pixel and say what it is. Raises `ImageRefused` for what breaks a rule.

    The bytes decide what it is; an `extension` that says something else is refused, not corrected.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            found = _EXTENSIONS[image.format or ""]
            _check_extension(extension, found)
            _check_pixels(image)
            if not content.rstrip(b"\0").endswith(_ENDINGS.get(found, b"")):
                raise _damaged()
            if found == "png":
                image.verify()  # the checksum of each part; it spends the image
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            _decode(image)
            shown = ImageOps.exif_transpose(image)
            return Picture(extension=found, width=shown.width, height=shown.height, thumbnail=_thumbnail(shown))
    except ImageRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except UnidentifiedImageError as error:
        raise ImageRefused(f"The bytes are not a {_KINDS} picture, so they were not kept.") from error
    except Exception as error:  # a decoder may raise anything over foreign bytes; all of it means the same
        raise _damaged() from error


def _check_extension(extension: str, found: str) -> None:
    claimed = extension.lower()
    claimed = "jpg" if claimed == "jpeg" else claimed
    if claimed not in MEDIA_TYPES:
        raise ImageRefused(f"A {extension[:20]!r} file is not kept: only {_KINDS} pictures are.")
    if claimed != found:
        raise ImageRefused(f"The picture claims to be {claimed!r} but is {found!r}, so it was not kept.")


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()


def _decode(image: Image.Image) -> None:
    """Decode every frame, and leave the first one loaded."""
    image.load()
    if image.format == "MPO" or not getattr(image, "is_animated", False):  # of JPEGs in a row one is shown
        return
    frame, pixels = 0, image.width * image.height
    with suppress(EOFError):  # how Pillow says that there are no more; counting them first has no bound
        while True:
            frame += 1
            image.seek(frame)
            _check_pixels(image)
            pixels += image.width * image.height
            if frame >= MAX_FRAMES or pixels > 4 * MAX_PIXELS:
                raise ImageRefused(f"The animation has over {MAX_FRAMES} frames, or too large ones: it was not kept.")
            image.load()
    image.seek(0)


def _thumbnail(image: Image.Image) -> bytes:
    if image.mode.startswith("I;16"):  # Pillow would clip its 65,536 greys to 256, not scale them
        image = image.point(lambda level: level / 256).convert("L")
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    output = io.BytesIO()
    small.save(output, "WEBP", quality=80, method=4)
    return output.getvalue()


def _damaged() -> ImageRefused:
    return ImageRefused("The picture is damaged or cut off, so it was not kept. Ask for it again.")


def _too_large() -> ImageRefused:
    return ImageRefused(f"The picture is larger than {MAX_BYTES // 2**20} MB, so it was not kept.")


def _too_many_pixels() -> ImageRefused:
    return ImageRefused(f"The picture has more than {MAX_PIXELS // 10**6} megapixels, so it was not kept.")
