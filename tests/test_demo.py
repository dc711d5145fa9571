"""The demo model as a provider: its tokens, its pace, its parameters, and going on where it was cut off."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlanchina.config import load_settings
from parlanchina.conversation import CONTINUE_INSTRUCTION
from parlanchina.events import TextDelta, TextDone, UsageEvent
from parlanchina.llm.base import Provider, ReplyRequest
from parlanchina.llm.demo import DEMO_MODELS, DemoProvider, count_tokens, split_tokens
from parlanchina.llm.demo_answers import Sampler
from parlanchina.messages import Usage
from tests.demo_talk import events, instant, joined, messages, reply, request

STORY = "Tell me a long story"
SHOWCASE = "Show me everything you can draw"
WARM = {"temperature": 1.5}


class Clock:
    """A `sleep` that waits for nothing and remembers what it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def finish_reason(asked: ReplyRequest) -> str:
    last = events(asked)[-1]
    assert isinstance(last, TextDone)
    return last.finish_reason


# Tokens and events


@given(st.text(max_size=60))
def test_tokens_joined_are_the_text_and_a_cut_between_them_counts_the_same(text: str) -> None:
    tokens = split_tokens(text)
    assert "".join(tokens) == text
    for kept in range(len(tokens) + 1):
        assert count_tokens("".join(tokens[:kept])) == kept


def test_a_token_is_a_word_or_a_mark_and_a_long_word_is_several() -> None:
    assert split_tokens("Hello, big  world!\n") == ["Hello", ",", " big", "  world", "!", "\n"]
    assert split_tokens("extraordinariamente") == ["extraordinar", "iamente"]


@pytest.mark.parametrize("question", ["Hello", STORY, SHOWCASE, "¿Cómo añado una clave?"])
def test_a_reply_is_deltas_of_one_token_then_its_usage_then_its_end(question: str) -> None:
    found = events(request(question, system="Be kind."))
    text = joined(found)
    assert found == [
        *(TextDelta(text=token) for token in split_tokens(text)),
        UsageEvent(usage=Usage(input_tokens=3 + count_tokens(question), output_tokens=count_tokens(text))),
        TextDone(finish_reason="stop"),
    ]


def test_max_tokens_cuts_at_exactly_so_many_and_says_so() -> None:
    tokens = split_tokens(reply("Hello"))
    for limit in range(len(tokens) + 2):
        found = events(request("Hello", max_tokens=limit))
        assert joined(found) == "".join(tokens[:limit])
        assert found[-2:] == [
            UsageEvent(usage=Usage(input_tokens=1, output_tokens=min(limit, len(tokens)))),
            TextDone(finish_reason="length" if limit < len(tokens) else "stop"),
        ]


# Determinism, temperature and top p


def test_the_same_seed_and_calls_bring_the_same_events_at_the_same_pace() -> None:
    def play(seed: int) -> tuple[list[Any], list[float]]:
        clock = Clock()
        provider = DemoProvider(seed=seed, sleep=clock.sleep, clock=clock.time)
        asked = [request("Hello", **WARM), request(STORY), request("Hello", **WARM)]
        return [events(one, provider=provider) for one in asked], clock.waits

    assert play(3) == play(3)
    assert play(3)[0][1] != play(4)[0][1]


@pytest.mark.parametrize("question", ["Hello", STORY, "What is the capital of France?"])
def test_without_temperature_the_same_words_come_each_time(question: str) -> None:
    provider = instant()
    assert len({reply(question, provider=provider, temperature=cold) for cold in (None, 0, 0.0, -1.0, math.nan)}) == 1


@pytest.mark.parametrize("question", ["Hello", "What can you do?", "Thanks", "What is the capital of France?"])
def test_the_warmer_the_more_the_words_vary_and_top_p_calms_them(question: str) -> None:
    def variety(**params: Any) -> int:
        provider = instant()
        return len({reply(question, provider=provider, **params) for _ in range(20)})

    assert variety(temperature=0.1) <= 2 < variety(temperature=0.7) < variety(temperature=2)
    assert variety(temperature=2, top_p=0.1) == 1
    assert reply(question, temperature=2, top_p=0.0) == reply(question)


def test_a_wording_is_drawn_by_the_rule_that_is_explained() -> None:
    sampler = Sampler(random.Random(1), temperature=0.8)
    drawn = Counter(sampler.pick("abcd") for _ in range(20_000))
    weights = [math.exp(-rank / 0.8) for rank in range(4)]
    for option, weight in zip("abcd", weights, strict=True):
        assert drawn[option] / 20_000 == pytest.approx(weight / sum(weights), abs=0.015)


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.0, "a"), (0.2, "a"), (0.3, "ab"), (0.6, "abc"), (0.9, "abcd"), (1.0, "abcd"), (7, "abcd")]
)
def test_top_p_keeps_the_fewest_that_reach_it(top_p: float, kept: str) -> None:
    sampler = Sampler(random.Random(1), temperature=math.inf, top_p=top_p)
    assert {sampler.pick("abcd") for _ in range(200)} == set(kept)


