"""Brushes of the demo's painter: washes, glows, outlines, water. Pillow only.

Each takes the canvas and puts something on it, or makes a mask to paint through. Knows nothing of prompts and scenes.
All chance comes in as a `Random`, so that the same one paints the same picture on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

__all__ = [
    "Colour",
    "Point",
    "clouds",
    "disc",
    "disc_mask",
    "faded",
    "glow",
    "hills",
    "lit_edge",
    "mask",
    "mix",
    "polygons",
    "reflect",
    "ridge",
    "smooth",
    "vignette",
    "wash",
]

Colour = tuple[int, int, int]
Point = tuple[float, float]

_FINE = 2  # masks are drawn at twice the size: their edges come out soft


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: 0 is the one, 1 the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def wash(size: tuple[int, int], colours: Sequence[Colour]) -> Image.Image:
    """A vertical run of colours, evenly spaced, the first on top."""
    column = Image.new("RGB", (1, len(colours)))
    for row, colour in enumerate(colours):
        column.putpixel((0, row), colour)
    # Half a row at each end would be flat: sampled from the middle of the first to that of the last.
    return column.resize(size, Image.Resampling.BILINEAR, box=(0, 0.5, 1, max(len(colours) - 0.5, 0.6)))


def mask(size: tuple[int, int], draw: Callable[[ImageDraw.ImageDraw, int], object]) -> Image.Image:
    """What `draw` fills with 255, with soft edges; it is told by how much to scale what it draws."""
    fine = Image.new("L", (size[0] * _FINE, size[1] * _FINE), 0)
    draw(ImageDraw.Draw(fine), _FINE)
    return fine.reduce(_FINE)


def polygons(shapes: Sequence[Sequence[Point]]) -> Callable[[ImageDraw.ImageDraw, int], None]:
    """What to draw in a `mask`: filled shapes."""

    def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for shape in shapes:
            pen.polygon([(x * scale, y * scale) for x, y in shape], fill=255)

    return draw


def faded(shape: Image.Image, strength: float) -> Image.Image:
    """A mask that paints through more thinly."""
    return shape.point([round(value * strength) for value in range(256)])


def smooth(points: Sequence[Point], *, steps: int = 8, closed: bool = False) -> list[Point]:
    """A curve through points (Catmull-Rom)."""
    around = [points[-1], *points, *points[:2]] if closed else [points[0], *points, points[-1]]
    curve: list[Point] = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        for t in (step / steps for step in range(steps)):
            x, y = (
                q + t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * q - p - 3 * r + s))) / 2
                for p, q, r, s in zip(a, b, c, d, strict=True)
            )
            curve.append((x, y))
    return curve if closed else [*curve, points[-1]]


def ridge(dice: Random, width: float, *, base: float, height: float, rough: float) -> list[Point]:
    """A mountain's outline from left to right: halved again and again, each time moved by less (by `rough`)."""
    peaks = dice.randint(2, 3)
    levels = [dice.uniform(-0.3, 0.3)]
    for _ in range(peaks):
        levels += [dice.uniform(0.45, 1), dice.uniform(-0.35, 0.25)]
    move = 0.5
    for _ in range(6):
        move *= rough
        halves = [(a + b) / 2 + dice.uniform(-move, move) for a, b in pairwise(levels)]
        levels = [level for pair in zip(levels, [*halves, 0.0], strict=True) for level in pair][:-1]
    step = width * 1.4 / (len(levels) - 1)
    start = -width * dice.uniform(0.05, 0.35)
    return [(start + index * step, base - level * height) for index, level in enumerate(levels)]


def hills(dice: Random, width: float, *, base: float, height: float, count: int = 5) -> list[Point]:
    """A soft outline from left to right."""
    step = width / count
    start = -dice.uniform(0, step)
    points = [(start + index * step, base - dice.uniform(0, height)) for index in range(count + 3)]
    return smooth([(-2 * step, base), *points], steps=12)


