r"""The stable prefix: what of a growing Markdown text is finished and will never change.

Owns the cut between committed blocks and the pending tail. Knows no clock, no page and no HTML. Invariants:

* committed pieces and the tail, joined, are always the text so far, with `\r\n` and `\r` as `\n` (see `normalise`);
* a piece is one or more whole blocks: rendered one by one, with the `definitions` known by then, the pieces give
  exactly the head of what the whole text gives, unless a link or a footnote is defined after its use.

The rule: parse the tail when a line is complete; cut at the start of the last top-level block, if the line before it
is blank. A lone `2` is a paragraph until `2.` arrives and makes it an item of the list above, so half a line is not
judged, but for one whose first characters leave no doubt: a letter after a blank line begins a block however it goes
on, unless it stands in code, and the parser sees that. Most prose is long lines; what is above them need not wait.
Committing later is always right, so `BlockStream` parses only where a cut is likely and its budget (`_CERTAIN`)
allows: however hostile the text, the characters parsed are at most a few times those received.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from markdown_it.token import Token

from parlanchina.markdown.maths import closes
from parlanchina.markdown.parser import Definitions, Link, notes_in, parse_blocks

__all__ = ["BlockStream", "Update", "normalise"]

ParseBlocks = Callable[[str, Definitions], tuple[list[Token], Mapping[str, Link]]]

_GRACE = 4_000
"""Characters that may be parsed beyond the budget, so that short texts never wait for it."""
_LIKELY = 3
"""Times the characters received that may be parsed for a line that may only continue the block above."""
_CERTAIN = 6
"""The same for a line that begins a new block, unless it stands in code whose fence we haven't seen."""

_MAY_CONTINUE = re.compile(r"[ \t]|(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
_BEGINS = re.compile(r"[^\W\d_]|[#>|]|\*\*")
"""What at the margin after a blank line is the beginning of a block, however the line goes on."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What one delta changed: blocks that are now finished, and the whole tail after them."""

    committed: tuple[str, ...]
    pending: str


def normalise(text: str) -> str:
    r"""Write every line ending as `\n`, and halves of surrogate pairs, which no browser can be sent, as U+FFFD."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\ufffd", text)


class BlockStream:
    """Splits a text that arrives in deltas into finished blocks and a tail."""

    def __init__(self, *, parse: ParseBlocks = parse_blocks) -> None:
        self._parse = parse
        self._links: dict[str, Link] = {}
        self._notes: dict[str, int] = {}
        self._text = ""
        self._head = 0  # where the tail begins in the text; 0 between two deltas
        self._line = 0  # where the line being received begins
        self._starts: list[int] = []  # where each complete line of the tail begins
        self._after_blank = False
        self._is_looked_at = False  # whether the line being received was judged by its first characters
        self._after_return = False
        self._is_closing: Callable[[str], bool] | None = None  # set while the last block is an open fence or formula
        self._received = 0
        self._parsed = 0

    @property
    def definitions(self) -> Definitions:
        """A live view of what the committed blocks define: `render_markdown` wants it with each piece."""
        return Definitions(MappingProxyType(self._links), MappingProxyType(self._notes))

    def feed(self, delta: str) -> Update:
        """Add text as it came, in pieces of any size."""
        if not delta:
            return Update(committed=(), pending=self._text)
        if self._after_return and delta.startswith("\n"):
            delta = delta[1:]  # the other half of a line ending
        self._after_return = delta.endswith("\r")
        text = normalise(delta)
        self._received += len(text)
        self._text += text
        committed: list[str] = []
        while (end := self._text.find("\n", self._line)) >= 0:
            line = self._text[self._line : end]
            self._starts.append(self._line)
            self._line = end + 1
            self._is_looked_at = False
            if self._is_worth_parsing(line) and (piece := self._cut(self._line)):
                committed.append(piece)
        if self._is_clear_beginning() and (piece := self._cut(len(self._text))):
            committed.append(piece)
        self._drop_head()
        return Update(committed=tuple(committed), pending=self._text)

    def finish(self) -> Update:
        """End the text: what is left is as finished as it will ever be."""
        rest, self._text = self._text, ""
        return Update(committed=(rest,) if rest else (), pending="")

    def _is_worth_parsing(self, line: str) -> bool:
        if self._is_closing is not None:
            if self._is_closing(line):
                self._is_closing = None
            self._after_blank = False
            return False
        if not line.strip(" \t"):
            self._after_blank = True
            return False
        after_blank, self._after_blank = self._after_blank, False
        budget = _LIKELY if _MAY_CONTINUE.match(line) else _CERTAIN
        return after_blank and self._may_parse(budget, end=self._line)

    def _is_clear_beginning(self) -> bool:
        """Whether the line being received is worth parsing already; once a line."""
        if not self._after_blank or self._is_looked_at or self._is_closing is not None:
            return False
        self._is_looked_at = bool(_BEGINS.match(self._text, self._line))
        return self._is_looked_at and self._may_parse(_CERTAIN, end=len(self._text))

    def _may_parse(self, budget: int, *, end: int) -> bool:
        return self._parsed + end - self._head <= budget * self._received + _GRACE

    def _cut(self, end: int) -> str:
        """Take away what comes before the last block, if that can't change any more."""
        tokens, links = self._parse(self._text[self._head : end], self.definitions)
        self._parsed += end - self._head
        last = next((token for token in reversed(tokens) if token.level == 0 and token.map), None)
        if last is None or last.map is None:
            return ""
        first = last.map[0]
        self._is_closing = self._while_open(last) if end == self._line else None
        if first == 0 or self._line_at(first - 1).strip(" \t"):
            return ""
        self._links.update((name, link) for name, link in links.items() if link["map"][0] < first)
        self._notes.update((f":{label}", -1) for label, line in notes_in(tokens) if line < first)
        start = self._starts[first] if first < len(self._starts) else self._line
        piece = self._text[self._head : start]
        self._head = start
        del self._starts[:first]
        return piece

    def _drop_head(self) -> None:
        if self._head:
            self._text = self._text[self._head :]
            self._line -= self._head
            self._starts = [start - self._head for start in self._starts]
            self._head = 0

    def _line_at(self, index: int) -> str:
        start = self._starts[index]
        return self._text[start : self._text.index("\n", start)]

    def _while_open(self, block: Token) -> Callable[[str], bool] | None:
        """How to know the line that closes the last block, if that is a fence or formula still open; else `None`.

        Until then lines are passed over unparsed. Taking a line for the closing one wrongly costs a parse, no more.
        """
        mark = block.markup

        def closes_fence(line: str) -> bool:
            run = line.strip(" \t")
            return len(run) >= len(mark) and not run.strip(mark[0])

        def closes_formula(line: str) -> bool:
            return closes(line, mark)

        is_closing = {"fence": closes_fence, "math_block": closes_formula}.get(block.type)
        if is_closing is None or block.map is None or block.map[1] < len(self._starts):
            return None
        last = self._line_at(block.map[1] - 1)
        only_opens = block.map[1] - block.map[0] == 1 and (block.type == "fence" or last.strip() == mark)
        return is_closing if only_opens or not is_closing(last) else None
