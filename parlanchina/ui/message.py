"""Draws one message of the conversation: a question's bubble, or a reply with its meter and its actions."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.llm.pricing import cost
from parlanchina.markdown import Definitions
from parlanchina.messages import Message, Session
from parlanchina.turn import Turn
from parlanchina.ui import actions, state
from parlanchina.ui.attachments import draw_files_of
from parlanchina.ui.body import as_html, blank, draw_parts, parts_of, parts_of_whole
from parlanchina.ui.live import draw_live
from parlanchina.ui.state import App

__all__ = ["LiveReply", "draw_question", "draw_reply", "draw_ways_on", "draw_words"]

_PARTS_OF_A_REPLY = 8  # more than the elements that draw_reply draws one below the other
_THUMBS = {"down": 0, "up": 1}


def draw_question(app: App, session: Session, message: Message, place: DeltaGenerator) -> None:
    """Draw what the user wrote, with its editor and its branches."""
    draw_words(app, message, place)
    draw_ways_on(session, message, place)


def draw_words(app: App, message: Message, place: DeltaGenerator) -> None:
    """Draw a question as the text it is, or to be edited, and what came with it."""
    with place:
        if _is_edited(message):
            st.text_area(
                "Edit the question",
                value=message.raw_markdown,
                key=f"editor_{message.id}",
                label_visibility="collapsed",
                height="content",
            )
            return
        if message.attachments:
            draw_files_of(app, message)
        st.html(f'<div class="pc-question" dir="auto">{_as_text(message.raw_markdown)}</div>')


def draw_ways_on(session: Session, message: Message, place: DeltaGenerator) -> None:
    """Draw, below the words of a question, what can be done with it."""
    with place:
        if _is_edited(message):
            _draw_end_of_editing(session, message)
            return
        has_branches = len(session.siblings(message)) > 1
        with st.container(horizontal=True, key=f"actions_{message.id}", gap="xxsmall") if has_branches else place:
            _draw_branches(session, message)
            st.button(
                "Edit and send again",
                icon=":material/edit:",
                key=f"edit_{message.id}",
                type="tertiary",
                on_click=actions.begin_edit,
                args=(message.id,),
            )


def draw_reply(app: App, session: Session, message: Message, place: DeltaGenerator) -> None:
    """Draw an ended reply: its text, how it ended, its meter, and what can be done with it.

    Most replies are one piece of HTML and their actions: each element more costs every page that shows the reply.
    """
    parts = parts_of_whole(message, image_hosts=app.services.settings.image_hosts)
    with place:
        if len(parts) == 1 and isinstance(parts[0], str) and _is_plain(message):
            st.html(_byline(app, message) + as_html(app, parts[0]) + _meter(message))
        else:
            if byline := _byline(app, message):
                st.html(byline)
            else:
                st.empty()  # in the place of the live blocks: a container there would keep what they held
            draw_parts(app, parts, place)
            if message.reasoning:
                with st.expander("Reasoning", type="compact"):
                    st.html(f'<div class="pc-reasoning" dir="auto">{_as_text(message.reasoning)}</div>')
            _draw_ending(session, message, _ending_of(message))
            st.html(_meter(message))
        _draw_actions(session, message)


class LiveReply:
    """A reply that is being made, in its slot of the page: drawn while it comes, and then as it is stored."""

    def __init__(self, app: App, turn: Turn, slot: DeltaGenerator, *, over: bool) -> None:
        """`over`: an ended reply may have stood there in the last run."""
        self._app = app
        self._turn = turn
        self._slot = slot
        self._place = slot.chat_message("assistant")
        self._blocks = self._place.container(key="live", gap="small")
        self._below = self._place.empty()
        self._drawn: list[str | None] = []
        if over:
            with self._place:
                blank(_PARTS_OF_A_REPLY)

    def follow(self, *, then: Callable[[], None]) -> None:
        """Draw it until it has ended; `then` draws the rest of the page as soon as the first words are drawn."""
        if byline := _byline(self._app, self._turn.message):
            self._blocks.html(byline)
        draw_live(self._turn, blocks=self._blocks, below=self._below, draw=self._draw_block, then=then)

    def end(self, session: Session, message: Message) -> None:
        """Draw it as it is stored: nothing again that stands there rightly."""
        if _is_plain(message) and "".join(html or "\0" for html in self._drawn) == message.html:
            self._below.html(_meter(message))
            with self._place:
                _draw_actions(session, message)
        else:
            draw_reply(self._app, session, message, self._slot.chat_message("assistant"))

    def _draw_block(self, slot: DeltaGenerator, markdown: str, definitions: Definitions, *, over: int) -> None:
        parts = parts_of(markdown, definitions=definitions, image_hosts=self._app.services.settings.image_hosts)
        self._drawn.extend(part if isinstance(part, str) else None for part in parts)
        draw_parts(self._app, parts, slot, over=over)


def _is_plain(message: Message) -> bool:
    return not message.reasoning and not _ending_of(message)


def _as_text(text: str) -> str:
    return escape(text.replace("\x00", "\N{SYMBOL FOR NULL}"))


def _byline(app: App, message: Message) -> str:
    """Who answered, where that is not whom the visitor expects; the name is the style's."""
    standing_in = message.provider == "demo" and app.services.settings.provider != "demo"
    return '<div class="pc-byline">The demo model, standing in</div>' if standing_in else ""


