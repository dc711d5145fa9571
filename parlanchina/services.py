"""The composition root: settings in, working services out.

The one place that decides which store, which provider and which renderer the app runs with. Nothing here
draws, and nothing below it looks for its own collaborators.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from parlanchina.config import Settings, load_settings, read_dotenv
from parlanchina.files import FileStore
from parlanchina.llm import build_provider
from parlanchina.llm.base import Provider, Transcriber
from parlanchina.llm.demo import DEMO_MODELS, DemoProvider
from parlanchina.llm.openai_compatible import OpenAICompatible
from parlanchina.markdown import RENDERER, render_markdown
from parlanchina.messages import Message, Session
from parlanchina.nodelay import send_small_packets_at_once
from parlanchina.reply_task import Renderer
from parlanchina.stores import open_image_store, open_session_store
from parlanchina.stores.base import SessionStore
from parlanchina.stores.images import ImageStore
from parlanchina.turns import Turns

__all__ = [
    "Services",
    "build_services",
    "close_process_services",
    "load_process_settings",
    "process_services",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the pages and the HTTP API work with; one for the whole process."""

    settings: Settings
    sessions: SessionStore
    images: ImageStore
    files: FileStore
    turns: Turns
    providers: Mapping[str, Provider]
    renderer: Renderer
    transcriber: Transcriber | None
    """Who writes down what is said into the composer, where the provider offers that."""

    def render_again(self, session: Session, message: Message) -> Message:
        """Return an ended reply with HTML of the renderer in use, storing it if another one had made it."""
        if message.renderer == self.renderer.version or message.status == "streaming":
            return message
        message = replace(message, html=self.renderer.render(message.raw_markdown), renderer=self.renderer.version)
        self.sessions.update_message(session.id, message, owner=session.owner)
        return message

    def close(self) -> None:
        """Write what the running replies have said, and let go of everything."""
        self.turns.close()


def load_process_settings(*, secrets: Mapping[str, object], folder: Path = Path()) -> Settings:
    """Read this process's settings: its environment, then `.env` in `folder`, then Streamlit's secrets.

    Raises `ConfigError`.
    """
    return load_settings(os.environ, dotenv=read_dotenv(folder / ".env"), secrets=secrets)


def build_services(settings: Settings) -> Services:
    """Put the app together. Raises `ConfigError`, or `StoreNotWritable` before anything is typed in vain."""
    logging.getLogger("parlanchina").setLevel(settings.log_level)
    sessions = open_session_store(settings)
    sessions.check_writable()

    demo = DemoProvider()
    provider = demo if settings.provider == "demo" else build_provider(settings)
    providers: dict[str, Provider] = _observed({demo.name: demo, provider.name: provider})
    image_hosts = frozenset(settings.image_hosts)
    renderer = Renderer(version=RENDERER, render=lambda markdown: render_markdown(markdown, image_hosts=image_hosts))
    images = open_image_store(settings)
    files = FileStore(settings.data_dir / "files")
    turns = Turns(
        sessions,
        images=images,
        files=files,
        providers=providers,
        models=dict.fromkeys(settings.models, provider.name),
        renderer=renderer,
        standby=(DEMO_MODELS[0], demo.name),
        standby_answers_by_itself=settings.fallback == "demo",
    )
    return Services(
        settings=settings,
        sessions=sessions,
        images=images,
        files=files,
        turns=turns,
        providers=providers,
        renderer=renderer,
        # OpenAI's own: elsewhere (a deployment on Azure, say) nothing tells whether there is such a model.
        transcriber=provider if isinstance(provider, OpenAICompatible) and provider.name == "openai" else None,
    )


def _observed(providers: dict[str, Provider]) -> dict[str, Provider]:
    """The providers, observed by OpenTelemetry where that is asked for and installed."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return providers
    try:
        telemetry = importlib.import_module("parlanchina.llm.telemetry")  # optional, and slow to load
    except ImportError as error:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but nothing is sent (%s): "
            "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
            error,
        )
        return providers
    if not _observers:
        _observers.append(telemetry.export_from_environment())
    return {name: telemetry.observed(provider) for name, provider in providers.items()}


_observers: list[Callable[[], None]] = []  # what sends the rest of what was observed; one at most
_SWITCH_SECONDS = 0.0005  # with Python's own 0.005, sixty visitors at once wait twice as long for their next words
_process_guard = threading.Lock()
_process: list[Services] = []  # one at most


def process_services(read_secrets: Callable[[], Mapping[str, object]]) -> Services:
    """This process's services, made by whoever asks first: the pages and the HTTP API work with the same ones.

    Only so can a reply that one of them started be followed live from the other. What can't be made
    (see `build_services`) is tried anew the next time.
    """
    with _process_guard:
        if not _process:
            sys.setswitchinterval(_SWITCH_SECONDS)
            send_small_packets_at_once()
            logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")  # unless logging is set up already
            _process.append(build_services(load_process_settings(secrets=read_secrets())))
            atexit.register(close_process_services)
            gc.freeze()  # what is there now stays: no collection need look at it, 0.1 s in which nobody is served
        return _process[0]


def close_process_services() -> None:
    """Close them, if there are any, and send what was observed; the next `process_services` makes new ones."""
    with _process_guard:
        while _process:
            _process.pop().close()
        for send_the_rest in _observers:
            send_the_rest()
