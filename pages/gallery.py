"""The gallery: every picture made, with its story."""

from __future__ import annotations

from parlanchina.ui.gallery import draw_gallery
from parlanchina.ui.sidebar import draw_sidebar
from parlanchina.ui.state import app

draw_sidebar(app())
draw_gallery(app())
