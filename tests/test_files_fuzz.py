"""Whatever a file holds, what comes out is an extract or a sentence: never another exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parlanchina.errors import FileRefused
from parlanchina.files import MAX_TOKENS, Extract
from parlanchina.files.reading import read_file
from tests import make_files as make

FILES = make.every_kind() | {"excel.xlsx": make.excel_xlsx(["name", "one", "two"])}
FUZZ = settings(max_examples=20, deadline=5_000, suppress_health_check=[HealthCheck.too_slow])

edits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True), st.sampled_from(["flip", "cut", "insert", "repeat"]), st.binary(max_size=8)
    ),
    min_size=1,
    max_size=6,
)


def check(name: str, content: bytes) -> None:
    refusal = ""
    try:
        extract = read_file(name, content)
    except FileRefused as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith("The file ")
        assert refusal.endswith(".")
        assert "\n" not in refusal
        return
    assert 0 < extract.tokens <= MAX_TOKENS
    assert extract.part
    written = json.dumps(extract.to_dict(), allow_nan=False, ensure_ascii=False).encode()
    assert Extract.from_dict(json.loads(written)) == extract


def edited(content: bytes, edit: tuple[float, str, bytes]) -> bytes:
    where, how, extra = edit
    at = int(where * len(content))
    match how:
        case "flip":
            return content[:at] + bytes(byte ^ 0xFF for byte in extra) + content[at + len(extra) :]
        case "cut":
            return content[:at] + content[at + 1 + len(extra) * 20 :]
        case "insert":
            return content[:at] + extra + content[at:]
        case _:
            return content[:at] + content[at // 2 :]


@pytest.mark.parametrize("name", FILES)
@FUZZ
@given(st.data())
def test_a_damaged_file_is_read_or_refused(name: str, data: st.DataObject) -> None:
    content = FILES[name]
    for edit in data.draw(edits):
        content = edited(content, edit)
    check(name, content)


@pytest.mark.parametrize("name", FILES)
@FUZZ
@given(share=st.floats(0, 1))
def test_a_file_that_is_cut_short_is_read_or_refused(name: str, share: float) -> None:
    content = FILES[name]
    check(name, content[: int(share * len(content))])


INSIDE = {
    "letter.docx": ["word/document.xml", "word/styles.xml", "[Content_Types].xml", "_rels/.rels"],
    "book.xlsx": ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"],
    "excel.xlsx": ["xl/sharedStrings.xml"],
}


@pytest.mark.parametrize(("name", "member"), [(name, member) for name, found in INSIDE.items() for member in found])
@FUZZ
@given(st.data())
def test_damage_inside_an_archive_that_is_whole_is_read_or_refused(
    name: str, member: str, data: st.DataObject
) -> None:
    content = make.member(FILES[name], member)
    for edit in data.draw(edits):
        content = edited(content, edit)
    check(name, make.with_member(FILES[name], member, content))


@settings(max_examples=300)
@given(
    st.sampled_from(["a.txt", "a.csv", "a.tsv", "a.json", "a.md", "a.py", "a", "a.png"]),
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode(errors="replace")),
        st.text(alphabet='",;\t\n|1a.-{}[]:`é', max_size=200).map(str.encode),
    ),
)
def test_any_bytes_are_read_or_refused(name: str, content: bytes) -> None:
    check(name, content)
