"""Pictures of nothing but form and colour: waves of paper, circles in orbit, a floor of tiles.

Each takes its colours in order, from the darkest or farthest to the brightest, and knows no scene.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from parlanchina.llm.demo_pictures.brushes import Colour, Point, disc_mask, faded, glow, mask, mix, polygons, wash

__all__ = ["paint_orbits", "paint_tiles", "paint_waves"]


def paint_waves(size: tuple[int, int], colours: Sequence[Colour], dice: Random) -> Image.Image:
    """Sheets of paper, cut in waves and laid one on the other, each with its shadow."""
    width, height = size
    canvas = wash(size, [mix(colours[0], (255, 255, 255), 0.25), colours[0]])
    sheets = 9
    tilt = dice.uniform(-0.18, 0.18)
    for sheet in range(sheets):
        share = sheet / (sheets - 1)
        phase, length = dice.uniform(0, math.tau), width * dice.uniform(0.55, 1.1)
        swing = height * dice.uniform(0.035, 0.085)
        base = height * (0.1 + 0.84 * share)
        line: list[Point] = []
        for step in range(81):
            x = width * step / 80
            turn = math.tau * x / length
            lift = math.sin(turn + phase) + 0.4 * math.sin(turn * 2.3 + phase * 2)
            line.append((x, base + swing * lift + tilt * (x - width / 2)))
        shape = mask(size, polygons([[*line, (width, height * 1.5), (0, height * 1.5)]]))
        drop = round(height * 0.012)
        shadow = ImageChops.offset(shape, 0, -drop).filter(ImageFilter.BoxBlur(drop * 1.4))
        canvas.paste((12, 10, 30), mask=faded(shadow, 0.34))
        place = share * (len(colours) - 1)
        low = min(int(place), len(colours) - 2)
        colour = mix(colours[low], colours[low + 1], place - low)
        paper = wash(size, [mix(colour, (255, 255, 255), 0.2), colour, mix(colour, (10, 8, 30), 0.22)])
        canvas.paste(paper, mask=shape)
    return canvas


def paint_orbits(size: tuple[int, int], colours: Sequence[Colour], dice: Random) -> Image.Image:
    """Rings and discs around a few centres, one shining through the other."""
    width, height = size
    unit = min(size)
    dark = mix(colours[0], (8, 8, 24), 0.72)
    canvas = wash(size, [mix(dark, colours[1], 0.18), dark, mix(dark, (0, 0, 0), 0.3)])
    centre = (width * dice.uniform(0.36, 0.64), height * dice.uniform(0.36, 0.6))
    glow(canvas, centre, unit * 0.75, colours[-1], strength=0.5)
    for index in range(16):
        r = unit * (0.08 + 0.045 * index * dice.uniform(0.85, 1.15))
        thick = unit * dice.choice([0.0015, 0.0015, 0.004, 0.012])
        begin, sweep = dice.uniform(0, 360), dice.choice([360, 360, 220, 140, 70])

        ring = _ring(centre, r, thick, (begin, begin + sweep))
        canvas.paste(dice.choice(colours[1:]), mask=faded(mask(size, ring), dice.uniform(0.45, 0.95)))
        if dice.random() < 0.75:
            turn, ball = math.radians(begin), unit * dice.choice([0.008, 0.012, 0.022, 0.04])
            spot = (centre[0] + r * math.cos(turn), centre[1] + r * math.sin(turn))
            colour = dice.choice(colours[1:])
            glow(canvas, spot, ball * 3.2, colour, strength=0.55)
            _ball(canvas, spot, ball, colour)
    _ball(canvas, centre, unit * 0.062, colours[-1])
    return canvas


def _ring(
    centre: Point, radius: float, thick: float, ends: tuple[float, float]
) -> Callable[[ImageDraw.ImageDraw, int], None]:
    (x, y), r = centre, radius

    def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
        box = [(x - r) * scale, (y - r) * scale, (x + r) * scale, (y + r) * scale]
        pen.arc(box, *ends, fill=255, width=max(1, round(thick * scale)))

    return draw


def _ball(canvas: Image.Image, centre: Point, radius: float, colour: Colour) -> None:
    shape = disc_mask(canvas.size, centre, radius)
    canvas.paste(mix(colour, (10, 8, 30), 0.25), mask=shape)
    lit = canvas.copy()
    shine = (centre[0] - radius * 0.35, centre[1] - radius * 0.35)
    glow(lit, shine, radius * 1.7, mix(colour, (255, 255, 255), 0.55), strength=1.0)
    canvas.paste(lit, mask=shape)


def paint_tiles(size: tuple[int, int], colours: Sequence[Colour], dice: Random) -> Image.Image:
    """Quarter circles, halves and discs on a grid, in flat colours, of which there are three at least."""
    width, height = size
    side = min(size) / dice.choice([5, 6, 7])
    fine = Image.new("RGB", (width * 2, height * 2), colours[-1])
    pen = ImageDraw.Draw(fine)
    for row in range(math.ceil(height / side)):
        for column in range(math.ceil(width / side)):
            back, front, third = dice.sample(colours, 3)
            x, y, s = column * side * 2, row * side * 2, side * 2
            pen.rectangle([x, y, x + s, y + s], fill=back)
            corner = dice.choice([(0, 0, 0), (1, 0, 90), (1, 1, 180), (0, 1, 270)])
            cx, cy = x + corner[0] * s, y + corner[1] * s
            match dice.choice(["quarter", "quarter", "rings", "disc", "half", "leaf"]):
                case "quarter":
                    pen.pieslice([cx - s, cy - s, cx + s, cy + s], corner[2], corner[2] + 90, fill=front)
                case "rings":
                    for share, colour in ((1.0, front), (0.68, back), (0.36, third)):
                        r = s * share
                        pen.pieslice([cx - r, cy - r, cx + r, cy + r], corner[2], corner[2] + 90, fill=colour)
                case "disc":
                    pen.ellipse([x + s * 0.14, y + s * 0.14, x + s * 0.86, y + s * 0.86], fill=front)
                    pen.ellipse([x + s * 0.36, y + s * 0.36, x + s * 0.64, y + s * 0.64], fill=third)
                case "half":
                    pen.pieslice([x, y, x + s, y + s], corner[2], corner[2] + 180, fill=front)
                case _:
                    for share, colour in ((1.0, third), (0.5, front)):
                        r = s * share
                        pen.pieslice([cx - r, cy - r, cx + r, cy + r], corner[2], corner[2] + 90, fill=colour)
    return fine.reduce(2)
