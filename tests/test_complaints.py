"""Error bodies in their dialects, Retry-After in its forms, and quotes that give nothing away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlanchina.llm.complaints import Complaint, quotable, retry_after

NOW = "Fri, 20 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "5"}, 5.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:20 GMT", "date": NOW}, 20.0),
        ({"retry-after": "Fri, 20 Nov 2026 08:59:00 GMT", "date": NOW}, 0.0),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:20 GMT"}, None),
        ({"retry-after": "soon", "date": NOW}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "9" * 5000}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers, seconds):
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        ({"message": "No.", "code": "Bad_Thing"}, Complaint(code="bad_thing", message="No.")),
        ({"message": "No.", "type": "some_error", "code": None}, Complaint(code="some_error", message="No.")),
        ({"message": "No.", "code": 404, "type": "t"}, Complaint(status=404, code="t", message="No.")),
        ({"message": "No.", "code": "503"}, Complaint(status=503, message="No.")),
        ({"message": "No.", "code": 7}, Complaint(code="7", message="No.")),
        ({"message": "No.", "code": "٤٠٤"}, Complaint(code="٤٠٤", message="No.")),
        ({"detail": "Not Found"}, Complaint(message="Not Found")),
        ({"detail": [{"loc": ["body", 0], "msg": "Bad."}, "?"]}, Complaint(message="body.0: Bad.")),
        ({"error": "No."}, Complaint(message="No.")),
        ({"message": ["No."], "param": 5}, Complaint()),
        ({}, Complaint()),
    ],
)
def test_an_error_object_is_read_in_every_dialect(frame, complaint):
    assert Complaint.from_frame(frame) == complaint


def test_the_http_status_counts_more_than_a_number_in_the_body():
    assert Complaint.from_frame({"code": 500}, status=400).status == 400


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-Ab12Cd34Ef56Gh78",
        "sk-abc*********************wxyz",
        "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "gsk_abcdefghijklmno",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "Bearer eyJhbGciOi.eyJzdWIi.c2ln",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_what_looks_like_a_key_is_not_quoted(secret):
    assert quotable(f"The key {secret} is wrong.") == "The key [key] is wrong."


def test_ordinary_words_are_quoted_as_they_are():
    message = "Key-value 'temperature' is not for mistralai/mistral-small-24b-instruct-2501: see docs/key-parameters."
    assert quotable(message) == message


def test_a_long_message_is_cut():
    assert quotable("word " * 1000).endswith("word…")
    assert len(quotable("word " * 1000)) <= 301


@given(st.text(), st.text(min_size=8, alphabet="abcdefgh12345678"))
def test_a_quote_is_one_printable_line_without_the_secret(text, secret):
    quote = quotable(f"{text} {secret} {text}", secrets=[secret])
    assert quote.isprintable()
    assert secret not in quote
