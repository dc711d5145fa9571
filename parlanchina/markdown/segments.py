"""What a reply is drawn with: the fewest elements that show it right.

Owns the split of a finished text into running text, which is one piece of HTML however long, and what the page must
draw natively: diagrams, pictures of ours, formulas. Knows nothing of the page. Invariants: segments keep the order of
the text and leave nothing out; two neighbours are never both running text, nor both formulas.

Only top-level constructs split a text: a diagram inside a list stays code, and a formula inside a list makes the
whole list a `Maths`. Link definitions and footnotes hold for the whole text, so each `Html` carries them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from parlanchina.markdown.blocks import normalise
from parlanchina.markdown.links import is_picture_of_ours, text_of
from parlanchina.markdown.native import native_markdown
from parlanchina.markdown.parser import NO_DEFINITIONS, Definitions, definitions_of, parse, top_level
from parlanchina.markdown.render import language_of

__all__ = ["Html", "Maths", "Mermaid", "Picture", "Segment", "segments"]


@dataclass(frozen=True, slots=True)
class Html:
    """Running text, for `render_markdown(markdown, definitions=definitions)`."""

    markdown: str
    definitions: Definitions = NO_DEFINITIONS


@dataclass(frozen=True, slots=True)
class Mermaid:
    """A complete diagram: the content of a top-level code fence marked `mermaid`."""

    source: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of ours that stands alone in its paragraph."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Maths:
    """Blocks that hold formulas, written anew so that `st.markdown` shows them right and nothing else in them."""

    markdown: str


Segment = Html | Mermaid | Picture | Maths

_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_LOADS = re.compile(r"//|url\s*\(|@import|<\s*(?:img|image|use|link|style)\b", re.IGNORECASE)
_CLICK = re.compile(r"^[ \t]*click\b[^\n]*$", re.MULTILINE)  # a link: it leads somewhere, but loads nothing
_PICTURE_SHAPE = re.compile(r"@\{.*(?:img|\\)", re.IGNORECASE | re.DOTALL)
_MAY_NEED_NATIVE = re.compile(r"\$|\\[(\[]|mermaid|/images/", re.IGNORECASE)


def segments(md_text: str, *, image_hosts: Collection[str] = frozenset()) -> list[Segment]:
    """Split a finished text. Without formulas, diagrams and pictures it is one `Html`, found without parsing."""
    text = normalise(md_text)
    if not _MAY_NEED_NATIVE.search(text):
        return [Html(text)] if text.strip() else []
    lines = _LINES.findall(text)
    definitions = definitions_of(text)
    found: list[Segment] = []
    running: list[str] = []
    formulas: list[Token] = []

    def close_run() -> None:
        if "".join(running).strip():
            found.append(Html("".join(running), definitions))
        if formulas:
            found.append(Maths(native_markdown(formulas)))
        running.clear()
        formulas.clear()

    blocks = list(top_level(parse(text, image_hosts=image_hosts)))
    # What stands between two blocks, blank lines and link definitions, goes with the one before it.
    starts = [0, *((block[0].map or (0, 0))[0] for block in blocks[1:]), len(lines)]
    for block, first, end in zip(blocks, starts, starts[1:], strict=False):
        native = _native(block, lines)
        if native is not None:
            close_run()
            found.append(native)
        elif _holds_formula(block):
            if running:
                close_run()
            formulas.extend(block)
        else:
            if formulas:
                close_run()
            running.extend(lines[first:end])
    close_run()
    return found or [Html(text, definitions)]


def _native(block: Sequence[Token], lines: list[str]) -> Mermaid | Picture | None:
    opening = block[0]
    if opening.type == "fence" and language_of(opening).lower() == "mermaid":
        is_drawn = opening.content.strip() and _is_closed(opening, lines) and not _may_load(opening.content)
        return Mermaid(opening.content) if is_drawn else None
    if opening.type == "paragraph_open":
        children = block[1].children or []
        if len(children) == 1 and children[0].type == "image":
            url = str(children[0].attrs["src"])
            if is_picture_of_ours(url):
                return Picture(url, text_of(children[0].children or ()))
    return None


def _may_load(source: str) -> bool:
    """Whether a diagram may load something from elsewhere: a picture as a node, a style with an address."""
    return bool(_LOADS.search(_CLICK.sub("", source)) or _PICTURE_SHAPE.search(source))


def _is_closed(fence: Token, lines: list[str]) -> bool:
    first, end = fence.map or (0, 0)
    last = lines[end - 1].strip(" \t\n")
    return end - first > 1 and len(last) >= len(fence.markup) and not last.strip(fence.markup[0])


def _holds_formula(tokens: Iterable[Token]) -> bool:
    return any(
        token.type in ("math_block", "math_inline") or (token.children and _holds_formula(token.children))
        for token in tokens
    )
