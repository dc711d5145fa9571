"""Obeying a system prompt: the few instructions that are recognised, and what each does to an answer.

Works on Markdown and leaves it well formed: code, formulas, diagrams, link targets and slots are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parlanchina.llm.demo_answers.library import Language, flatten
from parlanchina.llm.demo_answers.quote import plain

__all__ = ["Style"]

_CALLS: Mapping[str, str] = {
    "en": "in english, speak english, use english, en ingles, habla ingles",
    "es": "in spanish, speak spanish, use spanish, en espanol, en castellano, habla espanol",
    "brief": "brief, briefly, concise, concisely, terse, short answers, short replies, keep it short, one sentence, "
    "single sentence, breve, brevemente, conciso, concisa, una frase, sola frase",
    "capitals": "capitals, capital letters, all caps, uppercase, upper case, shout, mayusculas, grita",
    "pirate": "pirate, pirates, pirata, piratas",
    "bullets": "bullet, bullets, bulleted, vineta, vinetas",
}
"""What is recognised, and the phrases that call for it, as `flatten` leaves them."""

_LABELS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "en": "in English",
        "es": "in Spanish",
        "brief": "in one sentence",
        "capitals": "in capitals",
        "pirate": "as a pirate",
        "bullets": "in bullet points",
        "ending": "with your ending",
    },
    "es": {
        "en": "en inglés",
        "es": "en español",
        "brief": "en una frase",
        "capitals": "en mayúsculas",
        "pirate": "como un pirata",
        "bullets": "con viñetas",
        "ending": "con tu final",
    },
}

_FOLLOWING: Mapping[Language, str] = {
    "en": "*Following the system prompt: {labels}.*",
    "es": "*Sigo las instrucciones del sistema: {labels}.*",
}

_NOT_FOLLOWING: Mapping[Language, str] = {
    "en": (
        "*The system prompt says {{prompt}}; I can only follow a few instructions, such as “Be brief”, "
        "“Answer in Spanish” or “Talk like a pirate”.*"
    ),
    "es": (
        "*Las instrucciones del sistema dicen {{prompt}}; solo sé seguir unas pocas, como «Sé breve», "
        "«Responde en inglés» o «Habla como un pirata».*"
    ),
}

_PIRATE_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "hello": "ahoy",
        "hi": "ahoy",
        "you": "ye",
        "your": "yer",
        "my": "me",
        "is": "be",
        "are": "be",
        "and": "an'",
        "folder": "hold",
        "file": "scroll",
        "server": "ship",
    },
    "es": {
        "hola": "ah del barco",
        "archivo": "pergamino",
        "servidor": "navío",
        "clave": "llave del cofre",
        "mensaje": "mensaje en botella",
        "para": "pa'",
        "todo": "to'",
    },
}
_PIRATE_CRY: Mapping[Language, str] = {"en": "Arr!", "es": "¡Arr!"}

_ENDING = re.compile(
    r"\b(?:end|finish|close|sign off|termina|acaba|finaliza)\b[^.,;\n\"“«']{0,60}?\b(?:with|con)\b[ :]*+"
    r"(?:the words? |la palabra |las palabras )?+"
    r"(?:\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|'([^\n]+?)'(?!\w)|((?!an? |the |una? )[^.;\n]+))",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[.,;:!?\n]|\b(?:and|but|y|pero)\b")
_NEGATION = re.compile(r" (?:don t|never|avoid|without|nunca|jamas|evita|sin|(?:not|no)(?! (?:more|longer|mas))) ")

_VERBATIM = re.compile(
    r"^ *(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^ *(?P=fence) *$"  # a fenced block
    r"|\$\$.*?\$\$|\$(?=\S)[^$\n]+(?<=\S)\$(?!\d)"  # formulas; "$5 to $10" is none
    r"|(?P<ticks>`+).+?(?P=ticks)|\]\([^)\n]*\)|\{\{\w+\}\}",  # code, a link's target, a slot
    re.DOTALL | re.MULTILINE,
)
_NOT_PROSE = re.compile(r"#|[-*+] |\d+[.)] |[|>]|`{3}|~{3}|\$\$|---| |\{\{list\}\}$")
_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[^a-z])")


@dataclass(frozen=True, slots=True)
class Style:
    """The instructions found in a system prompt."""

    found: tuple[str, ...] = ()
    ending: str = ""
    given: bool = False
    """Whether there is a system prompt at all."""

    @classmethod
    def read(cls, prompt: str) -> Style:
        """Recognise what a system prompt asks for; a clause with a negation asks for nothing."""
        if not prompt:
            return cls()
        start = prompt[:4_000]
        asked = _ENDING.search(start)
        ending = plain(next(filter(None, asked.groups()), "")) if asked else ""
        clauses = [flatten(clause) for clause in _CLAUSE_END.split(_ENDING.sub(". ", start))]
        heard = "".join(clause for clause in clauses if not _NEGATION.search(clause))
        found = (name for name, calls in _CALLS.items() if any(f" {call} " in heard for call in calls.split(", ")))
        return cls(found=(*found, "ending") if ending else tuple(found), ending=ending, given=True)

    @property
    def language(self) -> Language | None:
        """The language asked for, if any."""
        return "es" if "es" in self.found else "en" if "en" in self.found else None

    @property
    def brief(self) -> bool:
        """Whether one sentence is asked for."""
        return "brief" in self.found

    def dress(self, text: str, *, language: Language) -> str:
        """Rewrite an answer as the system prompt wants it, under a line that says what is being followed."""
        if not self.given:
            return text
        if "pirate" in self.found:
            text = f"{_PIRATE_CRY[language]}\n\n{_outside_verbatim(text, _as_pirate(language))}"
        if "bullets" in self.found:
            text = _as_bullets(text)
        if self.ending:
            text = f"{text}\n\n{self.ending}"
        text = f"{self._notice(language)}\n\n{text}"
        return _outside_verbatim(text, str.upper) if "capitals" in self.found else text

    def _notice(self, language: Language) -> str:
        if not self.found:
            return _NOT_FOLLOWING[language]
        return _FOLLOWING[language].format(labels=", ".join(_LABELS[language][name] for name in self.found))


def _as_pirate(language: Language) -> Callable[[str], str]:
    words = _PIRATE_WORDS[language]

    def swap(match: re.Match[str]) -> str:
        word = words.get(match[0].lower(), match[0])
        return word[0].upper() + word[1:] if match[0][0].isupper() else word

    # What is in italics may be asked as it stands, and would not be understood in pirate.
    pattern = re.compile(rf"(?<!\*)\*[^*\n]+\*(?!\*)|\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    return lambda text: pattern.sub(swap, text)


def _as_bullets(text: str) -> str:
    """Turn each paragraph into a list of its sentences; all else stays as it is."""
    pieces: list[str] = []
    position = 0
    for verbatim in _VERBATIM.finditer(text):
        if verbatim["fence"] or verbatim[0].startswith("$$"):
            pieces += [_paragraphs_as_bullets(text[position : verbatim.start()]), verbatim[0]]
            position = verbatim.end()
    return "".join([*pieces, _paragraphs_as_bullets(text[position:])])


def _paragraphs_as_bullets(text: str) -> str:
    blocks = re.split(r"(\n\n+)", text)
    return "".join(
        block
        if not block.strip() or _NOT_PROSE.match(block)
        else "\n".join(f"- {sentence}" for sentence in _SENTENCE_END.split(block))
        for block in blocks
    )


def _outside_verbatim(text: str, change: Callable[[str], str]) -> str:
    """Apply a change to what is prose, and to nothing else."""
    pieces: list[str] = []
    position = 0
    for verbatim in _VERBATIM.finditer(text):
        pieces += [change(text[position : verbatim.start()]), verbatim[0]]
        position = verbatim.end()
    return "".join([*pieces, change(text[position:])])
