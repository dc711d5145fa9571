"""OpenTelemetry: a span and two histograms for each call to a model, and never a word of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from parlanchina.errors import RateLimited
from parlanchina.events import ErrorEvent, LLMEvent, TextDelta, UsageEvent
from parlanchina.llm.base import ReplyRequest
from parlanchina.llm.telemetry import ObservedProvider
from parlanchina.messages import Params, Usage
from tests.scripted_provider import ScriptedProvider

REQUEST = ReplyRequest(
    messages=[{"role": "user", "content": "a secret question"}],
    model="m",
    params=Params(temperature=0.5, max_tokens=9),
)
CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "azure.ai.openai", "gen_ai.request.model": "m"}


class Observatory:
    """An observed provider that says what it is told, and what was seen of it."""

    def __init__(self) -> None:
        self.script = ScriptedProvider("azure")
        self._spans = InMemorySpanExporter()
        self._tracers = TracerProvider()
        self._tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._reader = InMemoryMetricReader()
        meters = MeterProvider(metric_readers=[self._reader])
        self.provider = ObservedProvider(self.script, tracers=self._tracers, meters=meters)

    async def call(self, *, leave_after: int | None = None) -> list[LLMEvent]:
        """Make a reply, or as much of it as is listened to."""
        heard: list[LLMEvent] = []
        async with aclosing(self.provider.stream(REQUEST)) as events:
            async for event in events:
                heard.append(event)
                if len(heard) == leave_after:
                    break
        return heard

    def span(self) -> ReadableSpan:
        """The one span there is."""
        [span] = self._spans.get_finished_spans()
        return span

    def measured(self, name: str) -> list[tuple[Mapping[str, Any], float]]:
        """The attributes and the sum of each point of a histogram."""
        data: Any = self._reader.get_metrics_data()
        found = [metric for metric in data.resource_metrics[0].scope_metrics[0].metrics if metric.name == name]
        return [(point.attributes, point.sum) for metric in found for point in metric.data.data_points]


async def test_call_is_a_span_and_counts_tokens_and_time() -> None:
    seen = Observatory()
    seen.script.send("a secret answer", UsageEvent(usage=Usage(input_tokens=3, output_tokens=4))).finish()
    heard = await seen.call()
    assert [event.type for event in heard] == ["text_delta", "usage", "text_done"]
    span = seen.span()
    assert (span.name, span.kind.name, span.status.status_code.name) == ("chat m", "CLIENT", "UNSET")
    assert span.attributes == CALL | {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
    }
    assert seen.measured("gen_ai.client.token.usage") == [
        (CALL | {"gen_ai.token.type": "input"}, 3),
        (CALL | {"gen_ai.token.type": "output"}, 4),
    ]
    [(attributes, seconds)] = seen.measured("gen_ai.client.operation.duration")
    assert (attributes, seconds > 0) == (CALL, True)
    assert "secret" not in span.to_json()


async def test_failure_is_told_by_its_code() -> None:
    seen = Observatory()
    seen.script.send(ErrorEvent(error=RateLimited("a secret sentence")))
    seen.script.hang_up()
    await seen.call()
    assert seen.span().status.status_code.name == "ERROR"
    assert seen.span().attributes is not None
    assert seen.span().attributes["error.type"] == "rate_limited"  # type: ignore[index]  # not None, as just seen
    assert seen.measured("gen_ai.client.operation.duration")[0][0] == CALL | {"error.type": "rate_limited"}
    assert "secret" not in seen.span().to_json()


async def test_listener_who_leaves_ends_the_span_and_the_call() -> None:
    seen = Observatory()
    seen.script.send("one", "two")
    assert await seen.call(leave_after=1) == [TextDelta(text="one")]
    assert seen.script.closed.is_set()
    assert (seen.span().attributes or {})["error.type"] == "cancelled"


async def test_provider_is_the_same_in_all_else() -> None:
    seen = Observatory()
    assert seen.provider.name == "azure"
    await seen.provider.aclose()