def _meter(message: Message) -> str:
    """What a reply took, in one quiet line; what isn't known is a dash."""
    usage, timing = message.usage, message.timing
    parts = [message.model]
    if timing and timing.first_token_ms is not None:
        parts.append(f"first token {_seconds(timing.first_token_ms)}")
    if timing:
        parts.append(_seconds(timing.total_ms))
    if usage:
        parts.append(f"{usage.input_tokens:,} → {usage.output_tokens:,} tokens")
        writing_ms = (timing.total_ms - (timing.first_token_ms or 0)) if timing else 0
        if writing_ms > 0 and usage.output_tokens:
            rate = usage.output_tokens / writing_ms * 1000
            parts.append(f"{rate:,.0f} tokens/s" if rate >= 10 else f"{rate:.1f} tokens/s")
    price = cost(message.model, usage) if usage else None
    parts.append("—" if price is None else f"${price:.4f}")
    return f'<div class="pc-meter">{escape(" · ".join(parts))}</div>'


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 100 else f"{ms} ms"


_ENDINGS = {
    "length": "Cut at the token limit.",
    "content_filter": "Stopped by the provider's content filter.",
    "refusal": "The model declined to answer this.",
}


def _ending_of(message: Message) -> str:
    """How a reply ended, in words, or nothing where it is simply complete."""
    return (
        "Stopped." if message.status == "stopped" else message.error or _ENDINGS.get(message.finish_reason or "", "")
    )


def _draw_ending(session: Session, message: Message, sentence: str) -> None:
    """Say how a reply ended, and offer what helps."""
    if sentence:
        kind = "problem" if message.status in ("error", "interrupted") else "note"
        st.html(f'<div class="pc-ending pc-{kind}" role="status" dir="auto">{escape(sentence)}</div>')
    cut = message.status in ("stopped", "interrupted") or message.finish_reason == "length"
    failed = message.status in ("error", "interrupted")
    if not cut and not failed:
        return
    with st.container(horizontal=True, key=f"ending_{message.id}"):
        if cut and message.raw_markdown.strip():
            st.button(
                "Continue",
                icon=":material/resume:",
                key=f"continue_{message.id}",
                on_click=actions.resume,
                args=(session, message.id),
            )
        if failed:
            st.button(
                "Retry",
                icon=":material/refresh:",
                key=f"retry_{message.id}",
                on_click=actions.regenerate,
                args=(session, message.id),
            )
        if message.status == "error" and message.provider != "demo":
            st.button(
                "Answer with the demo model",
                icon=":material/smart_toy:",
                key=f"demo_{message.id}",
                on_click=actions.regenerate,
                args=(session, message.id),
                kwargs={"standby": True},
            )


def _draw_actions(session: Session, message: Message) -> None:
    """Draw the actions of a reply, and its Markdown, hidden, once it was asked for: a click copies it from there."""
    with st.container(horizontal=True, key=f"actions_{message.id}", gap="xxsmall"):
        _draw_branches(session, message)
        st.button(
            "Copy as Markdown",
            icon=":material/content_copy:",
            key=f"copy_{message.id}",
            type="tertiary",
            on_click=state.remember,
            args=("copied", message.id),
        )
        st.button(
            "Regenerate",
            icon=":material/refresh:",
            key=f"regenerate_{message.id}",
            type="tertiary",
            on_click=actions.regenerate,
            args=(session, message.id),
        )
        st.feedback(
            "thumbs",
            key=f"feedback_{message.id}",
            default=_THUMBS.get(message.feedback or ""),
            on_change=actions.rate,
            args=(session, message.id),
        )
    if state.recall("copied") == message.id:
        st.html(f'<div class="pc-raw-{message.id}" hidden>{_as_text(message.raw_markdown)}</div>')


def _draw_branches(session: Session, message: Message) -> None:
    """Draw the place among the alternatives. An arrow's key is `branch_` and the id of where it leads."""
    siblings = session.siblings(message)
    if len(siblings) < 2:
        return
    place = next(index for index, sibling in enumerate(siblings) if sibling.id == message.id)
    before, after = siblings[place - 1 : place], siblings[place + 1 : place + 2]
    if before:
        _branch_button(session, before[0], icon="chevron_left", label="Show the version before")
    st.html(f'<span class="pc-branch">{place + 1} / {len(siblings)}</span>', width="content")
    if after:
        _branch_button(session, after[0], icon="chevron_right", label="Show the version after")


def _branch_button(session: Session, target: Message, *, icon: str, label: str) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"branch_{target.id}",
        type="tertiary",
        on_click=actions.switch_branch,
        args=(session, target.id),
    )


def _is_edited(message: Message) -> bool:
    return state.recall("editing") == message.id


def _draw_end_of_editing(session: Session, message: Message) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", key=f"editing_{message.id}"):
        st.button("Cancel", key=f"cancel_{message.id}", type="tertiary", on_click=actions.cancel_edit)
        st.button(
            "Send",
            key=f"resend_{message.id}",
            type="primary",
            on_click=actions.resend,
            args=(session, message.id),
        )
