"""What the demo model says: that it fits the question, is true of the app, and is Markdown that holds together."""

from __future__ import annotations

import doctest
import random
import re
import sqlite3
import time
import unicodedata
from collections.abc import Iterator
from types import ModuleType
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from parlanchina.llm.base import ReplyRequest
from parlanchina.llm.demo import DEMO_MODELS, count_tokens
from parlanchina.llm.demo_answers import Conversation, Sampler, compose
from parlanchina.llm.demo_answers.library import Language, find_topic, language_of, topics
from parlanchina.llm.demo_answers.quote import plain, quote
from parlanchina.variables import VARIABLES
from tests.demo_talk import events, instant, joined, messages, reply

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LANGUAGES: tuple[Language, ...] = get_args(Language)
TOPICS = [(language, name) for language in LANGUAGES for name in topics(language)]


def tokens_of(markdown: str) -> list[Token]:
    return [token for block in MARKDOWN.parse(markdown) for token in (block, *(block.children or ()))]


def ill_formed(markdown: str) -> Iterator[str]:
    """What a reader would see go wrong."""
    lines = markdown.split("\n")
    for token in tokens_of(markdown):
        if token.type == "fence":
            assert token.map
            if not re.fullmatch(rf" *{token.markup[0]}{{{len(token.markup)},}}", lines[token.map[1] - 1]):
                yield f"open fence: {token.content[:40]!r}"
        elif token.type in ("html_block", "html_inline", "code_block"):
            yield f"{token.type}: {token.content[:40]!r}"
        elif token.type == "text" and re.search(r"\*|`|~~|\]\(|\{\{", token.content):
            yield f"markup left as text: {token.content!r}"
    outside_code = re.sub(r"(?ms)^(`{3,}).*?^\1$|`[^`\n]*`", "", markdown)
    if len(re.findall(r"(?m)^\$\$$", outside_code)) % 2:
        yield "open formula"


# What it says


