"""Half characters: joined where both halves come, replaced where one is missing, never handed on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parlanchina.events import TextDelta
from parlanchina.llm.whole_text import WholeText
from tests.fake_openai import FakeOpenAI, Reply
from tests.replies import a_provider, events_of


def joined(*pieces: str) -> str:
    text = WholeText()
    return "".join(text.add(piece) for piece in pieces)


def test_an_emoji_cut_in_two_is_one_emoji():
    assert joined("a\ud83d", "\ude00b") == "a😀b"


def test_a_pair_in_one_piece_is_one_emoji():
    assert joined("\ud83d\ude00") == "😀"


def test_a_half_that_stays_alone_is_replaced():
    assert joined("a\ud83d", "b") == "a\ufffdb"
    assert joined("a\ude00b") == "a\ufffdb"


@given(st.lists(st.text(st.characters(exclude_categories=()))))
def test_whatever_comes_can_be_written(pieces):
    joined(*pieces).encode()


@given(st.text(), st.integers(min_value=1, max_value=5))
def test_text_cut_by_utf16_units_is_whole_again(text, size):
    units = text.encode("utf-16-le")
    pieces = [units[start : start + 2 * size] for start in range(0, len(units), 2 * size)]
    assert joined(*(piece.decode("utf-16-le", "surrogatepass") for piece in pieces)) == text


async def test_a_service_that_cuts_emoji_in_two_is_read_right():
    halves = [b"\\ud83d", b"\\ude00"]
    frames = b"".join(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % half for half in halves)
    finish = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
    with FakeOpenAI() as service:
        service.default = Reply(body=frames + finish)
        events = await events_of(a_provider(service))
    assert events[0] == TextDelta(text="😀")
