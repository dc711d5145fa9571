"""Settings: the environment, `.env` and Streamlit's secrets, read once into one frozen value.

Owns every rule about what a value of `variables.VARIABLES` may be. Knows nothing of clients, stores or pages, and
reads nothing by itself: the sources come in as mappings, and only `read_dotenv` opens a file.

Precedence, variable by variable: the environment, then `.env`, then Streamlit's secrets, then the default; an
empty value counts as not set. (`streamlit run` copies top-level secrets over the environment before any script
runs: such a copy counts as the secret it is, so `.env` still goes first; the value it replaced is gone.)

A key goes to its own maker, or to the address that is set for it, never to another maker's. `OPENAI_API_KEY`
serves whichever service `OPENAI_PROVIDER` names, unless that service's own variable is set. Without
`OPENAI_PROVIDER` the service is OpenAI; only where `OPENAI_API_KEY` and `OPENAI_API_BASE` are empty, and exactly
one other maker's key is set, is it that maker.

The invariant: what can't be used is refused in one sentence, and no message and no `repr` ever holds a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from parlanchina.errors import ConfigError
from parlanchina.variables import VARIABLES

__all__ = ["Settings", "load_settings", "read_dotenv"]

ProviderName = Literal["openai", "azure", "openrouter", "compatible", "demo"]
ApiName = Literal["auto", "responses", "chat"]
ModeName = Literal["auto", "single", "shared"]
FallbackName = Literal["", "demo"]

_DEMO_MODELS = ("demo", "demo-brief")
_MODELS: Mapping[str, tuple[str, ...]] = {  # the cheapest first: a shared key must not drain by default
    "openai": ("gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"),
    "openrouter": ("openai/gpt-6-luna", "openai/gpt-6.1-terra", "openai/gpt-6.1-sol"),
}
_OPENROUTER_BASE = "https://openrouter.ai/api/v1"
_OWN_KEYS: Mapping[ProviderName, str] = {"azure": "AZURE_OPENAI_API_KEY", "openrouter": "OPENROUTER_API_KEY"}
_OTHER_MAKERS: Mapping[ProviderName, tuple[str, ...]] = {  # hosts that must never see the key named above
    "azure": ("openai.com", "openrouter.ai"),
    "openrouter": ("openai.com", "azure.com"),
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})  # Any: a default for sources of either value type
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_DATABASE = re.compile(r"sqlite:///.|postgresql\+psycopg://.")
_IMAGE_STORE = re.compile(r"(s3|gs|az)://[^/]|file:///.")
_TOKEN_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, checked; `None` or empty where it does not apply. Safe to print: secrets are left out."""

    provider: ProviderName
    api_key: str = field(repr=False)
    """Empty for the demo, and for a compatible server that needs none."""
    api_base: str | None
    """Address without a slash at the end; `None`: the maker's own."""
    api_version: str | None
    azure_endpoint: str | None
    azure_deployment: str | None
    models: tuple[str, ...]
    """The allow-list, never empty."""
    default_model: str
    """One of `models`."""
    api: ApiName
    data_dir: Path
    database_url: str | None = field(repr=False)
    images_url: str | None = field(repr=False)
    mode: ModeName
    fallback: FallbackName
    image_hosts: tuple[str, ...]
    """In lower case, as are `cors_origins`."""
    cors_origins: tuple[str, ...]
    api_tokens: tuple[str, ...] = field(repr=False)
    log_level: str
    demo_reason: str = ""
    """Why the demo model answers though nobody asked for it, and what to do; else empty."""


