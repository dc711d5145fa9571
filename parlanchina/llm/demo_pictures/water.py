"""Water that mirrors what is above it, with a shore, and a boat or a lighthouse where these are asked for."""

from __future__ import annotations

from PIL import ImageDraw

from parlanchina.llm.demo_pictures.brushes import faded, glow, hills, mask, mix, polygons, reflect, ridge, smooth
from parlanchina.llm.demo_pictures.scene import Scene

__all__ = ["paint_boat", "paint_glitter", "paint_lighthouse", "paint_sea", "paint_shore"]


def paint_sea(scene: Scene) -> None:
    """Open water below the horizon, with a headland far off."""
    dice = scene.dice
    side = dice.choice([0, 1])
    for layer in range(2):
        outline = ridge(
            dice, scene.width * 0.7, base=scene.horizon + 2, height=scene.height * (0.1 - 0.04 * layer), rough=0.5
        )
        share = 0.6 + 0.3 * layer
        slope = [(x * share, y + (scene.horizon + 2 - y) * (x / (scene.width * 0.7))) for x, y in outline]
        if side:
            slope = [(scene.width - x, y) for x, y in slope[::-1]]
        colour = scene.far(scene.sky.near, 0.3 + 0.3 * layer)
        scene.fill(slope, [colour, colour])
    paint_water(scene)
    paint_glitter(scene)


def paint_water(scene: Scene) -> None:
    """Water from the horizon to the lower edge."""
    deep = mix(scene.sky.middle, scene.sky.near, 0.62)
    reflect(scene.canvas, scene.dice, horizon=round(scene.horizon), tint=deep)


def paint_glitter(scene: Scene) -> None:
    """The light's path over the water: many short strokes, longer and wider apart the nearer they are."""
    dice, below = scene.dice, scene.height - scene.horizon
    strokes = []
    for _ in range(230):
        near = dice.random() ** 1.3
        spread = scene.width * (0.018 + 0.11 * near)
        x = dice.gauss(scene.light[0], spread)
        long = scene.width * (0.006 + 0.04 * near) * dice.uniform(0.4, 1.3)
        thick = scene.unit * (0.8 + 4.2 * near)
        away = abs(x - scene.light[0]) / (spread * 2.2)
        strokes.append((x, scene.horizon + 2 + near * below, long, thick, max(0.0, 1 - away) * (1 - 0.45 * near)))

    def draw(pen: ImageDraw.ImageDraw, scale: int) -> None:
        for x, y, long, thick, strength in strokes:
            box = [(x - long) * scale, (y - thick) * scale, (x + long) * scale, (y + thick) * scale]
            pen.ellipse(box, fill=round(255 * strength))

    scene.canvas.paste(scene.sky.light, mask=faded(mask(scene.canvas.size, draw), 0.85))


def paint_shore(scene: Scene) -> None:
    """Dark land along the lower edge."""
    outline = hills(scene.dice, scene.width, base=scene.height * 0.99, height=scene.height * 0.06, count=3)
    scene.fill(outline, [scene.sky.near, mix(scene.sky.near, (0, 0, 0), 0.4)], lit=0.4)


