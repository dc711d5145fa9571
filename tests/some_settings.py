"""Settings that the tests of `config.py` share."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from parlanchina.config import load_settings
from parlanchina.errors import ConfigError

KEY = "sk-openai-0123456789"
AZURE = {
    "AZURE_OPENAI_API_KEY": "azure-0123456789",
    "AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/",
    "AZURE_OPENAI_DEPLOYMENT": "my-gpt",
}
OPENROUTER = {"OPENROUTER_API_KEY": "sk-or-0123456789"}
COMPATIBLE = {
    "OPENAI_PROVIDER": "compatible",
    "OPENAI_API_BASE": "http://localhost:11434/v1",
    "PARLANCHINA_MODELS": "llama3.2",
}


def refusal(environ: Mapping[str, str], **sources: Mapping[str, object]) -> str:
    """The sentence that refuses these settings."""
    with pytest.raises(ConfigError) as caught:
        load_settings(environ, **sources)  # type: ignore[arg-type]  # keywords pass through
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence
