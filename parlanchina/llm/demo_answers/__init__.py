"""What the demo model says: prepared answers in Markdown, a folder for each language, and the rules that choose.

Owns the words; knows nothing of streams, tokens or pace (`parlanchina.llm.demo` has those), and does no I/O but
reading its own files once. The same conversation and the same `Sampler` draw always give the same answer, and
every answer is well-formed Markdown, whatever the user wrote.

A file holds one topic: a head of `name: value` lines, a blank line, and the answer.

- `asks` lists the phrases that call for it, divided by commas (a topic without it is chosen by the code);
- `brief` is the same answer in one sentence;
- `{{Hello / Hi / Welcome}}` in either is a choice of wordings, the likeliest first, drawn by a `Sampler`;
- `{{excerpt}}`, with no slash, is a slot that `compose` fills with words of the user's.

`story.md` holds, in place of its answer, the paragraphs that `story.tell` makes one of.
"""

from __future__ import annotations

from parlanchina.llm.demo_answers.compose import compose, topic_of
from parlanchina.llm.demo_answers.conversation import Conversation, text_of
from parlanchina.llm.demo_answers.library import find_topic
from parlanchina.llm.demo_answers.sampler import Sampler

__all__ = ["Conversation", "Sampler", "compose", "find_topic", "text_of", "topic_of"]
