"""What a reply is said to cost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlanchina.config import load_settings
from parlanchina.llm.pricing import cost
from parlanchina.messages import Usage

MILLION = 1_000_000
KNOWN = ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4o", "gpt-4.1-mini"]


@pytest.mark.parametrize(
    ("model", "input_price", "cached_price", "output_price"),
    [
        ("gpt-6-luna", 0.1, 0.01, 0.5),
        ("gpt-6.1-terra", 1, 0.05, 5),
        ("gpt-5-mini", 0.25, 0.025, 2),
        ("gpt-5-nano", 0.05, 0.005, 0.4),
        ("gpt-4o", 2.5, 1.25, 10),
    ],
)
def test_a_million_tokens_cost_the_list_price(
    model: str, input_price: float, cached_price: float, output_price: float
) -> None:
    tenth = MILLION // 10  # a million at once would be a long prompt
    assert cost(model, Usage(input_tokens=tenth)) == pytest.approx(input_price / 10)
    assert cost(model, Usage(input_tokens=tenth, cached_tokens=tenth)) == pytest.approx(cached_price / 10)
    assert cost(model, Usage(output_tokens=tenth)) == pytest.approx(output_price / 10)


def test_cached_tokens_are_a_cheaper_part_of_the_input_and_reasoning_a_part_of_the_output() -> None:
    usage = Usage(input_tokens=1_000, cached_tokens=400, output_tokens=500, reasoning_tokens=300)
    assert cost("gpt-5-mini", usage) == pytest.approx((600 * 0.25 + 400 * 0.025 + 500 * 2) / MILLION)


def test_a_small_reply_is_not_rounded_to_nothing() -> None:
    assert cost("gpt-5-nano", Usage(input_tokens=1)) == pytest.approx(0.05 / MILLION)


def test_a_call_without_tokens_costs_nothing() -> None:
    assert cost("gpt-5", Usage()) == 0


def test_a_prompt_above_272000_tokens_costs_more_in_every_part() -> None:
    at_the_limit = cost("gpt-6-luna", Usage(input_tokens=272_000, cached_tokens=72_000, output_tokens=1_000))
    assert at_the_limit == pytest.approx((200_000 * 0.1 + 72_000 * 0.01 + 1_000 * 0.5) / MILLION)
    above = cost("gpt-6-luna", Usage(input_tokens=272_001, cached_tokens=72_001, output_tokens=1_000))
    assert above == pytest.approx((200_000 * 0.2 + 72_001 * 0.02 + 1_000 * 0.75) / MILLION)


def test_a_model_with_one_price_for_every_length_keeps_it() -> None:
    assert cost("gpt-4.1", Usage(input_tokens=MILLION)) == pytest.approx(2)


@pytest.mark.parametrize(
    ("name", "same_as"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("openai/gpt-5-mini", "gpt-5-mini"),
        ("openai/gpt-4.1-2025-04-14", "gpt-4.1"),
    ],
)
def test_a_listed_snapshot_and_openrouters_name_cost_the_same(name: str, same_as: str) -> None:
    usage = Usage(input_tokens=900, cached_tokens=100, output_tokens=70)
    assert cost(name, usage) == cost(same_as, usage)


@pytest.mark.parametrize(
    "model",
    [
        "",
        "demo",
        "demo-brief",
        "llama3.2",
        "GPT-5",
        "gpt-5 ",
        "gpt-5-pro",
        "gpt-5-chat-latest",
        "gpt-5-mini-fast",
        "gpt-5-2099-01-01",
        "gpt-4o-2024-05-13",  # cost more than gpt-4o
        "gpt-4o-audio-preview",
        "openai/gpt-5-mini:batch",
        "openai/openai/gpt-5-mini",
        "azure/gpt-5-mini",
    ],
)
def test_what_is_not_listed_has_no_price(model: str) -> None:
    assert cost(model, Usage(input_tokens=1_000, output_tokens=1_000)) is None


@settings(deadline=None)  # a busy machine is no failure
@given(model=st.sampled_from(KNOWN), more=st.text(min_size=1, max_size=12))
def test_no_name_is_matched_by_its_beginning(model: str, more: str) -> None:
    longer = model + more
    assert longer in {"gpt-5-mini", "gpt-5-nano"} or cost(longer, Usage(input_tokens=1)) is None


@settings(deadline=None)  # a busy machine is no failure
@given(
    model=st.sampled_from(KNOWN),
    input_tokens=st.integers(0, 2 * MILLION),
    cached_tokens=st.integers(0, 2 * MILLION),
    output_tokens=st.integers(0, MILLION),
)
def test_the_cache_only_ever_saves_and_no_cost_is_negative(
    model: str, input_tokens: int, cached_tokens: int, output_tokens: int
) -> None:
    full = cost(model, Usage(input_tokens=input_tokens, output_tokens=output_tokens))
    saved = cost(model, Usage(input_tokens=input_tokens, cached_tokens=cached_tokens, output_tokens=output_tokens))
    assert full is not None
    assert saved is not None
    assert 0 <= saved <= full


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "OPENROUTER_API_KEY"])
def test_every_model_offered_by_default_has_a_price(key: str) -> None:
    for model in load_settings({key: "sk-0123456789"}).models:
        assert cost(model, Usage(input_tokens=1)) is not None, model
