"""A picture's values and their sidecar."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlanchina.stores.image_meta import ImageMeta, ImageRecord, is_image_id
from tests.session_values import spelled

IMAGE_ID = "0123456789abcdef" * 2
_words = st.text(st.characters(), max_size=40).map(spelled)
_times = st.datetimes(timezones=st.just(UTC))
_metas = st.builds(
    ImageMeta,
    id=st.just(IMAGE_ID),
    filename=st.sampled_from([f"{IMAGE_ID}.{extension}" for extension in ("png", "jpg", "webp", "gif")]),
    created_at=_times,
    owner=_words,
    prompt=_words,
    revised_prompt=_words,
    alt_text=_words,
    model=_words,
    size=_words,
    quality=_words,
    width=st.integers(0, 10**6),
    height=st.integers(0, 10**6),
    bytes=st.integers(0, 10**9),
    session_id=st.none() | _words,
    message_id=st.none() | _words,
    parent_id=st.none() | _words,
)


@settings(max_examples=100)
@given(st.builds(ImageRecord, _metas, st.none() | _times))
def test_a_record_is_read_back_as_it_was_written(record: ImageRecord) -> None:
    assert ImageRecord.decode(record.encode(), image_id=IMAGE_ID) == record
    assert ImageMeta.from_dict(record.meta.to_dict()) == record.meta


def test_every_field_is_wanted() -> None:
    meta = ImageMeta(
        id=IMAGE_ID,
        filename=f"{IMAGE_ID}.png",
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        owner="ana",
        width=1,
        height=1,
        bytes=1,
    )
    optional = {"session_id", "message_id", "parent_id"}
    for name in meta.to_dict().keys() - optional:
        with pytest.raises(ValueError, match="time" if name == "created_at" else name):
            ImageMeta.from_dict({key: value for key, value in meta.to_dict().items() if key != name})


def test_an_id_has_one_form() -> None:
    assert is_image_id(IMAGE_ID)
    for text in ("", IMAGE_ID.upper(), IMAGE_ID[1:], IMAGE_ID + "0", IMAGE_ID + "\n", "\u0660" * 32, "g" * 32):
        assert not is_image_id(text)
