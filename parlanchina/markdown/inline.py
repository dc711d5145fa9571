"""Inline markup beyond CommonMark: bare addresses, underline and footnote references.

Owns three markdown-it rules. Each looks a bounded distance ahead, so hostile input stays linear; the ones that
other packages ship for addresses and footnotes scan to the end of the paragraph from every colon or bracket.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

__all__ = ["inline_rules"]

_ADDRESS = re.compile(r"(?:https?://|www\.)(?=[A-Za-z0-9\[])[^\s<>]{1,2000}")
_TRAILING = "?!.,:;*_~'\"`"
_INSIDE_A_WORD = re.compile(r"[\w/@.&=#%+-]")

_UNDERLINE = {"++": re.compile(r"(?<!\s)\+\+(?![\w+])"), "<u>": re.compile(r"</u>", re.IGNORECASE)}
_LONGEST_UNDERLINE = 1_000

_NOTE = re.compile(r"\[\^([^\s\[\]^]{1,100})\]")


def inline_rules(md: MarkdownIt) -> None:
    """Teach a parser bare http(s) and www addresses, `++underline++`, `<u>underline</u>` and `[^note]`."""
    md.inline.add_terminator_char("w")
    md.inline.ruler.after("autolink", "bare_address", _bare_address)
    md.inline.ruler.after("emphasis", "underline", _underline)
    md.inline.ruler.at("footnote_ref", _note)


def _bare_address(state: StateInline, silent: bool) -> bool:
    here = state.src[state.pos]
    if silent or state.linkLevel > 0 or here not in ":w":
        return False
    scheme = ""
    if here == ":":  # the text rule has passed over the scheme already: take it back
        scheme = next((name for name in ("https", "http") if state.src.endswith(name, 0, state.pos)), "")
        if not scheme or not state.pending.endswith(scheme):
            return False
    start = state.pos - len(scheme)
    match = _ADDRESS.match(state.src, start, state.posMax)
    if match is None or (start and _INSIDE_A_WORD.match(state.src[start - 1])):
        return False
    address = _without_trailing(match[0])
    url = state.md.normalizeLink(address if scheme else f"http://{address}")
    if start + len(address) <= state.pos or not state.md.validateLink(url):
        return False
    if scheme:
        state.pending = state.pending[: -len(scheme)]
    opening = state.push("link_open", "a", 1)
    opening.attrs = {"href": url}
    opening.info = "auto"
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1).info = "auto"
    state.pos = start + len(address)
    return True


def _without_trailing(address: str) -> str:
    """Leave out the punctuation that belongs to the sentence, and closing brackets opened outside the address."""
    surplus = {mark: address.count(mark) - address.count(opening) for mark, opening in (")(", "][")}
    end = len(address)
    while end:
        mark = address[end - 1]
        if mark in surplus:
            if surplus[mark] <= 0:
                break
            surplus[mark] -= 1
        elif mark not in _TRAILING:
            break
        end -= 1
    return address[:end]


def _underline(state: StateInline, silent: bool) -> bool:
    src, start = state.src, state.pos
    if src[start] == "+":
        mark = "++"
        # "C++11 and C++14", "i++ and ++" are no underlines
        if not src.startswith(mark, start) or src[start + 2 : start + 3].strip() in ("", "+"):
            return False
        if start and (src[start - 1].isalnum() or src[start - 1] in "_+"):
            return False
    elif src[start : start + 3].lower() == "<u>":
        mark = "<u>"
    else:
        return False
    inner = start + len(mark)
    closing = _UNDERLINE[mark].search(src, inner, min(state.posMax, inner + _LONGEST_UNDERLINE))
    if closing is None or not src[inner : closing.start()].strip():
        return False
    if not silent:
        maximum = state.posMax
        state.pos, state.posMax = inner, closing.start()
        state.push("underline_open", "u", 1)
        state.md.inline.tokenize(state)
        state.push("underline_close", "u", -1)
        state.posMax = maximum
    state.pos = closing.end()
    return True


def _note(state: StateInline, silent: bool) -> bool:
    """A number refers to a note, defined or not, so it never changes while a reply streams; a word must be defined.

    Regular expressions are why: `[^a-z]` in running text is not a note.
    """
    match = _NOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    label = match[1]
    if not label.isdecimal() and f":{label}" not in state.env.get("footnotes", {}).get("refs", {}):
        return False
    if not silent:
        state.push("footnote_ref", "sup", 0).content = label
    state.pos = match.end()
    return True
