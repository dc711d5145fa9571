"""What `BlockStream` commits is final: at every prefix it equals the head of the whole text's rendering.

The only texts for which it may differ until the canonical render are those that define a link or a footnote after
using it. They are not excused by looking alike: their pieces must be equal once all definitions are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.token import Token

from parlanchina.markdown import BlockStream, Definitions, normalise, render_markdown
from parlanchina.markdown.parser import Link, definitions_of, parse_blocks
from tests.markdown_documents import AMBIGUOUS, grown_document, line_soup, written_documents

render = lru_cache(maxsize=20_000)(lambda text: render_markdown(text))


def characters(text: str) -> Iterator[str]:
    yield from text


def lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def commits_rightly(text: str, deltas: Iterable[str], *, every_prefix: bool = False) -> bool:
    """Check every prefix; say whether nothing had to wait for a definition that came after its use."""
    stream = BlockStream()
    pieces: list[str] = []
    html: list[str] = []
    whole: str | None = None
    fed = ""
    for delta in deltas:
        update = stream.feed(delta)
        fed += delta
        pieces.extend(update.committed)
        assert "".join(pieces) + update.pending == fed
        html.extend(_render(piece, stream.definitions) for piece in update.committed)
        if update.committed or every_prefix:
            whole = render(text) if whole is None else whole
            if not whole.startswith("".join(html)):
                return _waits_for_definitions(text, pieces, whole)
        if every_prefix:
            shown = "".join(html) + _render(update.pending, stream.definitions)
            assert shown == render(fed) or not _waits_for_definitions(fed, [*pieces, update.pending], render(fed))
    last = stream.finish()
    assert last.pending == ""
    if whole is None:
        return True  # nothing was committed on the way: the one piece is the whole text
    if "".join(html) + "".join(_render(piece, stream.definitions) for piece in last.committed) == whole:
        return True
    return _waits_for_definitions(text, [*pieces, *last.committed], whole)


def _render(piece: str, definitions: Definitions) -> str:
    known = definitions.links or definitions.notes
    return render_markdown(piece, definitions=definitions) if known else render(piece)


def _waits_for_definitions(text: str, pieces: list[str], whole: str) -> bool:
    definitions = definitions_of(text)
    assert definitions.links or definitions.notes, text
    assert whole.startswith("".join(render_markdown(piece, definitions=definitions) for piece in pieces)), text
    return False


@pytest.mark.parametrize("number", range(len(written_documents())))
def test_every_prefix_of_a_written_document_shows_what_the_prefix_means(number: int) -> None:
    text = normalise(written_documents()[number])
    if not commits_rightly(text, characters(text), every_prefix=True):
        assert text.startswith(("[late]", "Used first"))


def test_pairs_of_documents() -> None:
    random = Random(3)
    documents = [normalise(text) for text in written_documents()]
    waiting = 0
    for _ in range(1_200):
        first, second = random.choices(documents, k=2)
        text = first + random.choice(("", "\n", "\n\n")) + second
        waiting += not commits_rightly(text, characters(text))
    assert waiting < 120


def test_grown_documents() -> None:
    random = Random(4)
    waiting = 0
    for _ in range(500):
        text = grown_document(random)
        waiting += not commits_rightly(text, characters(text))
    assert waiting < 100


def test_lines_in_any_order() -> None:
    random = Random(5)
    waiting = 0
    for _ in range(4_000):
        text = line_soup(random)
        waiting += not commits_rightly(text, lines(text))
    assert waiting < 800


def test_all_four_line_combinations_of_ambiguous_lines() -> None:
    combinations = 0
    for combination in product(AMBIGUOUS, repeat=4):
        text = "".join(f"{line}\n" for line in combination)
        assert commits_rightly(text, lines(text))
        combinations += 1
    assert combinations == len(AMBIGUOUS) ** 4 == 38_416


def test_ambiguous_lines_around_a_blank_one_character_by_character() -> None:
    random = Random(6)
    for _ in range(1_500):
        before, between, after = (random.choices(AMBIGUOUS, k=count) for count in (2, 2, 2))
        text = "\n".join([*before, "", *between, "", *after])
        assert commits_rightly(text, characters(text))


def test_a_finished_paragraph_is_committed_with_the_next_block() -> None:
    stream = BlockStream()
    assert stream.feed("one\n\n").committed == ()
    assert stream.feed("3 two").committed == ()
    update = stream.feed("\n")
    assert update.committed == ("one\n\n",)
    assert update.pending == "3 two\n"
    assert stream.finish().committed == ("3 two\n",)


@pytest.mark.parametrize("beginning", ["t", "é", "#", ">", "|", "**"])
def test_a_block_is_committed_as_soon_as_the_next_has_clearly_begun(beginning: str) -> None:
    stream = BlockStream()
    assert stream.feed("- one\n\n").committed == ()
    update = stream.feed(beginning)
    assert update.committed == ("- one\n\n",)
    assert update.pending == beginning


@pytest.mark.parametrize("beginning", ["2", "-", "*", "+", " t", "\tt", "[", "$", "`"])
def test_a_beginning_that_leaves_doubt_is_not_judged(beginning: str) -> None:
    stream = BlockStream()
    assert stream.feed("- one\n\n" + beginning).committed == ()


def test_no_block_begins_inside_code() -> None:
    stream = BlockStream()
    assert stream.feed("```\none\n\ntwo").committed == ()
    assert stream.feed("\n\nthree\n```\n\nend").committed == ("```\none\n\ntwo\n\nthree\n```\n\n",)


def test_half_a_number_is_not_judged() -> None:
    stream = BlockStream()
    assert stream.feed("1. one\n\n2").committed == ()
    assert stream.feed(". two\n\n").committed == ()
    assert stream.feed("end\n").committed == ("1. one\n\n2. two\n\n",)


@pytest.mark.parametrize("fence", ["```", "~~~~", "$$", "\\["])
def test_blank_lines_in_an_open_fence_or_formula_commit_nothing_of_it(fence: str) -> None:
    stream = BlockStream()
    assert stream.feed(f"before\n\n{fence}\na\n\nb\n\nc\n").committed == ("before\n\n",)
    closing = "\\]" if fence == "\\[" else fence
    assert stream.feed(f"{closing}\n\nafter\n").committed == (f"{fence}\na\n\nb\n\nc\n{closing}\n\n",)


def test_definitions_are_known_to_the_pieces_that_follow() -> None:
    stream = BlockStream()
    update = stream.feed("[a]: https://a.example/\n\n[^w]: note\n\n[a] [^w]\n\nend\n")
    assert update.committed[-1] == "[a] [^w]\n\n"
    html = render_markdown(update.committed[-1], definitions=stream.definitions)
    assert 'href="https://a.example/"' in html
    assert '<sup class="pc-ref">w</sup>' in html


@pytest.mark.parametrize(
    "deltas", [("a\r\n\r\nb\r\n",), ("a\r", "\n\r", "\nb\r", "\n"), ("a\r\rb\r",), ("a\r", "", "\n\nb\n")]
)
def test_every_line_ending_is_one_newline(deltas: tuple[str, ...]) -> None:
    stream = BlockStream()
    committed = [piece for delta in deltas for piece in stream.feed(delta).committed]
    assert committed == ["a\n\n"]
    assert stream.finish().committed == ("b\n",)


def test_only_newlines_end_lines() -> None:
    stream = BlockStream()
    assert stream.feed("1. a\n\n2\u2028\x0c\x85").committed == ()


@given(st.lists(st.text(alphabet=" \r\n\t-#>`~$\\[]|1.a\ud800\U0001f389", max_size=6), max_size=30))
def test_nothing_is_lost_however_it_is_cut(deltas: list[str]) -> None:
    stream = BlockStream()
    pieces: list[str] = []
    for number, delta in enumerate(deltas, 1):
        update = stream.feed(delta)
        pieces.extend(update.committed)
        assert "".join(pieces) + update.pending == normalise("".join(deltas[:number]))
    assert "".join([*pieces, *stream.finish().committed]) == normalise("".join(deltas))


class CountingParser:
    """The real parser, counting the characters it is given."""

    def __init__(self) -> None:
        self.characters = 0

    def __call__(self, text: str, known: Definitions) -> tuple[list[Token], Mapping[str, Link]]:
        self.characters += len(text)
        return parse_blocks(text, known)


def cost(text: str, *, size: int = 4) -> tuple[float, int]:
    """How many times over the text was parsed, and the longest tail there was."""
    parser = CountingParser()
    stream = BlockStream(parse=parser)
    longest = max(len(stream.feed(text[i : i + size]).pending) for i in range(0, len(text), size))
    return parser.characters / len(text), longest


def mixed_text(length: int) -> str:
    random = Random(7)
    blocks: list[str] = []
    while sum(map(len, blocks)) < length:
        blocks.append(grown_document(random) + "\n\n")
    return "".join(blocks)[:length]


@pytest.mark.parametrize("size", [4, 65_536])
def test_a_long_reply_is_parsed_a_few_times(size: int) -> None:
    times, _ = cost(mixed_text(65_536), size=size)
    assert times < 5


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("```py\n" + "x = 1\n\n" * 9_000 + "```\n\nend\n", 1.2),
        ("$$\n" + "x\n\n" * 20_000 + "$$\n\nend\n", 1.2),
        ("text:\n```\n" + "x = 1\n\n" * 9_000, 1.2),
        ("- item\n\n" * 8_000, 6.5),
        ("> quote\n" * 8_000, 6.5),
        ("```\na\n\nb\n```\n" * 4_000, 6.5),
        ("[a]: https://a.example/\n\n" * 2_500, 6.5),
    ],
    ids=["fence", "formula", "fence after text", "loose list", "quote", "fences in a row", "definitions"],
)
def test_one_huge_block_is_parsed_a_bounded_number_of_times(text: str, limit: float) -> None:
    times, _ = cost(text)
    assert times < limit


def test_after_a_huge_list_the_next_block_is_committed_at_once() -> None:
    stream = BlockStream()
    for _ in range(4_000):
        stream.feed("- item\n\n")
    assert len(stream.feed("A paragraph.\n").committed) == 1
