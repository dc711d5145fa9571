"""Files on the disk: whole or not at all, for their owner alone, and never at a path a name could choose."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parlanchina.errors import AttachmentNotFound, FileLocked, FileRefused, StoreNotWritable
from parlanchina.files import Extract, FileStore
from parlanchina.files.reading import read_file
from tests import make_files as make

OWNER, OTHER = "local", "browser-0123"


class InProcess:
    """A reader that reads here, and counts."""

    def __init__(self) -> None:
        self.readings = 0

    def __call__(self, content: bytes, *, name: str, max_tokens: int) -> Extract:
        self.readings += 1
        return read_file(name, content, max_tokens=max_tokens)


@pytest.fixture
def reader() -> InProcess:
    return InProcess()


@pytest.fixture
def store(tmp_path: Path, reader: InProcess) -> FileStore:
    return FileStore(tmp_path / "files", reader=reader)


def kept_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_comes_back_as_it_was(store: FileStore) -> None:
    content = make.pdf("Hello.")
    attachment = store.save("report.pdf", content, owner=OWNER)
    assert (attachment.name, attachment.media_type, attachment.size) == (
        "report.pdf",
        "application/pdf",
        len(content),
    )
    assert store.find(attachment.id, owner=OWNER) == attachment
    assert store.read(attachment.id, owner=OWNER) == content
    assert store.extracted(attachment.id, owner=OWNER) == read_file("report.pdf", content)


def test_a_file_is_read_once_and_again_only_by_newer_readers(
    store: FileStore, reader: InProcess, tmp_path: Path
) -> None:
    attachment = store.save("a.txt", b"hello", owner=OWNER)
    store.extracted(attachment.id, owner=OWNER)
    assert reader.readings == 1

    (about,) = tmp_path.rglob("about.json")
    about.write_text(json.dumps(json.loads(about.read_text()) | {"reading": 0, "extract": {"old": True}}))
    assert store.extracted(attachment.id, owner=OWNER).text == "hello"
    assert store.extracted(attachment.id, owner=OWNER).text == "hello"
    assert reader.readings == 2


def test_another_owner_s_file_does_not_exist(store: FileStore) -> None:
    attachment = store.save("a.txt", b"hello", owner=OWNER)
    store.save("b.txt", b"theirs", owner=OTHER)
    with pytest.raises(AttachmentNotFound):
        store.find(attachment.id, owner=OTHER)
    with pytest.raises(AttachmentNotFound):
        store.read(attachment.id, owner=OTHER)
    with pytest.raises(AttachmentNotFound):
        store.extracted(attachment.id, owner=OTHER)


@pytest.mark.parametrize(
    "identity", ["", ".", "..", "../../x", "A" * 32, "a" * 31, "a" * 32, "a" * 32 + "\n", "\x00"]
)
def test_an_id_that_is_none_finds_nothing(store: FileStore, identity: str) -> None:
    store.save("a.txt", b"hello", owner=OWNER)
    with pytest.raises(AttachmentNotFound):
        store.find(identity, owner=OWNER)
    with pytest.raises(AttachmentNotFound):
        store.read(identity, owner=OWNER)
    with pytest.raises(AttachmentNotFound):
        store.extracted(identity, owner=OWNER)


@pytest.mark.parametrize("name", ["../../x", "..\\..\\x", "/etc/x", "a\x00/x", "n" * 300, "CON", "\u202ex"])
def test_a_name_chooses_no_path(store: FileStore, tmp_path: Path, name: str) -> None:
    attachment = store.save(name, b"hello", owner="../../" + OWNER)
    assert {path.name for path in kept_in(tmp_path)} == {"content", "about.json"}
    assert all(path.parent.parent.parent == tmp_path / "files" for path in kept_in(tmp_path))
    assert len(attachment.name) <= 160
    assert "/" not in attachment.name


def test_a_refused_file_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(FileLocked):
        store.save("a.pdf", make.pdf("Secret.", password="x"), owner=OWNER)
    with pytest.raises(FileRefused):
        store.save("a.txt", b"", owner=OWNER)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_leaves_nothing_half_saved(tmp_path: Path, reader: InProcess) -> None:
    store = FileStore(tmp_path, reader=reader, new_id=lambda: "a" * 32)
    first = store.save("a.txt", b"hello", owner=OWNER)
    with pytest.raises(StoreNotWritable):  # the place is taken, as the last step finds out
        store.save("b.txt", b"other", owner=OWNER)
    assert store.read(first.id, owner=OWNER) == b"hello"
    assert len(kept_in(tmp_path)) == 2
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_folder_that_can_t_be_made_is_said_so(tmp_path: Path, reader: InProcess) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StoreNotWritable, match="files"):
        FileStore(tmp_path / "files", reader=reader).save("a.txt", b"hello", owner=OWNER)


def test_what_a_crash_left_is_swept_away_a_day_later(tmp_path: Path, reader: InProcess) -> None:
    clock = [0.0]
    store = FileStore(tmp_path, reader=reader, now=lambda: clock[0])
    store.save("a.txt", b"hello", owner=OWNER)
    (home,) = tmp_path.iterdir()
    leftover = home / ".crashed.tmp"
    leftover.mkdir()
    (leftover / "content").write_bytes(b"half")
    os.utime(leftover, (1_000.0, 1_000.0))

    clock[0] = 1_000.0 + 3_600  # another process may still be writing
    store.save("b.txt", b"hello", owner=OWNER)
    assert leftover.exists()
    clock[0] = 1_000.0 + 90_000
    store.save("c.txt", b"hello", owner=OWNER)
    assert not leftover.exists()


def test_a_damaged_record_is_not_found_rather_than_wrong(store: FileStore, tmp_path: Path) -> None:
    attachment = store.save("a.txt", b"hello", owner=OWNER)
    (about,) = tmp_path.rglob("about.json")
    for damage in ("", "[]", "{}", '{"attachment": 1}'):
        about.write_text(damage)
        with pytest.raises(AttachmentNotFound):
            store.find(attachment.id, owner=OWNER)
        with pytest.raises(AttachmentNotFound):
            store.extracted(attachment.id, owner=OWNER)
    assert store.read(attachment.id, owner=OWNER) == b"hello"
