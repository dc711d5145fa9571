"""The Responses API's shapes: what a request becomes, and what frames mean."""

from __future__ import annotations

from typing import Any

import pytest

from parlanchina.events import ImageCall, ImageStarted, LLMEvent, ReasoningDelta, TextDelta
from parlanchina.llm.complaints import Complained
from parlanchina.llm.responses import ResponsesReader, responses_body
from parlanchina.messages import Usage
from tests.replies import a_request

CAT = "data:image/png;base64,AAAA"


def body_of(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return responses_body(a_request(messages=messages), model="m", with_images=False)


def read(*frames: dict[str, Any]) -> tuple[list[LLMEvent], ResponsesReader]:
    reader = ResponsesReader()
    return [event for frame in frames for event in reader.read(frame)], reader


def delta(text: object, item: str = "msg_1") -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text, "item_id": item}


def test_parts_become_those_of_the_responses_api():
    user = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": CAT}}]
    body = body_of(
        [
            {"role": "user", "content": user},
            {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": CAT, "detail": "low"}}]},
        ]
    )
    assert [item["content"] for item in body["input"]] == [
        [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": CAT, "detail": "auto"},
        ],
        [{"type": "output_text", "text": "A cat."}],
        [{"type": "input_image", "image_url": CAT, "detail": "low"}],
    ]


def test_a_part_of_an_unknown_kind_is_passed_on_for_the_service_to_judge():
    part = {"type": "input_file", "file_id": "f"}
    assert body_of([{"role": "user", "content": [part]}])["input"][0]["content"] == [part]


def test_leading_system_messages_become_the_instructions_and_later_ones_keep_their_place():
    system = {"role": "system", "content": "Be brief."}
    question = {"role": "user", "content": "Hello?"}
    body = body_of([system, system, question, system])
    assert body["instructions"] == "Be brief.\n\nBe brief."
    assert body["input"] == [question, system]
    assert "instructions" not in body_of([question])


def test_the_request_itself_is_left_as_it_was():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "?"}]},
    ]
    body_of(messages)
    assert messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "?"}]},
    ]


def test_several_messages_of_one_reply_are_paragraphs_of_one_text():
    events, _ = read(delta("Before", "a"), delta(".", "a"), delta("After.", "b"))
    assert events == [TextDelta(text="Before"), TextDelta(text="."), TextDelta(text="\n\nAfter.")]


def test_parts_of_a_reasoning_summary_are_kept_apart():
    part = {"type": "response.reasoning_summary_part.added"}
    thought = {"type": "response.reasoning_summary_text.delta", "delta": "Hmm."}
    raw = {"type": "response.reasoning_text.delta", "delta": "Aha."}
    events, _ = read(part, thought, part, raw)
    assert events == [ReasoningDelta(text="Hmm."), ReasoningDelta(text="\n\n"), ReasoningDelta(text="Aha.")]


def test_a_picture_tells_its_prompt_and_partial_ones_are_passed_over():
    item = {"id": "ig_1", "type": "image_generation_call"}
    done = {"result": "AAAA", "output_format": "jpeg", "revised_prompt": "A cat, asleep."}
    events, reader = read(
        {"type": "response.output_item.added", "item": item},
        {"type": "response.image_generation_call.generating", "item_id": "ig_1"},
        {"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "partial_image_b64": "AA"},
        {"type": "response.output_item.done", "item": item | done},
    )
    assert events == [
        ImageStarted(call_id="ig_1"),
        ImageCall(
            call_id="ig_1",
            image_b64="AAAA",
            ext="jpg",
            revised_prompt="A cat, asleep.",
            model="gpt-image-1",
            size="1024x1024",
            quality="high",
        ),
    ]
    assert reader.said_something


@pytest.mark.parametrize("fields", [{"result": None}, {"result": ""}, {"result": "AAAA", "output_format": "svg"}])
def test_a_picture_that_failed_or_can_carry_script_is_no_picture(fields):
    item = {"id": "ig_1", "type": "image_generation_call", **fields}
    events, reader = read({"type": "response.output_item.done", "item": item})
    assert events == [ImageStarted(call_id="ig_1")]
    assert not reader.said_something


def test_a_picture_that_moderation_stopped_ends_a_silent_reply_as_filtered():
    item = {"id": "ig_1", "type": "image_generation_call", "error": {"code": "moderation_blocked"}}
    stopped = {"type": "response.output_item.done", "item": item}
    assert read(stopped, {"type": "response.completed"})[1].finish == "content_filter"
    assert read(stopped, delta("Sorry."), {"type": "response.completed"})[1].finish == "stop"


@pytest.mark.parametrize(
    ("details", "finish"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        ({"reason": "something_new"}, "length"),
        (None, "length"),
    ],
)
def test_an_incomplete_response_says_why(details, finish):
    frame = {"type": "response.incomplete", "response": {"incomplete_details": details}}
    assert read(delta("So far"), frame)[1].finish == finish


def test_an_incomplete_response_is_charged_for_too():
    usage = {"input_tokens": 5, "output_tokens": 6, "input_tokens_details": None}
    _, reader = read({"type": "response.incomplete", "response": {"usage": usage}})
    assert reader.usage == Usage(input_tokens=5, output_tokens=6)


def test_a_failed_response_is_a_complaint():
    with pytest.raises(Complained) as caught:
        read({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "Oops."}}})
    assert caught.value.complaint.code == "server_error"
    assert caught.value.complaint.message == "Oops."


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"type": None},
        {"type": "response.something.new", "delta": "?"},
        {"type": "keepalive"},
        delta(None),
        delta(5),
        delta(["x"]),
        delta(""),
        {"type": "response.output_item.done", "item": "?"},
        {"type": "response.output_item.done", "item": {"type": "message"}},
    ],
)
def test_what_is_not_understood_is_passed_over(frame):
    events, reader = read(frame)
    assert events == []
    assert reader.finish is None


def test_white_space_alone_says_nothing():
    assert not read(delta(" \n"))[1].said_something
