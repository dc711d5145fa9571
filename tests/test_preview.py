"""The unfinished block is shown so that it loads nothing, sets no formula and runs no directive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from parlanchina.markdown.preview import OpenBlock, is_one_part, preview

JOINER = "\u2060"


@pytest.mark.parametrize(
    ("pending", "shown"),
    [
        ("plain **bo", "plain **bo"),
        ("![x](https://evil.example/?q=1)", f"!{JOINER}[x](https://evil.example/?q=1)"),
        ("costs $5 to $10 ", r"costs \$5 to \$10 "),
        (r"already \$5 ", r"already \$5 "),
        (r"odd \\$5 ", r"odd \\\$5 "),
        (":red[x] :smile: ", f"{JOINER}:{JOINER}red[x] {JOINER}:{JOINER}smile: "),
        ("[x](file:///etc/passwd) ", f"[x](file{JOINER}:{JOINER}///etc/passwd) "),
        ("see https:/", "see https"),
        ("[x](data:text/html,y) ", f"[x](data{JOINER}:{JOINER}text/html,y) "),
        ("| a | b |\n|:--|--:|\n", "| a | b |\n|:--|--:|\n"),
        ("https://a.example", "https://a.example"),
        ("```python\nprint('$5 :smile:')\n", "```python\nprint('$5 :smile:')\n"),
        ("```mermaid\ngraph", "```text\ngraph"),
        ("```python\n", ""),
        ("words\n\n", "words\n\n"),
        ("```python\n\n", ""),
        ("``", ""),
        ("~~~~ py", ""),
        ("what is this!", "what is this"),
        ("cost $", "cost "),
    ],
)
def test_preview_disarms_what_streamlit_would_run(pending: str, shown: str) -> None:
    assert preview(pending) == shown


TEXT = st.text(alphabet="ab !:/$\\[]()`*_~#\n1", max_size=60)


@given(TEXT)
def test_preview_never_leaves_a_live_picture_formula_or_directive(text: str) -> None:
    shown = preview("x" + text)  # not a fence
    assert "![" not in shown
    assert ":a" not in shown
    position = -1
    while (position := shown.find("$", position + 1)) >= 0:
        before = shown[:position]
        assert (len(before) - len(before.rstrip("\\"))) % 2 == 1, shown


@given(TEXT, TEXT)
def test_more_text_only_adds_to_what_was_shown(text: str, more: str) -> None:
    assert preview("x" + text + more).startswith(preview("x" + text))


@given(TEXT)
def test_nothing_visible_is_dropped_but_the_undecided_end(text: str) -> None:
    pending = "x" + text
    visible = preview(pending).replace(JOINER, "").replace(r"\$", "$")
    assert pending.replace(r"\$", "$").startswith(visible)
    assert set(pending.replace(r"\$", "$")[len(visible) :]) <= set("!:$\\/")


FENCED = st.lists(
    st.sampled_from(
        [
            "```",
            "````",
            "~~~",
            "`",
            "~",
            " ",
            "\n",
            "\n\n",
            "py",
            "mermaid",
            "x",
            "![a](https://e.example/i.png)",
            "- ",
        ]
    ),
    max_size=25,
).map("".join)


def pictures_in(markdown: str) -> list[str]:
    inline = (token for token in MarkdownIt().parse(markdown) if token.type == "inline")
    return [child.content for token in inline for child in token.children or () if child.type == "image"]


@given(FENCED)
def test_no_picture_is_live_before_in_or_after_code(text: str) -> None:
    assert pictures_in(preview(text)) == []


@given(st.sampled_from(["", "Some plain words to begin with, and a few more. "]), st.lists(FENCED, max_size=8))
def test_no_part_of_a_block_holds_a_live_picture(text: str, pieces: list[str]) -> None:
    shown = Shown()
    for piece in ["", *pieces]:
        text += piece
        shown.grow(text)
        assert [pictures_in(part) for part in shown.parts if pictures_in(part)] == []


@pytest.mark.parametrize(
    ("pending", "shown"),
    [
        ("```\nx\n```\n\n![a](b)", f"```\nx\n```\n\n!{JOINER}[a](b)"),
        ("```a`b\n![a](b)", f"```a`b\n!{JOINER}[a](b)"),
        ("~~~\nx\n~~~\n```mermaid\ngraph", "~~~\nx\n~~~\n```text\ngraph"),
    ],
)
def test_what_follows_code_is_disarmed_too(pending: str, shown: str) -> None:
    assert preview(pending) == shown


# A block in parts


class Shown:
    """What of a growing block stands on the page, part by part."""

    def __init__(self) -> None:
        self.parts = [""]
        self.begun_anew = 0
        self._block = OpenBlock()

    def grow(self, pending: str) -> list[str]:
        while True:
            step = self._block.step(pending)
            if step is None:
                self.begun_anew += 1
                self.parts, self._block = [""], OpenBlock()
                continue
            self.parts[-1] += step.text
            if not step.is_settled:
                return self.parts
            self.parts.append("")


def shown_of(text: str, *, size: int = 20) -> Shown:
    shown = Shown()
    for end in range(size, len(text) + size, size):
        shown.grow(text[:end])
    return shown


def words_of(parts: list[str]) -> str:
    return "".join(parts).replace(JOINER, "")


def test_a_paragraph_is_shown_some_words_at_a_time() -> None:
    text = "This is **quite plain** prose with `some code` and [a link](https://a.example/) in_the middle of it. " * 3
    shown = shown_of(text, size=12)
    assert len(shown.parts) > 3
    assert max(map(len, shown.parts)) < 150
    assert words_of(shown.parts) == text
    assert shown.begun_anew == 0


@pytest.mark.parametrize(
    "open_mark", ["**bold that is ", "`code that is ", "[a link that is ", "_so that is ", "<u>and "]
)
def test_what_is_open_keeps_its_part_open(open_mark: str) -> None:
    shown = shown_of("Words before it. " + open_mark + "not closed " * 20)
    assert len(shown.parts) <= 2
    assert shown.parts[-1].count("not closed") == 20


def test_nothing_at_the_beginning_of_a_part_becomes_a_list_or_code() -> None:
    shown = Shown()
    shown.grow("x" * 60 + " ")
    assert shown.grow("x" * 60 + " - no item") == ["x" * 60 + " ", f"{JOINER} - no item"]


def test_a_list_is_shown_by_its_items() -> None:
    items = [f"{number}. step number {number} of what there is to do\n" for number in range(1, 9)]
    assert shown_of("".join(items)).parts == items


def test_code_is_shown_by_its_lines_each_part_as_code() -> None:
    code = [f"x_{number} = {number}\n" for number in range(100)]
    shown = shown_of("```python\n" + "".join(code) + "```\n")
    assert len(shown.parts) > 5
    for part in shown.parts:
        assert part.startswith("```python\n") or not part
        assert part.count("x_") <= 20
    assert "".join(part.removeprefix("```python\n") for part in shown.parts) == "".join(code) + "```\n"


def test_what_may_be_another_block_after_a_blank_line_is_a_part_of_its_own() -> None:
    assert Shown().grow("A paragraph.\n\n2") == ["A paragraph.\n\n", "2"]


@pytest.mark.parametrize("text", ["# Heading", "| a | b |\n|---|---|\n| 1 | 2 |\n" * 9, "> quoted words " * 30])
def test_what_can_only_be_shown_whole_is_one_part(text: str) -> None:
    assert is_one_part(text)
    assert len(shown_of(text).parts) == 1


PIECES = st.sampled_from(
    ["word", "**b c**", "`d`", "[e](f)", "$5", "- ", "1. ", "**", "\n", "\n\n", " ", "!", ":", "a_b"]
)


@given(st.lists(PIECES, max_size=60))
def test_all_of_a_block_is_shown_whatever_its_parts(pieces: list[str]) -> None:
    text, shown = "x", Shown()  # no code: its parts each repeat its first line
    for piece in ["", *pieces]:
        text += piece
        shown.grow(text)
    everything = words_of([preview(text)])
    assert "".join(words_of(shown.parts).split()) == "".join(everything.split())


@pytest.mark.parametrize(
    "text", ["[" * 20_000, "**a" * 7_000, "`" * 20_000, "word " * 4_000, "a_" * 9_000, "- " * 9_000]
)
def test_hostile_blocks_are_shown_in_time(text: str) -> None:
    assert shown_of("x" + text, size=500).parts
