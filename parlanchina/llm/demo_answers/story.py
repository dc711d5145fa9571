"""The long answer: a story told from a deck of paragraphs, never the same twice for two seeds.

Each chapter is one paragraph of each part, and a place, a person and a thing of its own. Every deck is shuffled and
every paragraph is used once, so a story is long, whole and without repetition.
"""

from __future__ import annotations

import random
import re

__all__ = ["tell"]

_PARTS = ("arrival", "meeting", "trouble", "talk", "parting")
_SCENERY = ("place", "person", "thing")


def tell(script: str, *, chance: random.Random) -> str:
    """Tell a story from a script: `## name` sections whose every line is one paragraph or one `- item`."""
    decks = {name: chance.sample(lines, len(lines)) for name, lines in _sections(script).items()}
    story = [f"## {decks['title'][0]}", decks["opening"][0]]
    chapters = zip(*(decks[part] for part in _PARTS), strict=True)
    scenes = zip(*(decks[f"{slot}s"] for slot in _SCENERY), strict=True)
    for number, (paragraphs, scene) in enumerate(zip(chapters, scenes, strict=False), start=1):
        values = dict(zip(_SCENERY, scene, strict=True))
        story.append(f"### {number}. {_capitalised(values['place'])}")
        story += (_set_scene(paragraph, values) for paragraph in paragraphs)
    return "\n\n".join([*story, "---", decks["closing"][0]])


def scene(script: str, *, chance: random.Random) -> dict[str, str]:
    """Draw one place, person and thing."""
    sections = _sections(script)
    return {slot: chance.choice(sections[f"{slot}s"]) for slot in _SCENERY}


def _sections(script: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in script.splitlines():
        if line.startswith("## "):
            lines = sections.setdefault(line.removeprefix("## "), [])
        elif line:
            lines.append(line.removeprefix("- "))
    return sections


def _set_scene(paragraph: str, values: dict[str, str]) -> str:
    def fill(slot: re.Match[str]) -> str:
        name = slot[1]
        return values[name] if name in values else _capitalised(values[name.lower()])

    return re.sub(r"\{\{(\w+)\}\}", fill, paragraph)


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]
