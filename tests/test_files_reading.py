"""Every kind of file becomes something a model can read, or is refused in one sentence."""

from __future__ import annotations

import json
from datetime import date

import pytest

from parlanchina.errors import (
    FileDamaged,
    FileEmpty,
    FileHasNoText,
    FileKindRefused,
    FileLocked,
    FileRefused,
    FileTooDemanding,
    FileTooLarge,
)
from parlanchina.files import ACCEPTED, MAX_FILE_BYTES, Extract
from parlanchina.files.reading import read_file
from tests import make_files as make

KINDS = {
    "drawing.png": ("image", "image/png", "the whole picture"),
    "photo.jpg": ("image", "image/jpeg", "the whole picture"),
    "picture.webp": ("image", "image/webp", "the whole picture"),
    "moving.gif": ("image", "image/gif", "the first picture of the animation"),
    "report.pdf": ("pdf", "application/pdf", "all 2 pages"),
    "letter.docx": (
        "document",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "all 8 paragraphs and table rows",
    ),
    "book.xlsx": (
        "sheet",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "sheet 'Sales': all 2 rows; sheet 'Costs': its one row",
    ),
    "rows.parquet": ("table", "application/vnd.apache.parquet", "all 3 rows"),
    "rows.csv": ("table", "text/csv", "all 2 rows"),
    "rows.tsv": ("table", "text/tab-separated-values", "its one row"),
    "settings.json": ("json", "application/json", "all 7 lines"),
    "notes.md": ("markdown", "text/markdown", "all 4 lines"),
    "program.py": ("code", "text/plain", "all 2 lines"),
    "plain.txt": ("text", "text/plain", "all 2 lines"),
}


def test_every_kind_that_is_made_is_expected() -> None:
    assert KINDS.keys() == make.every_kind().keys()


@pytest.mark.parametrize("name", KINDS)
def test_a_real_file_of_every_kind_is_read_whole(name: str) -> None:
    extract = read_file(name, make.every_kind()[name])
    assert (extract.kind, extract.media_type, extract.part) == KINDS[name]
    assert extract.tokens > 0
    assert bool(extract.text) != bool(extract.image_url)


@pytest.mark.parametrize("name", KINDS)
def test_an_extract_survives_the_disk(name: str) -> None:
    extract = read_file(name, make.every_kind()[name])
    assert Extract.from_dict(json.loads(json.dumps(extract.to_dict()))) == extract


@pytest.mark.parametrize("name", ["drawing.png", "report.pdf", "letter.docx", "book.xlsx", "rows.parquet"])
def test_content_decides_over_a_wrong_name(name: str) -> None:
    content = make.every_kind()[name]
    assert read_file("misnamed.txt", content).kind == KINDS[name][0]


# PDF


def test_a_pdf_is_cut_at_a_whole_page_and_says_so() -> None:
    content = make.pdf(*[f"This is page {number}. " + "word " * 300 for number in range(1, 41)])
    extract = read_file("report.pdf", content, max_tokens=6_200)
    assert extract.part == "pages 1–12 of 40"
    assert "This is page 12." in extract.text
    assert "page 13" not in extract.text
    assert extract.tokens <= 6_200


def test_a_page_that_is_too_long_for_the_budget_is_cut_inside() -> None:
    extract = read_file("report.pdf", make.pdf("some words " * 1_000, "second"), max_tokens=100)
    assert extract.part == "the beginning of page 1 of 2"
    assert extract.text.endswith(("some", "words"))
    assert extract.tokens <= 100


def test_pages_without_text_are_named() -> None:
    content = make.joined_pdf(make.pdf("Words."), make.scanned_pdf(2))
    extract = read_file("report.pdf", content)
    assert extract.part == "all 3 pages"
    assert extract.notes == ("There is no text on pages 2 and 3: pictures, perhaps.",)


def test_a_pdf_that_only_forbids_printing_is_read() -> None:
    assert "Open to all." in read_file("a.pdf", make.pdf("Open to all.", password="", owner_password="secret")).text


# Word


