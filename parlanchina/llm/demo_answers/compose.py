"""Composing an answer: which topic, in which language, in which style, with the user's words put in last.

The order is what keeps an answer safe: wordings are chosen first, the style is applied next, and the slots are
filled at the end, so nothing of the user's is ever taken for a choice, a sentence or a piece of Markdown.
"""

from __future__ import annotations

import re

from parlanchina.llm.demo_answers import story
from parlanchina.llm.demo_answers.conversation import Conversation
from parlanchina.llm.demo_answers.library import Language, find_topic, language_of, topics
from parlanchina.llm.demo_answers.quote import quote
from parlanchina.llm.demo_answers.sampler import Sampler
from parlanchina.llm.demo_answers.style import Style

__all__ = ["compose", "topic_of"]

_BRACED = re.compile(r"\{\{(.+?)\}\}")
_LISTED = 5
"""Earlier messages that are listed."""


def compose(conversation: Conversation, *, sampler: Sampler, brief: bool = False, topic: str | None = None) -> str:
    """Write the whole answer to a conversation's last question, or to `topic` where the caller knows better."""
    style = Style.read(conversation.system)
    language = style.language or _language(conversation)
    name = topic or topic_of(conversation)
    answer = topics(language)[name]
    if not (brief or style.brief):
        text = story.tell(answer.body, chance=sampler.chance) if name == "story" else answer.body
    else:
        text = answer.brief
    text = _BRACED.sub(lambda braced: _worded(braced, sampler), text)
    text = style.dress(text, language=language)
    slots = _slots(conversation)
    if name == "story":
        slots |= story.scene(answer.body, chance=sampler.chance)
    return _BRACED.sub(lambda slot: slots[slot[1]], text)


def topic_of(conversation: Conversation) -> str:
    """Name the topic that the last question asks for."""
    asked = conversation.asked
    if asked and asked[-1].attached:  # a picture may come with a wish for another one
        return "picture" if find_topic(asked[-1].text) == "picture" else "attachment"
    if not asked or not asked[-1].text.strip():
        return "hello"
    name = find_topic(asked[-1].text) or "fallback"
    return "first_message" if name == "recall" and len(asked) == 1 else name


def _language(conversation: Conversation) -> Language:
    """The language of the newest message that tells it, among the last few."""
    told = (language_of(message.text) for message in reversed(conversation.asked[-10:]))
    return next(filter(None, told), "en")


def _worded(braced: re.Match[str], sampler: Sampler) -> str:
    options = braced[1].split(" / ")
    return sampler.pick(options) if len(options) > 1 else braced[0]


def _slots(conversation: Conversation) -> dict[str, str]:
    asked = [message.text for message in conversation.asked] or [""]
    earlier = list(enumerate(asked[:-1], start=1))
    listed = "\n".join(f"{number}. {quote(text)}" for number, text in earlier[-_LISTED:])
    return {
        "prompt": quote(conversation.system),
        "excerpt": quote(asked[-1]),
        "first": quote(asked[0]),
        "previous": quote(asked[-2] if earlier else ""),
        "list": listed,
    }