def disc_mask(size: tuple[int, int], centre: Point, radius: float) -> Image.Image:
    """A round mask."""
    (x, y), r = centre, radius

    def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
        pen.ellipse([(x - r) * scale, (y - r) * scale, (x + r) * scale, (y + r) * scale], fill=255)

    return mask(size, draw)


def disc(canvas: Image.Image, centre: Point, radius: float, colour: Colour) -> None:
    """A round patch of one colour."""
    canvas.paste(colour, mask=disc_mask(canvas.size, centre, radius))


def glow(canvas: Image.Image, centre: Point, radius: float, colour: Colour, *, strength: float) -> None:
    """Light that fades outwards."""
    fade = Image.radial_gradient("L").point([round(max(0.0, 1 - v / 181) ** 2 * 255 * strength) for v in range(256)])
    side = max(2, round(radius * 2))
    corner = (round(centre[0] - radius), round(centre[1] - radius))
    canvas.paste(colour, (*corner, corner[0] + side, corner[1] + side), fade.resize((side, side)))


def clouds(dice: Random, size: tuple[int, int], *, cells: int, stretch: float = 1.0) -> Image.Image:
    """A mask of drifting unevenness, from 0 to 255, drawn out sideways by `stretch`."""
    field = Image.new("L", size, 0)
    for octave, weight in enumerate((1.0, 0.45, 0.3, 0.2)):
        across = max(2, round(cells * 2**octave / stretch))
        down = max(2, cells * 2**octave)
        grain = Image.frombytes("L", (across, down), dice.randbytes(across * down))
        layer = grain.resize(size, Image.Resampling.BICUBIC)
        field = layer if octave == 0 else Image.blend(field, layer, weight)
    return ImageOps.autocontrast(field)


def lit_edge(shape: Image.Image, *, towards: Point, width: float) -> Image.Image:
    """The part of a mask that faces a light lying in the direction `towards`."""
    length = math.hypot(*towards) or 1.0
    moved = shape.copy()  # what it does not cover once moved, along the canvas's rim, stays: no edge is there
    moved.paste(shape, (round(-towards[0] / length * width), round(-towards[1] / length * width)))
    return ImageChops.subtract(shape, moved.filter(ImageFilter.GaussianBlur(width / 2)))


def reflect(canvas: Image.Image, dice: Random, *, horizon: int, tint: Colour, depth: float = 0.5) -> None:
    """Fill all below the horizon with water that mirrors what is above it, rippled, and darker nearer by."""
    width, height = canvas.size
    below, margin = height - horizon, width // 16
    above = canvas.crop((0, max(0, horizon - round(below * 1.3)), width, horizon))
    mirror = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width + 2 * margin, below))
    mirror = mirror.filter(ImageFilter.BoxBlur(max(1, height // 500)))
    grey = [(round(255 * (0.12 + depth * 0.35)),) * 3, (round(255 * depth),) * 3]
    mirror.paste(tint, mask=wash(mirror.size, grey).convert("L"))
    phases = [dice.uniform(0, math.tau) for _ in range(2)]
    y = 0
    while y < below:
        near = y / below
        thick = round(1 + near * height / 220)
        swing = math.sin(y * 0.9 / (1 + 6 * near) + phases[0]) + 0.6 * math.sin(y * 0.37 / (1 + 6 * near) + phases[1])
        shift = margin + round((swing + dice.uniform(-0.2, 0.2)) * (1 + near * 14) * width / 1024)
        canvas.paste(mirror.crop((shift, y, shift + width, min(below, y + thick))), (0, horizon + y))
        y += thick


def vignette(canvas: Image.Image, *, strength: float = 0.35) -> None:
    """Darken the corners, so that the eye stays in the picture."""
    fade = Image.radial_gradient("L").point(
        [round(max(0.0, v / 255 - 0.45) ** 2 * 255 * strength) for v in range(256)]
    )
    canvas.paste((0, 0, 0), mask=fade.resize(canvas.size))
