"""Pictures for the demo model: painted here, with no network and no model, out of a prompt's words.

`paint` is the way in. Owns the choice of scene and colours; what a prompt asks for is `prompt`'s, how a thing is
painted its neighbours'. The same prompt, seed and size always give the same picture. Words it doesn't know are no
failure: the picture is then of form and colour alone, another one for each prompt.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from PIL import Image

from parlanchina.llm.demo_pictures.brushes import Colour, mix, vignette
from parlanchina.llm.demo_pictures.cat import paint_cat
from parlanchina.llm.demo_pictures.city import paint_city
from parlanchina.llm.demo_pictures.forms import paint_orbits, paint_tiles, paint_waves
from parlanchina.llm.demo_pictures.land import (
    paint_birds,
    paint_dunes,
    paint_forest,
    paint_hills,
    paint_mountains,
)
from parlanchina.llm.demo_pictures.prompt import Wish, read_prompt
from parlanchina.llm.demo_pictures.scene import SKIES, Scene, Sky
from parlanchina.llm.demo_pictures.water import paint_boat, paint_lighthouse, paint_sea, paint_shore, paint_water

__all__ = ["SIDES", "paint"]

SIDES = range(64, 2049)
"""Widths and heights that are painted."""

_FORMS = {"waves": paint_waves, "orbits": paint_orbits, "tiles": paint_tiles}
_USUAL_HOURS: Mapping[str, tuple[str, ...]] = {  # where the prompt names none
    "cat": ("night", "sunset"),
    "city": ("night", "sunset"),
    "lighthouse": ("sunset", "night"),
    "desert": ("sunset", "dawn"),
    "hills": ("day", "sunset", "dawn"),
}
_USUAL_PLACES: Mapping[str, tuple[str, ...]] = {  # where the prompt names only an hour
    "night": ("mountain", "lighthouse", "forest"),
    "sunset": ("sea", "boat"),
    "dawn": ("mountain", "forest"),
    "day": ("hills", "boat"),
}
_PALETTES: tuple[tuple[Colour, ...], ...] = (
    ((44, 34, 98), (206, 74, 104), (250, 128, 84), (255, 204, 120), (92, 160, 220)),
    ((12, 38, 66), (20, 98, 116), (68, 168, 156), (238, 214, 158), (240, 128, 92)),
    ((52, 24, 66), (138, 44, 110), (228, 92, 120), (252, 178, 130), (250, 232, 196)),
    ((22, 40, 44), (48, 96, 84), (138, 160, 96), (232, 196, 104), (214, 106, 68)),
    ((28, 30, 74), (70, 76, 168), (128, 150, 226), (202, 214, 246), (255, 168, 146)),
)


def paint(prompt: str, *, seed: int = 0, size: tuple[int, int] = (1024, 1024)) -> bytes:
    """Paint a picture of what the prompt names, as PNG. Another `seed` paints it anew.

    Raises `ValueError` for a side outside `SIDES`.
    """
    if size[0] not in SIDES or size[1] not in SIDES:
        raise ValueError(
            f"a picture of {size[0]} x {size[1]} is not painted: sides go from {SIDES[0]} to {SIDES[-1]}"
        )
    wish = read_prompt(prompt)
    dice = Random(f"{seed}\n{prompt}".encode("utf-8", "backslashreplace"))
    canvas = _forms(wish, size, dice) if _is_abstract(wish) else _scene(wish, size, dice)
    vignette(canvas)
    output = io.BytesIO()
    canvas.save(output, "PNG")
    return output.getvalue()


def _is_abstract(wish: Wish) -> bool:
    return wish.subject in _FORMS or not (wish.subject or wish.hour)


def _forms(wish: Wish, size: tuple[int, int], dice: Random) -> Image.Image:
    form = _FORMS[wish.subject] if wish.subject else dice.choice([paint_waves, paint_orbits, paint_tiles])
    palette = dice.choice(_PALETTES)
    return form(size, _tinted(palette, wish.colours, 0.85), dice)


def _scene(wish: Wish, size: tuple[int, int], dice: Random) -> Image.Image:
    place = wish.subject or dice.choice(_USUAL_PLACES[wish.hour])
    hour = wish.hour or dice.choice(_USUAL_HOURS.get(place, ("sunset", "dawn", "day")))
    sky = _tinted_sky(SKIES[hour], wish.colours)
    match place:
        case "cat":
            scene = Scene(size, replace(sky, height=0.3), dice, horizon=0.7, light_size=0.19)
            paint_hills(scene, top=0.7)
            paint_cat(scene)
        case "city":
            scene = Scene(size, sky, dice, horizon=0.74)
            paint_city(scene)
            paint_water(scene)
        case "mountain":
            scene = Scene(size, sky, dice, horizon=0.6)
            paint_mountains(scene, layers=3 if wish.water else 5, ground=0.0 if wish.water else 1.0)
            if wish.water:
                paint_water(scene)
                paint_shore(scene)
        case "forest":
            scene = Scene(size, sky, dice)
            paint_forest(scene)
        case "desert":
            scene = Scene(size, sky, dice)
            paint_dunes(scene)
        case "hills":
            scene = Scene(size, sky, dice)
            paint_hills(scene, tree=True)
        case _:
            scene = Scene(size, sky, dice, horizon=0.6)
            paint_sea(scene)
            if place == "boat":
                paint_boat(scene)
            elif place == "lighthouse":
                paint_lighthouse(scene)
    if not sky.stars and place != "cat":
        paint_birds(scene)
    return scene.canvas


def _tinted_sky(sky: Sky, towards: Sequence[Colour]) -> Sky:
    if not towards:
        return sky
    *colours, middle, near = _tinted((*sky.colours, sky.middle, sky.near), towards, 0.72)
    return replace(sky, colours=tuple(colours), middle=middle, near=near, light=mix(sky.light, towards[-1], 0.12))


def _tinted(colours: Sequence[Colour], towards: Sequence[Colour], share: float) -> list[Colour]:
    """Give colours the hue of others, one after the other, and leave them as light or dark as they are."""
    if not towards:
        return list(colours)
    tinted: list[Colour] = []
    for index, colour in enumerate(colours):
        hue, _, strength = _hls(towards[index * len(towards) // len(colours)])
        _, light, _ = _hls(colour)
        red, green, blue = (round(band * 255) for band in colorsys.hls_to_rgb(hue, light, strength * 0.9))
        tinted.append(mix(colour, (red, green, blue), share))
    return tinted


def _hls(colour: Colour) -> tuple[float, float, float]:
    return colorsys.rgb_to_hls(*(band / 255 for band in colour))
