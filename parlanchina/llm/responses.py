"""The Responses API: a request's body, and the events of its stream.

Values in, values out; no network. Unknown event types are passed over: the API adds new ones without notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parlanchina.events import FinishReason, ImageCall, ImageStarted, LLMEvent, ReasoningDelta, TextDelta
from parlanchina.llm.base import ChatMessage, ReplyRequest
from parlanchina.llm.complaints import Complained
from parlanchina.llm.frames import Frame, count_of, section_of, text_of
from parlanchina.llm.pictures import PICTURE_GUIDANCE, picture_extension
from parlanchina.messages import Usage

__all__ = ["IMAGE_MODEL", "ResponsesReader", "responses_body"]

IMAGE_MODEL = "gpt-image-1"
_IMAGE_TOOL = {
    "type": "image_generation",
    "model": IMAGE_MODEL,
    "size": "1024x1024",
    "quality": "high",
    "output_format": "png",
}

Json = dict[str, Any]  # Any: JSON on its way out, in the API's own shapes


def responses_body(request: ReplyRequest, *, model: str, with_images: bool) -> Json:
    """The request in the API's shape: a leading system message becomes `instructions`; unset parameters stay out."""
    messages = list(request.messages)
    instructions = []
    while messages and messages[0].get("role") == "system" and isinstance(messages[0].get("content"), str):
        instructions.append(messages.pop(0)["content"])
    # Not kept by the service: the conversation is ours to keep, and a person's words belong in one place.
    body: Json = {"model": model, "input": [_item(message) for message in messages], "stream": True, "store": False}
    params = {
        "temperature": request.params.temperature,
        "top_p": request.params.top_p,
        "max_output_tokens": request.params.max_tokens,
    }
    body |= {name: value for name, value in params.items() if value is not None}
    if with_images:
        chosen = {"size": request.params.image_size, "quality": request.params.image_quality}
        body["tools"] = [_IMAGE_TOOL | {name: value for name, value in chosen.items() if value is not None}]
        instructions.append(PICTURE_GUIDANCE)
    if instructions:
        body["instructions"] = "\n\n".join(instructions)
    return body


def _item(message: ChatMessage) -> Json:
    content = message.get("content")
    if isinstance(content, list):
        content = [_part(part, said_by=message.get("role")) for part in content]
    return {"role": message.get("role"), "content": content}


def _part(part: Json, *, said_by: object) -> Json:
    match part.get("type"):
        case "text":
            return {"type": "output_text" if said_by == "assistant" else "input_text", "text": part["text"]}
        case "image_url":
            picture = part["image_url"]
            return {"type": "input_image", "image_url": picture["url"], "detail": picture.get("detail", "auto")}
        case _:
            return part  # of a later kind: the service knows it, or says that it doesn't


class ResponsesReader:
    """Reads one stream of the Responses API."""

    def __init__(self) -> None:
        self.finish: FinishReason | None = None
        self.usage: Usage | None = None
        self.said_something = False
        self._refused = False
        self._blocked_picture = False
        self._text_item: str | None = None
        self._reasoned = False
        self._pictures: set[str] = set()

    def read(self, frame: Frame) -> Iterator[LLMEvent]:
        match text_of(frame, "type"):
            case "response.output_text.delta":
                yield from self._text(frame)
            case "response.refusal.delta":
                self._refused = True
                yield from self._text(frame)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                if delta := text_of(frame, "delta"):
                    self._reasoned = True
                    yield ReasoningDelta(text=delta)
            case "response.reasoning_summary_part.added" if self._reasoned:
                yield ReasoningDelta(text="\n\n")
            case "response.image_generation_call.in_progress" | "response.image_generation_call.generating":
                yield from self._picture_begun(text_of(frame, "item_id"))
            case "response.output_item.added" | "response.output_item.done":
                yield from self._item(section_of(frame, "item"))
            case "response.completed":
                refused, blocked = self._refused, self._blocked_picture and not self.said_something
                self._end(frame, "refusal" if refused else "content_filter" if blocked else "stop")
            case "response.incomplete":
                details = section_of(section_of(frame, "response"), "incomplete_details")
                self._end(frame, "content_filter" if text_of(details, "reason") == "content_filter" else "length")
            case "response.failed":
                raise Complained.about(section_of(frame, "response"))
            case "error":
                raise Complained.about(frame)

    def _text(self, frame: Frame) -> Iterator[LLMEvent]:
        delta = text_of(frame, "delta")
        if not delta:
            return
        item = text_of(frame, "item_id")
        # A reply may be several messages (before and after a picture, say): paragraphs of one text to us.
        if self._text_item not in (None, item):
            delta = "\n\n" + delta
        self._text_item = item
        self.said_something |= not delta.isspace()
        yield TextDelta(text=delta)

    def _picture_begun(self, call_id: str) -> Iterator[LLMEvent]:
        if call_id not in self._pictures:
            self._pictures.add(call_id)
            yield ImageStarted(call_id=call_id)

    def _item(self, item: Frame) -> Iterator[LLMEvent]:
        if text_of(item, "type") != "image_generation_call":
            return
        call_id, result = text_of(item, "id"), text_of(item, "result")
        if "moderation" in text_of(section_of(item, "error"), "code"):
            self._blocked_picture = True
        yield from self._picture_begun(call_id)
        extension = picture_extension(text_of(item, "output_format") or "png")
        if result and extension:
            self.said_something = True
            yield ImageCall(
                call_id=call_id,
                image_b64=result,
                ext=extension,
                revised_prompt=text_of(item, "revised_prompt"),
                model=IMAGE_MODEL,
                size=text_of(item, "size") or _IMAGE_TOOL["size"],
                quality=text_of(item, "quality") or _IMAGE_TOOL["quality"],
            )

    def _end(self, frame: Frame, finish: FinishReason) -> None:
        self.finish = finish
        usage = section_of(section_of(frame, "response"), "usage")
        if usage:
            self.usage = Usage(
                input_tokens=count_of(usage, "input_tokens"),
                output_tokens=count_of(usage, "output_tokens"),
                cached_tokens=count_of(section_of(usage, "input_tokens_details"), "cached_tokens"),
                reasoning_tokens=count_of(section_of(usage, "output_tokens_details"), "reasoning_tokens"),
            )
