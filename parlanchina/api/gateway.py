"""OpenAI's Chat Completions, spoken to whoever points an OpenAI client here; every model on offer answers.

Owns that API's shapes. Nothing is stored. What would change the answer's form and can't be honoured (tools, several
choices, a JSON schema) is refused by name, as OpenAI does; parameters that only nudge a model are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from parlanchina.api.edge import note_usage
from parlanchina.api.following import Step, follow_turn
from parlanchina.api.pieces import Cursor, Place
from parlanchina.api.problems import Problem, encode_json, json_response
from parlanchina.api.schemas import openai_errors
from parlanchina.api.streams import ReplyStream, last_step, unless_gone
from parlanchina.api.unkept import UnkeptReplies
from parlanchina.messages import Message, Params, Usage
from parlanchina.services import Services

__all__ = ["router"]

router = APIRouter(tags=["OpenAI-compatible"])

Json = dict[str, Any]  # Any: JSON on its way out, in OpenAI's shapes

_DELTAS = {"message": "content", "reasoning": "reasoning_content"}
"""What our pieces are called in a chunk; the second is what most compatible servers call it."""


class TextPart(BaseModel):
    """Words in a message."""

    type: Literal["text"]
    text: str


class ImageUrl(BaseModel):
    """Where a picture is: an address that the model's service can reach, or a `data:` URL."""

    url: str
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(BaseModel):
    """A picture in a message."""

    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class ChatMessageIn(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]

    def to_chat(self) -> Json:
        """The message as providers take it."""
        role = "system" if self.role == "developer" else self.role  # the newer word is OpenAI's alone
        return {"role": role, **self.model_dump(include={"content"}, exclude_none=True)}


class StreamOptions(BaseModel):
    """What a stream should hold beside the reply."""

    include_usage: bool = False


class CompletionRequest(BaseModel):
    """A request of Chat Completions; unknown fields are ignored."""

    model: Annotated[str, Field(max_length=200)]
    messages: Annotated[list[ChatMessageIn], Field(min_length=1, max_length=5_000)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    n: int | None = None
    logprobs: bool | None = None
    tools: list[Any] | None = None  # Any: refused, whatever it holds
    functions: list[Any] | None = None  # Any: as above
    audio: dict[str, Any] | None = None  # Any: as above
    response_format: dict[str, Any] | None = None  # Any: only its type is looked at

    def to_params(self) -> Params:
        """The sampling parameters."""
        limit = self.max_completion_tokens or self.max_tokens
        return Params(temperature=self.temperature, top_p=self.top_p, max_tokens=limit)

    def check(self) -> None:
        """Refuse what can't be honoured. Raises `Problem`."""
        wanted = {
            "n": self.n not in (None, 1),
            "logprobs": self.logprobs,
            "tools": self.tools,
            "functions": self.functions,
            "audio": self.audio,
            "response_format": self.response_format and self.response_format.get("type") != "text",
        }
        for field, is_wanted in wanted.items():
            if is_wanted:
                raise Problem(
                    400, "unsupported_parameter", f"{field} is not supported here: leave it out.", field=field
                )


@router.post(
    "/v1/chat/completions",
    responses=openai_errors(404, 413, 415, 429, 502, 504)
    | {
        200: {
            "description": "The completion, or with `stream` its chunks.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/event-stream": {
                    "schema": {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}}}
                },
            },
        }
    },
    response_class=Response,
)
async def complete(request: Request, body: CompletionRequest) -> Response:
    """Make a reply, as OpenAI's own API does."""
    body.check()
    services: Services = request.state.services
    if body.model not in services.settings.models:
        known = ", ".join(services.settings.models)
        message = f"The model {body.model!r} is not offered here. Choose one of: {known}."
        raise Problem(404, "model_not_found", message, field="model")
    messages = [message.to_chat() for message in body.messages]
    unkept: UnkeptReplies = request.app.state.unkept
    turn = unkept.start(services.turns, messages, model=body.model, params=body.to_params())
    steps = follow_turn(turn)
    if body.stream:
        form = _ChunkForm(turn.message, with_usage=bool(body.stream_options and body.stream_options.include_usage))
        return ReplyStream(steps, form, heartbeat_seconds=request.app.state.heartbeat_seconds, on_gone=turn.stop)
    step = await unless_gone(last_step(steps), request.receive, on_gone=turn.stop)
    if step is None or step.ended is None:
        return Response(status_code=499)  # nobody reads it
    note_usage(request.scope, step.ended.usage)
    if problem := _problem_of(step):
        raise problem
    return json_response(_completion(step.ended))


@router.get("/v1/models", responses=openai_errors())
async def list_models(request: Request) -> Response:
    """List the models on offer."""
    services: Services = request.state.services
    models = [
        {"id": model, "object": "model", "created": 0, "owned_by": services.turns.provider_of(model).name}
        for model in services.settings.models
    ]
    return json_response({"object": "list", "data": models})


class _ChunkForm:
    """The reply in chunks, as server-sent events without names."""

    media_type = "text/event-stream"
    heartbeat = b": still here\n\n"

    def __init__(self, message: Message, *, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._head = _head(message, kind="chat.completion.chunk")
        self._cursor = Cursor(Place())
        self._has_begun = False

    def write(self, step: Step) -> Iterator[bytes]:
        """The chunks of a step."""
        if not self._has_begun:
            self._has_begun = True
            yield self._chunk({"role": "assistant", "content": ""})
        for piece in self._cursor.take(step.contents):
            if piece.name in _DELTAS:
                yield self._chunk({_DELTAS[piece.name]: piece.content["content"]})
        if step.ended is None:
            return
        if problem := _problem_of(step):
            yield _data({"error": problem.openai_error()})
            return
        yield self._chunk({}, finish=_finish(step.ended))
        if self._with_usage and step.ended.usage:
            yield _data(self._head | {"choices": [], "usage": _usage(step.ended.usage)})
        yield b"data: [DONE]\n\n"

    def _chunk(self, delta: Json, *, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data(self._head | {"choices": [choice]} | ({"usage": None} if self._with_usage else {}))


def _problem_of(step: Step) -> Problem | None:
    if step.problem is None and step.ended is not None and step.ended.status != "complete":
        return Problem(502, "interrupted", "The reply was cut off: the app is closing.")
    return step.problem


def _completion(message: Message) -> Json:
    said: Json = {"role": "assistant", "content": message.raw_markdown, "refusal": None}
    if message.reasoning:
        said[_DELTAS["reasoning"]] = message.reasoning
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": _finish(message)}
    usage = {"usage": _usage(message.usage)} if message.usage else {}
    return _head(message, kind="chat.completion") | {"choices": [choice]} | usage


def _head(message: Message, *, kind: str) -> Json:
    created = int(message.created_at.timestamp())
    return {"id": f"chatcmpl-{message.id}", "object": kind, "created": created, "model": message.model}


def _finish(message: Message) -> str:
    return message.finish_reason if message.finish_reason in ("length", "content_filter") else "stop"


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _data(value: Json) -> bytes:
    return b"data: " + encode_json(value) + b"\n\n"
