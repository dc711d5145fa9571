"""Draws one message of the conversation: a question's bubble, or a reply with its meter and its actions."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import assert_never

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from parlanchina.llm.pricing import cost
from parlanchina.markdown import Html, Maths, Mermaid, Picture, render_markdown, segments
from parlanchina.messages import Message, Session
from parlanchina.turn import Turn
from parlanchina.ui import actions, state
from parlanchina.ui.attachments import draw_files_of
from parlanchina.ui.live import draw_live
from parlanchina.ui.pictures import draw_picture, with_pictures
from parlanchina.ui.state import App

__all__ = ["blank", "draw_live_reply", "draw_question", "draw_reply", "reply_slot"]

_PARTS_OF_A_REPLY = 8  # more than the elements that draw_reply draws one below the other
_Parts = tuple[str | Mermaid | Maths | Picture, ...]
_THUMBS = {"down": 0, "up": 1}


def draw_question(app: App, session: Session, message: Message) -> None:
    """Draw what the user wrote, as the text it is, with its editor and its branches."""
    with st.container(key=f"question_{message.id}"), st.chat_message("user"):
        if state.recall("editing") == message.id:
            _draw_editor(session, message)
            return
        if message.attachments:
            draw_files_of(app, message)
        st.html(f'<div class="pc-question" dir="auto">{_as_text(message.raw_markdown)}</div>')
        with st.container(horizontal=True, key=f"actions_{message.id}", gap="xxsmall"):
            _draw_branches(session, message)
            st.button(
                "Edit and send again",
                icon=":material/edit:",
                key=f"edit_{message.id}",
                help="Edit and send again",
                type="tertiary",
                on_click=actions.begin_edit,
                args=(message.id,),
            )


def reply_slot(message_id: str) -> DeltaGenerator:
    """Make the slot that a reply is drawn into: live, and then as it is stored."""
    with st.container(key=f"reply_{message_id}"):
        return st.empty()


def draw_reply(app: App, session: Session, message: Message, slot: DeltaGenerator) -> None:
    """Draw an ended reply into its slot: its text, how it ended, its meter, and what can be done with it.

    Most replies are one piece of HTML and their actions: each element more costs every page that shows the reply.
    """
    parts = _parts(message.raw_markdown, message.html, frozenset(app.services.settings.image_hosts))
    ending = _ending_of(message)
    byline, footer = _byline(app, message), _meter(message) + _raw(message)
    with slot.chat_message("assistant"):
        if len(parts) == 1 and isinstance(parts[0], str) and not message.reasoning and not ending:
            st.html(byline + _root(with_pictures(app, parts[0])) + footer)
        else:
            st.html(byline)
            _draw_parts(st.empty(), parts, app=app)
            if message.reasoning:
                with st.expander("Reasoning", type="compact"):
                    st.html(f'<div class="pc-reasoning" dir="auto">{_as_text(message.reasoning)}</div>')
            _draw_ending(session, message, ending)
            st.html(footer)
        _draw_actions(session, message)


def draw_live_reply(app: App, turn: Turn, slot: DeltaGenerator) -> None:
    """Draw a reply that is being made into its slot, and follow it to its end."""
    with slot.chat_message("assistant"):
        live = st.container()
        blank(_PARTS_OF_A_REPLY)  # an ended reply may have stood here in the last run
        with live:
            st.html(_byline(app, turn.message))
            draw_live(turn, lambda slot, markdown: _draw_block(slot, markdown, app=app))


def blank(count: int) -> None:
    """Take away what stood here in the last run.

    Streamlit does so itself, but only when a run has ended; a run that follows a reply may take minutes.
    """
    for _ in range(count):
        st.empty()


def _draw_block(slot: DeltaGenerator, markdown: str, *, app: App) -> None:
    _draw_parts(slot, _parts(markdown, "", frozenset(app.services.settings.image_hosts)), app=app)


def _draw_parts(slot: DeltaGenerator, parts: _Parts, *, app: App) -> None:
    """Draw Markdown into a slot with the fewest elements: one, unless something must be drawn natively."""
    if len(parts) == 1 and isinstance(parts[0], str):
        slot.html(_root(with_pictures(app, parts[0])))
        return
    with slot.container(gap="small"):
        for part in parts:
            match part:
                case str():
                    st.html(_root(with_pictures(app, part)))
                case Mermaid():
                    st.mermaid_chart(part.source)
                case Maths():
                    st.markdown(part.markdown)
                case Picture():
                    draw_picture(app, part)
                case _:
                    assert_never(part)


@lru_cache(maxsize=512)
def _parts(markdown: str, html: str, hosts: frozenset[str]) -> _Parts:
    """What to draw, running text as HTML, which may be known. Remembered: every run draws the same history."""
    parts = segments(markdown, image_hosts=hosts)
    if html and len(parts) == 1 and isinstance(parts[0], Html):
        return (html,)
    return tuple(
        render_markdown(part.markdown, definitions=part.definitions, image_hosts=hosts)
        if isinstance(part, Html)
        else part
        for part in parts
    )


def _root(html: str) -> str:
    return f'<div class="pc-md" dir="auto">{html}</div>'


def _as_text(text: str) -> str:
    return escape(text.replace("\x00", "\N{SYMBOL FOR NULL}"))


def _byline(app: App, message: Message) -> str:
    asked = app.services.settings.provider
    standing_in = message.provider == "demo" and asked != "demo"
    label = " · demo model, standing in" if standing_in else ""
    return f'<div class="pc-byline">Parlanchina<span>{escape(label)}</span></div>'


def _raw(message: Message) -> str:
    return f'<div class="pc-raw-{message.id}" hidden>{escape(message.raw_markdown)}</div>'


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
    with st.container(horizontal=True, key=f"actions_{message.id}", gap="xxsmall"):
        _draw_branches(session, message)
        st.button(
            "Copy as Markdown",
            icon=":material/content_copy:",
            key=f"copy_{message.id}",
            help="Copy as Markdown",
            type="tertiary",
        )
        st.button(
            "Regenerate",
            icon=":material/refresh:",
            key=f"regenerate_{message.id}",
            help="Regenerate",
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


def _draw_branches(session: Session, message: Message) -> None:
    """Draw the place among the alternatives. An arrow's key is `branch_` and the id of where it leads."""
    siblings = session.siblings(message)
    if len(siblings) < 2:
        return
    place = next(index for index, sibling in enumerate(siblings) if sibling.id == message.id)
    before, after = siblings[place - 1 : place], siblings[place + 1 : place + 2]
    if before:
        _branch_button(session, before[0], icon="chevron_left", help_text="Show the version before")
    st.html(f'<span class="pc-branch">{place + 1} / {len(siblings)}</span>', width="content")
    if after:
        _branch_button(session, after[0], icon="chevron_right", help_text="Show the version after")


def _branch_button(session: Session, target: Message, *, icon: str, help_text: str) -> None:
    st.button(
        help_text,
        icon=f":material/{icon}:",
        key=f"branch_{target.id}",
        help=help_text,
        type="tertiary",
        on_click=actions.switch_branch,
        args=(session, target.id),
    )


def _draw_editor(session: Session, message: Message) -> None:
    st.text_area(
        "Edit the question",
        value=message.raw_markdown,
        key=f"editor_{message.id}",
        label_visibility="collapsed",
        height="content",
    )
    with st.container(horizontal=True, horizontal_alignment="right", key=f"editing_{message.id}"):
        st.button("Cancel", key=f"cancel_{message.id}", type="tertiary", on_click=actions.cancel_edit)
        st.button(
            "Send",
            key=f"resend_{message.id}",
            type="primary",
            on_click=actions.resend,
            args=(session, message.id),
        )
