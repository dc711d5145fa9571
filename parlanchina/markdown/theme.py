"""The looks of rendered Markdown: one style sheet, two sets of colours.

Owns `style.css`, which names colours only by variable, and the values of those variables. Knows nothing of which
theme is active: the page emits `stylesheet(theme)` for the one it is. Invariant: every text colour stands out from
the surfaces it is written on by at least 4.5 to 1 (WCAG 2.2, level AA).
"""

from __future__ import annotations

from importlib import resources
from typing import Final, Literal

__all__ = ["THEMES", "Theme", "stylesheet"]

Theme = Literal["light", "dark"]

THEMES: Final[dict[Theme, dict[str, str]]] = {
    "light": {
        "text": "#1f2937",
        "muted": "#566070",
        "link": "#b93815",
        "accent": "#ff6b4a",
        "border": "#e5e7eb",
        "surface": "#f5f7f9",
        "bar": "#eef1f4",
        "hover": "#e2e6eb",
        "inline": "#eceff3",
        "c": "#5d6778",
        "k": "#9b2289",
        "s": "#1b6a3c",
        "m": "#8a4a06",
        "f": "#1a56b0",
        "n": "#6d37a5",
        "d": "#a63d12",
        "b": "#0e6474",
        "o": "#566070",
        "gd": "#b02418",
        "gi": "#1b6a3c",
    },
    "dark": {
        "text": "#e5e5e5",
        "muted": "#a9a9b2",
        "link": "#ff9378",
        "accent": "#ff6b4a",
        "border": "#374151",
        "surface": "#1e1e1e",
        "bar": "#262626",
        "hover": "#383838",
        "inline": "#2c2c2c",
        "c": "#98a2b0",
        "k": "#f09bd6",
        "s": "#9ad79a",
        "m": "#f0b771",
        "f": "#8db9ff",
        "n": "#cda9ff",
        "d": "#ffab8b",
        "b": "#80d2df",
        "o": "#a9a9b2",
        "gd": "#ff9c95",
        "gi": "#9ad79a",
    },
}
"""Each variable's value, by theme; `"text"` is `--pc-text` in the style sheet."""

_STYLE: Final = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def stylesheet(theme: Theme) -> str:
    """The whole style sheet with a theme's colours; emitted later on the page, it replaces an earlier one's."""
    variables = " ".join(f"--pc-{name}: {value};" for name, value in THEMES[theme].items())
    return f":root {{ {variables} }}\n{_STYLE}"
