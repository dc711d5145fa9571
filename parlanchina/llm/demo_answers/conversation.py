"""A conversation as the demo model hears it: a system prompt, and plain text said in turn by two sides.

Takes any list of messages in the shape of Chat Completions, however odd, and never raises for one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

__all__ = ["Conversation", "Said", "text_of"]

_CONTINUE = re.compile(
    r"\W*(?:please\W+|por favor\W+)?(?:continue|go on|keep going|keep writing|carry on|resume"
    r"|sigue|contin[uú]a|prosigue)\b"
    r"|.{0,200}\b(?:was cut off|were cut off|you left off|you stopped|te quedaste|se cort[oó])\b",
    re.IGNORECASE | re.DOTALL,
)


_ABOUT_A_FILE = ("The user attached ", "The user also attached ")  # how `files.prompt_parts` begins such a part


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message."""

    role: str
    text: str
    """Its own words, without those of a file that came with it."""
    attached: bool = False
    """Whether something besides text came with it."""


@dataclass(frozen=True, kw_only=True)  # without slots, which would leave no place to keep these properties
class Conversation:
    """What was said so far, and the standing instruction."""

    system: str = ""
    said: tuple[Said, ...] = ()
    """The user's and the assistant's messages; others (tools, say) are left out."""

    @classmethod
    def read(cls, messages: Sequence[Mapping[str, Any]]) -> Conversation:  # Any: the OpenAI chat shape
        """Take over a request's messages."""
        system: list[str] = []
        said: list[Said] = []
        for message in messages:
            role, content = message.get("role"), message.get("content")
            if role in ("system", "developer"):
                system.append(text_of(content))
            elif role in ("user", "assistant"):
                said.append(Said(role=role, text=_own_words(content), attached=_has_attachment(content)))
        return cls(system="\n".join(system).strip(), said=tuple(said))

    @cached_property
    def asked(self) -> tuple[Said, ...]:
        """The user's messages, oldest first."""
        return tuple(one for one in self.said if one.role == "user")

    def unfinished(self) -> tuple[Conversation, str] | None:
        """Find a reply that is to be continued: the conversation up to its question, and the reply's text so far.

        Either the last message is the assistant's own, or it asks to go on with the one before; such requests
        may follow one another. `None` if neither is so.
        """
        end, parts = len(self.said), list[str]()
        while end > 0:
            if self.said[end - 1].role == "assistant":
                parts.append(self.said[end - 1].text)
            elif not (
                end > 1 and self.said[end - 2].role == "assistant" and _CONTINUE.match(self.said[end - 1].text)
            ):
                break
            end -= 1
        if not parts or end == 0:
            return None
        return replace(self, said=self.said[:end]), "".join(reversed(parts))

    @cached_property
    def digest(self) -> str:
        """A short name for what was said, for seeding; the system prompt is left out, so that it changes
        how a thing is told and not which.
        """
        digest = hashlib.blake2b(digest_size=16)
        for one in self.said:
            digest.update(f"\0{one.role}\0{one.text}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def text_of(content: object) -> str:
    """The text of a message's content, which is a string, a list of parts, or nothing."""
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in _parts(content)]
    return "\n".join(text for text in parts if isinstance(text, str))


def _own_words(content: object) -> str:
    return text_of([part for part in _parts(content) if not _is_about_a_file(part)] or content)


def _has_attachment(content: object) -> bool:
    parts = _parts(content)
    return any(
        part.get("type") not in ("text", "input_text", "output_text") or _is_about_a_file(part) for part in parts
    )


def _is_about_a_file(part: dict[str, Any]) -> bool:  # Any: a part comes from outside
    return str(part.get("text")).startswith(_ABOUT_A_FILE)


def _parts(content: object) -> list[dict[str, Any]]:  # Any: parts come from outside
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list | tuple) else []
