"""The environment variables, as one table: name, meaning, default, and whether the value is secret.

The only source: `config.py` reads what stands here, and README's table and `.env.example` are printed from it
(`python -m parlanchina.variables`, and the same with `--env`). Knows nothing of what a value may be.
"""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass

__all__ = ["VARIABLES", "Variable", "env_example", "markdown_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable."""

    name: str
    meaning: str
    """Markdown, one line."""
    default: str = ""
    secret: bool = False


VARIABLES = (
    Variable(
        name="OPENAI_PROVIDER",
        meaning="`openai`, `azure`, `openrouter`, `compatible` or `demo`. Empty: `openai`, or the one service that a "
        "key of its own is set for. With no key at all the demo model answers, and the app says so",
    ),
    Variable(name="OPENAI_API_KEY", meaning="the key for the service that `OPENAI_PROVIDER` names", secret=True),
    Variable(
        name="OPENAI_API_BASE",
        meaning="address of a compatible server (`http://localhost:11434/v1`), a proxy, or the Azure resource",
    ),
    Variable(name="OPENAI_API_VERSION", meaning="Azure's API version", default="2025-04-01-preview"),
    Variable(name="AZURE_OPENAI_API_KEY", meaning="Azure's key; empty: `OPENAI_API_KEY`", secret=True),
    Variable(
        name="AZURE_OPENAI_ENDPOINT",
        meaning="the Azure resource (`https://<name>.openai.azure.com`); empty: `OPENAI_API_BASE`",
    ),
    Variable(name="AZURE_OPENAI_DEPLOYMENT", meaning="the name of the Azure deployment"),
    Variable(name="AZURE_OPENAI_API_VERSION", meaning="Azure's API version; empty: `OPENAI_API_VERSION`"),
    Variable(name="OPENROUTER_API_KEY", meaning="OpenRouter's key; empty: `OPENAI_API_KEY`", secret=True),
    Variable(
        name="PARLANCHINA_MODELS", meaning="the models on offer, comma-separated; empty: a few of the service's"
    ),
    Variable(name="PARLANCHINA_DEFAULT_MODEL", meaning="the model chosen first; empty: the first on offer"),
    Variable(
        name="PARLANCHINA_API",
        meaning="the API to speak: `responses`, `chat`, or `auto`: Responses with OpenAI and Azure, Chat Completions "
        "elsewhere",
        default="auto",
    ),
    Variable(name="PARLANCHINA_DATA_DIR", meaning="the folder for sessions and pictures", default="data"),
    Variable(
        name="PARLANCHINA_DATABASE_URL",
        meaning="a database for the sessions: `sqlite:///…` or `postgresql+psycopg://…`; empty: JSON files",
        secret=True,
    ),
    Variable(
        name="PARLANCHINA_IMAGES_URL",
        meaning="an object store for the pictures: `s3://bucket/prefix`, `gs://…`, `az://…` or `file:///…`; empty: "
        "`images` in the data folder",
        secret=True,
    ),
    Variable(
        name="PARLANCHINA_MODE",
        meaning="`single`: one person; `shared`: each browser sees its own chats; `auto`: single only where the "
        "connection comes from this machine and through no proxy",
        default="auto",
    ),
    Variable(
        name="PARLANCHINA_FALLBACK",
        meaning="`demo`: the demo model answers, labelled, when the service can't be reached; empty: it does not",
    ),
    Variable(
        name="PARLANCHINA_IMAGE_HOSTS",
        meaning="hosts whose pictures a reply may load (`images.example.org`), comma-separated; empty: none",
    ),
    Variable(
        name="PARLANCHINA_CORS_ORIGINS",
        meaning="origins that may call the HTTP API from a browser (`https://app.example.org`), comma-separated; "
        "empty: none",
    ),
    Variable(
        name="PARLANCHINA_API_TOKENS",
        meaning="bearer tokens for the HTTP API, comma-separated, 16 characters or more each; empty: it answers this "
        "machine only",
        secret=True,
    ),
    Variable(name="LOG_LEVEL", meaning="`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`", default="INFO"),
)


def markdown_table() -> str:
    """README's table of the environment."""
    rows = [f"| `{v.name}` | {v.meaning} | {v.default and f'`{v.default}`'} |\n" for v in VARIABLES]
    return "".join(["| name | meaning | default |\n|---|---|---|\n", *rows])


def env_example() -> str:
    """The text of `.env.example`: every variable at its default, so that a plain copy changes nothing."""
    head = "Copy to .env and fill in what you need. An empty value counts as not set. What the environment sets goes "
    head += "before this file; Streamlit's secrets (.streamlit/secrets.toml) take the same names and come after it."
    entries = [(v.meaning.replace("`", ""), f"{v.name}={v.default}\n") for v in VARIABLES]
    return "\n".join(
        textwrap.fill(text, 100, initial_indent="# ", subsequent_indent="# ") + "\n" + line
        for text, line in [(head, ""), *entries]
    )


if __name__ == "__main__":
    print(env_example() if "--env" in sys.argv else markdown_table(), end="")
