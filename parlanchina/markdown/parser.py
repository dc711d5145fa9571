"""The one Markdown parser behind the stable prefix, the renderer and the segments.

Owns which Markdown is spoken: CommonMark with tables, strikethrough, task lists, footnotes, bare addresses, underline
and formulas; raw HTML is text. Knows nothing of how anything is drawn. Invariant: top-level blocks are parsed
independently of one another, except that link definitions and the names of footnotes hold for the whole text;
those are values, `Definitions`, and can be carried from one piece of a text to the next.

Footnotes stay where they are written instead of being moved to the end, which is what keeps them independent.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from parlanchina.markdown.inline import inline_rules
from parlanchina.markdown.links import kind_of, settle_links
from parlanchina.markdown.maths import maths_rules

__all__ = ["NO_DEFINITIONS", "Definitions", "definitions_of", "notes_in", "parse", "parse_blocks", "top_level"]

_DEEPEST = 40
"""Levels of nested quotes and lists (an item counts twice); what is deeper is shown as plain text."""

Link = Mapping[str, Any]  # Any: markdown-it's record of a link definition: title, href and the lines it stands on


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a text defines for the whole of itself. The first definition of a name holds."""

    links: Mapping[str, Link] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)


NO_DEFINITIONS = Definitions()


# What a page can't show and HTML parsers each treat in their own way: control characters and half surrogates.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return kind_of(url) != "refused"


def _too_deep(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Show what is nested too deeply as text: markdown-it itself would leave it out."""
    if silent or state.level < _DEEPEST:
        return False
    line = start_line + 1
    while line < end_line and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent:
        line += 1
    state.push("paragraph_open", "p", 1).map = [start_line, line]
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(start_line, line, state.blkIndent, False).strip()
    inline.map = [start_line, line]
    inline.children = []
    state.push("paragraph_close", "p", -1)
    state.line = line
    return True


def _trim_rows(state: StateCore) -> None:
    """Leave out the empty cells that end a row: two kilobytes of `|` would become 65,000 cells otherwise."""
    kept: list[Token] = []
    for token in state.tokens:
        if token.type == "tr_close":
            while kept[-1].type == "td_close" and not kept[-2].content:
                del kept[-3:]  # td_open, inline, td_close
        kept.append(token)
    state.tokens = kept


def _make_parser() -> MarkdownIt:
    md = _Parser("commonmark", {"html": False, "tasklists": True, "maxNesting": _DEEPEST + 10})
    md.enable(["table", "strikethrough"])
    md.use(footnote_plugin, inline=False, move_to_end=False)
    md.block.ruler.before("table", "too_deep", _too_deep)
    md.use(maths_rules)
    md.use(inline_rules)
    md.core.ruler.after("block", "trim_rows", _trim_rows)
    md.core.ruler.after("inline", "settle_links", settle_links)
    return md


_MD = _make_parser()  # holds rules only: what a parse finds goes into its own env, so threads may share it


def _showable(text: str) -> str:
    return _UNSHOWABLE.sub("\ufffd", text)


def _env(known: Definitions) -> MutableMapping[str, Any]:  # Any: markdown-it's sandbox is untyped
    return {
        "references": ChainMap({}, known.links),  # type: ignore[arg-type]  # only the first mapping is written
        "footnotes": {"refs": ChainMap({}, known.notes)},  # type: ignore[arg-type]
    }


def parse(text: str, *, known: Definitions = NO_DEFINITIONS, image_hosts: Collection[str] = ()) -> list[Token]:
    """Parse a text, or a piece of one together with what is known to be defined elsewhere."""
    return _MD.parse(_showable(text), {**_env(known), "image_hosts": image_hosts})


def parse_blocks(text: str, known: Definitions) -> tuple[list[Token], Mapping[str, Link]]:
    """Find the blocks of a text, and the links it newly defines; what is inside paragraphs is left unparsed."""
    env, tokens = _env(known), list[Token]()
    _MD.block.parse(_showable(text), _MD, env, tokens)
    return tokens, env["references"].maps[0]


def top_level(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Each top-level block's tokens."""
    start = 0
    for index, token in enumerate(tokens):
        if index and token.level == 0 and token.nesting >= 0:
            yield tokens[start:index]
            start = index
    if tokens:
        yield tokens[start:]


def definitions_of(text: str) -> Definitions:
    """Collect every link and footnote that a text defines."""
    if "]:" not in text:  # each definition has it: most texts need not be parsed for this
        return NO_DEFINITIONS
    tokens, links = parse_blocks(text, NO_DEFINITIONS)
    return Definitions(links, {f":{label}": -1 for label, _ in notes_in(tokens)})


def notes_in(tokens: Iterable[Token]) -> Iterator[tuple[str, int]]:
    """Each footnote's label, and the line that its definition begins on."""
    for token in tokens:
        if token.type == "footnote_reference_open" and token.map:
            yield token.meta["label"], token.map[0]
