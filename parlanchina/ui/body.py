"""Draws the Markdown of a reply: one piece of HTML where that will do, native elements where they must be."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import assert_never

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.markdown import Definitions, Html, Maths, Mermaid, Picture, render_markdown, segments
from parlanchina.messages import Message
from parlanchina.ui.pictures import draw_picture, with_pictures
from parlanchina.ui.state import App

__all__ = ["Parts", "as_html", "blank", "draw_parts", "parts_of", "parts_of_whole"]

Parts = tuple[str | Mermaid | Maths | Picture, ...]
"""What to draw, one below the other; a string is HTML."""


def parts_of_whole(message: Message, *, image_hosts: Iterable[str]) -> Parts:
    """What to draw of an ended reply."""
    return _remembered(message.raw_markdown, message.html, frozenset(image_hosts))


def parts_of(markdown: str, *, image_hosts: Iterable[str], definitions: Definitions | None = None) -> Parts:
    """What to draw of a piece of Markdown; `definitions` are those made before it, unless it is all there is."""
    hosts = frozenset(image_hosts)
    return tuple(
        render_markdown(part.markdown, definitions=definitions or part.definitions, image_hosts=hosts)
        if isinstance(part, Html)
        else part
        for part in segments(markdown, image_hosts=hosts)
    )


@lru_cache(maxsize=512)
def _remembered(markdown: str, html: str, hosts: frozenset[str]) -> Parts:
    """Every run draws the same history; the HTML of most of it is stored."""
    parts = segments(markdown, image_hosts=hosts)
    if html and len(parts) == 1 and isinstance(parts[0], Html):
        return (html,)
    return parts_of(markdown, image_hosts=hosts)


def as_html(app: App, html: str) -> str:
    """Rendered HTML as the page shows it."""
    return f'<div class="pc-md" dir="auto">{with_pictures(app, html)}</div>'


def blank(count: int) -> None:
    """Take away the elements that stand here.

    Streamlit does so itself, but only when a run has ended, and only those of the runs before; a run that follows a
    reply may take minutes.
    """
    for _ in range(count):
        st.empty()


def draw_parts(app: App, parts: Parts, slot: DeltaGenerator, *, over: int = 0) -> None:
    """Draw Markdown into a slot with the fewest elements: one, unless something must be drawn natively.

    `over`: how many elements a container in the slot holds. A new container would keep those it doesn't replace.
    """
    if len(parts) == 1 and isinstance(parts[0], str):
        slot.html(as_html(app, parts[0]))
        return
    with slot.container(gap="small"):
        for part in parts:
            match part:
                case str():
                    st.html(as_html(app, part))
                case Mermaid():
                    st.mermaid_chart(part.source)
                case Maths():
                    st.markdown(part.markdown)
                case Picture():
                    draw_picture(app, part)
                case _:
                    assert_never(part)
        blank(over - len(parts))
