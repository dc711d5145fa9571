"""Any service that speaks OpenAI's APIs, as a `Provider`.

Owns which API is spoken, what goes into a request, and when a service is called a second time. What frames mean is
the readers' business (`responses.py`, `chat_completions.py`), what failures are called that of `failures.py`.
Reads no environment.

A reply is one call. A second is made only while nothing has come, and for each of three reasons at most once: the
service has no Responses API; it refuses something that nobody asked for (the picture tool, say); it was unreachable,
overloaded or down, after a pause. What the first two teach is remembered.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx2
import openai

from parlanchina.errors import OutOfCredit, ProviderDown, ProviderError, RateLimited, TlsFailed, Unreachable
from parlanchina.events import ErrorEvent, LLMEvent
from parlanchina.llm.attempt import Attempt
from parlanchina.llm.base import ReplyRequest
from parlanchina.llm.call_log import CallLog
from parlanchina.llm.chat_completions import chat_body
from parlanchina.llm.complaints import Complaint
from parlanchina.llm.failures import Failures, concerns_the_model
from parlanchina.llm.responses import IMAGE_MODEL, responses_body

__all__ = ["TRANSCRIPTION_MODEL", "Azure", "OpenAICompatible"]

TRANSCRIPTION_MODEL = "gpt-4o-mini-transcribe"

Api = Literal["responses", "chat"]
Name = Literal["openai", "azure", "openrouter", "compatible"]

_LABELS = {"openai": "OpenAI", "azure": "Azure OpenAI", "openrouter": "OpenRouter"}
_KEY_NAMES = {"azure": "AZURE_OPENAI_API_KEY", "openrouter": "OPENROUTER_API_KEY"}

_EXTRAS = {
    "tools": ("image_generation", "image generation", IMAGE_MODEL),
    "modalities": ("modalities",),
    "stream_options": ("stream_options",),
    "store": ("'store'", "body.store"),
}
"""What is sent though nobody typed it, and the words a service uses when it refuses it."""

_LONGEST_WAIT = 5.0
"""Seconds of Retry-After that are waited for unasked; whether to wait longer is the person's to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Azure:
    """What Azure wants to know beside the endpoint."""

    api_version: str | None
    """`None` for an endpoint of the newer surface, which ends in `/openai/v1` and is called as OpenAI is."""
    deployment: str | None = None
    """The one deployment, whatever the model is called; `None`: a model's name is its deployment's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a service is called."""

    api: Api
    without: frozenset[str] = frozenset()
    """Extras that it refused for this model."""