@pytest.mark.parametrize(
    ("question", "promised"),
    [
        ("Hello", ["demo model", "not an intelligence"]),
        ("Who are you?", ["demo model"]),
        ("What can you do?", ["<table>", "How do I add a key?"]),
        ("How do I add a key?", ["OPENAI_API_KEY", ".env", "<table>", "start the app again", "openrouter"]),
        ("How do I connect OpenAI or another provider?", ["OPENAI_API_KEY"]),
        ("How do I use Azure?", ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT", "OPENAI_PROVIDER=azure"]),
        ("And OpenRouter?", ["OPENROUTER_API_KEY", "OPENAI_PROVIDER=openrouter"]),
        ("Can I use Ollama?", ["OPENAI_PROVIDER=compatible", "http://localhost:11434/v1"]),
        ("Where are my conversations kept?", ["data/sessions", "JSON", "reload", "close the tab", "kill the server"]),
        ("How do I stop a reply?", ["Stop", "Regenerate", "Continue"]),
        ("What is temperature?", ["top_p", "max_tokens", "<table>", "$$"]),
        ("What is a system prompt?", ["Be brief.", "<table>"]),
        ("Show me a table", ["<table>", 'style="text-align:center"', 'style="text-align:right"']),
        ("Draw a diagram", ['<code class="language-mermaid">flowchart']),
        ("Write a Python function", ['<code class="language-python">', "can't write code to order"]),
        ("Show me some maths", ["\n$$\n", "$a^2 + b^2 = c^2$"]),
        ("Paint me a picture", ["`Paint me a picture`", "image model", "gallery"]),
        ("Which models are there?", DEMO_MODELS),
        ("Thank you!", ["welcome"]),
        ("¿Qué puedes hacer?", ["<table>", "¿Cómo añado una clave?"]),
        ("¿Dónde se guardan mis conversaciones?", ["data/sessions", "recargas"]),
        ("Gracias", ["De nada"]),
    ],
)
def test_a_question_it_knows_gets_what_was_asked_for(question: str, promised: list[str]) -> None:
    answer = reply(question)
    shown = answer + MARKDOWN.render(answer)
    assert [promise for promise in promised if promise.lower() not in shown.lower()] == []


@pytest.mark.parametrize("question", ["Show me everything you can draw", "¡Muéstrame todo lo que sabes dibujar!"])
def test_the_showcase_draws_everything(question: str) -> None:
    answer = reply(question)
    found = tokens_of(answer)
    kinds = {token.type for token in found}
    assert kinds >= {
        "heading_open",
        "table_open",
        "strong_open",
        "em_open",
        "s_open",
        "code_inline",
        "link_open",
        "hr",
    }
    assert {token.info for token in found if token.type == "fence"} == {
        *("python", "javascript", "sql", "bash", "markdown", "mermaid"),
    }
    assert all(token.level == 0 for token in found if token.info == "mermaid")
    for nested in ("bullet_list_open", "ordered_list_open", "blockquote_open"):
        assert max(token.level for token in found if token.type == nested) > 0
    assert {token.attrGet("style") for token in found if token.type == "td_open"} == {
        *("text-align:left", "text-align:center", "text-align:right"),
    }
    for promise in ("- [x] ", "- [ ] ", "$e^{i\\pi} + 1 = 0$", "\n$$\n", "$10", "US$1,000", "$2bn", "$4bn"):
        assert promise in answer


@pytest.mark.parametrize(("language", "name"), TOPICS)
def test_each_phrase_leads_to_its_own_topic(language: Language, name: str) -> None:
    asks = topics(language)[name].asks
    assert [phrase for phrase in asks if find_topic(phrase) != name] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_question_it_suggests_is_one_it_can_answer(language: Language) -> None:
    texts = "\n".join(topic.brief + "\n" + topic.body for name, topic in topics(language).items() if name != "story")
    suggested = re.findall(r"(?<!\*)\*([^*\n]+[.?])\*(?!\*)", texts)
    assert len(suggested) > 20
    single = [one for suggestion in suggested for one in suggestion.strip("{}").split(" / ")]
    assert [one for one in single if find_topic(one) is None or language_of(one) != language] == []


@pytest.mark.parametrize(
    "text",
    [
        "What is the history of Rome?",
        "How long is the Nile?",
        "What does hola mean?",
        "Explain quantum physics",
        "Qué pasó en la guerra de los mil días",
        "2 + 2",
        "🙂",
    ],
)
def test_what_it_does_not_know_is_played_back_with_an_honest_word(text: str) -> None:
    answer = reply(text)
    assert f"`{text}`" in answer
    assert "demo model" in answer or "modelo de demostración" in answer
    assert "bullet_list_open" in {token.type for token in tokens_of(answer)}


def test_both_languages_have_the_same_topics_of_the_same_shape() -> None:
    for name, topic in topics("en").items():
        blocks, bloques = (
            [token.tag for token in MARKDOWN.parse(text) if token.type.endswith("_open")]
            for text in (topic.body, topics("es")[name].body)
        )
        assert (name, blocks) == (name, bloques)
    assert topics("en").keys() == topics("es").keys()


def test_every_variable_it_names_exists() -> None:
    texts = [topic.body + topic.brief for language in LANGUAGES for topic in topics(language).values()]
    named = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", "".join(texts)))
    assert {"OPENAI_API_KEY", "PARLANCHINA_MODELS"} <= named <= {variable.name for variable in VARIABLES}


def test_the_code_it_shows_works() -> None:
    answers = [topic.body for language in LANGUAGES for topic in topics(language).values()]
    fences = [token for body in answers for token in MARKDOWN.parse(body) if token.type == "fence"]
    python = [token.content for token in fences if token.info == "python"]
    assert len(python) == 6
    for code in python:
        module = ModuleType("shown")
        exec(code, module.__dict__)
        examples = doctest.DocTestFinder().find(module, module=False, globs=module.__dict__)
        results = [doctest.DocTestRunner(verbose=False).run(example) for example in examples]
        assert sum(result.attempted for result in results) > 0
        assert sum(result.failed for result in results) == 0
    sql = [token.content for token in fences if token.info == "sql"]
    database = sqlite3.connect(":memory:")
    assert [database.execute(query).fetchall() for query in sql] == [
        [("demo", 2, 400.0), ("demo-brief", 1, 35.0)]
    ] * 2
    database.close()


@pytest.mark.parametrize("question", ["Tell me a long story", "Cuéntame una historia larga"])
def test_the_story_is_long_and_never_repeats_itself(question: str) -> None:
    stories = [reply(question, provider=instant(seed=seed)) for seed in range(8)]
    assert len(set(stories)) == 8
    for story in stories:
        assert story.startswith("## ")
        assert count_tokens(story) >= 1_500
        paragraphs = story.split("\n\n")
        assert len(set(paragraphs)) == len(paragraphs) == 2 + 7 * 6 + 2


# In Markdown that holds together

SYSTEM_PROMPTS = (
    "",
    "You are <b>helpful</b> and **kind** `always",
    "Use bullet points.",
    "Talk like a pirate, in capitals.",
    'Talk like a pirate; use bullets and CAPITALS. End with "Over\n- and <i>*out*".',
)


@pytest.mark.parametrize("system", SYSTEM_PROMPTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_in_every_mode_is_well_formed(language: Language, system: str) -> None:
    said = messages("Say `it` **twice**: <b> $x$ [a](b)\n\n```", "So?", "…and {{now}}?", system=system)
    spoken = " en español" if language == "es" else " in English"
    said += [{"role": "user", "content": "*"}]
    said.insert(0, {"role": "system", "content": f"Speak{spoken}."} if system else {"role": "tool", "content": ""})
    for name in topics(language):
        for temperature, brief in ((0, False), (0, True), (2, False), (2, True)):
            sampler = Sampler(random.Random(name), temperature=temperature)
            answer = compose(Conversation.read(said), sampler=sampler, brief=brief, topic=name)
            assert (name, list(ill_formed(answer))) == (name, [])


@pytest.mark.parametrize("bad", ["```\ncode", "<b>bold</b>", "a **b", "$$\nx", "````\n```\n```", "{{a / b}}"])
def test_the_check_for_well_formed_markdown_can_fail(bad: str) -> None:
    assert list(ill_formed(bad))


hostile = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "```",
                "`",
                "\n",
                "\n\n",
                "~~~",
                "<script>",
                "</p>",
                "![x](http://e.x/y)",
                "[a](javascript:b)",
                "{{excerpt}}",
                "{{a / b}}",
                "$$",
                "\\(",
                "|",
                "- ",
                "# ",
                "> ",
                "&lt;",
                "\u202e",
                "\u2066",
                "\x00",
                "\u200b",
                "\ud800",
                "a b",
            ]
        ),
        max_size=30,
    ).map("".join),
)


