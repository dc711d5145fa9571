"""The unfinished block is shown so that it loads nothing, sets no formula and runs no directive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlanchina.markdown.preview import preview

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
