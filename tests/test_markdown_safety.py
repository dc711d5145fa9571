"""Whatever a reply holds, its HTML is inert, stable, and made in time."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parlanchina.markdown import BlockStream, Html, Maths, Mermaid, Picture, render_markdown, segments
from parlanchina.markdown.sanitise import sanitiser
from tests.inert import OURS, assert_inert, assert_native_inert, elements
from tests.markdown_attacks import ATTACKS
from tests.markdown_documents import written_documents

PATIENCE = 2.0 if sys.gettrace() is None else 10.0
"""Seconds of processor time; what takes longer is not linear. Measuring coverage multiplies it."""


def test_there_are_enough_attacks_and_no_two_alike() -> None:
    assert len(ATTACKS) == len(set(ATTACKS)) >= 150


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_rendered_inert(attack: str) -> None:
    html = render_markdown(attack)
    assert_inert(html)
    assert sanitiser()(html) == html


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_inert_inside_other_blocks_and_however_it_is_split(attack: str) -> None:
    quoted = "".join(f"> {line}\n" for line in attack.split("\n"))
    listed = "- " + attack.replace("\n", "\n  ")
    assert_inert(render_markdown(f"text {attack}\n\n{quoted}\n{listed}\n\n| x |\n|---|\n| {attack} |\n"))
    stream = BlockStream()
    pieces = [piece for character in attack + "\n\nend\n" for piece in stream.feed(character).committed]
    for piece in [*pieces, *stream.finish().committed]:
        assert_inert(render_markdown(piece, definitions=stream.definitions))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_segment_of_an_attack_loads_anything(attack: str) -> None:
    for segment in segments(f"{attack}\n\n- $x$ {attack.splitlines()[-1]}\n"):
        match segment:
            case Html():
                assert_inert(render_markdown(segment.markdown, definitions=segment.definitions))
            case Picture():
                assert OURS.fullmatch(segment.url)
            case Mermaid():
                assert "```mermaid" in attack
            case Maths():
                assert_native_inert(segment.markdown)


@pytest.mark.parametrize(
    "tag", ["b", "br", "script", "div class=pc-copy", "img src=/images/a.png", "!-- x --", "/p", "svg/"]
)
def test_raw_html_is_shown_as_it_was_written(tag: str) -> None:
    assert render_markdown(f"a <{tag}> b") == f"<p>a &lt;{tag}&gt; b</p>\n"


@given(st.lists(st.sampled_from("<>/=\"' \n&;#abiusvgdxno!-?[]%"), max_size=60).map("".join))
def test_raw_html_never_makes_an_element(text: str) -> None:
    made = {element.tag for element in elements(render_markdown(f"x {text}"))}
    assert made <= {
        "p",
        "u",
        "ul",
        "li",
        "h1",
        "h2",
        "hr",
        "blockquote",
        "br",
        "div",
        "pre",
        "code",
        "span",
        "button",
    }
    assert_inert(render_markdown(text))


MARKS = ["\n\n", "    ", "](", "![", "```", "$$", "[^1]", *"\n\t  ()[]<>!#*_~`$\\|:\"'&;-+^="]
SCRAPS = st.sampled_from([*ATTACKS, *written_documents(), *MARKS])


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(SCRAPS, max_size=8).map("".join)))
@example("\x00 \x1b[31m \ud800 \udfff \ufffe \x85 \u2028 \u202e")
@example("[\ud800](https://a.example/\udfff) `\ud800` ```\ud800\n\udc00")
def test_anything_renders_inert_stably_and_without_raising(text: str) -> None:
    html = render_markdown(text)
    assert_inert(html)
    assert sanitiser()(html) == html
    assert render_markdown(text) == html
    html.encode()
    for segment in segments(text):
        if isinstance(segment, Html):
            segment.markdown.encode()
            assert_inert(render_markdown(segment.markdown, definitions=segment.definitions))
        elif isinstance(segment, Maths):
            assert_native_inert(segment.markdown)


@given(st.text(alphabet="\x00\x01\x08\x0b\x0c\x1b\x7f\x9f\ud800\udfff\ufffe", min_size=1, max_size=20))
def test_what_cannot_be_shown_is_replaced_one_for_one(text: str) -> None:
    assert render_markdown(f"a{text}b") == f"<p>a{'�' * len(text)}b</p>\n"


N = 10_000
PATHOLOGICAL = {
    "quotes": ">" * N,
    "spaced quotes": "> " * N,
    "brackets": "[" * N,
    "bracket pairs": "[" * N + "]" * N,
    "pictures": "![" * N,
    "stars": "*" * N,
    "open emphasis": "*a_ " * N,
    "parentheses": "(" * N,
    "open links": "[a](" * N,
    "links with open titles": '[a](b "' * N,
    "less-than": "<" * N,
    "open tags": "<a" * N,
    "ampersands": "&" * N,
    "backticks": "`a``" * (N // 2),
    "rising backticks": "".join("`" * n + " " for n in range(150)),
    "backslashes": "\\" * N,
    "tildes": "~~a " * N,
    "list markers": "- " * N,
    "deep list": "\n".join(" " * (2 * n) + "- a" for n in range(300)),
    "deep quotes": "\n".join(">" * n for n in range(200)),
    "tight list": "- a\n" * N,
    "dollars": "$" * N,
    "open formulas": "$a " * N,
    "display marks": "$$a " * N,
    "display lines": "$$\n" * N,
    "open display lines": "$$ a\n# h\n" * (N // 3),
    "open parentheses formulas": "\\(" * N,
    "pluses": "++a " * N,
    "open underlines": "<u>" * N,
    "colons": "http:" * N,
    "addresses": "http://" * N,
    "address brackets": "http://a/" + "(" * N + ")" * N,
    "www": "www." * N,
    "at signs": "a@" * N,
    "footnote marks": "[^1]: a\n\n" + "[^" * N,
    "footnotes in footnotes": "[^1]: " * N,
    "open references": "[a\n" * N,
    "definitions": "\n".join(f"[a{n}]: https://a.example" for n in range(N // 4)),
    "wide table": "|a" * 3_000 + "\n" + "|-" * 3_000 + "\n" + "|b" * 3_000,
    "table that fills itself up": "|a" * 256 + "|\n" + "|-" * 256 + "|\n" + "|\n" * 256,
    "fences": "```\n" * (N // 4),
    "nested json": "```json\n" + '{"a":[' * 2_000 + "\n```",
    "one long line of code": "```python\n" + '"""' * 10_000 + "\n```",
    "a great deal of code": "```python\n" + "x = 1\n" * N + "```",
    "tabs": "\t" * N,
    "lazy lines": "> a\n" + "b\n" * N,
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_hostile_text_is_rendered_in_time(name: str) -> None:
    text = PATHOLOGICAL[name]
    started = time.process_time()  # of this process: a busy machine doesn't count
    html = render_markdown(text)
    segments(text)
    stream = BlockStream()
    stream.feed(text)
    stream.finish()
    assert time.process_time() - started < PATIENCE
    assert html or name in ("definitions", "tabs")


def test_what_is_nested_too_deeply_is_still_shown() -> None:
    assert render_markdown("> " * 200 + "the end").count("the end") == 1
    assert render_markdown("- " * 200 + "the end").count("the end") == 1


HOSTILE_CODE = {
    "c": "\n",
    "csharp": "\ta\n",
    "java": "a b c\n",
    "groovy": "a  b\n",
    "pascal": "{",
    "powershell": "#\n",
    "terraform": "-",
    "jinja": "#{",
    "html": "<!--",
    "latex": "#{",
    "perl": "r'(",
    "gherkin": " \n",
    "rst": "\n",
}


@pytest.mark.parametrize("language", HOSTILE_CODE)
@pytest.mark.parametrize("length", [2_900, 11_900])
def test_hostile_code_is_highlighted_in_time(language: str, length: int) -> None:
    unit = HOSTILE_CODE[language]
    code = (unit * length)[:length]
    lines = code if "\n" in unit else "\n".join(code[i : i + 990] for i in range(0, length, 990))
    started = time.process_time()
    render_markdown(f"~~~~{language}\n{lines}\n~~~~")
    assert time.process_time() - started < PATIENCE
