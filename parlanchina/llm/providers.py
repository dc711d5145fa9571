"""The provider that the settings ask for. The one place where a setting becomes a client."""

from __future__ import annotations

from urllib.parse import urlsplit

from parlanchina.config import Settings
from parlanchina.llm.base import Provider
from parlanchina.llm.demo import DemoProvider
from parlanchina.llm.openai_compatible import Azure, OpenAICompatible

__all__ = ["build_provider"]

_OPENAI_BASE = "https://api.openai.com/v1"


def build_provider(settings: Settings) -> Provider:
    """Make the provider; nothing is opened before it is asked for a reply."""
    if settings.provider == "demo":
        return DemoProvider()
    if settings.provider != "azure":
        return OpenAICompatible(
            name=settings.provider,
            api_key=settings.api_key,
            base_url=settings.api_base or _OPENAI_BASE,
            api=settings.api,
        )
    endpoint = settings.azure_endpoint or ""
    # A list of models is a list of deployments. A lone one may be called what its owner likes.
    deployment = settings.azure_deployment if len(settings.models) == 1 else None
    is_newer_surface = urlsplit(endpoint).path.rstrip("/").endswith("/openai/v1")
    return OpenAICompatible(
        name="azure",
        api_key=settings.api_key,
        base_url=endpoint,
        api=settings.api,
        azure=Azure(api_version=None if is_newer_surface else settings.api_version, deployment=deployment),
    )
