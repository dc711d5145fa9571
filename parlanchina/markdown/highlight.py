"""Code as HTML: escaped, with a few classes for colour.

Owns which languages are coloured and the dozen classes that `theme` gives colours to. Invariant: the text of the
result is exactly the code; the only elements in it are `<span class="…">` with a class of `CLASSES`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it.common.utils import escapeHtml
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import Token, _TokenType

__all__ = ["CLASSES", "highlight"]

_LONGEST_CODE = 12_000
_LONGEST_LINE = 1_000
"""Characters; beyond either, code stays plain. Many lexers take quadratic time on text that is not of their language:
at these limits the slowest of those tried on hostile text took about a second."""
_SLOW = frozenset({"c#", "cs", "csharp", "groovy", "java"})
_LONGEST_SLOW_CODE = 3_000
"""These look for a method's name from every word on, and take cubic time."""
_LONG_GAP = re.compile(r"\s{200}")
"""The C family, and others, look for the end of white space from every blank line on."""

_STYLES: dict[_TokenType, str] = {
    Token.Comment: "c",
    Token.Keyword: "k",
    Token.Keyword.Constant: "m",
    Token.Operator.Word: "k",
    Token.Literal.String: "s",
    Token.Literal.Number: "m",
    Token.Name.Function: "f",
    Token.Name.Class: "n",
    Token.Name.Exception: "n",
    Token.Name.Namespace: "n",
    Token.Name.Decorator: "d",
    Token.Name.Builtin: "b",
    Token.Name.Tag: "k",
    Token.Name.Attribute: "b",
    Token.Name.Constant: "m",
    Token.Generic.Deleted: "gd",
    Token.Generic.Inserted: "gi",
    Token.Generic.Heading: "k",
    Token.Generic.Subheading: "d",
    Token.Generic.Prompt: "c",
    Token.Generic.Output: "o",
}
CLASSES = frozenset(_STYLES.values())
"""Comment c, keyword k, string s, number m, function f, class n, decorator d, builtin b, output o, diff gd and gi."""

# An explicit list: asking Pygments for an unknown name makes it look through every installed package.
_LANGUAGE = re.compile(
    r"""asm|awk|bash|bat|batch|c|c\#|c\+\+|clj|clojure|cmake|console|cpp|cs|csharp|css|d|dart|diff|docker|dockerfile|
    elixir|elm|erlang|ex|exs|f\#|fish|fortran|fsharp|gherkin|go|golang|graphql|groovy|handlebars|haskell|hcl|hs|html|
    http|ini|java|javascript|jinja|jl|js|json|json5|julia|jsx|kotlin|latex|less|lisp|lua|make|makefile|markdown|matlab|
    md|mysql|nginx|nim|nix|objc|objective-c|objectivec|ocaml|octave|pascal|perl|php|pl|plpgsql|postgresql|powershell|
    prolog|properties|protobuf|ps1|pwsh|py|pycon|pytb|python|python3|r|racket|rb|rs|rst|ruby|rust|sass|scala|
    scheme|scss|sh|shell|shell-session|solidity|sparql|sql|sqlite3|swift|tcl|terraform|tex|tf|toml|ts|tsx|typescript|
    udiff|vb\.net|verilog|vhdl|vim|vue|xml|xslt|yaml|yml|zig|zsh""",
    re.VERBOSE,
)
_ALIASES = {
    "cmd": "bat",
    "gradle": "groovy",
    "ipython": "python",
    "jsonc": "json5",
    "jsonl": "json",
    "kt": "kotlin",
    "patch": "diff",
    "postgres": "postgresql",
    "proto": "protobuf",
    "svelte": "html",
    "vb": "vb.net",
}


def highlight(code: str, language: str) -> str:
    """Colour code of a known language; anything else is only escaped."""
    name = language.lower()
    name = _ALIASES.get(name, name)
    lexer_class = _lexer_class(name) if _is_affordable(code, name) else None
    if lexer_class is None:
        return escapeHtml(code)
    lexer = lexer_class(stripnl=False, ensurenl=False)  # a new one each time: some keep state, and threads share us
    html: list[str] = []
    text: list[str] = []
    run: list[str] = []
    style = ""
    for kind, value in lexer.get_tokens(code):
        text.append(value)
        new_style = _style(kind) if not value.isspace() else style
        if new_style != style:
            html.append(_span("".join(run), style))
            run, style = [], new_style
        run.append(value)
    html.append(_span("".join(run), style))
    return "".join(html) if "".join(text) == code else escapeHtml(code)


def _is_affordable(code: str, name: str) -> bool:
    longest = _LONGEST_SLOW_CODE if name in _SLOW else _LONGEST_CODE
    return (
        len(code) <= longest and max(map(len, code.split("\n"))) <= _LONGEST_LINE and _LONG_GAP.search(code) is None
    )


@lru_cache(maxsize=256)
def _lexer_class(name: str) -> type[Lexer] | None:
    return find_lexer_class_by_name(name) if _LANGUAGE.fullmatch(name) else None


@lru_cache(maxsize=512)
def _style(kind: _TokenType) -> str:
    nearest = next((ancestor for ancestor in reversed(kind.split()) if ancestor in _STYLES), None)
    return _STYLES[nearest] if nearest else ""


def _span(text: str, style: str) -> str:
    return f'<span class="{style}">{escapeHtml(text)}</span>' if style and text else escapeHtml(text)