def test_the_coldest_temperature_there_is_draws_the_first() -> None:
    assert Sampler(random.Random(1), temperature=5e-324).pick("abcd") == "a"


# Models and system prompts


def test_without_any_setting_its_models_are_the_ones_on_offer() -> None:
    assert load_settings({}).models == DEMO_MODELS


def test_an_unknown_model_answers_as_the_demo_and_the_brief_one_says_less() -> None:
    assert reply("Hello", model="gpt-x") == reply("Hello")
    assert count_tokens(reply(SHOWCASE, model="demo-brief")) * 5 < count_tokens(reply(SHOWCASE))


@pytest.mark.parametrize(
    ("system", "opening", "holds"),
    [
        ("Answer in Spanish.", "*Sigo las instrucciones del sistema: en español.*", "modelo de demostración"),
        ("Responde en inglés, por favor", "*Following the system prompt: in English.*", "demo model"),
        ("Be brief", "*Following the system prompt: in one sentence.*", "a guide that needs no key"),
        ("Keep to ONE SENTENCE!", "*Following the system prompt: in one sentence.*", "a guide that needs no key"),
        ("Please shout", "*FOLLOWING THE SYSTEM PROMPT: IN CAPITALS.*", "I'M PARLANCHINA'S **DEMO MODEL**"),
        ("You are a pirate", "*Following the system prompt: as a pirate.*", "Arr!\n\nAhoy!"),
        ("Use bullet points", "*Following the system prompt: in bullet points.*", "- Hello!\n- I'm Parlanchina's"),
        ('End each reply with "Over, *out*!"', "*Following the system prompt: with your ending.*", "\n\nOver, out!"),
        ("Finish with the word banana.", "*Following the system prompt: with your ending.*", "\n\nbanana"),
        ("Termina con «¡Cambio y corto!»", "*Following the system prompt: with your ending.*", "¡Cambio y corto!"),
        ("End with 'I'm no pirate'", "*Following the system prompt: with your ending.*", "Hello!"),
        ("Don't shout, be brief", "*Following the system prompt: in one sentence.*", "demo model"),
        ("Use no more than one sentence", "*Following the system prompt: in one sentence.*", "demo model"),
        ("You must never talk like a pirate.", "*The system prompt says `You must never talk like a", "Hello!"),
        ("Be a `kind`\n**tutor**", "*The system prompt says `Be a 'kind' **tutor**`", "Hello!"),
    ],
)
def test_a_system_prompt_is_visibly_obeyed(system: str, opening: str, holds: str) -> None:
    answer = reply("Hello", system=system)
    assert answer.startswith(opening)
    assert holds in answer


def test_code_formulas_and_quoted_words_are_left_as_they_are_whatever_the_style() -> None:
    for question, kept in (
        ("Write a Python function", 'return "-".join(spaced.split())'),
        ("Show me some maths", "$a^2 + b^2 = c^2$"),
        ("How do I add a key?", "`azure`"),
        ("Is the Moon made of cheese and is it my file?", "`Is the Moon made of cheese and is it my file?`"),
    ):
        assert kept in reply(question, system="In capitals and bullets, as a pirate.")


def test_the_system_prompt_may_come_from_a_developer_and_in_parts() -> None:
    developer = {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}
    asked = ReplyRequest(messages=[developer, *messages("Hello")], model="demo")
    assert joined(events(asked)) == reply("Hello", system="Be brief.")


# Pace


def test_tokens_come_at_the_pace_asked_for_after_a_moment_of_thought() -> None:
    clock = Clock()
    found = events(request(STORY), provider=DemoProvider(tokens_per_second=50, sleep=clock.sleep, clock=clock.time))
    waits = clock.waits[: len(found) - 2]
    assert 0.2 <= waits[0] <= 0.6
    assert sum(waits[1:]) / len(waits[1:]) == pytest.approx(1 / 50, rel=0.05)
    assert len(set(waits)) > 1_000


async def test_a_reader_who_pauses_makes_nothing_slower() -> None:
    clock = Clock()
    words = 0
    async for event in DemoProvider(tokens_per_second=50, sleep=clock.sleep, clock=clock.time).stream(request(STORY)):
        if isinstance(event, TextDelta):
            words += 1
            clock.now += 0.1 if words % 5 == 0 else 0.0  # as long as five tokens take
    assert clock.now == pytest.approx(words / 50, rel=0.05, abs=0.5)


