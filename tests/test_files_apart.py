"""Reading in a process of its own: the same answers, and an end to whatever would have none."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from parlanchina.errors import FileEmpty, FileLocked, FileRefused, FileTooDemanding
from parlanchina.files import SeparateReader
from parlanchina.files.reading import read_file
from tests import make_files as make


@pytest.mark.parametrize("name", ["photo.jpg", "report.pdf", "letter.docx", "book.xlsx", "rows.parquet", "rows.csv"])
def test_a_child_reads_as_this_process_does(name: str) -> None:
    content = make.every_kind()[name]
    assert SeparateReader()(content, name=name) == read_file(name, content)


def test_a_budget_and_a_name_reach_the_child() -> None:
    text = SeparateReader()("año\n".encode() * 100, name="línea.txt", max_tokens=10).text
    assert text == "año\n" * 5 + "año"


@pytest.mark.parametrize(("content", "refusal"), [(b"", FileEmpty), (make.pdf("Secret.", password="x"), FileLocked)])
def test_a_child_s_refusal_is_the_same_refusal(content: bytes, refusal: type[FileRefused]) -> None:
    with pytest.raises(refusal) as there:
        SeparateReader()(content, name="a.pdf")
    with pytest.raises(refusal) as here:
        read_file("a.pdf", content)
    assert str(there.value) == str(here.value)


def test_a_file_that_takes_too_long_is_refused() -> None:
    with pytest.raises(FileTooDemanding, match=r"takes more than 0\.05 seconds to read"):
        SeparateReader(seconds=0.05)(b"hello", name="a.txt")


def test_a_file_that_takes_too_much_memory_is_refused() -> None:
    with pytest.raises(FileTooDemanding, match="memory"):
        SeparateReader(memory=60_000_000)(make.picture(size=(7_000, 7_000)), name="a.png")


def test_a_system_that_gives_no_process_is_said_so() -> None:
    with pytest.raises(FileRefused, match="can't be read right now"):
        SeparateReader(python="/no/such/python")(b"hello", name="a.txt")


def test_a_child_knows_no_key() -> None:
    reader = SeparateReader(environ={"OPENAI_API_KEY": "sk-secret", "PATH": "/usr/bin"})
    assert reader(b"hello", name="a.txt").text == "hello"
    assert "sk-secret" not in str(vars(reader))


def test_the_app_loads_no_library_that_reads_files() -> None:
    script = "import sys, parlanchina.ui.conversation, parlanchina.api; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "parlanchina.files" in loaded
    assert not {"docx", "lxml", "openpyxl", "pypdf"} & set(loaded)


def test_only_so_many_files_are_read_at_once_and_all_are_read() -> None:
    reader = SeparateReader(at_once=1)
    texts: list[str] = []

    def read(text: str) -> Callable[[], None]:
        return lambda: texts.append(reader(text.encode(), name="a.txt").text)

    threads = [threading.Thread(target=read(text)) for text in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(texts) == ["one", "three", "two"]
