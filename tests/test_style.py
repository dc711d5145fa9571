"""The page's style sheet keeps what makes it cheap."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).parent.parent / "parlanchina" / "ui" / "style.css"
_PART_OF_A_CLASS = re.compile(r"\[class[*^$~|]=[^\]]*\]")
_BEFORE_SOMETHING_ELSE = re.compile(_PART_OF_A_CLASS.pattern + r"\S*\s*[\s>+~]\s*\S")


def selectors(css: str) -> list[str]:
    """What stands before each block."""
    return re.findall(r"([^{};]+)\{", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))


def is_costly(selector: str) -> bool:
    """Whether a change of any element's class has the browser look at all that is inside it or follows it."""
    groups = re.compile(r":(?:is|not|where|has)\(([^()]*)\)")
    while found := groups.search(selector):
        part = _PART_OF_A_CLASS.search(found[1])
        selector = selector[: found.start()] + (part[0] if part else "") + selector[found.end() :]
    return any(_BEFORE_SOMETHING_ELSE.search(one.strip()) for one in selector.split(","))


@pytest.mark.parametrize(
    "css", ['[class*="a"] b {}', ':is(c, [class^="a"], d) > b {}', "@media x { [class*='a']:hover +b {} }"]
)
def test_a_costly_selector_is_found(css: str) -> None:
    assert any(map(is_costly, selectors(css)))


@pytest.mark.parametrize(
    "css", ['b [class*="a"] {}', 'b :is(c, [class*="a"]):hover, d > e {}', '[class*="a"]:not([class*="ab"]) {}']
)
def test_one_that_ends_with_part_of_a_class_is_not(css: str) -> None:
    assert not any(map(is_costly, selectors(css)))


def test_the_style_sheet_has_none() -> None:
    found = selectors(STYLE.read_text("utf-8"))
    assert len(found) > 50
    assert [selector for selector in found if is_costly(selector)] == []
