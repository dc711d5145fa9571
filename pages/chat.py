"""The conversation: the open session's messages, the reply that is coming, and the composer."""

from __future__ import annotations

from parlanchina.ui.conversation import draw_conversation
from parlanchina.ui.state import app

draw_conversation(app())
