"""The image store in a folder, and what only a folder can do to it."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from obstore.store import LocalStore, ObjectStore

from parlanchina.config import load_settings
from parlanchina.errors import ImageNotFound, ImageNotSaved, ImageRefused, ImagesUnreadable
from parlanchina.stores import get_image_url, open_image_store, save_image_from_base64
from parlanchina.stores.image_index import SIDECARS, sidecar_name
from parlanchina.stores.image_meta import THUMBNAIL_SUFFIX
from parlanchina.stores.image_objects import open_folder, open_url
from parlanchina.stores.images import ImageStore
from tests.image_store_contract import SMALL, ImageStoreContract, WatchedObjects, b64, ids, picture

IMAGE_ID = "ab" * 16


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class TestFolder(ImageStoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> ObjectStore:
        return LocalStore(tmp_path / "pictures", mkdir=True)


def test_a_picture_is_three_files(tmp_path: Path) -> None:
    saved = ImageStore(open_folder(tmp_path)).save(SMALL, owner="ana")
    assert files(tmp_path) == {saved.filename, saved.id + THUMBNAIL_SUFFIX, sidecar_name(saved.id)}


@pytest.mark.parametrize("blocked", [f"{IMAGE_ID}.png", IMAGE_ID + THUMBNAIL_SUFFIX, sidecar_name(IMAGE_ID)])
def test_a_save_that_fails_at_any_step_leaves_nothing(tmp_path: Path, blocked: str) -> None:
    (tmp_path / blocked / "in the way").mkdir(parents=True)
    store = ImageStore(open_folder(tmp_path), new_id=lambda: IMAGE_ID)
    with pytest.raises(ImageNotSaved, match=r"could not be saved in .* \(Is a directory\)"):
        store.save(SMALL, owner="ana")
    assert files(tmp_path) == set()
    assert store.list_images(owner="ana").total == 0


@contextmanager
def no_file_larger_than(limit: int) -> Iterator[None]:
    """A disk that takes no more: the system refuses to write past `limit`, in mid-file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit", [0, 10, 100, 300])
def test_a_full_disk_is_named_and_nothing_is_half_saved(tmp_path: Path, limit: int) -> None:
    store = ImageStore(open_folder(tmp_path))
    kept = store.save(SMALL, owner="ana")
    before = files(tmp_path)
    with no_file_larger_than(limit), pytest.raises(ImageNotSaved, match="File too large"):
        store.save(b64(picture(size=(900, 900))), owner="ana")
    assert files(tmp_path) == before
    assert store.list_images(owner="ana").images == (kept,)
    assert store.save(SMALL, owner="ana").id in ids(store.list_images(owner="ana").images)


def test_a_deletion_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    store = ImageStore(open_folder(tmp_path))
    saved = store.save(SMALL, owner="ana")
    with no_file_larger_than(10), pytest.raises(ImageNotSaved):
        store.delete(saved.id, owner="ana")
    assert store.get(saved.id, owner="ana") == saved
    assert store.list_images(owner="ana").images == (saved,)


def test_a_reader_sees_a_sidecar_whole_or_not_at_all(tmp_path: Path) -> None:
    writer, reader = (ImageStore(open_folder(tmp_path)) for _ in range(2))
    saved = writer.save(SMALL, owner="ana", prompt="x" * 30_000)
    done = threading.Event()

    def write() -> None:
        for _ in range(60):
            writer.delete(saved.id, owner="ana")
            writer.restore(saved.id, owner="ana")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen = 0
    while not done.is_set():
        assert reader.restore(saved.id, owner="ana") == saved  # read, and written where it was deleted
        seen += 1
    thread.join()
    assert seen


