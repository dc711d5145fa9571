"""Markdown while it streams and when it is done: pure functions of text.

`BlockStream` says what is finished, `render_markdown` writes it as safe HTML, `segments` says what the page must draw
natively, `stylesheet` how it looks. Imports nothing else of the app, reads no clock, draws nothing.
"""

from parlanchina.markdown.blocks import BlockStream, Update, normalise
from parlanchina.markdown.parser import NO_DEFINITIONS, Definitions
from parlanchina.markdown.render import RENDERER, render_markdown
from parlanchina.markdown.segments import Html, Maths, Mermaid, Picture, Segment, segments
from parlanchina.markdown.theme import THEMES, Theme, stylesheet

__all__ = [
    "NO_DEFINITIONS",
    "RENDERER",
    "THEMES",
    "BlockStream",
    "Definitions",
    "Html",
    "Maths",
    "Mermaid",
    "Picture",
    "Segment",
    "Theme",
    "Update",
    "normalise",
    "render_markdown",
    "segments",
    "stylesheet",
]
