"""The last gate: an explicit allow-list of elements, attributes and values.

Owns what HTML may leave this package, whatever went in. Knows nothing of Markdown. Invariants: nothing that runs,
loads from elsewhere, takes input or names itself (ids) passes; a class passes only if it is one that the renderer
writes; what has passed once passes again unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from bleach.sanitizer import Cleaner

from parlanchina.markdown.highlight import CLASSES
from parlanchina.markdown.links import host_of, is_picture_of_ours, kind_of

__all__ = ["LINK_RELATION", "TAGS", "sanitiser"]

LINK_RELATION = "noopener noreferrer nofollow"
"""The `rel` of every link: the page it leads to learns nothing of this one, and search engines ignore it."""

# fmt: off
TAGS = frozenset({
    "a", "blockquote", "br", "button", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "input",
    "li", "ol", "p", "pre", "s", "span", "strong", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
})
# fmt: on

Allows = Callable[[str], bool]

_START = re.compile(r"\d{1,9}")


def _one_of(*values: str) -> Allows:
    return frozenset(values).__contains__


def _any_text(_: str) -> bool:
    return True


def _is_link(url: str) -> bool:
    return kind_of(url) in ("external", "ours")


_CELL = {"class": _one_of("pc-left", "pc-center", "pc-right")}
_ATTRIBUTES: dict[str, dict[str, Allows]] = {
    "a": {
        "href": _is_link,
        "title": _any_text,
        "target": _one_of("_blank"),
        "rel": _one_of(LINK_RELATION),
    },
    "button": {"type": _one_of("button"), "class": _one_of("pc-copy", "pc-csv")},
    "code": {"class": _one_of("pc-math")},
    "div": {
        "class": _one_of("pc-code", "pc-code-bar", "pc-table", "pc-table-bar", "pc-scroll", "pc-display", "pc-note")
    },
    "img": {"alt": _any_text, "loading": _one_of("lazy"), "class": _one_of("pc-picture")},
    "input": {"type": _one_of("checkbox"), "checked": _one_of(""), "disabled": _one_of("")},
    "li": {"class": _one_of("pc-task")},
    "ol": {"start": lambda value: _START.fullmatch(value) is not None},
    "span": {"class": _one_of("pc-code-lang", *CLASSES)},
    "sup": {"class": _one_of("pc-ref")},
    "td": _CELL,
    "th": _CELL,
}


def sanitiser(image_hosts: Collection[str] = ()) -> Callable[[str], str]:
    """Make a function that keeps what is allowed, shows any other element as text and drops any other attribute.

    It holds a parser, which holds state: one thread at a time may call it. What it is given should be a block, not a
    page: the parser's time grows with the square of an element's children.
    """

    def allows(tag: str, name: str, value: str) -> bool:
        if (tag, name) == ("img", "src"):
            return is_picture_of_ours(value) or host_of(value) in image_hosts
        allowed = _ATTRIBUTES.get(tag, {}).get(name)
        return allowed is not None and allowed(value)

    return Cleaner(tags=TAGS, attributes=allows, protocols={"http", "https", "mailto"}).clean
