r"""Parsed blocks written anew as Markdown for `st.markdown`, whose KaTeX draws the formulas.

Owns the differences between our Markdown and Streamlit's. There, one formula turns `$` into mathematics for the whole
text, `:red[…]` and `:material/…:` are directives, `:smile:` is an emoji, `->` an arrow, a `mermaid` fence a diagram,
and any bare address a link. Invariant: nothing in what is written here is markup by accident: every mark in running
text is escaped, and what Streamlit looks for after escapes are resolved is broken up by a word joiner (U+2060), which
has no width. Links and pictures have been settled by the parser; formulas are written as `$…$` and `$$…$$`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from parlanchina.markdown.links import text_of
from parlanchina.markdown.render import language_of

__all__ = ["native_markdown"]

Place = Literal["paragraph", "heading", "cell"]

_JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Shortcodes, icons and addresses; arrows and the like between spaces; all of them found in text after unescaping.
_FOUND_LATER = re.compile(
    r":(?=[\w+/-])|@(?=\w)|\bwww(?=\.)|(?<!\S)(?:<-|-|<|>|~)(?=(?:-|>|->|=)(?!\S))", re.IGNORECASE
)
_INTERRUPTING = frozenset({"bullet_list", "fence", "blockquote", "heading"})
"""Blocks that every reader lets follow a paragraph without a blank line."""
_DRAWN_FENCES = frozenset({"mermaid", "math"})
_LANGUAGE = re.compile(r"[\w+#.-]+")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def native_markdown(tokens: Sequence[Token]) -> str:
    """Write top-level blocks as Markdown that `st.markdown` shows as we mean it."""
    return "\n".join(_blocks(SyntaxTreeNode(tokens).children))


def _blocks(nodes: Iterable[SyntaxTreeNode], *, tight: bool = False) -> list[str]:
    lines: list[str] = []
    before = ""
    for node in nodes:
        if before and not (tight and before == "paragraph" and node.type in _INTERRUPTING):
            lines.append("")
        lines.extend(_block(node))
        before = node.type
    return lines


def _block(node: SyntaxTreeNode) -> list[str]:
    match node.type:
        case "paragraph":
            return _paragraph(node.children[0].children if node.children else [])
        case "heading":
            return [f"{'#' * int(node.tag[1])} {_inline(_words(node), place='heading')}"]
        case "blockquote":
            return [f"> {line}".rstrip() for line in _blocks(node.children)] or [">"]
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "fence":
            language = language_of(node.token) if node.token else ""
            plain = language.lower() in _DRAWN_FENCES or not _LANGUAGE.fullmatch(language)
            return _code(node.content, "" if plain else language)
        case "code_block":
            return _code(node.content, "")
        case "math_block":
            return _display(node.content)
        case "table":
            return _table(node)
        case "footnote_reference":
            label = _superscript(node.meta["label"])
            return [f"{label} {line}" if number == 0 else line for number, line in enumerate(_blocks(node.children))]
        case _:
            return ["___"]  # a rule, the only other block there is; "* ***" would be one instead of a list


def _paragraph(words: Sequence[SyntaxTreeNode]) -> list[str]:
    """A display formula inside a paragraph stands on lines of its own, as it does in print."""
    parts: list[list[str]] = []
    for display, group in groupby(words, key=_is_display):
        nodes = list(group)
        parts += [_display(node.content) for node in nodes] if display else [_text_lines(nodes)]
    return "\n\n".join("\n".join(part) for part in parts if part).split("\n")


def _is_display(node: SyntaxTreeNode) -> bool:
    return node.type == "math_inline" and node.markup in ("$$", "\\[")


def _text_lines(words: list[SyntaxTreeNode]) -> list[str]:
    while words and words[-1].type in ("softbreak", "hardbreak"):
        words.pop()
    text = _inline(words).strip()
    return text.split("\n") if text else []


def _list(node: SyntaxTreeNode) -> list[str]:
    lines: list[str] = []
    number = int(node.attrs.get("start", 1))
    tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    for index, item in enumerate(node.children):
        marker = f"{number + index}{node.markup}" if node.type == "ordered_list" else node.markup
        checked = item.meta.get("checked")
        task = "" if checked is None else "[x] " if checked else "[ ] "
        body = _blocks(item.children, tight=tight) or [""]
        indent = " " * (len(marker) + 1)
        if lines and not tight:
            lines.append("")
        lines.append(f"{marker} {task}{body[0]}".rstrip())
        lines.extend(f"{indent}{line}".rstrip() for line in body[1:])
    return lines


def _code(code: str, language: str) -> list[str]:
    fence = "`" * max(3, _longest_run(code, "`") + 1)
    return [f"{fence}{language}", *code.removesuffix("\n").split("\n"), fence]


def _display(formula: str) -> list[str]:
    if "$$" in formula:  # marks that swallowed the text after them; no formula that KaTeX knows
        return _code(formula, "")
    return ["$$", *(line for line in formula.split("\n") if line.strip()), "$$"]


def _table(node: SyntaxTreeNode) -> list[str]:
    rows = [row for part in node.children for row in part.children]
    lines = [f"| {' | '.join(_inline(_words(cell), place='cell') for cell in row.children)} |" for row in rows]
    rules = {"text-align:left": ":---", "text-align:center": ":---:", "text-align:right": "---:"}
    cells = rows[0].children
    lines.insert(1, f"| {' | '.join(rules.get(str(cell.attrs.get('style')), '---') for cell in cells)} |")
    return lines


def _words(node: SyntaxTreeNode) -> Sequence[SyntaxTreeNode]:
    return node.children[0].children if node.children else []


def _inline(nodes: Iterable[SyntaxTreeNode], *, place: Place = "paragraph") -> str:
    written: list[str] = []
    after_formula = False
    for node in nodes:
        text = _word(node, place)
        if after_formula and text[:1] and (text[0] == "$" or text[0].isdigit()):
            written.append(_JOINER)  # "$a$$b$" and "$a$2" are not two formulas, nor one
        written.append(text)
        after_formula = node.type == "math_inline"
    return "".join(written)


def _word(node: SyntaxTreeNode, place: Place) -> str:
    match node.type:
        case "text":
            return _escape(node.content)
        case "softbreak":
            return " "
        case "hardbreak":
            return "\\\n" if place == "paragraph" else " "
        case "math_inline":
            return _formula(node.content, place)
        case "code_inline":
            return _code_span(node.content.replace("|", "\\|") if place == "cell" else node.content)
        case "em" | "strong" | "s":
            return f"{node.markup}{_inline(node.children, place=place)}{node.markup}"
        case "link" if [child.content for child in node.children] == [node.attrs["href"]]:
            return f"<{node.attrs['href']}>"
        case "link":
            return f"[{_inline(node.children, place=place)}]({_address(node.attrs['href'])})"
        case "image":
            alt = _escape(text_of(node.token.children or ()) if node.token else "")
            return f"![{alt}]({_address(node.attrs['src'])})"
        case "footnote_ref":
            return _superscript(node.content)
        case _:  # underline, which Markdown has no mark for
            return _inline(node.children, place=place)


def _escape(text: str) -> str:
    broken = _FOUND_LATER.sub(lambda match: match[0] + _JOINER, text)
    return _PUNCTUATION.sub(r"\\\1", broken)


def _formula(formula: str, place: Place) -> str:
    if (len(formula) - len(formula.rstrip("\\"))) % 2:  # no formula, and it would escape the closing mark
        return _code_span(formula)
    if place == "cell":
        formula = formula.replace("\\|", "\\Vert ").replace("|", "\\vert ")
    fence = "$" * (_longest_run(formula, "$") + 1)
    pad = " " if formula.startswith("$") or formula.endswith("$") else ""
    return f"{fence}{pad}{formula.strip()}{pad}{fence}"


def _code_span(code: str) -> str:
    fence = "`" * (_longest_run(code, "`") + 1)
    pad = " " if code.strip() and (code[0] in " `" or code[-1] in " `") else ""
    return f"{fence}{pad}{code}{pad}{fence}"


def _address(url: object) -> str:
    return f"<{str(url).replace('&', '&amp;').replace('$', '%24').replace('|', '%7C')}>"


def _superscript(label: str) -> str:
    return label.translate(_SUPERSCRIPT) if label.isdecimal() and label.isascii() else f"\\[{_escape(label)}\\]"


def _longest_run(text: str, mark: str) -> int:
    return max((len(run) for run in re.findall(f"{re.escape(mark)}+", text)), default=0)
