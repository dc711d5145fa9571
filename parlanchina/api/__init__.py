"""The HTTP API: the same services as the pages, for scripts, bots, other pages and any OpenAI client."""

from parlanchina.api.app import Api

__all__ = ["Api"]
