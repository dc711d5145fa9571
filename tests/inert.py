"""Judges of HTML and Markdown: may a page show this without running or loading anything?

The HTML is read with a real parser, not with patterns. What may appear in it is written here a second time, on
purpose: the renderer's own list must not judge itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from bleach.html5lib_shim import HTMLParser
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

__all__ = ["OURS", "another_reader", "assert_inert", "assert_native_inert", "elements"]

ALLOWED = {
    "a": {"href", "title", "target", "rel"},
    "button": {"type", "class"},
    "code": {"class"},
    "div": {"class"},
    "img": {"src", "alt", "loading", "class"},
    "input": {"type", "checked", "disabled"},
    "li": {"class"},
    "ol": {"start"},
    "span": {"class"},
    "sup": {"class"},
    "td": {"class"},
    "th": {"class"},
}
PLAIN = set("blockquote br em h1 h2 h3 h4 h5 h6 hr p pre s strong table tbody thead tr u ul".split())  # noqa: SIM905
CLASS = re.compile(r"pc-[a-z-]+|[a-z]|g[di]")
OURS = re.compile(r"/images/[\w-]+\.(png|jpg|jpeg|webp|gif)", re.ASCII)


def elements(html: str) -> Iterator[Element]:
    """Every element that a browser would make of the HTML."""
    tree = HTMLParser(namespaceHTMLElements=False).parseFragment(html)
    for element in tree.iter():
        assert isinstance(element.tag, str), f"a comment: {html}"
        if element.tag != "DOCUMENT_FRAGMENT":
            yield element


def assert_inert(html: str) -> None:
    for element in elements(html):
        assert element.tag in ALLOWED or element.tag in PLAIN, html
        assert set(element.attrib) <= ALLOWED.get(element.tag, set()), html
        assert CLASS.fullmatch(element.get("class", "pc-")) or "class" not in element.attrib, html
        if element.tag == "a":
            assert_leads_somewhere_plain(element.get("href", ""))
            assert element.get("target") == "_blank"
            assert element.get("rel") == "noopener noreferrer nofollow"
        if element.tag == "img":
            assert OURS.fullmatch(element.get("src", "")), html
        if element.tag == "input":
            assert (element.get("type"), element.get("disabled")) == ("checkbox", "")
        if element.tag == "button":
            assert element.get("class") in ("pc-copy", "pc-csv")
            assert element.text in ("Copy", "Copy CSV")


def assert_leads_somewhere_plain(href: str) -> None:
    assert href.isascii()
    assert href.isprintable()
    if OURS.fullmatch(href):
        return
    parts = urlsplit(href)
    assert parts.scheme in ("http", "https", "mailto"), href
    if parts.scheme != "mailto":
        assert parts.hostname
        assert "@" not in parts.netloc
        assert "xn--" not in parts.netloc
        assert "\\" not in href


def another_reader() -> MarkdownIt:
    """Stands in for Streamlit's: raw HTML is on, so that what could become an element is seen."""
    md = MarkdownIt("commonmark", {"html": True, "tasklists": True}).enable(["table", "strikethrough"])
    return md.use(dollarmath_plugin, double_inline=True)


def assert_native_inert(markdown: str) -> None:
    blocks = another_reader().parse(markdown)
    in_link = 0
    for token in [*blocks, *(child for block in blocks for child in block.children or ())]:
        assert token.type not in ("html_block", "html_inline"), markdown
        in_link += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "fence":
            assert token.info not in ("mermaid", "math")
        if token.type == "link_open":
            assert_leads_somewhere_plain(str(token.attrs["href"]))
        if token.type == "image":
            assert OURS.fullmatch(str(token.attrs["src"])), markdown
        if token.type == "text" and not in_link:
            assert not re.search(r":[\w+-]+(:|\[|/)|https?://|www\.|\w@\w", token.content, re.ASCII), markdown