def test_a_document_keeps_its_order_headings_lists_and_tables() -> None:
    assert read_file("letter.docx", make.rich_docx()).text == (
        "# Annual report\n"
        "\nBefore the table.\n"
        "\n| Region | Sales |\n| --- | --- |\n| North \\| West | 12 |\n"
        "\nAfter the table.\n"
        "\n## Next steps\n- Call them\n1. Write to them"
    )


def test_text_in_content_controls_and_insertions_is_read_but_not_deleted_text() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = (
        f"<w:sdt><w:sdtContent><w:p>{run.format('controlled')}</w:p></w:sdtContent></w:sdt>"
        f"<w:p><w:ins>{run.format('inserted')}</w:ins><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        f"<w:hyperlink>{run.format(' linked')}</w:hyperlink></w:p>"
    )
    assert read_file("a.docx", _docx_with(body)).text == "controlled\n\ninserted linked"


def test_a_text_box_is_read_once_and_signs_keep_words_apart() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    box = f"<w:txbxContent><w:p>{run.format('boxed')}</w:p></w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t></w:r>"
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:p>"
    )
    assert read_file("a.docx", _docx_with(body)).text == "one\ttwo\nthree\nboxed"


def test_tables_in_a_cell_are_run_together_with_it() -> None:
    run = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    inner = f"<w:tbl><w:tr><w:tc>{run.format('b')}</w:tc><w:tc>{run.format('c')}</w:tc></w:tr></w:tbl>"
    body = f"<w:tbl><w:tr><w:tc>{run.format('a')}{inner}</w:tc><w:tc>{run.format('d')}</w:tc></w:tr></w:tbl>"
    assert read_file("a.docx", _docx_with(body)).text == "| a b c | d |\n| --- | --- |"


def test_a_document_is_cut_at_a_whole_paragraph() -> None:
    extract = read_file("a.docx", make.docx(*["word " * 29 + "end."] * 20), max_tokens=200)
    assert extract.part == "first 3 of 20 paragraphs"
    assert extract.text.endswith("end.")


def test_a_paragraph_that_is_too_long_for_the_budget_is_cut_inside() -> None:
    extract = read_file("a.docx", make.docx("word " * 1_000), max_tokens=100)
    assert extract.part == "the beginning of its first paragraph"
    assert 150 < len(extract.text) <= 300


# Text, Markdown, JSON, code


def test_text_is_cut_at_a_whole_line_and_says_so() -> None:
    extract = read_file("log.txt", b"ten bytes.\n" * 1_000, max_tokens=100)
    assert extract.part == "first 27 of 1,000 lines"
    assert extract.text.endswith("bytes.")
    assert extract.tokens <= 100


def test_one_endless_line_is_cut_inside() -> None:
    extract = read_file("a.txt", b"x" * 1_000, max_tokens=100)
    assert extract.part == f"first {len(extract.text)} of 1,000 characters"
    assert 250 < len(extract.text) <= 300


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_in_its_usual_encodings(encoding: str) -> None:
    extract = read_file("a.txt", "¿Qué? 你好 👋\r\nfin".encode(encoding))
    assert extract.text == "¿Qué? 你好 👋\nfin"
    assert extract.notes == ()


def test_western_text_that_is_not_utf8_is_read_and_the_guess_is_told() -> None:
    extract = read_file("a.txt", "El niño pagó 5 €".encode("cp1252"))
    assert extract.text == "El niño pagó 5 €"
    assert extract.notes == ("It is not UTF-8, and was read as Windows-1252 (Western European).",)


def test_control_characters_don_t_come_through() -> None:
    text = read_file("a.txt", b"a\x00b\x1b[31mc\x07" + b"d" * 300).text
    assert text == "ab[31mc" + "d" * 300


def test_code_is_fenced_with_its_language_and_can_t_leave_the_fence() -> None:
    extract = read_file("a.py", b'doc = """\n```\nout?\n````\n"""\n')
    assert extract.text == '`````python\ndoc = """\n```\nout?\n````\n"""\n`````'


def test_json_on_one_line_is_spread_without_changing_a_digit_or_losing_a_key() -> None:
    extract = read_file("a.json", b'{"a":1.10,"a":1e400,"b":[],"c":"x,\\"y{"}')
    assert extract.text == '```json\n{\n  "a": 1.10,\n  "a": 1e400,\n  "b": [\n  ],\n  "c": "x,\\"y{"\n}\n```'
    assert extract.notes == ()


