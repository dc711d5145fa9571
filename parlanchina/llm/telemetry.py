"""OpenTelemetry for the calls to models, under the names of its conventions for generative AI (`gen_ai.…`).

Imported only where `OTEL_EXPORTER_OTLP_ENDPOINT` is set (see `services`), since what it needs is optional and slow
to load: `pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http`. Tells models, counts, times and how
calls ended; never a word of anybody.
https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import MeterProvider as Meters
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace import TracerProvider as Tracers
from opentelemetry.util.types import AttributeValue

from parlanchina.events import ErrorEvent, LLMEvent, TextDone, UsageEvent
from parlanchina.llm.base import Provider, ReplyRequest
from parlanchina.messages import Usage

__all__ = ["ObservedProvider", "export_from_environment", "observed"]

_SCOPE = "parlanchina"
_FLUSH_MS = 3_000  # a collector that does not answer must not hold up the end of the process for long
_KNOWN_AS = {"azure": "azure.ai.openai"}

Attributes = dict[str, AttributeValue]


def export_from_environment() -> Callable[[], None]:
    """Send what is observed from now on to where the variables `OTEL_…` say; for the process, once.

    Returns what sends the rest, for the end of the process: one that is ended by a signal runs no `atexit`.
    """
    resource = Resource.create({"service.name": "parlanchina"})
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    meters = MeterProvider(resource=resource, metric_readers=[reader])
    metrics.set_meter_provider(meters)

    def send_the_rest() -> None:
        tracers.force_flush(_FLUSH_MS)
        meters.force_flush(_FLUSH_MS)

    return send_the_rest


def observed(provider: Provider) -> Provider:
    """The provider, with its calls observed by whatever the process has set up."""
    return ObservedProvider(provider, tracers=trace.get_tracer_provider(), meters=metrics.get_meter_provider())


class ObservedProvider:
    """A provider whose every call is a span, and counts in two histograms."""

    def __init__(self, provider: Provider, *, tracers: Tracers, meters: Meters) -> None:
        self._provider = provider
        self._tracer = tracers.get_tracer(_SCOPE)
        meter = meters.get_meter(_SCOPE)
        self._durations = meter.create_histogram("gen_ai.client.operation.duration", unit="s")
        self._tokens = meter.create_histogram("gen_ai.client.token.usage", unit="{token}")

    @property
    def name(self) -> str:
        """The word stored with a reply."""
        return self._provider.name

    async def aclose(self) -> None:
        """Release connections."""
        await self._provider.aclose()

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[LLMEvent, None]:
        """Make one reply."""
        common: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _KNOWN_AS.get(self.name, self.name),
            "gen_ai.request.model": request.model,
        }
        started = time.monotonic()
        # Not made the current span: between two events other code runs.
        span = self._tracer.start_span(f"chat {request.model}", kind=SpanKind.CLIENT, attributes=common)
        span.set_attributes(_parameters(request))
        usage: Usage | None = None
        failure = "cancelled"  # for whoever leaves before the end
        try:
            async with aclosing(self._provider.stream(request)) as events:
                async for event in events:
                    match event:
                        case UsageEvent():
                            usage = event.usage
                        case TextDone():
                            failure = ""
                            span.set_attribute("gen_ai.response.finish_reasons", [event.finish_reason])
                        case ErrorEvent():
                            failure = event.error.code
                            span.set_status(StatusCode.ERROR)
                    yield event
        finally:
            ending: Attributes = {"error.type": failure} if failure else {}
            counts = {} if usage is None else {"input": usage.input_tokens, "output": usage.output_tokens}
            span.set_attributes(ending | {f"gen_ai.usage.{kind}_tokens": count for kind, count in counts.items()})
            span.end()
            self._durations.record(time.monotonic() - started, common | ending)
            for kind, count in counts.items():
                self._tokens.record(count, common | {"gen_ai.token.type": kind})


def _parameters(request: ReplyRequest) -> Attributes:
    parameters = request.params.to_dict()
    return {f"gen_ai.request.{name}": value for name, value in parameters.items() if value is not None}
