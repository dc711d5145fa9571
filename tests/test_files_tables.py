"""Tables: delimiters, encodings, uneven rows, types, and what was taken."""

from __future__ import annotations

from decimal import Decimal

import pytest

from parlanchina.errors import FileHasNoText
from parlanchina.files import Extract
from parlanchina.files.reading import read_file
from tests import make_files as make


def types_of(extract: Extract) -> dict[str, str]:
    return {column.name: column.type for column in extract.tables[0].columns}


def test_the_text_is_the_columns_with_their_types_and_then_the_rows() -> None:
    extract = read_file("a.csv", b'name,quote\nAna,"Hi, she said\nand left"\n')
    assert extract.text == 'Columns (2): name (text), quote (text)\nname,quote\nAna,"Hi, she said\nand left"'
    assert extract.tables[0].rows == (("Ana", "Hi, she said\nand left"),)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"a,b\n1,2\n", ["a", "b"]),
        (b"a;b\n1,5;2,5\n3,5;4,5\n", ["a", "b"]),
        (b"1,5;2,5\n3,5;4,5\n", ["1,5", "2,5"]),
        (b"a\tb\n1,2\t3\n", ["a", "b"]),
        (b"a|b\n1|2\n", ["a", "b"]),
        (b"name\nAna\nBo, the second\n", ["name"]),
        (b'"a;b",c\n1,2\n', ["a;b", "c"]),
        (b"sep=;\r\na,b;c\n", ["a,b", "c"]),
        (b"A title above\na,b\n1,2\n", ["A title above", "column 2"]),
    ],
)
def test_the_delimiter_is_found(content: bytes, names: list[str]) -> None:
    assert read_file("a.csv", content).tables[0].names == names


def test_latin1_with_uneven_rows_is_read_and_both_are_told() -> None:
    content = "ciudad;año\nMálaga;1990;extra\nCádiz\n\nA Coruña;2001\n".encode("latin-1")
    extract = read_file("a.csv", content)
    table = extract.tables[0]
    assert table.names == ["ciudad", "año", "column 3"]
    assert table.rows == (("Málaga", 1990, "extra"), ("Cádiz", None, ""), ("A Coruña", 2001, ""))
    assert extract.part == "all 3 rows"
    assert extract.notes == (
        "It is not UTF-8, and was read as Windows-1252 (Western European).",
        "2 of 3 rows have more or fewer cells than the 2 names.",
    )


def test_types_are_what_all_cells_look_like() -> None:
    content = (
        b"whole,part,yes,day,code,big,none,mixed\n"
        b"1,1.5,true,2026-01-31,007,12345678901234567890,,1\n"
        b"-2,-2e3,FALSE,2026-02-01T10:30:00Z,010,1,,x\n"
        b",3,,,,,,\n"
    )
    extract = read_file("a.csv", content)
    assert types_of(extract) == {
        "whole": "integer",
        "part": "number",
        "yes": "boolean",
        "day": "date",
        "code": "text",
        "big": "text",
        "none": "empty",
        "mixed": "text",
    }
    assert extract.tables[0].rows[1] == (-2, -2000.0, False, "2026-02-01T10:30:00Z", "010", "1", None, "x")
    assert extract.tables[0].rows[2] == (None, 3.0, None, "", "", "", None, "")


def test_a_long_table_is_cut_at_a_thousand_rows_and_every_row_is_counted() -> None:
    extract = read_file("a.csv", b"n\n" + b"1\n" * 10_000)
    assert extract.part == "first 1,000 of 10,000 rows"
    assert len(extract.tables[0].rows) == 1_000


def test_a_table_is_cut_at_a_whole_row_that_fits_and_shows_what_is_sent() -> None:
    extract = read_file("a.csv", b"a,b\n" + b"twelve,bytes\n" * 500, max_tokens=200)
    table = extract.tables[0]
    assert extract.part == table.part == f"first {len(table.rows)} of 500 rows"
    assert extract.text.count("twelve,bytes") == len(table.rows) > 30
    assert extract.tokens <= 200


def test_a_wide_table_is_cut_at_a_hundred_columns_and_says_so() -> None:
    extract = read_file("a.csv", b",".join(b"c%d" % n for n in range(300)) + b"\n" + b",".join([b"1"] * 300))
    assert extract.text.startswith("Columns (first 100 of 300): c0 (integer), ")
    assert len(extract.tables[0].rows[0]) == 100


def test_columns_get_a_name_that_no_other_has() -> None:
    assert read_file("a.csv", b"a,,a,a (2),\n1,2,3,4,5").tables[0].names == [
        "a",
        "column 2",
        "a (2)",
        "a (2) (2)",
        "column 5",
    ]


def test_a_table_without_rows_is_its_columns() -> None:
    extract = read_file("a.csv", b"a,b\n")
    assert extract.part == "no rows, only the columns"
    assert types_of(extract) == {"a": "empty", "b": "empty"}


def test_quotation_marks_that_don_t_pair_up_cost_no_rows() -> None:
    extract = read_file("a.csv", b'size,n\n5" pipe,1\n"6 inch,2\n' + b"x,3\n" * 50_000)
    assert extract.part == "first 1,000 of 50,002 rows"
    assert extract.tables[0].rows[1] == ('"6 inch', 2)
    assert extract.notes == ("Its quotation marks don't pair up, and were read as plain characters.",)


def test_a_line_of_a_megabyte_is_read_as_text() -> None:
    extract = read_file("a.csv", b"a,b\n" + b"1," * 600_000)
    assert (extract.kind, extract.tables) == ("text", ())
    assert extract.notes[0].startswith("It could not be read as a table")


def test_a_table_of_white_space_is_refused() -> None:
    with pytest.raises(FileHasNoText):
        read_file("a.csv", b"\n\n\n")


def test_parquet_keeps_its_own_types_and_is_read_only_as_far_as_needed() -> None:
    extract = read_file("a.parquet", make.parquet({"n": range(5_000), "nested": [{"a": [1]}] * 5_000}))
    assert types_of(extract) == {"n": "int64", "nested": "struct<a: list<element: int64>>"}
    assert extract.part == "first 1,000 of 5,000 rows"
    assert extract.tables[0].rows[0] == (0, "{'a': [1]}")


def test_parquet_values_without_a_form_in_json_become_words() -> None:
    columns = {
        "money": [Decimal("1.10")],
        "raw": [b"\x00\xff"],
        "nan": [float("nan")],
        "big": [2**63 - 1],
        "long": ["x" * 5_000],
    }
    row = read_file("a.parquet", make.parquet(columns)).tables[0].rows[0]
    assert row == ("1.10", "(2 bytes)", None, 2**63 - 1, "x" * 2_000 + "… (5,000 characters)")


def test_parquet_without_rows_or_columns_is_read() -> None:
    assert read_file("a.parquet", make.parquet({"n": []})).part == "no rows, only the columns"
