"""A city: skylines before skylines, with windows lit when it is dark."""

from __future__ import annotations

from collections.abc import Callable

from PIL import ImageDraw

from parlanchina.llm.demo_pictures.brushes import Colour, faded, mask, mix
from parlanchina.llm.demo_pictures.scene import Scene

__all__ = ["paint_city"]

Box = tuple[float, float, float, float]

_LAMPS: tuple[Colour, ...] = ((255, 214, 130), (255, 232, 180), (255, 190, 110))


def paint_city(scene: Scene, *, layers: int = 4) -> None:
    """Rows of towers from the horizon up, the nearest the darkest."""
    dark = scene.sky.stars or scene.sky.height < 0.4
    for layer in range(layers):
        near = (layer + 1) / layers
        towers = _towers(scene, near)
        boxes = [box for tower in towers for box in tower]
        colour = scene.far(scene.sky.near, 0.12 + 0.84 * near**1.2)
        scene.canvas.paste(colour, mask=mask(scene.canvas.size, _boxes(boxes)))
        sides = [_lit_side(scene, tower[0]) for tower in towers]
        scene.canvas.paste(scene.sky.light, mask=faded(mask(scene.canvas.size, _boxes(sides)), 0.1))
        if layer:
            lit = 0.42 if scene.sky.stars else 0.28 if dark else 0.0
            _windows(scene, [tower[0] for tower in towers], near, lit=lit, wall=colour)


def _towers(scene: Scene, near: float) -> list[list[Box]]:
    """Each tower's body, and what stands on its roof."""
    dice = scene.dice
    floor = scene.horizon + 1
    x = -scene.width * 0.05 * dice.random()
    towers: list[list[Box]] = []
    while x < scene.width:
        wide = scene.width * dice.uniform(0.035, 0.085) * (0.75 + 0.5 * near)
        middle = 1 - abs((x + wide / 2) / scene.width - 0.5) * 1.1
        high = scene.height * (0.46 - 0.3 * near) * dice.uniform(0.45, 1.1) * (0.5 + 0.6 * middle)
        body = (x, floor - high, x + wide, floor)
        tower = [body]
        if dice.random() < 0.5:
            step = wide * dice.uniform(0.15, 0.28)
            tower.append((x + step, body[1] - high * 0.1, x + wide - step, body[1]))
        if dice.random() < 0.3:
            mast = max(1.0, 1.6 * scene.unit)
            tower.append((x + wide / 2 - mast, body[1] - high * 0.3, x + wide / 2 + mast, body[1]))
        towers.append(tower)
        x += wide * dice.uniform(0.8, 1.25)
    return towers


def _lit_side(scene: Scene, body: Box) -> Box:
    left, top, right, low = body
    share = (right - left) * 0.3
    return (right - share, top, right, low) if scene.light[0] > scene.width / 2 else (left, top, left + share, low)


def _windows(scene: Scene, bodies: list[Box], near: float, *, lit: float, wall: Colour) -> None:
    dice = scene.dice
    pane, gap = scene.unit * (2.4 + 3 * near), scene.unit * (3 + 4 * near)
    panes: dict[Colour, list[Box]] = {}
    for left, top, right, low in bodies:
        columns = int((right - left - gap) / (pane + gap))
        inset = (right - left - columns * (pane + gap) + gap) / 2
        y = top + gap * 1.5
        while y < low - pane * 2:
            for column in range(columns):
                glass = dice.choice(_LAMPS) if dice.random() < lit else None
                colour = glass or mix(wall, scene.sky.haze, 0.16)
                x = left + inset + column * (pane + gap)
                panes.setdefault(colour, []).append((x, y, x + pane, y + pane * 1.4))
            y += pane * 1.4 + gap
    for colour, boxes in panes.items():
        scene.canvas.paste(colour, mask=mask(scene.canvas.size, _boxes(boxes)))


def _boxes(boxes: list[Box]) -> Callable[[ImageDraw.ImageDraw, int], None]:
    def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for left, top, right, low in boxes:
            pen.rectangle([left * scale, top * scale, right * scale, low * scale], fill=255)

    return draw
