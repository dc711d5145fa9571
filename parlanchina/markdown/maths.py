r"""Formulas: where they begin and end, and what is only money.

Owns the two markdown-it rules for `$…$`, `$$…$$`, `\(…\)` and `\[…\]`. Knows nothing of how a formula is drawn.
Invariant: whether lines form a formula is settled by complete lines up to the next blank one, or, for an opening
`$$` or `\[` alone on its line, by that line: more text can't undo it, so the stable prefix stays stable.

Display, as blocks:

* `$$` or `\[` alone on a line opens a formula, which may hold blank lines and ends at the first line that ends with
  the closing mark, or, like a code fence, where its container ends;
* a line that begins with the mark and has more on it opens one only if the closing mark comes before a blank line.

Inline, after pandoc's rule with two more cares for money: the opening `$` has no letter or digit before it and no
space after it; the closing `$` has no space before it and no digit after it; nothing between holds `$` or a backtick.
What begins with a digit must look like a formula: `$5$`, `$2^n$` and `$3x + 1$` do, `$5 and 10$` doesn't.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

__all__ = ["closes", "maths_rules"]

_CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_LONGEST_INLINE = 2_000
"""Characters: a longer "formula" is text with stray marks; the limit keeps hostile input linear."""
_LONGEST_BLOCK = 40
"""Lines looked ahead for the closing mark of a formula that begins on its opening line."""

_LOOKS_LIKE_MATHS = re.compile(r"[\\^_={}<>]|\S [-+*/] \S|\A\s")
_NUMBER = re.compile(r"[\d.,]+[A-Za-z]{0,2}'*")
_OPERATOR = re.compile(r"[\\^_={}<>+*]")


def maths_rules(md: MarkdownIt) -> None:
    """Teach a parser formulas, as tokens `math_block` and `math_inline` whose `markup` is the opening mark."""
    md.block.ruler.before("fence", "math_block", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    md.inline.ruler.before("escape", "math_inline", _inline)


def closes(line: str, mark: str) -> bool:
    """Say whether a line ends the display formula that `mark` opened."""
    return line.rstrip(" \t").endswith(_CLOSING[mark])


def _block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    text = _line(state, start_line)
    mark = text[:2]
    if mark not in ("$$", "\\[") or text.startswith("$$$"):
        return False
    if text == mark:
        if silent:
            return mark == "\\[" or not _inside_formula(state, start_line)
        last, closed = _find_close(state, start_line + 1, end_line, mark)
    else:
        inner = text[2:]
        if _CLOSING[mark] in inner:
            if not closes(inner, mark) or inner.count(_CLOSING[mark]) > 1 or not _displays(inner[:-2], mark):
                return False
            last, closed = start_line, True
        elif silent:
            return False
        else:
            stop = min(end_line, start_line + _LONGEST_BLOCK)
            last, closed = _find_close(state, start_line + 1, stop, mark, blank_ends=True)
            if not closed:
                return False
    if silent:
        return True
    content = state.getLines(start_line, last + 1, state.sCount[start_line], False).strip()
    token = state.push("math_block", "", 0)
    token.markup = mark
    token.content = (content[2:-2] if closed else content[2:]).strip()
    token.map = [start_line, last + 1]
    state.line = last + 1
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip(" \t")


def _find_close(
    state: StateBlock, first: int, end_line: int, mark: str, *, blank_ends: bool = False
) -> tuple[int, bool]:
    """Return the last line of a formula, and whether the closing mark was found on it."""
    closing = _CLOSING[mark]
    for line in range(first, end_line):
        if state.isEmpty(line):
            if blank_ends:
                return line - 1, False
        elif state.sCount[line] < state.blkIndent:
            return line - 1, False
        elif _line(state, line).endswith(closing):
            return line, True
    return end_line - 1, False


def _inside_formula(state: StateBlock, line: int) -> bool:
    """Say whether a paragraph's lines so far leave a `$$` open: `It is: $$` ⏎ `x` ⏎ `$$` is one inline formula."""
    return state.src.count("$$", state.bMarks[state.line], state.bMarks[line]) % 2 == 1


def _displays(content: str, mark: str) -> bool:
    r"""Refuse nothing at all, and an escaped bracket such as `\[1\]`."""
    return bool(content.strip()) and (mark == "$$" or _LOOKS_LIKE_MATHS.search(content) is not None)


def _inline(state: StateInline, silent: bool) -> bool:
    found = _inline_formula(state.src, state.pos, state.posMax)
    if found is None:
        return False
    mark, end = found
    if not silent:
        token = state.push("math_inline", "", 0)
        token.markup = mark
        token.content = " ".join(state.src[state.pos + len(mark) : end - len(mark)].split())
    state.pos = end
    return True


def _inline_formula(src: str, pos: int, pos_max: int) -> tuple[str, int] | None:
    """Return the opening mark and the end of the formula at `pos`, if there is one."""
    mark = src[pos : pos + 2]
    if mark in _CLOSING and not src.startswith("$$$", pos):
        end = src.find(_CLOSING[mark], pos + 2, min(pos_max, pos + _LONGEST_INLINE))
        content = src[pos + 2 : end]
        if end < 0 or not content.strip() or (mark == "\\[" and not _displays(content, mark)):
            return None
        return mark, end + 2
    if mark[:1] != "$" or mark == "$$":
        return None
    before = src[pos - 1] if pos else " "
    if before.isalnum() or before == "$" or mark[1:].isspace():
        return None
    end = src.find("$", pos + 1, min(pos_max, pos + _LONGEST_INLINE))
    while end > 0 and src[end - 1] == "\\":
        end = src.find("$", end + 1, min(pos_max, pos + _LONGEST_INLINE))
    if end < 0 or not _encloses(src[pos + 1 : end], src[end + 1 : end + 2]):
        return None
    return "$", end + 1


def _encloses(content: str, after: str) -> bool:
    """Say whether `$content$`, followed by the character `after`, is a formula rather than money or a variable."""
    if not content or content[-1].isspace() or after.isdigit() or after == "$" or "`" in content:
        return False
    if after.isalpha() or after == "_":  # "$n$th" is a formula, "$HOME/$USER" is not
        return after.islower() and (content[-1].isalnum() or content[-1] in ")}]'*")
    if content[0].isdigit():
        return bool(
            _NUMBER.fullmatch(content)
            or _LOOKS_LIKE_MATHS.search(content)
            or (" " not in content and _OPERATOR.search(content))
        )
    return True