def test_what_another_process_saves_shows_at_the_next_look(tmp_path: Path) -> None:
    store = ImageStore(open_folder(tmp_path))
    assert store.list_images(owner="ana").total == 0
    script = (
        "import sys; from pathlib import Path; from parlanchina.stores.images import ImageStore;"
        "from parlanchina.stores.image_objects import open_folder;"
        "print(ImageStore(open_folder(Path(sys.argv[1]))).save(sys.argv[2], owner='ana').id)"
    )
    command = [sys.executable, "-c", script, str(tmp_path), SMALL]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ids(store.list_images(owner="ana").images) == [done.stdout.strip()]


def test_a_folder_at_rest_is_not_listed_again(tmp_path: Path) -> None:
    saved = ImageStore(open_folder(tmp_path)).save(SMALL, owner="ana")
    long_ago = 1_700_000_000
    os.utime(tmp_path / SIDECARS, (long_ago, long_ago))
    objects = WatchedObjects(LocalStore(tmp_path))
    store = ImageStore(objects)
    for _ in range(5):
        assert store.list_images(owner="ana").images == (saved,)
    assert objects.listings == 1


def test_a_folder_that_was_taken_away_is_empty_and_made_again(tmp_path: Path) -> None:
    store = ImageStore(open_folder(tmp_path / "pictures"))
    saved = store.save(SMALL, owner="ana")
    shutil.rmtree(tmp_path / "pictures")
    assert store.list_images(owner="ana").total == 0
    with pytest.raises(ImageNotFound):
        store.get(saved.id, owner="ana")
    assert store.save(SMALL, owner="ana").id in ids(store.list_images(owner="ana").images)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    store = ImageStore(open_folder(tmp_path / "pictures"), new_id=lambda: IMAGE_ID)
    sidecar = tmp_path / "pictures" / sidecar_name(IMAGE_ID)
    sidecar.parent.mkdir()
    sidecar.symlink_to(sidecar)
    with pytest.raises(ImagesUnreadable, match=r"pictures' can't be read now \(Too many levels of symbolic links\)"):
        store.get(IMAGE_ID, owner="ana")
    shutil.rmtree(tmp_path / "pictures")
    (tmp_path / "pictures").write_bytes(b"")
    with pytest.raises(ImagesUnreadable, match="Not a directory"):
        store.list_images(owner="ana")


def test_an_id_of_another_form_is_a_mistake_of_ours(tmp_path: Path) -> None:
    store = ImageStore(open_folder(tmp_path), new_id=lambda: "../x")
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        store.save(SMALL, owner="ana")
    assert files(tmp_path) == set()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for opened in (lambda: open_folder(tmp_path / "file"), lambda: open_url((tmp_path / "file" / "x").as_uri())):
        with pytest.raises(ImageNotSaved, match="file"):
            opened()


# The way in without a store


def test_the_settings_say_where_pictures_go(tmp_path: Path) -> None:
    by_default = load_settings({"PARLANCHINA_DATA_DIR": str(tmp_path / "data")})
    saved = open_image_store(by_default).save(SMALL, owner="local")
    assert (tmp_path / "data" / "images" / saved.filename).is_file()
    elsewhere = load_settings({"PARLANCHINA_IMAGES_URL": (tmp_path / "else where").as_uri()})
    saved = open_image_store(elsewhere).save(SMALL, owner="local")
    assert (tmp_path / "else where" / saved.filename).is_file()


def test_a_picture_is_kept_from_base64_alone(tmp_path: Path) -> None:
    store = ImageStore(open_folder(tmp_path))
    meta = save_image_from_base64(SMALL, store=store)
    assert get_image_url(meta) == f"/images/{meta.id}.png"
    assert store.get(meta.id, owner="local") == meta
    jpeg = save_image_from_base64(
        b64(picture("JPEG")), "jpg", store=store, owner="ana", prompt="cat", alt_text="A cat"
    )
    assert (jpeg.owner, jpeg.prompt, jpeg.alt_text) == ("ana", "cat", "A cat")
    with pytest.raises(ImageRefused, match="claims to be 'png' but is 'jpg'"):
        save_image_from_base64(b64(picture("JPEG")), store=store)
