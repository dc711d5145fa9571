"""What each construct looks like as HTML, that the HTML is stable, and that its colours can be read."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_all_lexers

from parlanchina.markdown import NO_DEFINITIONS, RENDERER, THEMES, Definitions, Theme, render_markdown, stylesheet
from parlanchina.markdown.highlight import CLASSES, highlight
from parlanchina.markdown.parser import definitions_of
from parlanchina.markdown.sanitise import sanitiser
from tests.markdown_documents import written_documents

PACKAGE = Path(__file__).parent.parent / "parlanchina" / "markdown"


def fixtures() -> list[tuple[str, str, str]]:
    """Title, input and output, each ended by a line with a dot."""
    text = (Path(__file__).parent / "fixtures" / "render.md").read_text(encoding="utf-8")
    parts = text.removesuffix(".\n").split("\n.\n")
    pieces = [piece for part in text.removesuffix(".\n").split("\n.\n\n") for piece in part.split("\n.\n")]
    assert len(pieces) % 3 == 0, len(parts)
    return [(pieces[i], pieces[i + 1], pieces[i + 2]) for i in range(0, len(pieces), 3)]


@pytest.mark.parametrize(("title", "source", "expected"), fixtures())
def test_render(title: str, source: str, expected: str) -> None:
    assert render_markdown(f"{source}\n") == f"{expected.removesuffix('.')}".rstrip("\n") + "\n", title


@pytest.mark.parametrize("text", written_documents())
def test_html_is_the_same_each_time_and_passes_the_sanitiser_unchanged(text: str) -> None:
    html = render_markdown(text)
    assert render_markdown(text) == html
    assert sanitiser()(html) == html


def test_nothing_renders_as_nothing() -> None:
    assert render_markdown("") == render_markdown(" \n\t\n") == ""


def test_the_version_is_a_word_that_can_be_stored() -> None:
    assert RENDERER.isalnum()


def test_definitions_made_elsewhere_are_used_and_the_first_one_holds() -> None:
    definitions = definitions_of("[a]: https://first.example\n\n[a]: https://second.example\n\n[^w]: note\n")
    html = render_markdown("[a]: https://third.example\n\n[a] [^w]\n", definitions=definitions)
    assert 'href="https://first.example"' in html
    assert '<sup class="pc-ref">w</sup>' in html
    assert definitions.links["A"]["href"] == "https://first.example"
    assert render_markdown("[a] [^w]") == "<p>[a] [^w]</p>\n"
    assert Definitions() == NO_DEFINITIONS


def test_a_picture_from_an_allowed_host_is_loaded() -> None:
    hosts = frozenset({"pictures.example"})
    allowed = render_markdown("![a](https://Pictures.Example:8080/a.png)", image_hosts=hosts)
    assert allowed.startswith('<p><img src="https://Pictures.Example:8080/a.png" alt="a" loading="lazy"')
    for other in (
        "https://evil.example/pictures.example",
        "https://x.pictures.example/",
        "https://pictures.example@e.example/",
    ):
        assert "<img" not in render_markdown(f"![a]({other})", image_hosts=hosts)


@pytest.mark.parametrize(
    "money",
    [
        "$5",
        "$5 to $10",
        "$2bn to at least $4bn",
        "US$1,000 and US$2,000",
        "$5-$10",
        "$5/month or $50/year",
        "from 5$ to 10$",
        "$1.50, $2.50 and $3",
        "A$5 or C$6",
        "$5 and 10$ apart",
        "$ 5 $",
        "$HOME/$USER",
        "\\$5 and \\$6",
        "$",
        "$$",
        "a $$ b",
        "it costs $5 (was $10)",
    ],
)
@pytest.mark.parametrize("beside", ["", "; $x^2$"])
def test_money_stays_money(money: str, beside: str) -> None:
    html = render_markdown(f"Of {money}{beside}.")
    expected = money.replace("\\", "")
    formula = '; <code class="pc-math">x^2</code>' if beside else ""
    assert html == f"<p>Of {expected}{formula}.</p>\n"


@pytest.mark.parametrize(
    "formula",
    [
        "$x$",
        "$5$",
        "$3x$",
        "$2^n$",
        "$3x + 1$",
        "$10 - 2 = 8$",
        "$\\$5 + x$",
        "$n$th",
        "$x$-axis",
        "$$x$$",
        "$$x\ny$$",
        "\\(x\\)",
        "\\[ x \\]",
        "\\[x=1\\]",
    ],
)
def test_formulas_are_told_from_money(formula: str) -> None:
    assert render_markdown(f"a {formula} b").count('<code class="pc-math">') == 1


NO_FORMULAS = ["\\[1\\]", "\\[link\\](x)", "$a `$` b", "`$x$`", "\\\\(x)", "$ x $", "$x $", "$\n\nx$"]


@pytest.mark.parametrize("text", NO_FORMULAS)
def test_what_is_no_formula(text: str) -> None:
    assert "pc-math" not in render_markdown(text)


@given(st.sampled_from(["py", "js", "html", "bash", "json", "diff", "yaml", "sql", "no such language"]), st.text())
def test_highlighting_keeps_every_character(language: str, code: str) -> None:
    html = highlight(code, language)
    text = re.sub(r'<span class="(\w+)">|</span>', "", html)
    assert {*re.findall(r'<span class="(\w+)">', html)} <= CLASSES
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    assert text == code


def test_code_of_a_known_language_is_coloured_and_of_another_is_not() -> None:
    assert '<span class="k">return </span>' in highlight("return 1", "PY")
    assert highlight("return <1>", "nonsense") == "return &lt;1&gt;"


@pytest.mark.parametrize(
    ("language", "code"),
    [("py", "x = 1\n" * 4_000), ("py", "x = 1;" * 200), ("c", "\n" * 300), ("java", "a b c\n" * 800)],
)
def test_code_that_would_take_long_stays_plain(language: str, code: str) -> None:
    assert highlight(code, language) == code
    assert highlight("if x = 1", language) != "if x = 1"


def test_the_languages_on_the_list_exist() -> None:
    from parlanchina.markdown import highlight as module

    known = {alias for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases}
    listed = re.sub(r"[\s\\]", "", module._LANGUAGE.pattern).split("|")
    assert set(listed) <= known
    assert set(module._ALIASES.values()) <= set(listed)


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, success criterion 1.4.3."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAGE = {"light": "#f9fafb", "dark": "#141414"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_colour_can_be_read(theme: Theme) -> None:
    colours = THEMES[theme]
    pairs = [(name, colours["surface"]) for name in (*CLASSES, "text")]
    pairs += [(name, PAGE[theme]) for name in ("text", "muted", "link")]
    pairs += [("text", colours["inline"]), ("muted", colours["bar"]), ("text", colours["hover"])]
    for name, background in pairs:
        assert contrast(colours[name], background) >= 4.5, (name, background)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_style_sheet_names_only_colours_that_both_themes_have_and_loads_nothing(theme: Theme) -> None:
    css = stylesheet(theme)
    assert set(re.findall(r"var\(--pc-([\w-]+)\)", css)) == set(THEMES[theme])
    body = css.split("\n", 1)[1]
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb|url\(|@import|<", body)
    assert set(THEMES["light"]) == set(THEMES["dark"])


def test_every_class_written_has_a_style_and_every_style_a_class() -> None:
    source = "".join((PACKAGE / name).read_text("utf-8") for name in ("render.py", "sanitise.py"))
    styled = set(re.findall(r"\.(pc-[a-z-]+)", (PACKAGE / "style.css").read_text("utf-8")))
    assert styled == set(re.findall(r"\bpc-[a-z-]*[a-z]", source))


def test_the_package_imports_nothing_of_ours_and_draws_nothing() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(("streamlit", "time", "os"))
                assert not name.startswith("parlanchina") or name.startswith("parlanchina.markdown")
