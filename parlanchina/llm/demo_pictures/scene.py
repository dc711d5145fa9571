"""A picture in the making: its canvas, its hour, and what everything painted on it must agree on.

Owns the hours' colours and the sky; what stands before the sky is its neighbours'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from parlanchina.llm.demo_pictures.brushes import (
    Colour,
    Point,
    clouds,
    disc,
    disc_mask,
    faded,
    glow,
    lit_edge,
    mask,
    mix,
    polygons,
    wash,
)

__all__ = ["SKIES", "WHITE", "Scene", "Sky"]

WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """An hour's colours."""

    colours: tuple[Colour, ...]
    """From the top to the horizon; the last is the haze over everything far away."""
    light: Colour
    """The sun's, or the moon's."""
    near: Colour
    """What stands in the foreground, against the light."""
    middle: Colour
    """What stands halfway off."""
    height: float
    """Where the light stands: 0 at the horizon, 1 at the top."""
    stars: bool = False

    @property
    def haze(self) -> Colour:
        """What distance makes of every colour."""
        return self.colours[-1]


SKIES: Mapping[str, Sky] = {
    "day": Sky(
        colours=((41, 105, 184), (92, 160, 220), (168, 209, 236), (240, 237, 222)),
        light=(255, 250, 228),
        near=(22, 66, 54),
        middle=(104, 158, 156),
        height=0.62,
    ),
    "dawn": Sky(
        colours=((66, 86, 150), (140, 134, 188), (226, 170, 184), (255, 208, 178), (255, 236, 208)),
        light=(255, 246, 220),
        near=(50, 48, 88),
        middle=(158, 124, 168),
        height=0.24,
    ),
    "sunset": Sky(
        colours=((44, 34, 98), (112, 48, 122), (206, 74, 104), (250, 128, 84), (255, 190, 104), (255, 226, 150)),
        light=(255, 240, 190),
        near=(36, 18, 50),
        middle=(196, 66, 100),
        height=0.2,
    ),
    "night": Sky(
        colours=((5, 9, 30), (12, 22, 60), (30, 50, 106), (72, 98, 156)),
        light=(244, 240, 220),
        near=(5, 9, 24),
        middle=(36, 56, 112),
        height=0.6,
        stars=True,
    ),
}


class Scene:
    """A canvas with its sky painted, down to the horizon (a share of the height)."""

    def __init__(
        self,
        size: tuple[int, int],
        sky: Sky,
        dice: Random,
        *,
        horizon: float = 0.62,
        light_x: float | None = None,
        light_size: float = 0.062,
    ) -> None:
        self.dice = dice
        self.sky = sky
        self.width, self.height = size
        self.unit = min(size) / 1024
        """A thousandth of the picture, about: what lines and edges are measured in."""
        self.horizon = self.height * horizon
        self.light = (
            self.width * (dice.uniform(0.28, 0.72) if light_x is None else light_x),
            self.horizon * (1 - sky.height * dice.uniform(0.85, 1.1)),
        )
        self.canvas = Image.new("RGB", size, sky.haze)
        self.canvas.paste(wash((self.width, round(self.horizon) + 1), sky.colours))
        self._stars_and_clouds()
        self._light(min(size) * light_size)

    def fill(self, outline: Sequence[Point], colours: Sequence[Colour], *, lit: float = 0.0) -> Image.Image:
        """Paint all below an outline, from its highest point to the bottom, with a run of colours; returns the shape.

        `lit` is how brightly its edge catches the light.
        """
        top = min(max(0, round(min(y for _, y in outline))), self.height - 2)
        under = [(outline[-1][0], self.height + 2.0), (outline[0][0], self.height + 2.0)]
        shape = mask(self.canvas.size, polygons([[*outline, *under]]))
        paint = Image.new("RGB", self.canvas.size)
        paint.paste(wash((self.width, self.height - top), colours), (0, top))
        self.canvas.paste(paint, mask=shape)
        if lit:
            towards = (self.light[0] - self.width / 2, -float(self.height))
            edge = lit_edge(shape, towards=towards, width=6 * self.unit)
            self.canvas.paste(self.sky.light, mask=faded(edge, lit))
        return shape

    def far(self, colour: Colour, nearness: float) -> Colour:
        """A colour as it looks from afar: 1 is right here, 0 is lost in the haze."""
        if nearness < 0.5:
            return mix(self.sky.haze, self.sky.middle, nearness * 2)
        return mix(self.sky.middle, colour, nearness * 2 - 1)

    def _stars_and_clouds(self) -> None:
        dice, night = self.dice, self.sky.stars
        if night:
            self._stars()
        drift = clouds(dice, self.canvas.size, cells=3, stretch=1.5 if night else 3.5)
        begin, strength = (120, 0.35) if night else (125, 0.7)
        veil = drift.point([round(max(0, value - begin) / (255 - begin) * 255 * strength) for value in range(256)])
        self.canvas.paste(self.sky.haze if night else mix(self.sky.haze, WHITE, 0.35), mask=veil)

    def _stars(self) -> None:
        dice, unit = self.dice, self.unit
        spots = [(dice.random(), dice.random() ** 1.3, dice.random() ** 5) for _ in range(420)]

        def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
            for across, down, size in spots:
                x, y, r = across * self.width * scale, down * self.horizon * scale, (0.6 + 1.8 * size) * unit * scale
                pen.ellipse([x - r, y - r, x + r, y + r], fill=round(110 + 145 * size))

        self.canvas.paste(WHITE, mask=mask(self.canvas.size, draw))

    def _light(self, r: float) -> None:
        glow(self.canvas, self.light, r * 9, self.sky.light, strength=0.5)
        glow(self.canvas, self.light, r * 3.2, self.sky.light, strength=0.7)
        disc(self.canvas, self.light, r, self.sky.light)
        if self.sky.stars:  # the moon has its seas
            seas = clouds(self.dice, self.canvas.size, cells=max(4, round(self.height / r)))
            seas = seas.point([min(105, max(0, value - 110) * 2) for value in range(256)])
            clear = Image.new("L", seas.size)
            shade = Image.composite(seas, clear, disc_mask(seas.size, self.light, r))
            self.canvas.paste(mix(self.sky.light, self.sky.haze, 0.5), mask=shade)
