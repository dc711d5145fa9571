"""The unfinished end of a reply, made safe to show with `st.markdown` until its block is finished.

What is pending is drawn by Streamlit's own Markdown, which repairs what is unclosed. Streamlit would also load a
picture from anywhere, set `$5 to $10` as a formula, run its `:directives:` and link to `data:`; here each of these is
disarmed, invisibly. It is a preview: the canonical renderer draws the block as soon as it is finished.
"""

from __future__ import annotations

import re

__all__ = ["preview"]

_JOINER = "\u2060"  # WORD JOINER: has no width, and parts what would be markup together

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)\n")
_MAYBE_FENCE = re.compile(r" {0,3}(`{1,}|~{1,})[^\n]*\Z")
_UNDECIDED = re.compile(r"[!:$\\]+/?\Z")  # what these mean depends on the character that follows
_DOLLAR = re.compile(r"(\\*)\$")
_IMAGE = re.compile(r"!(?=\[)")
_COLON = re.compile(r"\bhttps?://|:(?![\s|:-])", re.IGNORECASE)  # a directive's or a scheme's, not a table rule's


def preview(pending: str) -> str:
    """Return `pending` as Markdown that loads nothing and sets no formula.

    What can't be judged yet (a fence's first line, a last `!`) is held back, so that in general more text only
    adds to the end of what was shown before.
    """
    if fence := _FENCE.match(pending):
        # Code is inert, but Streamlit would draw a diagram from half its source.
        info = fence[2].strip().split(" ", 1)[0]
        return f"{fence[1]}{'text' if info.lower() == 'mermaid' else info}\n{pending[fence.end() :]}"
    if _MAYBE_FENCE.match(pending):
        return ""
    text = _UNDECIDED.sub("", pending)
    text = _DOLLAR.sub(lambda m: m[0] if len(m[1]) % 2 else m[1] + r"\$", text)
    text = _IMAGE.sub("!" + _JOINER, text)
    return _COLON.sub(lambda m: m[0] if m[0] != ":" else f"{_JOINER}:{_JOINER}", text)
