"""Chat Completions: a request's body, and the events of its stream, in the dialects of compatible servers.

Values in, values out; no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parlanchina.events import FinishReason, ImageCall, ImageStarted, LLMEvent, ReasoningDelta, TextDelta
from parlanchina.llm.base import ReplyRequest
from parlanchina.llm.complaints import Complained
from parlanchina.llm.frames import Frame, count_of, section_of, sections_of, text_of
from parlanchina.llm.pictures import PICTURE_GUIDANCE, picture_in, picture_modalities
from parlanchina.messages import Usage

__all__ = ["ChatReader", "chat_body"]

Json = dict[str, Any]  # Any: JSON on its way out, in the API's own shapes

_FINISHES: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}


def chat_body(request: ReplyRequest, *, model: str, limit_name: str, with_images: bool) -> Json:
    """The request in the API's shape; what is unset stays out. `limit_name` is what the service calls max_tokens."""
    body: Json = {
        "model": model,
        "messages": [dict(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    params = {
        "temperature": request.params.temperature,
        "top_p": request.params.top_p,
        limit_name: request.params.max_tokens,
    }
    body |= {name: value for name, value in params.items() if value is not None}
    if with_images and (modalities := picture_modalities(model)):
        body["modalities"] = modalities
        if "text" in modalities:
            body["messages"].insert(0, {"role": "system", "content": PICTURE_GUIDANCE})
    return body


class ChatReader:
    """Reads one stream of Chat Completions."""

    def __init__(self) -> None:
        self.finish: FinishReason | None = None
        self.usage: Usage | None = None
        self.said_something = False
        self._refused = False
        self._pictures: set[int] = set()

    def read(self, frame: Frame) -> Iterator[LLMEvent]:
        if text_of(frame, "object") == "error":  # vLLM's way; others' `error` field is the client's to see
            raise Complained.about(frame)
        if usage := section_of(frame, "usage"):
            self.usage = _usage(usage)
        # Azure's first chunk and everyone's last, with the usage, have no choices.
        for choice in sections_of(frame, "choices")[:1]:
            yield from self._choice(choice)

    def _choice(self, choice: Frame) -> Iterator[LLMEvent]:
        delta = section_of(choice, "delta") or section_of(choice, "message")
        if reasoning := text_of(delta, "reasoning") or text_of(delta, "reasoning_content"):
            yield ReasoningDelta(text=reasoning)
        refusal = text_of(delta, "refusal")
        self._refused |= bool(refusal)
        if text := _content(delta) + refusal:
            self.said_something |= not text.isspace()
            yield TextDelta(text=text)
        for image in sections_of(delta, "images"):
            yield from self._picture(text_of(section_of(image, "image_url"), "url"))
        if finish := text_of(choice, "finish_reason"):
            if finish == "error":
                raise Complained.about(choice)
            # Every other word (stop, eos, tool_calls for a tool we never offered …) says: by itself.
            self.finish = _FINISHES.get(finish, "refusal" if self._refused else "stop")

    def _picture(self, url: str) -> Iterator[LLMEvent]:
        found = picture_in(url)
        if found is None or hash(url) in self._pictures:  # some send their pictures again with the last chunk
            return
        self._pictures.add(hash(url))
        self.said_something = True
        call_id = f"image_{len(self._pictures)}"
        yield ImageStarted(call_id=call_id)
        yield ImageCall(call_id=call_id, image_b64=found[0], ext=found[1])


def _content(delta: Frame) -> str:
    """The text of a delta: a string, or (Mistral) a list of parts."""
    parts = sections_of(delta, "content")
    return "".join(text_of(part, "text") for part in parts) or text_of(delta, "content")


def _usage(usage: Frame) -> Usage:
    return Usage(
        input_tokens=count_of(usage, "prompt_tokens"),
        output_tokens=count_of(usage, "completion_tokens"),
        cached_tokens=count_of(section_of(usage, "prompt_tokens_details"), "cached_tokens"),
        reasoning_tokens=count_of(section_of(usage, "completion_tokens_details"), "reasoning_tokens"),
    )
