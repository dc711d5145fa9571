"""Chat Completions' shapes, and those of servers that are nearly compatible."""

from __future__ import annotations

from typing import Any

import pytest

from parlanchina.events import ImageCall, ImageStarted, LLMEvent, ReasoningDelta, TextDelta
from parlanchina.llm.chat_completions import ChatReader
from parlanchina.messages import Usage


def read(*frames: dict[str, Any]) -> tuple[list[LLMEvent], ChatReader]:
    reader = ChatReader()
    return [event for frame in frames for event in reader.read(frame)], reader


def chunk(delta: object = None, **choice: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, **choice}]}


def picture(url: str) -> dict[str, Any]:
    return chunk({"images": [{"type": "image_url", "image_url": {"url": url}}]})


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"choices": []},
        {"choices": None},
        {"choices": "?"},
        {"choices": [None]},
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]},  # Azure's first chunk
        chunk(None),
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": None}),
        chunk({"content": 5}),
        chunk({}, finish_reason=""),
        chunk({}, finish_reason=None, content_filter_results={}),
        chunk({"tool_calls": [{"index": 0}]}),
    ],
)
def test_what_says_nothing_yields_nothing(frame):
    events, reader = read(frame)
    assert events == []
    assert reader.finish is None
    assert not reader.said_something


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_is_read_in_either_dialect(field):
    assert read(chunk({field: "Hmm."}))[0] == [ReasoningDelta(text="Hmm.")]


def test_reasoning_sent_in_both_dialects_is_shown_once():
    assert read(chunk({"reasoning": "Hmm.", "reasoning_content": "Hmm."}))[0] == [ReasoningDelta(text="Hmm.")]


def test_content_may_be_a_list_of_parts():
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Hi"}, {"type": "text", "text": "!"}]
    assert read(chunk({"content": parts}))[0] == [TextDelta(text="Hi!")]


def test_a_whole_message_in_place_of_a_delta_is_read():
    assert read({"choices": [{"message": {"content": "All of it."}}]})[0] == [TextDelta(text="All of it.")]


@pytest.mark.parametrize(
    ("word", "finish"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("end_turn", "stop"),
        ("tool_calls", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
    ],
)
def test_every_word_for_a_finish_is_one_of_ours(word, finish):
    assert read(chunk({}, finish_reason=word))[1].finish == finish


def test_a_refusal_is_text_and_the_finish_says_so():
    events, reader = read(chunk({"refusal": "I can't."}), chunk({}, finish_reason="stop"))
    assert events == [TextDelta(text="I can't.")]
    assert reader.finish == "refusal"


def test_usage_is_the_last_one_sent_with_or_without_details():
    early = {"prompt_tokens": 5, "completion_tokens": 1}
    late = early | {"completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}, "total_tokens": 14}
    _, reader = read({"choices": [], "usage": early}, {"choices": [], "usage": late}, {"choices": [], "usage": None})
    assert reader.usage == Usage(input_tokens=5, output_tokens=9, cached_tokens=4)


@pytest.mark.parametrize("count", [None, "7", 7.5, -1, True, [7]])
def test_a_count_that_is_none_is_zero(count):
    assert read({"usage": {"prompt_tokens": count, "completion_tokens": 3}})[1].usage == Usage(output_tokens=3)


def test_a_picture_sent_twice_is_taken_once():
    events, _ = read(picture("data:image/jpeg;base64,AAAA"), picture("data:image/jpeg;base64,AAAA"))
    assert events == [ImageStarted(call_id="image_1"), ImageCall(call_id="image_1", image_b64="AAAA", ext="jpg")]


@pytest.mark.parametrize(
    "url", ["", "https://example.org/cat.png", "data:image/svg+xml;base64,AAAA", "data:text/html;base64,AAAA"]
)
def test_what_is_no_plain_picture_is_not_taken_for_one(url):
    assert read(picture(url))[0] == []


def test_only_the_first_choice_is_the_reply():
    frame = {"choices": [{"delta": {"content": "One."}}, {"delta": {"content": "Two."}}]}
    assert read(frame)[0] == [TextDelta(text="One.")]
