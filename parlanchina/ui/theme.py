"""Gives the page its style: what `.streamlit/config.toml` can't say, and the look of rendered Markdown."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from parlanchina.markdown import THEMES, stylesheet

__all__ = ["apply_style"]


def apply_style() -> None:
    """Add the app's style sheets to the page.

    Their colours follow the `color-scheme` of where they are used. Streamlit sets it for the page, but a dialog
    stands beside the page, so the root has it too.
    """
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    st.html(f"<style>:root {{ color-scheme: {scheme}; }}\n{_style()}</style>")


@cache
def _style() -> str:
    own = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    light, dark = THEMES["light"], THEMES["dark"]
    colours = " ".join(f"--pc-{name}: light-dark({light[name]}, {dark[name]});" for name in light)
    return f"{stylesheet('light')}\n:root {{ {colours} }}\n{own}"