def read_dotenv(path: Path) -> dict[str, str | None]:
    """Read a `.env` file, if there is one, as it is written: `$` stands for itself. Raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path} can't be read ({error.strerror}): make it readable, or remove it.") from error
    except UnicodeDecodeError:  # not chained: it carries the file's bytes along
        raise ConfigError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    for line in parse_stream(StringIO(text)):
        if line.error:
            raise ConfigError(f"{path} is wrong at line {line.original.line}: write NAME=value, quotes in pairs.")
    return dotenv_values(stream=StringIO(text), interpolate=False)


def load_settings(
    environ: Mapping[str, str],
    *,
    dotenv: Mapping[str, str | None] = _NOTHING,
    secrets: Mapping[str, object] = _NOTHING,
) -> Settings:
    """Read every variable of the table, or raise `ConfigError` for the first that can't be used.

    `secrets` is a plain mapping: Streamlit's own raises where there is no file. Nested tables in it are ignored.
    """
    values = _Values(environ, dotenv, secrets)
    for name in ("OPENAI_API_KEY", *_OWN_KEYS.values()):
        if not _fits_a_header(values[name]):
            raise ConfigError(f"{name} holds a space or a character that no key has: copy the key again.")
    base, endpoint = values.address("OPENAI_API_BASE"), values.address("AZURE_OPENAI_ENDPOINT")
    provider, api_key, demo_reason = _service(values)
    azure, deployment = provider == "azure", values["AZURE_OPENAI_DEPLOYMENT"]
    address = (endpoint or base) if azure else base
    if azure and not address:
        raise ConfigError("AZURE_OPENAI_ENDPOINT is empty: set it to the address of your Azure resource.")
    if azure and not deployment:
        raise ConfigError("AZURE_OPENAI_DEPLOYMENT is empty: set it to the name of your Azure deployment.")
    if provider == "compatible" and not address:
        raise ConfigError("OPENAI_API_BASE is empty: set it to your server, such as http://localhost:8080/v1.")
    if address and (own := _OWN_KEYS.get(provider)) and values[own]:
        host = urlsplit(address).hostname or ""
        if any(f".{host}".endswith(f".{other}") for other in _OTHER_MAKERS[provider]):
            raise ConfigError(f"{own} must not go to {host}: correct the address, or OPENAI_PROVIDER.")
    models, default_model = _models(values, provider)
    return Settings(
        provider=provider,
        api_key=api_key,
        api_base={"openrouter": base or _OPENROUTER_BASE, "azure": None, "demo": None}.get(provider, base),
        api_version=(values["AZURE_OPENAI_API_VERSION"] or values["OPENAI_API_VERSION"]) if azure else None,
        azure_endpoint=address if azure else None,
        azure_deployment=deployment if azure else None,
        models=models,
        default_model=default_model,
        api=values.choice("PARLANCHINA_API", get_args(ApiName)),
        data_dir=values.folder("PARLANCHINA_DATA_DIR"),
        database_url=values.url("PARLANCHINA_DATABASE_URL", _DATABASE, "sqlite:///… or postgresql+psycopg://…"),
        images_url=values.url("PARLANCHINA_IMAGES_URL", _IMAGE_STORE, "s3://…, gs://…, az://… or file:///…"),
        mode=values.choice("PARLANCHINA_MODE", get_args(ModeName)),
        fallback=values.choice("PARLANCHINA_FALLBACK", get_args(FallbackName)),
        image_hosts=values.image_hosts(),
        cors_origins=values.cors_origins(),
        api_tokens=values.api_tokens(),
        log_level=values.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")),
        demo_reason=demo_reason,
    )


class _Values:
    """The text of every variable, and the sentences that refuse one."""

    def __init__(
        self, environ: Mapping[str, str], dotenv: Mapping[str, str | None], secrets: Mapping[str, object]
    ) -> None:
        self._texts: dict[str, str] = {}
        for variable in VARIABLES:
            name = variable.name
            copied = name in secrets and environ.get(name) == str(secrets[name])  # by `streamlit run`
            sources = (None if copied else environ.get(name), dotenv.get(name), secrets.get(name), variable.default)
            self._texts[name] = next((text for source in sources if (text := _text(source))), "")
            if _CONTROL.search(self._texts[name]):
                raise ConfigError(f"{name} holds a line break or another control character: write it on one line.")
        self._secrets = {part for v in VARIABLES if v.secret for part in (self[v.name], *self.items(v.name)) if part}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for part in self[name].split(",") if (text := part.strip())))

    def shown(self, value: str) -> str:
        """A value for a message, less what may be secret: a key in the wrong place, a password in an address."""
        if re.search(r"\bsk-", value) or any(secret in value for secret in self._secrets):
            return "a value not shown here"
        _, user, rest = value.rpartition("@")
        plain, *query = re.split(r"[?#]", rest, maxsplit=1)
        return repr((("…@" if user else "") + plain + ("…" if query else ""))[:200])

    def wrong(self, name: str, value: str, fix: str) -> ConfigError:
        return ConfigError(f"{name} is {self.shown(value)}: {fix}.")

    def choice(self, name: str, allowed: tuple[Any, ...]) -> Any:  # Any: one of a Literal's values
        known = {word.lower(): word for word in allowed}
        if self[name].lower() not in known:
            words = ", ".join(word for word in allowed if word)
            raise self.wrong(name, self[name], f"use {words}" + (", or leave it empty" if "" in known else ""))
        return known[self[name].lower()]

    def folder(self, name: str) -> Path:
        try:
            return Path(self[name]).expanduser()
        except RuntimeError as error:
            raise self.wrong(name, self[name], "there is no such home folder, write it in full") from error

    def address(self, name: str) -> str | None:
        parts = _split(self[name])
        if self[name] and parts is None:
            raise self.wrong(name, self[name], "write a whole address such as https://api.example.org/v1")
        if parts and ("@" in parts.netloc or "?" in self[name] or "#" in self[name]):
            raise ConfigError(f"{name} holds a user, a query or a fragment: write the address alone, without them.")
        return self[name].rstrip("/") or None

    def url(self, name: str, form: re.Pattern[str], forms: str) -> str | None:
        if self[name] and not form.match(self[name]):
            raise ConfigError(f"{name} has a form that is not known here: write {forms}, or leave it empty.")
        return self[name] or None

    def image_hosts(self) -> tuple[str, ...]:
        name = "PARLANCHINA_IMAGE_HOSTS"
        for host in self.items(name):
            if not _HOST.fullmatch(host.lower()):
                raise self.wrong(name, host, "write bare host names such as images.example.org")
        return tuple(host.lower() for host in self.items(name))

    def cors_origins(self) -> tuple[str, ...]:
        name = "PARLANCHINA_CORS_ORIGINS"
        for origin in self.items(name):
            parts = _split(origin.lower())
            if parts is None or "@" in origin or f"{parts.scheme}://{parts.netloc}" != origin.lower():
                raise self.wrong(name, origin, "write origins such as https://app.example.org, without a path or *")
        return tuple(origin.lower() for origin in self.items(name))

    def api_tokens(self) -> tuple[str, ...]:
        tokens = self.items("PARLANCHINA_API_TOKENS")
        for position, token in enumerate(tokens, start=1):
            if len(token) < _TOKEN_LENGTH or not _fits_a_header(token):
                raise ConfigError(
                    f"PARLANCHINA_API_TOKENS: token {position} is too short or holds a space or a character that no "
                    f"token has: use at least {_TOKEN_LENGTH} plain letters, digits and signs."
                )
        return tokens


def _text(value: object) -> str:
    """A value of any source as text: TOML has booleans, numbers and lists too."""
    match value:
        case None | Mapping():
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(text for item in value if (text := _text(item)))
        case _:
            return str(value).strip()


def _fits_a_header(text: str) -> bool:
    return text.isascii() and " " not in text  # control characters are refused everywhere


def _split(text: str) -> SplitResult | None:
    """The parts of an http(s) address, or `None` for anything else."""
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or ""), parts.port
    except ValueError:  # a port that is no number, a bracket that is never closed
        return None
    known = _HOST.fullmatch(host) or ":" in host  # only a bracketed IPv6 address has a colon here
    return parts if known and parts.scheme in ("http", "https") and port != 0 and " " not in text else None


def _service(values: _Values) -> tuple[ProviderName, str, str]:
    """The provider, its key, and why it is the demo where nobody asked for that."""
    named: ProviderName | Literal[""] = values.choice("OPENAI_PROVIDER", ("", *get_args(ProviderName)))
    others = [provider for provider, name in _OWN_KEYS.items() if values[name]]
    alone = len(others) == 1 and not values["OPENAI_API_KEY"] and not values["OPENAI_API_BASE"]
    provider = named or (others[0] if alone else "openai")
    if provider == "demo":
        return "demo", "", ""
    own = _OWN_KEYS.get(provider, "OPENAI_API_KEY")
    key = values[own] or values["OPENAI_API_KEY"]
    if key or provider == "compatible":
        return provider, key, ""
    if named:
        why, fix = f"OPENAI_PROVIDER is {named} and {own} is empty", f"set {own}"
    elif others:
        why, fix = "OPENAI_API_KEY and OPENAI_PROVIDER are empty", f"set OPENAI_PROVIDER to {' or '.join(others)}"
    elif values["OPENAI_API_BASE"]:
        why, fix = "no API key is set", "set OPENAI_API_KEY (or OPENAI_PROVIDER to compatible, if none is needed)"
    else:
        why, fix = "no API key is set", "set OPENAI_API_KEY (for other services, see .env.example)"
    return "demo", "", f"The demo model answers, since {why}; to use another, {fix} in .env or Streamlit's secrets."


def _models(values: _Values, provider: ProviderName) -> tuple[tuple[str, ...], str]:
    """The allow-list and the model chosen first. The demo offers its own, whatever list waits for a service."""
    listed, default = values.items("PARLANCHINA_MODELS"), values["PARLANCHINA_DEFAULT_MODEL"]
    if provider == "demo":
        return _DEMO_MODELS, default if default in _DEMO_MODELS else _DEMO_MODELS[0]
    if not listed and not default and provider == "compatible":
        raise ConfigError("PARLANCHINA_MODELS is empty: set it to the models your server offers, comma-separated.")
    models = listed or ((default,) if default else _MODELS.get(provider, (values["AZURE_OPENAI_DEPLOYMENT"],)))
    if default and default not in models:
        fix = f"choose one of PARLANCHINA_MODELS, which is {values.shown(', '.join(models))}"
        raise values.wrong("PARLANCHINA_DEFAULT_MODEL", default, fix)
    return models, default or models[0]
