"""Markdown to try the stable prefix on: written documents, random ones, and lines that are hard to tell apart."""

from __future__ import annotations

from pathlib import Path
from random import Random

_FIXTURE = Path(__file__).parent / "fixtures" / "documents.md"

AMBIGUOUS = (
    "a",
    "- b",
    "  - c",
    "1. d",
    "2",
    "# e",
    "```",
    "~~~~",
    "> f",
    "    g",
    "",
    "---",
    "| h |",
    "$$",
)
"""Each means something else after another of them."""

_MORE_LINES = (
    *AMBIGUOUS,
    "",
    "",
    "===",
    "* i",
    "2) j",
    "\tk",
    "   l",
    "|---|",
    "[^1]: m",
    "[n]: https://n.example/",
    "[n] and [^1] and [^w]",
    "[^w]: o",
    "\\[",
    "\\]",
    "$$ p $$",
    "$$ q",
    "q $$",
    "- [ ] r",
    ">",
    "-",
    "````",
    "```mermaid",
    "$5 and $s_1$",
    "++t++ https://u.example",
    "<b>",
    "> - v",
    "  ",
    "- ```",
    "![w](/images/w.png)",
    "x\\",
    "1.",
)

# fmt: off
_WORDS = (
    "one", "two", "*three*", "**four**", "`five`", "[six](https://six.example)", "$x^2$", "$7", "~~eight~~",
    "++nine++", "<u>ten</u>", "\\( y \\)",
)
_KINDS = ("text", "text", "heading", "list", "list", "quote", "fence", "table", "maths", "rule", "notes")
# fmt: on


def written_documents() -> list[str]:
    """One small document for each rule that says where a block begins or ends."""
    return [text.removeprefix("\n") for text in _FIXTURE.read_text(encoding="utf-8").split("%%%\n")[1:]]


def line_soup(random: Random) -> str:
    """Lines in any order; what they make depends on their neighbours."""
    return "".join(f"{random.choice(_MORE_LINES)}\n" for _ in range(random.randint(3, 14)))


def grown_document(random: Random) -> str:
    """Well-formed blocks, nested at will, as a model writes them."""
    blocks = [_block(random, depth=0) for _ in range(random.randint(2, 7))]
    joints = random.choices(("\n", "\n\n", "\n\n\n"), weights=(2, 8, 1), k=len(blocks))
    return "".join(block + joint for block, joint in zip(blocks, joints, strict=True))


def _block(random: Random, *, depth: int) -> str:
    kind = random.choice(
        ("text", "text", "heading", "list", "list", "quote", "fence", "table", "maths", "rule", "notes")
    )
    if depth > 2 or kind == "text":
        return "\n".join(_sentence(random) for _ in range(random.randint(1, 3)))
    match kind:
        case "heading":
            return f"{'#' * random.randint(1, 6)} {_sentence(random)}"
        case "list":
            marker = random.choice(("-", "*", "+", "1.", "3)"))
            joint = random.choice(("\n", "\n\n"))
            items = (_indented(_item(random, depth), " " * (len(marker) + 1)) for _ in range(random.randint(1, 4)))
            return joint.join(f"{marker} {item}" for item in items)
        case "quote":
            return "> " + _indented(_item(random, depth), random.choice(("> ", "> ", ">", "")))
        case "fence":
            fence = random.choice(("```", "~~~", "````", "```py", "```mermaid"))
            code = "\n".join(random.choice(("x = 1", "", "    y", "# z", "- w", "$$", "~~~~")) for _ in range(5))
            return f"{fence}\n{code}\n{fence[:3] if fence[3:] != '`' else fence}"
        case "table":
            rows = "\n".join(f"| {_sentence(random)} | 2 |" for _ in range(random.randint(1, 3)))
            return f"| a | b |\n|---|--:|\n{rows}"
        case "maths":
            opening, closing = random.choice((("$$", "$$"), ("\\[", "\\]")))
            formula = random.choice(("x", "x\n\ny", "- x\n\n# y"))
            return f"{opening}\n{formula}\n{closing}"
        case "notes":
            label = random.choice(("1", "2", "word"))
            return f"Text[^{label}].\n\n[^{label}]: {_indented(_item(random, depth), '    ')}"
        case _:
            return "---"


def _item(random: Random, depth: int) -> str:
    return "\n\n".join(_block(random, depth=depth + 1) for _ in range(random.randint(1, 2)))


def _indented(text: str, prefix: str) -> str:
    return text.replace("\n", f"\n{prefix}")


def _sentence(random: Random) -> str:
    return " ".join(random.choices(_WORDS, k=random.randint(1, 6)))
