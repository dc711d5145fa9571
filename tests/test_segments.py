"""A reply is drawn with as few elements as possible, each of them right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest
from markdown_it.token import Token

from parlanchina.markdown import Html, Maths, Mermaid, Picture, render_markdown, segments
from parlanchina.markdown.native import native_markdown
from parlanchina.markdown.parser import parse
from tests.inert import another_reader, assert_native_inert
from tests.markdown_documents import grown_document, line_soup, written_documents

JOINER = "\u2060"


def kinds(text: str) -> list[str]:
    return [type(segment).__name__ for segment in segments(text)]


def native(text: str) -> str:
    """The one formula segment of a text, without the joiners that nobody sees."""
    (segment,) = segments(text)
    assert isinstance(segment, Maths)
    return segment.markdown.replace(JOINER, "")


def test_plain_text_is_one_html_and_is_not_parsed() -> None:
    text = "# A\n\n- b\n\n```py\nc\n```\n\n| d |\n|---|\n\n[e]: https://e.example\n"
    assert segments(text) == [Html(text)]


def test_an_empty_reply_needs_nothing() -> None:
    assert segments("") == segments(" \n") == []


def test_money_needs_nothing_native() -> None:
    assert kinds("From $5 to $10.\n\nUS$1,000.\n") == ["Html"]


def test_a_diagram_splits_the_text() -> None:
    found = segments("a\n\n```mermaid\ngraph TD\n\nA-->B\n```\n\nb\n")
    assert found[1] == Mermaid("graph TD\n\nA-->B\n")
    assert [type(segment) for segment in found] == [Html, Mermaid, Html]


@pytest.mark.parametrize("fence", ["~~~~ Mermaid", "  ```mermaid {theme}"])
def test_any_fence_may_hold_a_diagram(fence: str) -> None:
    closing = fence.strip()[:4].replace("m", "")
    assert kinds(f"[x]: https://x.example\n\n{fence}\ngraph TD\n{closing}") == ["Mermaid"]


@pytest.mark.parametrize(
    "text",
    [
        "```mermaid\ngraph TD\n",
        "```mermaid\ngraph TD\n``",
        "~~~mermaid\ngraph TD\n```\n",
        "```mermaid\n```\n",
        "- ```mermaid\n  graph TD\n  ```\n",
        "> ```mermaid\n> graph TD\n> ```\n",
        "    ```mermaid\n    graph TD\n    ```\n",
        "```text mermaid\ngraph TD\n```\n",
    ],
)
def test_an_unfinished_or_nested_diagram_stays_code(text: str) -> None:
    assert kinds(text) == ["Html"]


def test_a_picture_of_ours_alone_in_its_paragraph_is_native() -> None:
    assert segments("![A *red* cat](/images/a-1.png)\n") == [Picture("/images/a-1.png", "A red cat")]
    assert kinds("a\n\n![b](/images/b.png)\n\n![c](/images/c.webp)\n\nd\n") == ["Html", "Picture", "Picture", "Html"]


@pytest.mark.parametrize(
    "text",
    [
        "See ![a](/images/a.png)",
        "![a](/images/a.png) ![b](/images/b.png)",
        "![a](/images/../a.png)",
        "![a](https://x.example/images/a.png)",
        "- ![a](/images/a.png)",
        "[![a](/images/a.png)](https://x.example)",
    ],
)
def test_any_other_picture_stays_in_the_text(text: str) -> None:
    assert kinds(text) == ["Html"]


def test_formulas_take_only_the_blocks_that_hold_them() -> None:
    text = "a\n\nb\n\nc $x$\n\n$$\ny\n\nz\n$$\n\nd\n\n- e\n- f \\(w\\)\n\ng\n"
    assert kinds(text) == ["Html", "Maths", "Html", "Maths", "Html"]
    found = segments(text)
    assert found[0] == Html("a\n\nb\n\n")
    assert found[1] == Maths("c $x$\n\n$$\ny\nz\n$$")
    assert found[3] == Maths("- e\n- f $w$")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x$ costs $5 or $6", "$x$ costs \\$5 or \\$6"),
        ("\\(a\\)\\(b\\) and $c$2", "$a$$b$ and \\$c\\$2"),
        ("\\(a\\)2", "$a$2"),
        ("\\(\\text{$5}\\)", "$$\\text{$5}$$"),
        ("so $$a\nb$$ then", "so\n\n$$\na b\n$$\n\nthen"),
        ("# $x$ #1", "# $x$ \\#1"),
        ("> $x$\n>\n> *b*", "> $x$\n>\n> *b*"),
        ("3. $x$\n4. [ ] b\n   - c", "3. $x$\n4. [ ] b\n   - c"),
        ("- $x$\n\n- b", "- $x$\n\n- b"),
        ("| a | $x \\| y$ |\n|:-:|--:|\n| `b \\| c` | |", "| a | $x \\vert  y$ |\n| :---: | ---: |\n| `b \\| c` |"),
        ("$x$ `` a`b `` `` `c ``", "$x$ ``a`b`` `` `c ``"),
        ("$x$ ++a++ <u>b</u> <i>c</i>", "$x$ a b \\<i\\>c\\<\\/i\\>"),
        ("$x$ [^1] [^2]\n\n[^1]: $y$", "$x$ ¹ ²\n\n¹ $y$"),
        ("$x$ [a](https://a.example/$b?c&amp;d)", "$x$ [a](<https://a.example/%24b?c&amp;d>)"),
        ("$x$ https://a.example/b_c_", "$x$ <https://a.example/b_c>\\_"),
        (
            "$x$ ![a](https://b.example/c.png)",
            "$x$ [picture from b\\.example\\: a \\(not loaded\\)](<https://b.example/c.png>)",
        ),
        ("$x$ ![a](/images/b.png)", "$x$ ![a](</images/b.png>)"),
        ("- $x$\n\n  ```mermaid\n  a\n  ```", "- $x$\n\n  ```\n  a\n  ```"),
        ("- $x$\n\n  ````py\n  ```\n  ````", "- $x$\n\n  ````py\n  ```\n  ````"),
        ("$x$ a\\\nb", "$x$ a\\\nb"),
        ("# $x$ `a|b`", "# $x$ `a|b`"),
        ("$x$ a\\\nb\n===", "# $x$ a b"),
        ("- $x$\n- ***", "- $x$\n- ___"),
        ("x\\\n$$ y\n$$", "x\n\n$$\ny\n$$"),
        ("$x$ \\(y\\\\)", "$x$ `y\\`"),
        ("- a\n  > $x$\n\n  > b", "- a\n\n  > $x$\n\n  > b"),
        ("\\[\n$$ x\n\\]", "```\n$$ x\n```"),
    ],
)
def test_formula_blocks_are_written_for_streamlit(text: str, expected: str) -> None:
    assert native(text) == expected


ACTED_ON = [
    ":red[a]",
    ":smile:",
    ":material/home:",
    ":streamlit:",
    "a -> b",
    "a -- b",
    "a >= b",
    "a <-> b",
    "a@b.example",
]


@pytest.mark.parametrize("text", ACTED_ON)
def test_what_streamlit_would_act_on_is_broken_up(text: str) -> None:
    (segment,) = segments(f"$x$ {text}")
    assert isinstance(segment, Maths)
    shown = re.sub(r"\\(.)", r"\1", segment.markdown)
    assert text not in shown
    assert shown.replace(JOINER, "") == f"$x$ {text}"
    assert_native_inert(segment.markdown)


def test_definitions_hold_across_segments() -> None:
    found = segments("[a] [^w]\n\n$x$ [a]\n\nb [a]\n\n[a]: https://a.example\n[^w]: note\n")
    first, formula, last = found
    assert isinstance(first, Html)
    assert isinstance(formula, Maths)
    assert isinstance(last, Html)
    assert 'href="https://a.example"' in render_markdown(first.markdown, definitions=first.definitions)
    assert '<sup class="pc-ref">w</sup>' in render_markdown(first.markdown, definitions=first.definitions)
    assert formula.markdown == "$x$ [a](<https://a.example>)"
    assert 'href="https://a.example"' in render_markdown(last.markdown, definitions=last.definitions)


def test_the_last_line_of_running_text_is_whole() -> None:
    text = "- ```\n\ta\n$$\nx\n$$\n"
    html, _ = segments(text)
    assert isinstance(html, Html)
    assert render_markdown(text).startswith(render_markdown(html.markdown))


def test_pictures_of_allowed_hosts_are_kept_in_formula_blocks() -> None:
    text = "$x$ ![a](https://b.example/c.png)"
    assert segments(text, image_hosts={"b.example"}) == [Maths("$x$ ![a](<https://b.example/c.png>)")]


def documents() -> Iterator[str]:
    random = Random(11)
    yield from written_documents()
    for _ in range(150):
        yield grown_document(random)
        yield line_soup(random)


def test_running_text_is_rendered_as_in_the_whole() -> None:
    for text in documents():
        whole = render_markdown(text)
        position = 0
        found = segments(text)
        for segment in found:
            if isinstance(segment, Html):
                html = render_markdown(segment.markdown, definitions=segment.definitions)
                position = whole.index(html, position) + len(html)
        for one, next_one in pairwise(found):
            assert not (isinstance(one, Html) and isinstance(next_one, Html)), text
            assert not (isinstance(one, Maths) and isinstance(next_one, Maths)), text


def inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.children:
            yield from inline(token.children)
        else:
            yield token


def words(tokens: list[Token]) -> str:
    """Everything a reader sees, without spaces."""
    seen = "".join(token.content for token in inline(tokens) if token.type not in ("softbreak", "hardbreak"))
    return re.sub(rf"[\s{JOINER}]|\\[vV]ert", "", seen)


COUNTED = {"heading_open", "list_item_open", "blockquote_open", "tr_open", "hr", "em_open", "strong_open", "s_open"}
WRITTEN_DIFFERENTLY = {"footnote_ref", "footnote_reference_open", "code_block", "image"}


def structure(tokens: list[Token]) -> Counter[str]:
    return Counter(token.type for token in inline(tokens) if token.type in COUNTED)


def test_another_reader_finds_the_same_words_formulas_and_blocks() -> None:
    """The native Markdown is read by a parser that has never heard of ours."""
    for text in documents():
        ours = parse(text)
        if any(token.type in WRITTEN_DIFFERENTLY for token in inline(ours)):
            continue
        theirs = another_reader().parse(native_markdown(ours))
        assert words(theirs) == words(ours), text
        assert structure(theirs) == structure(ours), text
        formulas = [token for token in inline(ours) if token.type in ("math_inline", "math_block")]
        if not any("$$" in formula.content for formula in formulas):  # shown as code
            assert sum(token.type.startswith("math") for token in inline(theirs)) == len(formulas), text


@pytest.mark.parametrize(
    "source",
    [
        'graph TD\nA@{ img: "https://evil.example/a.png", label: "x" }',
        'graph TD\nA@{ "\\u0069mg": "https:#47;#47;evil.example/a.png" }',
        "graph TD\nA@{\n  shape: rect\n  IMG: /a.png\n}",
        "graph TD\nstyle A fill:url(//evil.example/a.png)",
        '%%{init: {"themeCSS": "@import \'x\'"}}%%\ngraph TD\nA-->B',
        'graph TD\nA["<img src=x>"]',
    ],
)
def test_a_diagram_that_may_load_something_stays_code(source: str) -> None:
    [segment] = segments(f"```mermaid\n{source}\n```\n")
    assert isinstance(segment, Html)


def test_a_diagram_may_link() -> None:
    source = 'graph TD\nA-->B\nclick A href "https://a.example/" _blank\n'
    assert segments(f"```mermaid\n{source}```\n") == [Mermaid(source)]