def test_json_that_is_not_valid_is_sent_as_it_is_and_the_place_is_told() -> None:
    extract = read_file("a.json", b'{\n  "a": 1,\n}')
    assert '"a": 1,' in extract.text
    assert extract.notes[0].startswith("It is not valid JSON: ")
    assert "line" in extract.notes[0]


@pytest.mark.parametrize("content", [b"[" * 100_000, b"1" * 10_000, b"[1]" + b" " * 5_000_001 + b"\n1"])
def test_json_that_is_too_much_to_check_is_sent_unchecked(content: bytes) -> None:
    extract = read_file("a.json", content)
    assert extract.kind == "json"
    assert extract.notes[0].startswith("Whether it is valid JSON was not checked: ")


# Workbooks


def test_a_workbook_s_sheets_are_named_and_typed() -> None:
    extract = read_file("book.xlsx", make.xlsx())
    sales, costs = extract.tables
    assert [(column.name, column.type) for column in sales.columns] == [
        ("Region", "text"),
        ("Amount", "number"),
        ("Day", "date"),
    ]
    assert sales.rows == (("North", 12, "2026-01-31"), ("South", 3.5, "2026-02-28"))
    assert (costs.title, costs.rows) == ("Costs", (("Rent", True),))
    assert "Sheet 'Sales'\nColumns (3): Region (text), Amount (number), Day (date)\n" in extract.text


def test_a_sheet_that_does_not_state_its_size_is_not_said_to_be_whole() -> None:
    assert read_file("a.xlsx", make.unsized_xlsx(1_001)).part == "sheet 'Log': all 1,000 rows"
    assert read_file("a.xlsx", make.unsized_xlsx(1_100)).part == "sheet 'Log': first 1,000 rows, of more"


def test_sheets_beyond_the_twentieth_are_counted() -> None:
    extract = read_file("a.xlsx", make.xlsx({f"S{number}": [("a",), (1,)] for number in range(23)}))
    assert len(extract.tables) == 20
    assert extract.notes == ("Sheets not read: 3 more.",)


def test_a_long_sheet_leaves_room_for_the_next() -> None:
    long = [("n", "text")] + [(number, "words " * 20) for number in range(3_000)]
    extract = read_file("book.xlsx", make.xlsx({"Long": long, "Short": [("a",), (1,)]}), max_tokens=2_000)
    first, second = extract.tables
    assert first.part.endswith("of 3,000 rows")
    assert second.part == "its one row"
    assert extract.tokens <= 2_000


def test_a_cell_in_the_last_corner_of_a_sheet_costs_nothing() -> None:
    namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        b'<worksheet xmlns="' + namespace + b'"><sheetData><row r="1"><c r="A1"><v>7</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    content = make.with_member(make.xlsx({"One": [("a",)]}), "xl/worksheets/sheet1.xml", sheet)
    assert read_file("a.xlsx", content).tables[0].names == ["7"]


# Refusals


NO_PICTURE = "is not a picture, although its name says so."
UNREAD = f"is of a kind that is not read here; these are: {ACCEPTED}."
NO_TEXT = f"is not text, nor of another kind that is read here; these are: {ACCEPTED}."
LOCKED = "is protected by a password: save a copy without one, and attach that."