@pytest.mark.parametrize("pace", [0, math.inf])
def test_without_a_pace_nothing_is_waited_for(pace: float) -> None:
    clock = Clock()
    events(request("Hello"), provider=DemoProvider(tokens_per_second=pace, sleep=clock.sleep, clock=clock.time))
    assert set(clock.waits) == {0}


@pytest.mark.parametrize("pace", [-1, math.nan])
def test_a_pace_that_can_not_be_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="tokens_per_second is"):
        DemoProvider(tokens_per_second=pace)


async def test_two_fast_replies_take_turns() -> None:
    order: list[str] = []
    provider = instant()

    async def listen(name: str) -> None:
        async for _ in provider.stream(request("Hello")):
            order.append(name)

    await asyncio.gather(listen("a"), listen("b"))
    assert "".join(order[:20]) in ("ab" * 10, "ba" * 10)


async def test_a_cancelled_reader_ends_the_reply_in_the_middle_of_a_pause() -> None:
    waiting = asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    stream = DemoProvider(sleep=sleep).stream(request("Hello"))
    reader = asyncio.ensure_future(anext(stream))
    await waiting.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_closed_reply_says_nothing_more_and_a_new_one_can_be_made() -> None:
    provider: Provider = instant()
    stream = provider.stream(request("Hello"))
    assert await anext(stream) == TextDelta(text="Hello")
    await stream.aclose()
    assert [event async for event in stream] == []
    await provider.aclose()
    assert await anext(provider.stream(request("Hello"))) == TextDelta(text="Hello")


# Going on


@pytest.mark.parametrize("params", [{}, WARM, {"system": "Be brief, in Spanish, as a pirate."}])
@pytest.mark.parametrize("question", ["What is temperature?", STORY, "What is the capital of France?"])
def test_a_reply_cut_anywhere_goes_on_from_there(question: str, params: dict[str, Any]) -> None:
    provider = instant()
    # Without a temperature these are all one; with it, a beginning may fit several, and each is a right way to go on.
    takes = {reply("Hola", "¡Hola!", question, provider=provider, **params) for _ in range(32)}
    whole = reply("Hola", "¡Hola!", question, **params)

    @given(st.integers(1, len(whole) - 1))
    @settings(max_examples=12, deadline=None)
    def check(cut: int) -> None:
        said = ("Hola", "¡Hola!", question, whole[:cut])
        rest = reply(*said, **params)
        assert whole[:cut] + rest in takes
        assert reply(*said, CONTINUE_INSTRUCTION, **params) == rest

    check()


def test_a_reply_cut_by_max_tokens_is_made_whole_by_going_on() -> None:
    whole, so_far = reply(SHOWCASE), ""
    while finish_reason(request(SHOWCASE, *([so_far] if so_far else []), max_tokens=90)) == "length":
        so_far += reply(SHOWCASE, *([so_far, "Go on, please"] if so_far else []), max_tokens=90)
    assert so_far + reply(SHOWCASE, so_far) == whole
    assert len(so_far) > len(whole) / 2


def test_a_reply_continued_over_several_messages_is_one_reply() -> None:
    whole = reply(STORY)
    assert reply(STORY, whole[:500], "continue", whole[500:2_000], "Sigue, por favor") == whole[2_000:]


def test_a_whole_reply_has_nothing_left_and_says_so() -> None:
    whole = reply("Hello")
    rest = reply("Hello", whole)
    assert rest.startswith("\n\nThat was the whole answer")
    assert reply("Hello", whole + rest, "continue") == rest


@pytest.mark.parametrize(
    ("foreign", "gap"),
    [
        ("The capital of Fra", "\n\n"),
        ("```python\nprint(", "\n```\n\n"),
        ("~~~~\n```\n~~~\n", "\n~~~~\n\n"),
        ("```\na\n```\nand ```b``` c", "\n\n"),
    ],
)
def test_another_models_words_are_not_gone_on_with_but_left_in_order(foreign: str, gap: str) -> None:
    answer = reply("Explain physics", foreign, CONTINUE_INSTRUCTION)
    assert answer.startswith(f"{gap}I can go on only with an answer of my own")


def test_to_continue_with_nothing_before_is_a_message_like_any_other() -> None:
    assert "`continue`" in reply("continue")
    assert "`Continue to Rome?`" not in reply("Hello", "Hi!", "Continue to Rome?")
    assert reply("Hello", "Hi!", "How do I continue?", "x", "Draw a diagram") == reply("Draw a diagram")
