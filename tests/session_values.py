"""Any session at all, for property tests: hypothesis strategies, and a clock that tests can read off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import strategies as st

from parlanchina.messages import (
    Attachment,
    Feedback,
    ImageRef,
    Message,
    Params,
    ReplyStatus,
    Role,
    Session,
    Timing,
    Usage,
)

START = datetime(2026, 11, 20, 9, tzinfo=UTC)

ENDED = [status for status in get_args(ReplyStatus) if status != "streaming"]


class TickingClock:
    """A clock that is a second later at every look."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def spelled(text: str) -> str:
    """A text with every pair of surrogates read as the character that it spells, as JSON does."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


# Everything a str can hold: control characters, NUL, lone surrogates, what no font shows.
texts = st.text(st.characters(exclude_categories=())).map(spelled)
counts = st.integers(0, 10**12)
moments = st.datetimes(timezones=st.just(UTC))
numbers = st.floats(allow_nan=False, allow_infinity=False)

attachments = st.builds(Attachment, id=texts, name=texts, media_type=texts, size=counts)
images = st.builds(ImageRef, url=texts, alt_text=texts)
usages = st.builds(Usage, input_tokens=counts, output_tokens=counts, cached_tokens=counts, reasoning_tokens=counts)
timings = st.builds(Timing, first_token_ms=st.none() | counts, total_ms=counts)
params = st.builds(
    Params, temperature=st.none() | numbers, top_p=st.none() | numbers, max_tokens=st.none() | st.integers()
)

_asked = st.builds(
    Message,
    id=texts,
    parent_id=st.none(),
    role=st.just("user"),
    raw_markdown=texts,
    attachments=st.lists(attachments, max_size=2).map(tuple),
    created_at=moments,
)
_replied = st.builds(
    Message,
    id=texts,
    parent_id=st.none(),
    role=st.just("assistant"),
    raw_markdown=texts,
    attachments=st.lists(attachments, max_size=2).map(tuple),
    created_at=moments,
    html=texts,
    renderer=texts,
    model=texts,
    provider=texts,
    status=st.sampled_from(ENDED),
    finish_reason=st.none() | texts,
    error=st.none() | texts,
    error_code=st.none() | texts,
    reasoning=texts,
    images=st.lists(images, max_size=2).map(tuple),
    usage=st.none() | usages,
    timing=st.none() | timings,
    feedback=st.none() | st.sampled_from(get_args(Feedback)),
)


@st.composite
def trees(draw: st.DrawFn, *, min_size: int = 0) -> tuple[Message, ...]:
    """Messages whose parents come before them."""
    drawn = draw(st.lists(_asked | _replied, min_size=min_size, max_size=4, unique_by=lambda message: message.id))
    known: list[str | None] = [None]
    messages: list[Message] = []
    for message in drawn:
        messages.append(replace(message, parent_id=draw(st.sampled_from(known))))
        known.append(message.id)
    return tuple(messages)


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Sessions of ended messages."""
    messages = draw(trees())
    return Session(
        id=draw(st.from_regex(r"[a-z0-9]{1,64}", fullmatch=True)),
        owner=draw(texts),
        title=draw(texts),
        model=draw(texts),
        system_prompt=draw(texts),
        params=draw(params),
        created_at=draw(moments),
        updated_at=draw(moments),
        head=draw(st.sampled_from([None, *(message.id for message in messages)])),
        messages=messages,
    )


def message(message_id: str, text: str = "", *, parent: str | None = None, role: Role = "user") -> Message:
    """A message where only these matter."""
    return Message(id=message_id, parent_id=parent, role=role, raw_markdown=text, created_at=START)


def reply_begun(message_id: str, *, parent: str | None = None) -> Message:
    """A reply of which nothing has come yet."""
    return replace(message(message_id, parent=parent, role="assistant"), status="streaming", model="demo")
