"""Models: one protocol (`base.Provider`), the network and the demo behind it, and two plain functions on top.

The functions are for scripts and for the HTTP API's like: they know no sessions and keep nothing. Whoever has a
provider passes it; without one, the provider that this process's environment and `.env` ask for is made once.
"""

from __future__ import annotations

import functools
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from parlanchina.config import load_settings, read_dotenv
from parlanchina.errors import StreamUnfinished
from parlanchina.events import ErrorEvent, LLMEvent, TextDelta, TextDone
from parlanchina.llm.base import Provider, ReplyRequest
from parlanchina.llm.providers import build_provider
from parlanchina.messages import Params

__all__ = ["build_provider", "stream_chat_completion", "stream_response"]

Messages = list[dict[str, Any]]  # Any: the OpenAI chat shape {"role": …, "content": text or a list of parts}


async def stream_response(
    messages: Messages,
    model: str,
    enable_image_tool: bool = True,
    *,
    provider: Provider | None = None,
    params: Params | None = None,
) -> AsyncIterator[LLMEvent]:
    """Make one reply and yield what it is made of; a failure is the last event. Raises nothing for it.

    The model is not checked against the allow-list. Raises `ConfigError` if the process's settings are needed and
    can't be used.
    """
    request = ReplyRequest(
        messages=messages, model=model, params=params or Params(), enable_image_tool=enable_image_tool
    )
    async with aclosing((provider or _process_provider()).stream(request)) as events:
        async for event in events:
            yield event


async def stream_chat_completion(
    messages: Messages, model: str, *, provider: Provider | None = None, params: Params | None = None
) -> AsyncIterator[str]:
    """Make one reply and yield its text alone.

    Raises the `ProviderError` of a reply that fails, after what came of it; `StreamUnfinished` if it never finished.
    """
    request = ReplyRequest(messages=messages, model=model, params=params or Params(), enable_image_tool=False)
    finished = False
    async with aclosing((provider or _process_provider()).stream(request)) as events:
        async for event in events:
            match event:
                case TextDelta():
                    yield event.text
                case TextDone():
                    finished = True
                case ErrorEvent():
                    raise event.error
    if not finished:
        raise StreamUnfinished(f"The reply from {model!r} ended without a finish, so it may be cut off. Try again.")


@functools.cache
def _process_provider() -> Provider:
    return build_provider(load_settings(os.environ, dotenv=read_dotenv(Path(".env"))))
