"""Markdown as safe HTML: one renderer for the preview, the record and the page.

Owns what every block looks like in HTML. Reads nothing, keeps nothing: the same text and arguments give the same
HTML, and `RENDERER` changes when that HTML does. Invariant: each top-level block is written on its own, so the HTML
of two pieces, joined, is the HTML of the pieces joined (given the definitions that both rely on).

What leaves here has passed `sanitiser`. Classes begin with `pc-` and are styled by `theme`; two kinds of button
(`.pc-copy`, `.pc-csv`) wait for the page's one click listener.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from markdown_it.common.utils import escapeHtml, unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from parlanchina.markdown.highlight import highlight
from parlanchina.markdown.links import text_of
from parlanchina.markdown.parser import NO_DEFINITIONS, Definitions, parse, top_level
from parlanchina.markdown.sanitise import LINK_RELATION, sanitiser

__all__ = ["RENDERER", "language_of", "render_markdown"]

RENDERER = "1"
"""The version stored with rendered HTML: a session whose stored version is another is rendered again."""

_LONGEST_LABEL = 40


def render_markdown(
    md_text: str, *, definitions: Definitions = NO_DEFINITIONS, image_hosts: Collection[str] = frozenset()
) -> str:
    """Render a text, or a piece of one, as HTML that is safe to put on the page inside `<div class="pc-md">`.

    `definitions` are the links and footnotes that the rest of the text defines; `image_hosts` the hosts, in lower
    case, whose pictures may be loaded. Never raises for what the text holds.
    """
    tokens = parse(md_text, known=definitions, image_hosts=image_hosts)
    html, sanitise = _Html(), sanitiser(image_hosts)
    return "".join(sanitise(html.render(block, _OPTIONS, {})) for block in top_level(tokens))


def language_of(token: Token) -> str:
    """The first word of a fence's info string, which is its language by custom."""
    return (unescapeAll(token.info).split() or [""])[0][:_LONGEST_LABEL]


_OPTIONS = OptionsDict(
    {
        "maxNesting": 0,
        "html": False,
        "linkify": False,
        "typographer": False,
        "quotes": "",
        "xhtmlOut": False,
        "breaks": False,
        "langPrefix": "",
        "highlight": None,
    }
)


class _Html(RendererHTML):
    """One method a token type, by markdown-it's convention; types without one are written as their tag."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _code(tokens[idx].content, language_of(tokens[idx]))

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _code(tokens[idx].content, "")

    def math_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<div class="pc-display"><code class="pc-math">{escapeHtml(tokens[idx].content)}</code></div>\n'

    def math_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<code class="pc-math">{escapeHtml(tokens[idx].content)}</code>'

    def footnote_ref(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<sup class="pc-ref">{escapeHtml(tokens[idx].content)}</sup>'

    def footnote_reference_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<div class="pc-note"><sup class="pc-ref">{escapeHtml(tokens[idx].meta["label"])}</sup><div>\n'

    def footnote_reference_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</div></div>\n"

    def list_item_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        checked = tokens[idx].meta.get("checked")
        if checked is None:
            return "<li>"
        return f'<li class="pc-task"><input type="checkbox"{" checked" if checked else ""} disabled> '

    def bullet_list_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "<ul>\n"

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        button = '<div class="pc-table-bar"><button type="button" class="pc-csv">Copy CSV</button></div>'
        return f'<div class="pc-table">{button}<div class="pc-scroll"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        title = f' title="{escapeHtml(str(token.attrs["title"]))}"' if "title" in token.attrs else ""
        return f'<a href="{escapeHtml(str(token.attrs["href"]))}"{title} target="_blank" rel="{LINK_RELATION}">'

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        src, alt = str(tokens[idx].attrs["src"]), text_of(tokens[idx].children or ())
        return f'<img src="{escapeHtml(src)}" alt="{escapeHtml(alt)}" loading="lazy" class="pc-picture">'


def _code(code: str, language: str) -> str:
    label = f'<span class="pc-code-lang">{escapeHtml(language)}</span>'
    bar = f'<div class="pc-code-bar">{label}<button type="button" class="pc-copy">Copy</button></div>'
    return f'<div class="pc-code">{bar}<pre><code>{highlight(code, language)}</code></pre></div>\n'


def _cell(token: Token) -> str:
    style = str(token.attrs.get("style", ""))
    return f'<{token.tag} class="pc-{style.removeprefix("text-align:")}">' if style else f"<{token.tag}>"