@given(hostile, st.sampled_from(SYSTEM_PROMPTS), st.sampled_from(DEMO_MODELS))
@settings(max_examples=150, deadline=None)
def test_what_the_user_wrote_can_not_act_as_markup(text: str, system: str, model: str) -> None:
    said = [*messages(text, system=system), *messages(text), *messages("what did I say first?")]
    for asked in (said[:-1], said):
        answer = joined(events(ReplyRequest(messages=asked, model=model)))
        answer.encode("utf-8")
        assert list(ill_formed(answer)) == []
        assert not set(answer) & set("\u202e\u2066\x00\u200b")


@given(hostile)
@settings(max_examples=150, deadline=None)
def test_a_quotation_is_code_and_an_ending_is_plain_text_and_neither_is_more(text: str) -> None:
    quoted = [token for token in tokens_of(f"Say {quote(text)}.") if token.type != "inline"]
    assert [token.type for token in quoted] == ["paragraph_open", "text", "code_inline", "text", "paragraph_close"]
    assert 0 < len(quoted[2].content) <= 80
    assert {token.type for token in tokens_of(plain(text))} <= {"paragraph_open", "inline", "text", "paragraph_close"}
    assert not {unicodedata.category(mark) for mark in quote(text) + plain(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_short_text_is_quoted_whole_and_a_long_one_says_that_it_goes_on() -> None:
    assert quote(" What  is\n`x`? ") == "`What is 'x'?`"
    assert quote("\u202e\x00") == "`…`"
    assert quote("a" * 80) == f"`{'a' * 80}`"
    assert quote("a" * 81) == f"`{'a' * 79}…`"
    assert quote("a\u200b" * 300) == f"`{'a' * 79}…`"
    assert plain("--- 1. **Over** & <out> www.a.example!") == "Over out wwwaexample!"


@pytest.mark.parametrize(("language", "name"), TOPICS)
def test_the_brief_version_is_one_sentence(language: Language, name: str) -> None:
    sampler = Sampler(random.Random(name), temperature=1)
    said = messages("a", "b", "hola" if language == "es" else "hello")
    answer = compose(Conversation.read(said), sampler=sampler, brief=True, topic=name)
    assert [token.type for token in MARKDOWN.parse(answer)] == ["paragraph_open", "inline", "paragraph_close"]
    assert re.search(r"[.!?]\*?$", answer)
    assert not re.search(r"[.!?] +[A-ZÁÉÍÓÚ¿¡]", re.sub(r"`[^`]*`", "", answer).replace("*¿", ""))


def test_a_huge_message_is_quoted_in_short_and_at_once() -> None:
    for text in ("so " * 333_333, "`" * 1_000_000, " " * 1_000_000 + "x", "<" * 1_000_000, "\u202e\n" * 500_000):
        began = time.perf_counter()
        answer = reply(text)
        assert time.perf_counter() - began < 2  # a generous bound: it takes a tenth of it
        assert len(answer) < 1_000
        assert list(ill_formed(answer)) == []


def test_it_says_a_long_history_back_by_number() -> None:
    texts = [text for number in range(1, 101) for text in (f"thing {number}", "yes")]
    answer = reply(*texts, "What did I say first?")
    assert "`thing 1`" in answer
    assert "96. `thing 96`" in answer
    assert "100. `thing 100`" in answer
    assert "thing 95" not in answer


@pytest.mark.parametrize(
    "content", [None, 7, [], [3], "", " \n", [{"type": "text"}, {"type": "text", "text": None}], {"text": "x"}]
)
def test_an_empty_or_odd_message_is_greeted(content: object) -> None:
    assert reply(content) == reply("Hello") == joined(events(ReplyRequest(messages=[], model="demo")))


def test_a_list_of_parts_is_read_and_a_picture_in_it_is_not() -> None:
    assert reply([{"type": "text", "text": "Draw a"}, {"type": "text", "text": "diagram"}]) == reply("Draw a diagram")
    answer = reply([{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:,"}}])
    assert "can't look at it" in answer
