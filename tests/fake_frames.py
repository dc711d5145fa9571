"""The frames in which OpenAI's two APIs stream a reply: values in, values out, no socket.

Both functions return what comes before the deltas, the deltas (the part that a pace, a gate or a fault applies to),
and what comes after. Shapes as in openai 3.51's own types, `response_stream_event` and `chat_completion_chunk`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fake_openai import Reply

__all__ = ["chat_frames", "responses_frames", "words"]

Frame = dict[str, Any]
Parts = tuple[list[Frame], list[Frame], list[Frame]]


def words(text: str | Sequence[str]) -> list[str]:
    """Cut a text into words, white space kept; deltas given one by one stay as they are."""
    return re.findall(r"\s*\S+|\s+$", text) if isinstance(text, str) else list(text)


def responses_frames(reply: Reply, body: Mapping[str, Any]) -> Parts:
    """A reply as the Responses API streams it."""
    shell: Frame = {"id": "resp_1", "object": "response", "model": body.get("model"), "output": [], "error": None}
    before: list[Frame] = [
        {"type": "response.created", "response": shell | {"status": "in_progress"}},
        {"type": "response.in_progress", "response": shell | {"status": "in_progress"}},
    ]
    deltas: list[Frame] = []
    if reply.reasoning:
        item = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
        before.append({"type": "response.reasoning_summary_part.added", **item})
        deltas += [
            {"type": "response.reasoning_summary_text.delta", "delta": text, **item} for text in reply.reasoning
        ]
    for number, picture in enumerate(reply.images, start=1):
        deltas += _picture_frames(f"ig_{number}", picture, output_index=number)
    place = {"item_id": "msg_1", "output_index": len(reply.images) + 1, "content_index": 0}
    deltas += [{"type": "response.output_text.delta", "delta": text, **place} for text in words(reply.text)]
    deltas += [{"type": "response.refusal.delta", "delta": text, **place} for text in words(reply.refusal)]
    frames = before + deltas
    for number, frame in enumerate(frames):
        frame["sequence_number"] = number
    end = _responses_end(reply, shell, used=len(deltas))
    return before, deltas, [end | {"sequence_number": len(frames)}]


def _picture_frames(call_id: str, picture: str, *, output_index: int) -> list[Frame]:
    item = {"id": call_id, "type": "image_generation_call", "status": "in_progress", "result": None}
    finished = item | {"status": "completed", "result": picture, "output_format": "png", "revised_prompt": "A cat."}
    progress = {"item_id": call_id, "output_index": output_index}
    return [
        {"type": "response.output_item.added", "item": item, "output_index": output_index},
        {"type": "response.image_generation_call.in_progress", **progress},
        {"type": "response.image_generation_call.generating", **progress},
        {"type": "response.image_generation_call.partial_image", "partial_image_b64": "AAAA", **progress},
        {"type": "response.image_generation_call.completed", **progress},
        {"type": "response.output_item.done", "item": finished, "output_index": output_index},
    ]


def _responses_end(reply: Reply, shell: Frame, *, used: int) -> Frame:
    if reply.error is not None:
        return {"type": "response.failed", "response": shell | {"status": "failed", "error": dict(reply.error)}}
    counts = _counts(reply, used)
    usage: Frame = counts and {
        "input_tokens": counts["input_tokens"],
        "input_tokens_details": {"cached_tokens": counts["cached_tokens"], "cache_write_tokens": 0},
        "output_tokens": counts["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": counts["reasoning_tokens"]},
        "total_tokens": counts["input_tokens"] + counts["output_tokens"],
    }
    if reply.finish == "stop":
        return {"type": "response.completed", "response": shell | {"status": "completed", "usage": usage}}
    reason = "max_output_tokens" if reply.finish == "length" else reply.finish
    ended = shell | {"status": "incomplete", "incomplete_details": {"reason": reason}, "usage": usage}
    return {"type": "response.incomplete", "response": ended}


def chat_frames(reply: Reply, body: Mapping[str, Any]) -> Parts:
    """A reply as Chat Completions streams it, with OpenRouter's `reasoning` and `images` where they are asked for."""
    shell = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": body.get("model"),
    }

    def chunk(delta: Frame, finish: str | None = None) -> Frame:
        return shell | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    before = [chunk({"role": "assistant", "content": ""})]
    deltas = [chunk({"reasoning": text}) for text in reply.reasoning]
    deltas += [chunk({"content": text}) for text in words(reply.text)]
    deltas += [chunk({"refusal": text}) for text in words(reply.refusal)]
    pictures = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{it}"}} for it in reply.images]
    deltas += [chunk({"images": [picture]}) for picture in pictures]
    if reply.error is not None:
        return (
            [chunk({"role": "assistant", "content": ""})],
            deltas,
            [shell | {"choices": [], "error": dict(reply.error)}],
        )
    after = [chunk({}, reply.finish)]
    counts = _counts(reply, len(deltas))
    if counts and body.get("stream_options", {}).get("include_usage"):
        usage: Frame = {
            "prompt_tokens": counts["input_tokens"],
            "prompt_tokens_details": {"cached_tokens": counts["cached_tokens"]},
            "completion_tokens": counts["output_tokens"],
            "completion_tokens_details": {"reasoning_tokens": counts["reasoning_tokens"]},
            "total_tokens": counts["input_tokens"] + counts["output_tokens"],
        }
        after.append(shell | {"choices": [], "usage": usage})
    return before, deltas, after


def _counts(reply: Reply, used: int) -> dict[str, int]:
    if reply.usage is None:
        return {}
    counted = {"input_tokens": 7, "output_tokens": used, "cached_tokens": 0, "reasoning_tokens": len(reply.reasoning)}
    return counted | dict(reply.usage)
