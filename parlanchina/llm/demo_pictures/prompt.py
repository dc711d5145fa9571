"""What a prompt asks to be painted, by the words it holds, in English and in Spanish. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from parlanchina.llm.demo_pictures.brushes import Colour

__all__ = ["Wish", "read_prompt"]

_HOURS: Mapping[str, str] = {
    "night": "night nightfall midnight moon moonlight star starry noche medianoche luna estrella estrellado",
    "sunset": "sunset dusk evening twilight golden atardecer ocaso crepusculo puesta anochecer",
    "dawn": "dawn sunrise morning mist misty fog amanecer alba manana niebla",
    "day": "day noon sun sunny summer spring dia mediodia sol soleado verano primavera",
}
_SUBJECTS: Mapping[str, str] = {  # the first that is found is painted; sea words add water to some others
    "cat": "cat kitten kitty feline gato gata gatito gatita felino",
    "lighthouse": "lighthouse faro",
    "boat": "boat ship sail sailing sailboat yacht barco barca velero bote",
    "city": "city skyline skyscraper town downtown urban street tower ciudad rascacielo torre edificio calle",
    "mountain": "mountain peak alp summit volcano snow snowy montana pico cumbre sierra volcan nieve nevado",
    "forest": "forest wood pine fir jungle bosque pino abeto selva",
    "desert": "desert dune sand sahara desierto duna arena",
    "sea": "sea ocean beach coast lake river water island mar oceano playa costa lago rio agua isla",
    "hills": "hill tree arbol meadow field landscape valley garden farm colina pradera campo paisaje valle jardin",
    "orbits": "planet space galaxy orbit universe cosmos solar atom planeta espacio galaxia orbita universo atomo",
    "tiles": "logo pattern tile mosaic geometric bauhaus icon logotipo patron azulejo mosaico geometrico icono",
    "waves": "abstract wave paper flow music abstracto abstracta ola papel musica",
}
_COLOURS: Mapping[Colour, str] = {
    (214, 48, 60): "red crimson scarlet rojo roja",
    (244, 128, 50): "orange naranja",
    (248, 200, 66): "yellow gold golden amarillo amarilla dorado dorada",
    (74, 160, 84): "green verde",
    (38, 160, 158): "teal turquoise cyan turquesa cian",
    (50, 112, 208): "blue azul",
    (122, 76, 186): "purple violet lilac morado morada purpura violeta lila",
    (238, 116, 162): "pink rose rosa",
    (140, 92, 60): "brown marron",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the words name; empty where they name nothing known."""

    subject: str
    hour: str
    water: bool
    colours: tuple[Colour, ...]
    """In the order in which they are named."""


def read_prompt(prompt: str) -> Wish:
    """Find the subject, the hour and the colours in a prompt. Case, accents and plurals don't matter."""
    words = _words(prompt)
    found = set(words)
    by_word = {word: colour for colour, names in _COLOURS.items() for word in names.split()}
    return Wish(
        subject=_first(_SUBJECTS, found),
        hour=_first(_HOURS, found),
        water=not found.isdisjoint(_SUBJECTS["sea"].split()),
        colours=tuple(dict.fromkeys(by_word[word] for word in words if word in by_word)),
    )


def _words(prompt: str) -> list[str]:
    plain = "".join(
        sign for sign in unicodedata.normalize("NFD", prompt.casefold()) if not unicodedata.combining(sign)
    )
    words = re.findall(r"\w+", plain)
    return [form for word in words for form in (word, word.removesuffix("s"), word.removesuffix("es"))]


def _first(meanings: Mapping[str, str], found: set[str]) -> str:
    return next((name for name, words in meanings.items() if not found.isdisjoint(words.split())), "")