def paint_boat(scene: Scene) -> None:
    """A small sailing boat on the water, near the light's path."""
    dice = scene.dice
    x = scene.light[0] + scene.width * dice.choice([-1, 1]) * dice.uniform(0.13, 0.2)
    y = scene.horizon + (scene.height - scene.horizon) * 0.2
    s = scene.height * 0.1
    lean = dice.uniform(-0.06, 0.06) * s
    hull = smooth([(x - 0.52 * s, y - 0.1 * s), (x - 0.3 * s, y + 0.1 * s), (x + 0.34 * s, y + 0.1 * s)])
    hull += [(x + 0.62 * s, y - 0.14 * s)]
    main = [
        (x + 0.02 * s, y - 0.16 * s),
        (x + lean, y - 1.45 * s),
        (x + 0.22 * s, y - 0.8 * s),
        (x + 0.5 * s, y - 0.2 * s),
    ]
    jib = [
        (x - 0.05 * s, y - 0.2 * s),
        (x - 0.03 * s + lean, y - 1.3 * s),
        (x - 0.25 * s, y - 0.7 * s),
        (x - 0.5 * s, y - 0.2 * s),
    ]
    sail = mix(scene.sky.near, scene.sky.light, 0.78)
    scene.canvas.paste(sail, mask=mask(scene.canvas.size, polygons([main])))
    scene.canvas.paste(mix(sail, scene.sky.near, 0.3), mask=mask(scene.canvas.size, polygons([jib])))
    scene.canvas.paste(scene.sky.near, mask=mask(scene.canvas.size, polygons([hull])))
    mirrored = [[(px, 2 * (y + 0.1 * s) - py * 1.0) for px, py in shape] for shape in (main, jib)]
    below = [[(px, y + 0.1 * s + (py - y - 0.1 * s) * 0.6) for px, py in shape] for shape in mirrored]
    scene.canvas.paste(sail, mask=faded(mask(scene.canvas.size, polygons(below)), 0.28))


def paint_lighthouse(scene: Scene) -> None:
    """A lighthouse on a rock, its lamp lit."""
    side = 1 if scene.light[0] < scene.width / 2 else -1
    x = scene.width * (0.5 + side * 0.3)
    foot, s = scene.horizon + scene.height * 0.08, scene.height * 0.36
    end = scene.width * (1.1 if side > 0 else -0.1)
    cliff = [
        (x - side * dx * s, foot + dy * s)
        for dx, dy in ((1.5, 1.3), (0.85, 0.62), (0.5, 0.22), (0.24, 0.0), (0.0, -0.07))
    ]
    cliff += [(x + side * 0.3 * s, foot - 0.06 * s), (end, foot + 0.03 * s)]
    tower = [
        (x + dx * s, foot + dy * s) for dx, dy in ((-0.115, -0.06), (-0.075, -0.82), (0.075, -0.82), (0.115, -0.06))
    ]
    bands = [
        [
            (x + side_ * s * (0.115 - 0.04 * t), foot - s * (0.06 + 0.76 * t))
            for t, side_ in ((a, -1), (b, -1), (b, 1), (a, 1))
        ]
        for a, b in ((0.18, 0.38), (0.58, 0.78))
    ]
    top = [
        (x + dx * s, foot + dy * s)
        for dx, dy in (
            (-0.11, -0.82),
            (-0.11, -0.845),
            (-0.065, -0.845),
            (-0.06, -0.93),
            (0.0, -1.0),
            (0.06, -0.93),
            (0.065, -0.845),
            (0.11, -0.845),
            (0.11, -0.82),
        )
    ]
    size, dark = scene.canvas.size, scene.sky.near
    lamp = (x, foot - 0.885 * s)
    if scene.sky.stars or scene.sky.height < 0.4:
        for way in (-1, 1):
            beam = [
                lamp,
                (lamp[0] + way * scene.width, lamp[1] - 0.3 * s),
                (lamp[0] + way * scene.width, lamp[1] + 0.02 * s),
            ]
            scene.canvas.paste(scene.sky.light, mask=faded(mask(size, polygons([beam])), 0.16))
    wall = mix(dark, (250, 240, 228), 0.5 if scene.sky.stars else 0.75)
    scene.canvas.paste(wall, mask=mask(size, polygons([tower])))
    scene.canvas.paste(mix(dark, (196, 60, 52), 0.6), mask=mask(size, polygons(bands)))
    shade = [
        (x + dx * s, foot + dy * s) for dx, dy in ((0.02, -0.06), (0.015, -0.82), (0.075, -0.82), (0.115, -0.06))
    ]
    scene.canvas.paste(dark, mask=faded(mask(size, polygons([shade])), 0.35))
    scene.canvas.paste(dark, mask=mask(size, polygons([[*smooth(cliff), (end, scene.height * 1.3)], top])))
    glow(scene.canvas, lamp, 0.22 * s, (255, 236, 170), strength=1.0)