BAD: dict[str, tuple[str, bytes, type[FileRefused], str]] = {
    "empty": ("a.txt", b"", FileEmpty, "is empty."),
    "too large": ("a.txt", b"a" * (MAX_FILE_BYTES + 1), FileTooLarge, "has 50 MB; at most 50 MB are taken."),
    "200 MB": ("a.bin", bytes(200_000_000), FileTooLarge, "has 200 MB; at most 50 MB are taken."),
    "white space": ("a.txt", b" \n\t\n", FileHasNoText, "holds nothing but white space."),
    "web page named png": ("a.png", b"<!DOCTYPE html><html></html>", FileKindRefused, NO_PICTURE),
    "svg": (
        "a.svg",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        FileKindRefused,
        "is an SVG drawing, which can carry programs: save it as PNG first.",
    ),
    "svg by another name": (
        "a.txt",
        b"<?xml version='1.0'?>\n<svg/>",
        FileKindRefused,
        "is an SVG drawing, which can carry programs: save it as PNG first.",
    ),
    "text named pdf": ("a.pdf", b"Hello", FileKindRefused, "is not a PDF, although its name says so."),
    "program named txt": ("a.txt", b"\x7fELF\x02\x01\x01" + bytes(range(256)), FileKindRefused, NO_TEXT),
    "zeros named csv": ("a.csv", bytes(100), FileKindRefused, NO_TEXT),
    "archive": ("a.zip", make.zipped({"a.txt": b"hello"}), FileKindRefused, UNREAD),
    "slides": (
        "a.pptx",
        make.zipped({"[Content_Types].xml": b"", "ppt/presentation.xml": b""}),
        FileKindRefused,
        UNREAD,
    ),
    "old Office": (
        "a.doc",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        FileKindRefused,
        "has the format Office used before 2007: save it as .docx or .xlsx first.",
    ),
    "locked Office": (
        "a.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        FileLocked,
        LOCKED,
    ),
    "locked PDF": ("a.pdf", make.pdf("Secret.", password="letmein"), FileLocked, LOCKED),
    "locked zip": ("a.docx", make.locked_archive(make.docx("Secret.")), FileLocked, LOCKED),
    "scans": (
        "a.pdf",
        make.scanned_pdf(),
        FileHasNoText,
        "has no text layer: its pages are pictures, scans perhaps, so attach them as pictures, "
        "or run text recognition over it first.",
    ),
    "cut PNG": (
        "a.png",
        make.noise(size=(50, 50))[:2_000],
        FileDamaged,
        "can't be read as a picture: it is cut short or damaged.",
    ),
    "cut PDF": ("a.pdf", make.pdf("Hi")[:40], FileDamaged, "can't be read as a PDF: it is cut short or damaged."),
    "cut docx": ("a.docx", make.docx("Hi")[:500], FileDamaged, "can't be read: it is cut short or damaged."),
    "cut Parquet": (
        "a.parquet",
        make.parquet()[:100],
        FileDamaged,
        "can't be read as a Parquet table: it is cut short or damaged.",
    ),
    "empty docx": ("a.docx", make.docx(), FileHasNoText, "has no text in it."),
    "empty workbook": ("a.xlsx", make.xlsx({"A": []}), FileHasNoText, "has no cells with anything in them."),
    "bomb docx": (
        "a.docx",
        make.with_member(make.docx("Hi"), "word/media/a.bin", bytes(30_000_000)),
        FileTooDemanding,
        "would unpack to 31 MB in 18 pieces, which is more than is taken.",
    ),
    "bomb picture": (
        "a.png",
        make.picture(size=(10_000, 5_001), mode="1"),
        FileTooDemanding,
        "has 10,000 by 5,001 pixels; at most 50 million are taken.",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_sentence(case: str) -> None:
    name, content, refusal, why = BAD[case]
    with pytest.raises(FileRefused) as caught:
        read_file(name, content)
    assert type(caught.value) is refusal
    assert str(caught.value) == f"The file {name!r} {why}"


def test_entities_in_a_workbook_are_not_expanded() -> None:
    assert read_file("a.xlsx", make.excel_xlsx(["name", "&amp;"])).tables[0].rows == (("&",),)
    with pytest.raises(FileDamaged):
        read_file("a.xlsx", make.excel_xlsx(["name", "&a;"], before=b'<!DOCTYPE sst [<!ENTITY a "expanded">]>'))


def test_entities_in_a_document_are_not_expanded() -> None:
    bomb = '<!DOCTYPE w [<!ENTITY a "expanded">]>'
    text = read_file("a.docx", _docx_with("<w:p><w:r><w:t>kept &a;</w:t></w:r></w:p>", before=bomb)).text
    assert text == "kept"


def test_dates_of_a_whole_day_lose_their_midnight() -> None:
    extract = read_file("a.xlsx", make.xlsx({"A": [("day",), (date(2026, 5, 1),)]}))
    assert extract.tables[0].rows == (("2026-05-01",),)


def _docx_with(body: str, *, before: str = "") -> bytes:
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = f'{before}<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'
    return make.with_member(make.docx("x"), "word/document.xml", document.encode())