class OpenAICompatible:
    """A provider over the network. Usable from several event loops, each with connections of its own."""

    def __init__(
        self,
        *,
        name: Name,
        api_key: str,
        base_url: str,
        api: Literal["auto", "responses", "chat"] = "auto",
        azure: Azure | None = None,
        connect_timeout: float = 10.0,
        idle_timeout: float = 180.0,
        linger: float = 2.0,
        retry_pause: float = 0.5,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        """Opens nothing. `base_url` is the address before `/responses`; for `azure`, the resource's endpoint.

        Times are in seconds; `idle_timeout` is long because a reasoning model, or a picture in the making, is silent
        for minutes, and `linger` is how long a stream may stay open after its finish. An `http_client` serves one
        event loop only, and stays its owner's to close.
        """
        self._name: Name = name
        self._api_key = api_key
        self._base_url = base_url
        self._azure = azure
        self._timeout = httpx2.Timeout(idle_timeout, connect=connect_timeout, pool=connect_timeout)
        self._connect_timeout = connect_timeout
        self._idle_timeout = idle_timeout
        self._linger = linger
        self._retry_pause = retry_pause
        self._jitter = jitter
        self._clock = clock
        self._http_client = http_client
        self._is_free_to_change = api == "auto"
        self._api: Api = api if api != "auto" else "responses" if name in ("openai", "azure") else "chat"
        self._refused: dict[str, frozenset[str]] = {}
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, openai.AsyncOpenAI] = WeakKeyDictionary()

    @property
    def name(self) -> str:
        """The word stored with a reply."""
        return self._name

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None and self._http_client is None:
            await client.close()

    async def transcribe(self, recording: bytes) -> str:
        """The words of a recording, in WAV. Raises `ProviderError`."""
        try:
            said = await self._client().audio.transcriptions.create(
                file=("speech.wav", recording, "audio/wav"), model=TRANSCRIPTION_MODEL
            )
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            raise self._failures(TRANSCRIPTION_MODEL, "chat").told_by(error, opened=False) from error
        return str(said.text).strip()

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[LLMEvent, None]:
        """Make one reply: what it says, its usage if that is counted, then `TextDone`; or an `ErrorEvent` at last."""
        log = CallLog(provider=self._name, model=request.model, clock=self._clock)
        try:
            async with aclosing(self._calls(request, log)) as events:
                async for event in events:
                    log.note(event)
                    yield event
        finally:
            log.write()

    async def _calls(self, request: ReplyRequest, log: CallLog) -> AsyncGenerator[LLMEvent, None]:
        known = way = _Way(api=self._api, without=self._refused.get(request.model, frozenset()))
        spent: set[str] = set()
        while True:
            log.call(way.api)
            attempt = self._attempt(request, way)
            async with aclosing(attempt.events()) as events:
                async for event in events:
                    if way != known:
                        known = way
                        self._api, self._refused[request.model] = way.api, way.without
                    yield event
            if attempt.failure is None:
                return
            chance = None if attempt.delivered else self._second_chance(attempt, request.model, way, spent)
            if chance is None:
                yield ErrorEvent(error=attempt.failure)
                return
            way, pause = chance
            await asyncio.sleep(pause)

    def _attempt(self, request: ReplyRequest, way: _Way) -> Attempt:
        if way.without & {"tools", "modalities"}:  # nor may it be told of what it refuses
            request = replace(request, enable_image_tool=False)
        body = self._body(request, way.api)
        body = {name: value for name, value in body.items() if name not in way.without}
        # Azure has to be told which deployment draws; its name is taken to be the model's.
        draws = self._name == "azure" and "tools" in body
        return Attempt(
            client=self._client(),
            body=body,
            headers={"x-ms-oai-image-generation-deployment": IMAGE_MODEL} if draws else {},
            failures=self._failures(request.model, way.api),
            linger=self._linger,
        )

    def _body(self, request: ReplyRequest, api: Api) -> dict[str, Any]:  # Any: JSON on its way out
        model = (self._azure and self._azure.deployment) or request.model
        makers_own = self._name in ("openai", "azure")
        if api == "responses":
            # The picture tool is OpenAI's own; elsewhere the Responses API comes without it.
            return responses_body(request, model=model, with_images=request.enable_image_tool and makers_own)
        return chat_body(
            request,
            model=model,
            # OpenAI's reasoning models refuse the old name; most compatible servers know no other.
            limit_name="max_completion_tokens" if makers_own else "max_tokens",
            with_images=request.enable_image_tool and self._name == "openrouter",
        )

    def _second_chance(self, attempt: Attempt, model: str, way: _Way, spent: set[str]) -> tuple[_Way, float] | None:
        """Whether to call again, how, and after how many seconds; `spent` holds the reasons that were used up."""
        complaint = attempt.complaint
        if complaint is not None:
            is_lacking = way.api == "responses" and _has_no_responses(complaint, model)
            if is_lacking and self._is_free_to_change and "api" not in spent:
                spent.add("api")
                return replace(way, api="chat"), 0.0
            extra = self._refused_extra(complaint, attempt)
            if extra is not None and "extra" not in spent:
                spent.add("extra")
                return replace(way, without=way.without | {extra}), 0.0
        pause = self._pause_after(attempt.failure)
        if pause is None or "pause" in spent:
            return None
        spent.add("pause")
        return way, pause

    def _refused_extra(self, complaint: Complaint, attempt: Attempt) -> str | None:
        if complaint.status not in (400, 403, 404, 422):
            return None
        said = complaint.message.lower()
        for extra, words in _EXTRAS.items():
            is_named = complaint.param.startswith(extra) or any(word in said for word in words)
            if extra in attempt.body and is_named:
                return extra
        # Azure, where no deployment draws, refuses the whole request without a word about the tool.
        is_vague = not complaint.param and complaint.code in ("", "invalid_request_error")
        is_azures_way = self._name == "azure" and complaint.status == 400 and is_vague
        return "tools" if is_azures_way and "tools" in attempt.body else None

    def _pause_after(self, failure: ProviderError | None) -> float | None:
        """Seconds to wait before trying the same again; `None` where that won't help."""
        if isinstance(failure, OutOfCredit | TlsFailed):
            return None
        if not isinstance(failure, RateLimited | ProviderDown | Unreachable):
            return None
        wait = max(failure.retry_after or 0.0, self._retry_pause)
        # Spread out: a whole workshop is told to come back at the same moment.
        return wait + self._retry_pause * self._jitter() if wait <= _LONGEST_WAIT else None

    def _failures(self, model: str, api: Api) -> Failures:
        host = urlsplit(self._base_url).netloc
        return Failures(
            service=_LABELS.get(self._name, host),
            host=host,
            model=model,
            key_name=_KEY_NAMES.get(self._name, "OPENAI_API_KEY"),
            base_name="AZURE_OPENAI_ENDPOINT" if self._name == "azure" else "OPENAI_API_BASE",
            api=api,
            secrets=(self._api_key,) if self._api_key else (),
            connect_timeout=self._connect_timeout,
            idle_timeout=self._idle_timeout,
        )

    def _client(self) -> openai.AsyncOpenAI:
        """The running loop's client: a connection can't be used from another loop than the one that opened it."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = self._new_client()
        return self._clients[loop]

    def _new_client(self) -> openai.AsyncOpenAI:
        # Its own retries are off: it can't tell what has been shown already.
        if self._azure is not None and self._azure.api_version is not None:
            return openai.AsyncAzureOpenAI(
                api_key=self._api_key,
                azure_endpoint=self._base_url,
                azure_deployment=self._azure.deployment,
                api_version=self._azure.api_version,
                timeout=self._timeout,
                max_retries=0,
                http_client=self._http_client,
            )
        client = openai.AsyncOpenAI(
            api_key=self._api_key or "none",  # a server that wants no key doesn't read it
            base_url=self._base_url,
            timeout=self._timeout,
            max_retries=0,
            http_client=self._http_client,
        )
        if self._name != "openai":
            # The client takes these from the environment; they are no other maker's business.
            client.organization = client.project = None
        return client


def _has_no_responses(complaint: Complaint, model: str) -> bool:
    """Whether the service lacks the Responses API: no such route, or (an older Azure version) it says so."""
    if complaint.status in (404, 405):
        return not concerns_the_model(complaint, model)
    return complaint.status == 400 and "responses api is enabled only" in complaint.message.lower()
