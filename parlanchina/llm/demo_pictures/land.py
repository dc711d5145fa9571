"""Land before the sky: mountains, hills, dunes and woods, paler the farther away they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from parlanchina.llm.demo_pictures.brushes import (
    Point,
    clouds,
    faded,
    hills,
    lit_edge,
    mask,
    mix,
    polygons,
    ridge,
    wash,
)
from parlanchina.llm.demo_pictures.scene import Scene

__all__ = ["paint_birds", "paint_dunes", "paint_forest", "paint_hills", "paint_mountains"]

# Its outline in tree heights, from the lower left around.
_TRUNK: tuple[Point, ...] = (
    (-0.12, 0.6), (-0.06, 0.02), (-0.04, -0.45), (-0.16, -0.8),
    (0.16, -0.8), (0.05, -0.45), (0.07, 0.02), (0.14, 0.6),
)  # fmt: skip


def paint_mountains(scene: Scene, *, layers: int = 5, ground: float = 1.0) -> None:
    """Ranges before ranges, the far ones with snow; `ground` is how far down from the horizon the last one stands."""
    for layer in range(layers):
        near = (layer + 1) / layers
        outline = ridge(
            scene.dice,
            scene.width,
            base=scene.horizon + (scene.height - scene.horizon) * 0.75 * ground * near**1.4,
            height=scene.height * (0.4 - 0.22 * near),
            rough=0.52,
        )
        colour = scene.far(scene.sky.near, 0.16 + 0.8 * near**1.1)
        shape = scene.fill(outline, [colour, mix(colour, scene.sky.haze, 0.5 * (1 - near * 0.7))], lit=0.35)
        if layer < 2:
            _snow(scene, outline, shape)


def _snow(scene: Scene, outline: Sequence[Point], shape: Image.Image) -> None:
    dice, reach = scene.dice, scene.height * 0.13
    peak = min(y for x, y in outline if 0 <= x <= scene.width)
    lower = [(x, y + max(0.0, reach - (y - peak)) * 0.8 * dice.uniform(0.3, 1)) for x, y in outline]
    caps = mask(scene.canvas.size, polygons([[*outline, *lower[::-1]]]))
    within = Image.composite(caps, Image.new("L", shape.size), shape)
    scene.canvas.paste(mix(scene.sky.light, scene.sky.haze, 0.25), mask=faded(within, 0.8))


def paint_hills(scene: Scene, *, layers: int = 4, top: float = 0.6, tree: bool = False) -> None:
    """Soft hills, one before the other, with a tree behind the nearest."""
    for layer in range(layers):
        if tree and layer == layers - 1:
            _tree(scene)
        near = (layer + 1) / layers
        outline = hills(
            scene.dice,
            scene.width,
            base=scene.height * (top + 0.06 + (0.94 - top) * near**1.1),
            height=scene.height * 0.1,
            count=scene.dice.randint(2, 3),
        )
        colour = scene.far(scene.sky.near, 0.25 + 0.75 * near)
        scene.fill(outline, [mix(colour, scene.sky.light, 0.2), colour, colour], lit=0.35)


def paint_dunes(scene: Scene) -> None:
    """Sand in long crests, bright on one side and dark on the other."""
    sand = mix(scene.sky.near, (214, 140, 84), 0.25 if scene.sky.stars else 0.6)
    layers = 5
    for layer in range(layers):
        near = (layer + 1) / layers
        outline = hills(
            scene.dice,
            scene.width,
            base=scene.height * (0.66 + 0.36 * near**1.2),
            height=scene.height * (0.08 + 0.14 * near),
            count=2,
        )
        colour = mix(mix(scene.sky.haze, scene.sky.middle, 0.5), sand, 0.3 + 0.6 * near)
        shadow = mix(colour, scene.sky.near, 0.35 + 0.3 * near)
        scene.fill(outline, [mix(colour, scene.sky.light, 0.35), colour, shadow], lit=0.5)


def paint_forest(scene: Scene, *, layers: int = 5) -> None:
    """Firs on slopes, with mist between one slope and the next."""
    green = mix(scene.sky.near, (10, 46, 42), 0.5)
    mist = clouds(scene.dice, scene.canvas.size, cells=4, stretch=0.5)
    for layer in range(layers):
        near = (layer + 1) / layers
        base = scene.height * (0.52 + 0.47 * near**1.2)
        slope = hills(scene.dice, scene.width, base=base, height=scene.height * 0.1, count=3)
        colour = scene.far(green, 0.14 + 0.86 * near**1.15)
        firs = _firs(scene, slope, scene.height * (0.08 + 0.3 * near**1.7))
        scene.canvas.paste(colour, mask=mask(scene.canvas.size, polygons(firs)))
        scene.fill(slope, [colour, mix(colour, scene.sky.haze, 0.6 * (1 - near * 0.8)), colour])
        if layer < layers - 1:
            low = wash((1, scene.height), [(0, 0, 0)] * round(2 + 4 * near) + [(255, 255, 255)] * 3).convert("L")
            veil = Image.composite(mist, Image.new("L", mist.size), low.resize(mist.size))
            scene.canvas.paste(mix(scene.sky.haze, scene.sky.light, 0.2), mask=faded(veil, 0.42))


def _firs(scene: Scene, slope: Sequence[Point], tall: float) -> list[list[Point]]:
    dice = scene.dice
    trees: list[list[Point]] = []
    x = -tall * dice.random()
    while x < scene.width + tall:
        foot = min(slope, key=lambda point: abs(point[0] - x))[1] + tall * 0.08
        high = tall * dice.uniform(0.5, 1.1)
        wide = high * dice.uniform(0.15, 0.21)
        tiers = 8
        left: list[Point] = []
        right: list[Point] = []
        for tier in range(1, tiers + 1):
            y = foot - high * (1 - tier / tiers)
            left += [(x - wide * tier / tiers * dice.uniform(0.8, 1.15), y), (x - wide * tier / tiers * 0.45, y)]
            right += [(x + wide * tier / tiers * dice.uniform(0.8, 1.15), y), (x + wide * tier / tiers * 0.45, y)]
        trees.append([(x, foot - high), *left, *reversed(right)])
        x += wide * dice.uniform(0.8, 2.4)
    return trees


def _tree(scene: Scene) -> None:
    """One broad tree, near the light."""
    dice, s = scene.dice, scene.height * 0.2
    x = scene.light[0] + scene.width * dice.choice([-1, 1]) * dice.uniform(0.12, 0.2)
    y = scene.height * 0.84
    trunk = [(x + dx * s, y + dy * s) for dx, dy in _TRUNK]
    leaves = []
    for _ in range(110):
        turn, out = dice.uniform(0, math.tau), math.sqrt(dice.random())
        leaves.append((0.62 * out * math.cos(turn), -0.98 + 0.36 * out * math.sin(turn), dice.uniform(0.07, 0.17)))

    def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
        polygons([trunk])(pen, scale)
        for dx, dy, r in leaves:
            left, top = (x + (dx - r) * s) * scale, (y + (dy - r * 0.8) * s) * scale
            pen.ellipse([left, top, left + 2 * r * s * scale, top + 1.6 * r * s * scale], fill=255)

    shape = mask(scene.canvas.size, draw)
    scene.canvas.paste(mix(scene.sky.near, (0, 0, 0), 0.2), mask=shape)
    edge = lit_edge(shape, towards=(scene.light[0] - x, scene.light[1] - y), width=10 * scene.unit)
    within = Image.composite(edge, Image.new("L", shape.size), shape)
    scene.canvas.paste(scene.sky.light, mask=faded(within, 0.4))


def paint_birds(scene: Scene) -> None:
    """A few birds far off, in a loose row."""
    dice = scene.dice
    x, y = scene.width * dice.uniform(0.15, 0.7), scene.horizon * dice.uniform(0.25, 0.5)
    birds = []
    for _ in range(dice.randint(4, 8)):
        span = scene.unit * dice.uniform(9, 18)
        x, y = x + scene.width * dice.uniform(0.015, 0.05), y + scene.height * dice.uniform(-0.025, 0.03)
        wing = [(x - span, y - span * 0.35), (x - span * 0.4, y - span * 0.45), (x, y)]
        other = [(x + span * 0.45, y - span * 0.5), (x + span, y - span * 0.3)]
        under = [(x + span * 0.4, y - span * 0.32), (x, y + span * 0.16), (x - span * 0.4, y - span * 0.28)]
        birds.append([*wing, *other, *under])
    scene.canvas.paste(scene.far(scene.sky.near, 0.8), mask=mask(scene.canvas.size, polygons(birds)))
