"""The unfinished end of a reply, made safe to show with `st.markdown` until its block is finished.

What is pending is drawn by Streamlit's own Markdown, which repairs what is unclosed. Streamlit would also load a
picture from anywhere, set `$5 to $10` as a formula, run its `:directives:` and link to `data:`; here each of these is
disarmed, invisibly. It is a preview: the canonical renderer draws the block as soon as it is finished.

What grows is sent again with each frame, so a block is shown in parts, of which only the last still grows
(`OpenBlock`): a paragraph some words at a time, a list by its items, code by its lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["OpenBlock", "Step", "is_one_part", "preview"]

_JOINER = "\u2060"  # WORD JOINER: has no width, and parts what would be markup together

_FENCE = re.compile(r"\n* {0,3}(`{3,}(?=[^`\n]*\n)|~{3,})([^\n]*)\n")
_MAYBE_FENCE = re.compile(r"\n* {0,3}(`{1,}|~{1,})[^\n]*\Z")
_UNDECIDED = re.compile(r"[!:$\\]+/?\Z")  # what these mean depends on the character that follows
_DOLLAR = re.compile(r"(\\*)\$")
_IMAGE = re.compile(r"!(?=\[)")
_COLON = re.compile(r"\bhttps?://|:(?![\s|:-])", re.IGNORECASE)  # a directive's or a scheme's, not a table rule's


def preview(pending: str) -> str:
    """Return `pending` as Markdown that loads nothing and sets no formula.

    What can't be judged or shows nothing yet (a fence's first line, a last `!`) is held back, so that in general more
    text only adds to the end of what was shown before.
    """
    code = ""
    while fence := _FENCE.match(pending):
        end = _end_of_code(pending, fence)
        if end == len(pending) and not pending[fence.end() :].strip():
            return code  # an empty box says nothing: what follows comes at once instead
        code += _opening(fence) + pending[fence.end() : end]
        pending = pending[end:]
    if _MAYBE_FENCE.match(pending):
        return code
    text = _UNDECIDED.sub("", pending)
    text = _DOLLAR.sub(lambda m: m[0] if len(m[1]) % 2 else m[1] + r"\$", text)
    text = _IMAGE.sub("!" + _JOINER, text)
    return code + _COLON.sub(lambda m: m[0] if m[0] != ":" else f"{_JOINER}:{_JOINER}", text)


def _opening(fence: re.Match[str]) -> str:
    """The first line of a fence. Code is inert, but Streamlit would draw a diagram from half its source."""
    info = fence[2].strip().split(" ", 1)[0]
    blank = fence[0][: len(fence[0]) - len(fence[0].lstrip("\n"))]
    return f"{blank}{fence[1]}{'text' if info.lower() == 'mermaid' else info}\n"


def _end_of_code(pending: str, fence: re.Match[str]) -> int:
    """Where the line that closes a fence ends: what follows it is not code any more."""
    closing = re.compile(rf"^ {{0,3}}{fence[1]}{fence[1][0]}*[ \t]*(?:\n|\Z)", re.MULTILINE)
    found = closing.search(pending, fence.end())
    return found.end() if found else len(pending)


# A block in parts

_CODE = 120  # characters of code that make a part
_TEXT = 40  # characters of prose, or of items, that do
_ITEM = re.compile(r"(?:[-+*]|\d{1,9}[.)]) ")
_NEXT_ITEM = re.compile(r"(?<=\n)(?:[-+*]|\d{1,9}[.)]) ")
_PROSE = re.compile(r"[^\W\d_]|\*\*(?=[^\W_])")
_LINE_IN_DOUBT = re.compile(r"\n(?![^\W\d_]|\n|\Z)")
_SETTLED = re.compile(
    r"""(?:
        [^\\*_`~\[\]<] | (?<=\w)_(?=\w)
        | `[^`\n]+`(?!`)
        | \*\*[^\s*][^\\*_`~\[\]<\n]*\*\*(?!\*)
        | \[[^\\*_`~\[\]<\n]*\]\([^\s()]*\)
    )*+(?<![!:$`*\]])""",
    re.VERBOSE,
)
"""Words, marked or not, in which nothing is left open: what follows can't change how they look."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to add to the part that is being shown, and whether it then is as it will be."""

    text: str
    is_settled: bool


class OpenBlock:
    """What of an open block is shown, in parts one after the other."""

    def __init__(self) -> None:
        self.seen = 0
        """Where what is shown ends."""
        self._begin = 0  # of the block; after a blank line another may follow that is not sure to be one
        self._start = 0  # of the part
        self._shown = ""

    @property
    def length(self) -> int:
        """Characters of the part that still grows."""
        return self.seen - self._start

    def step(self, pending: str) -> Step | None:
        """Go on to show a block that is now `pending`; `None` if that can't be by adding to what is shown."""
        end, begins_anew = self._end_of_part(pending)
        text = self._preview(pending, len(pending) if end is None else end)
        if not text.startswith(self._shown):
            return None
        step = Step(text[len(self._shown) :], is_settled=end is not None)
        if end is None:
            self.seen, self._shown = len(pending), text
        else:
            self._start = self.seen = end
            self._shown = ""
            self._begin = end if begins_anew else self._begin
        return step

    def _end_of_part(self, pending: str) -> tuple[int | None, bool]:
        """Where the part ends for good, if that can be said; and whether the block does."""
        if _FENCE.match(pending, self._begin):
            end = pending.find("\n", self._start + _CODE) + 1
            return (end if 0 < end < len(pending) else None), False
        if _ITEM.match(pending, self._begin):
            item = _NEXT_ITEM.search(pending, self._start + _TEXT)
            return (item.start() if item else None), False
        if not _PROSE.match(pending, self._begin):
            return None, False
        if 0 <= (blank := pending.find("\n\n", self._start)) < len(pending) - 2:
            return blank + 2, True
        is_long = self.seen - self._start >= _TEXT and not _LINE_IN_DOUBT.search(pending, self._begin)
        return (self.seen if is_long and _SETTLED.fullmatch(pending, self._start, self.seen) else None), False

    def _preview(self, pending: str, end: int) -> str:
        part = pending[self._start : end]
        if self._start == self._begin or _ITEM.match(pending, self._begin):
            return preview(part)
        if fence := _FENCE.match(pending, self._begin):
            return preview(fence[0] + part) if part.strip(f"{fence[1][0]} \n") else ""
        # Joined to the words before it: no spaces are lost at its beginning, and nothing there is a mark of a list.
        gap = " " if pending[self._start - 1].isspace() else ""
        return preview(_JOINER + gap + part.lstrip("\n"))


def is_one_part(pending: str) -> bool:
    """Whether a block that has begun will be one part for certain: a heading, a table, a quotation."""
    return pending.startswith(("#", "|", ">"))
