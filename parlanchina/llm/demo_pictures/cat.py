"""A cat that sits and looks out, seen from behind against the light."""

from __future__ import annotations

from PIL import Image, ImageDraw

from parlanchina.llm.demo_pictures.brushes import Point, faded, lit_edge, mask, mix, smooth
from parlanchina.llm.demo_pictures.scene import Scene

__all__ = ["paint_cat"]

# Outlines in cat heights, from the middle of its seat upwards and to the right.
_BODY: tuple[Point, ...] = (
    (0.0, 0.0), (0.2, 0.0), (0.3, 0.05), (0.33, 0.17), (0.29, 0.33), (0.21, 0.48), (0.15, 0.58), (0.12, 0.66),
    (0.0, 0.7), (-0.12, 0.66), (-0.15, 0.58), (-0.21, 0.48), (-0.29, 0.33), (-0.33, 0.17), (-0.3, 0.05), (-0.2, 0.0),
)  # fmt: skip
_HEAD: tuple[Point, ...] = (
    (0.0, 0.58), (0.11, 0.6), (0.18, 0.67), (0.195, 0.75), (0.17, 0.83), (0.1, 0.885),
    (0.0, 0.895), (-0.1, 0.885), (-0.17, 0.83), (-0.195, 0.75), (-0.18, 0.67), (-0.11, 0.6),
)  # fmt: skip
_EAR: tuple[Point, ...] = ((0.19, 0.77), (0.185, 0.9), (0.165, 1.02), (0.1, 0.95), (0.03, 0.88))
_TAIL: tuple[Point, ...] = ((0.2, 0.05), (0.36, 0.035), (0.5, 0.06), (0.58, 0.15), (0.57, 0.26), (0.5, 0.31))


def paint_cat(scene: Scene) -> None:
    """Sit it on the ground, a little beside the light, with the light on its fur."""
    dice = scene.dice
    tall = min(scene.width, scene.height) * 0.42
    seat = (scene.light[0] + scene.width * dice.uniform(-0.03, 0.03), scene.height * 0.94)
    way = dice.choice([-1, 1])

    def placed(outline: tuple[Point, ...], flip: int = 1) -> list[Point]:
        return [(seat[0] + way * flip * x * tall, seat[1] - y * tall) for x, y in outline]

    def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for outline in (_BODY, _HEAD):
            pen.polygon([(x * scale, y * scale) for x, y in smooth(placed(outline), closed=True)], fill=255)
        for flip in (1, -1):
            pen.polygon([(x * scale, y * scale) for x, y in smooth(placed(_EAR, flip))], fill=255)
        tail = smooth(placed(_TAIL), steps=16)
        for index, (x, y) in enumerate(tail):
            r = tall * 0.042 * (1 - 0.35 * index / len(tail)) * scale
            pen.ellipse([x * scale - r, y * scale - r, x * scale + r, y * scale + r], fill=255)

    shape = mask(scene.canvas.size, draw)
    fur = mix(scene.sky.near, (0, 0, 0), 0.35)
    scene.canvas.paste(fur, mask=shape)
    for towards in ((0.9, -1.0), (-0.9, -1.0)):
        edge = lit_edge(shape, towards=towards, width=9 * scene.unit)
        inside = Image.composite(edge, Image.new("L", shape.size), shape)
        scene.canvas.paste(scene.sky.light, mask=faded(inside, 0.55))
