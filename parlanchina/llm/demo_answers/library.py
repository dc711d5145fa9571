"""The prepared answers, read once, and finding the one that a message asks for.

Finding is by known phrases, in either language: no more is claimed for it, and the answers say so themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, get_args

__all__ = ["Language", "Topic", "find_topic", "flatten", "language_of", "topics"]

Language = Literal["en", "es"]

_LOOKED_AT = 2_000
"""Characters of a message that are searched for phrases, so that a huge one costs no more than a long one."""

_COURTESIES = frozenset({"hello", "thanks"})
"""Topics that yield to any other, and need half of the message or three words of it: “Hello, show me a table” asks
for the table, and “Is Perfect a name?” for nothing that is known here.
"""

_COMMON_WORDS: Mapping[Language, str] = {
    "en": "the is are do does did what how who why where when and of to my you your i it this that please can",
    "es": "el los las una y mi mis tu eres es esta este como donde quien cuando por favor puedes puedo quiero hay",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One prepared answer; the package's docstring says how its file is written."""

    asks: tuple[str, ...]
    brief: str
    body: str


@cache
def topics(language: Language) -> Mapping[str, Topic]:
    """Every topic of a language, by the name of its file."""
    folder = resources.files(__package__).joinpath(language)
    return {
        file.name.removesuffix(".md"): _read(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".md")
    }


def find_topic(text: str) -> str | None:
    """Name the topic with the most words of its phrases in a text, or `None` if there is none."""
    flat = flatten(text)
    enough = min(3, len(flat.split()) / 2)
    scores = {name: sum(phrase.count(" ") - 1 for phrase in found if phrase in flat) for name, found in _phrases()}
    asked = {name: score for name, score in scores.items() if score >= (enough if name in _COURTESIES else 1)}
    return max(asked, key=lambda name: (name not in _COURTESIES, asked[name]), default=None) if flat.strip() else None


def language_of(text: str) -> Language | None:
    """Tell the language of a text by words that only one of them has, or `None` if that doesn't tell."""
    words = flatten(text).split()
    english, spanish = (sum(word in _vocabulary(language) for word in words) for language in get_args(Language))
    spanish += 3 * bool(re.search("[¿¡ñ]", text[:_LOOKED_AT].lower()))
    if english == spanish:
        return None
    return "en" if english > spanish else "es"


def flatten(text: str) -> str:
    """Reduce the start of a text to plain lower-case words, with one space before, between and after them."""
    decomposed = unicodedata.normalize("NFKD", text[:_LOOKED_AT].casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return f" {' '.join(re.findall('[a-z0-9]+', bare))} "


def _read(source: str) -> Topic:
    head, _, body = source.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    asks = tuple(flatten(phrase) for phrase in fields.get("asks", "").split(",") if phrase)
    return Topic(asks=asks, brief=fields["brief"], body=body.strip())


@cache
def _phrases() -> Sequence[tuple[str, frozenset[str]]]:
    spanish = topics("es")
    return [(name, frozenset(topic.asks) | frozenset(spanish[name].asks)) for name, topic in topics("en").items()]


@cache
def _vocabulary(language: Language) -> frozenset[str]:
    words = {
        one: {word for topic in topics(one).values() for phrase in topic.asks for word in phrase.split()}
        | set(_COMMON_WORDS[one].split())
        for one in get_args(Language)
    }
    other: Language = "es" if language == "en" else "en"
    return frozenset(words[language] - words[other])
