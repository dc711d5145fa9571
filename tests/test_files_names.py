"""A file's name is a label: whatever comes, it is one plain line that every system takes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlanchina.files.names import extension_of, label_of


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("report.pdf", "report.pdf"),
        ("../../x", "x"),
        ("..\\..\\evil.txt", "evil.txt"),
        ("/etc/passwd", "passwd"),
        ("a/b/", "b"),
        ("..", "file"),
        ("", "file"),
        (" . . ", "file"),
        ("nul\x00.txt", "_nul.txt"),
        ("CON", "_CON"),
        ("com1.csv", "_com1.csv"),
        ("console.txt", "console.txt"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("two\nlines.txt", "two lines.txt"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        (".gitignore", ".gitignore"),
        ("café.txt", "café.txt"),
        ("\ud800half.txt", "half.txt"),
        ("👋 hola.md", "👋 hola.md"),
    ],
)
def test_a_name_becomes_a_label(name: str, label: str) -> None:
    assert label_of(name) == label


def test_a_long_name_is_cut_before_its_extension() -> None:
    label = label_of("n" * 300 + ".xlsx")
    assert label.startswith("nnn")
    assert label.endswith("….xlsx")
    assert len(label.encode()) <= 160


@given(st.text())
def test_any_name_becomes_one_safe_line_and_stays_as_it_is_from_then_on(name: str) -> None:
    label = label_of(name)
    assert label
    assert label not in (".", "..")
    assert len(label.encode()) <= 170
    assert not any(unicodedata.category(c).startswith("C") or c in '/\\<>:"|?*' for c in label)
    assert label_of(label) == label


@pytest.mark.parametrize(
    ("label", "extension"), [("a.PDF", "pdf"), ("a.tar.gz", "gz"), ("Makefile", ""), (".env", ""), ("a.", "")]
)
def test_an_extension_is_what_follows_the_last_dot(label: str, extension: str) -> None:
    assert extension_of(label) == extension
