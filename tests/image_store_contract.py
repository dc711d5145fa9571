"""What the image store must do, wherever the pictures are.

A place's own test file inherits from `ImageStoreContract` and says in the fixture `place` where its pictures go.
Two stores on the same place are two processes that share it.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from obstore.store import ObjectStore
from PIL import Image

from parlanchina.errors import ImageNotFound, ImageRefused
from parlanchina.stores.image_index import sidecar_name
from parlanchina.stores.image_meta import THUMBNAIL_SUFFIX, ImageMeta
from parlanchina.stores.image_objects import ImageObjects
from parlanchina.stores.images import DELETED_KEPT, MAX_TEXT_CHARS, ImageStore
from tests.session_values import TickingClock

RED = (255, 107, 74)


def picture(kind: str = "PNG", *, size: tuple[int, int] = (8, 6), colour: tuple[int, int, int] = RED) -> bytes:
    """A real picture, of one colour."""
    output = io.BytesIO()
    Image.new("RGB", size, colour).save(output, kind)
    return output.getvalue()


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


SMALL = b64(picture())


def ids(images: tuple[ImageMeta, ...]) -> list[str]:
    return [meta.id for meta in images]


class WatchedObjects(ImageObjects):
    """A place where every name that is read is written down, and listings are counted."""

    def __init__(self, place: ObjectStore) -> None:
        super().__init__(place, place="here")
        self.read: list[str] = []
        self.listings = 0

    def tags(self, prefix: str) -> dict[str, str]:
        self.listings += 1
        return super().tags(prefix)

    def get_or_none(self, name: str) -> bytes | None:
        self.read.append(name)
        return super().get_or_none(name)


class Died(BaseException):
    """The process is gone."""


class DyingObjects(ImageObjects):
    """A place whose process dies after some writes: nothing is written, and nothing tidied up, from then on."""

    def __init__(self, place: ObjectStore, *, writes: int) -> None:
        super().__init__(place, place="here")
        self._writes = writes

    def put(self, name: str, content: bytes) -> str | None:
        self._writes -= 1
        if self._writes < 0:
            raise Died
        return super().put(name, content)

    def delete(self, names: Iterable[str]) -> None:
        raise Died


class ImageStoreContract:
    @pytest.fixture
    def objects(self, place: ObjectStore) -> ImageObjects:
        return ImageObjects(place, place="here")

    @pytest.fixture
    def store(self, objects: ImageObjects) -> ImageStore:
        return ImageStore(objects, clock=TickingClock(), refresh_seconds=0)

    @pytest.fixture
    def other(self, objects: ImageObjects) -> ImageStore:
        """The same place, as another process sees it."""
        return ImageStore(objects, clock=TickingClock(datetime(2026, 11, 21, tzinfo=UTC)), refresh_seconds=0)

    # One picture

    def test_a_picture_is_kept_byte_for_byte_with_its_story(self, store: ImageStore, other: ImageStore) -> None:
        content = picture(size=(40, 30))
        saved = store.save(
            b64(content),
            owner="ana",
            prompt="a cat in the rain",
            revised_prompt="A tabby cat under an umbrella",
            alt_text="A wet cat",
            model="gpt-image-1",
            size="1024x1024",
            quality="high",
            session_id="s1",
            message_id="m1",
            parent_id="p1",
        )
        assert saved.url_path == f"/images/{saved.id}.png"
        assert (saved.width, saved.height, saved.bytes) == (40, 30, len(content))
        for process in (store, other):
            assert process.get(saved.id, owner="ana") == saved
            assert process.read(saved.id, owner="ana") == content
            served = process.open_public(saved.filename)
            assert (served.content, served.media_type) == (content, "image/png")

    @pytest.mark.parametrize(
        ("kind", "ext", "media_type"),
        [
            ("PNG", "png", "image/png"),
            ("JPEG", "jpg", "image/jpeg"),
            ("JPEG", "JPEG", "image/jpeg"),
            ("WEBP", "webp", "image/webp"),
            ("GIF", "gif", "image/gif"),
        ],
    )
    def test_every_kind_is_served_as_what_it_is(
        self, store: ImageStore, kind: str, ext: str, media_type: str
    ) -> None:
        saved = store.save(b64(picture(kind)), owner="ana", ext=ext)
        assert store.open_public(saved.filename).media_type == media_type == saved.media_type

    def test_a_large_picture_is_kept_whole(self, store: ImageStore) -> None:
        """Past 5 MB the bytes travel in parts."""
        output = io.BytesIO()
        Image.new("RGB", (1500, 1500), RED).save(output, "PNG", compress_level=0)
        assert len(output.getvalue()) > 6 * 2**20
        saved = store.save(b64(output.getvalue()), owner="ana")
        assert store.read(saved.id, owner="ana") == output.getvalue()

    def test_a_refused_picture_leaves_nothing(self, store: ImageStore, objects: ImageObjects) -> None:
        with pytest.raises(ImageRefused):
            store.save(b64(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), owner="ana")
        assert objects.tags("") == {}
        assert store.list_images(owner="ana").total == 0

    @pytest.mark.parametrize(
        "text", ["", "\x00\x1b\x7f", "lone \ud83d and \udc00", '"}\n{"', "👩🏽‍🚀 \u202e\u05e9\u05dc", "\u2028"]
    )
    def test_odd_words_come_back_as_they_went_in(self, store: ImageStore, other: ImageStore, text: str) -> None:
        saved = store.save(SMALL, owner="ana", prompt=text, alt_text=text)
        assert other.get(saved.id, owner="ana") == saved
        assert saved.prompt == text

    def test_words_beyond_all_measure_are_cut(self, store: ImageStore, other: ImageStore) -> None:
        saved = store.save(SMALL, owner="ana", prompt="x" * 1_000_000)
        assert len(other.get(saved.id, owner="ana").prompt) == MAX_TEXT_CHARS

    # Who may see what

    @pytest.mark.parametrize(
        "image_id",
        ["", "../../etc/passwd", "a" * 31, "A" * 32, "a" * 33, "0" * 32, "x\ny", "a" * 32 + "\n", "x" * 999],
    )
    def test_an_id_that_is_no_pictures_is_not_found(self, store: ImageStore, image_id: str) -> None:
        for call in (store.get, store.read, store.read_thumbnail, store.delete, store.restore, store.lineage):
            with pytest.raises(ImageNotFound):
                call(image_id, owner="ana")
        assert store.read_thumbnails([image_id], owner="ana") == {}

    def test_another_owners_picture_does_not_exist(self, store: ImageStore) -> None:
        saved = store.save(SMALL, owner="ana", prompt="secret", model="m", session_id="s")
        for call in (store.get, store.read, store.read_thumbnail, store.delete, store.restore, store.lineage):
            with pytest.raises(ImageNotFound) as foreign:
                call(saved.id, owner="bob")
            assert str(foreign.value) == str(ImageNotFound(saved.id))
        assert store.list_images(owner="bob").total == 0
        assert store.list_images(owner="bob", query="secret").total == 0
        assert store.filters(owner="bob").models == store.filters(owner="bob").session_ids == ()
        assert store.read_thumbnails([saved.id], owner="bob") == {}
        assert store.get(saved.id, owner="ana") == saved

    def test_no_name_but_a_pictures_own_is_served(self, store: ImageStore, objects: ImageObjects) -> None:
        saved = store.save(SMALL, owner="ana")
        objects.put("secrets.txt", b"secret")
        for name in (
            "",
            "/",
            "secrets.txt",
            f"{saved.id}",
            f"{saved.id}.jpg",
            f"{saved.id}.json",
            f"{saved.id}.PNG",
            f"{saved.id}.png\n",
            f"{saved.id}.png/",
            f"./{saved.filename}",
            f"../{saved.filename}",
            f"..%2f{saved.filename}",
            f"x/../{saved.filename}",
            f"{saved.id.upper()}.png",
            f"{saved.id}.png\x00.jpg",
            f"{saved.id}.thumb.png",
            sidecar_name(saved.id),
            "../images/.gitkeep",
        ):
            with pytest.raises(ImageNotFound):
                store.open_public(name)

    def test_every_id_is_new_and_long(self, objects: ImageObjects) -> None:
        store = ImageStore(objects)
        saved = {store.save(SMALL, owner="ana").id for _ in range(5)}
        assert len(saved) == 5
        assert all(len(bytes.fromhex(image_id)) == 16 for image_id in saved)

    # Thumbnails

    @pytest.mark.parametrize(
        ("size", "small"),
        [((1200, 600), (512, 256)), ((300, 1500), (102, 512)), ((8, 6), (8, 6)), ((1, 3000), (1, 512))],
    )
    def test_a_thumbnail_fits_and_is_never_enlarged(
        self, store: ImageStore, size: tuple[int, int], small: tuple[int, int]
    ) -> None:
        saved = store.save(b64(picture(size=size)), owner="ana")
        thumbnail = store.read_thumbnail(saved.id, owner="ana")
        with Image.open(io.BytesIO(thumbnail)) as image:
            assert (image.format, image.size) == ("WEBP", small)
        served = store.open_public(saved.thumbnail_path.removeprefix("/images/"))
        assert (served.content, served.media_type) == (thumbnail, "image/webp")

    def test_a_lost_thumbnail_is_made_again(self, store: ImageStore, objects: ImageObjects) -> None:
        saved = store.save(SMALL, owner="ana")
        objects.delete([saved.id + THUMBNAIL_SUFFIX])
        with Image.open(io.BytesIO(store.read_thumbnail(saved.id, owner="ana"))) as image:
            assert image.size == (8, 6)

    def test_a_page_of_thumbnails_leaves_out_what_is_gone(self, store: ImageStore, other: ImageStore) -> None:
        first, second = (store.save(SMALL, owner="ana") for _ in range(2))
        store.delete(second.id, owner="ana")
        found = other.read_thumbnails([second.id, first.id], owner="ana")
        assert found == {first.id: store.read_thumbnail(first.id, owner="ana")}

    # Pages

    def test_pages_are_newest_first(self, store: ImageStore, other: ImageStore) -> None:
        saved = [store.save(SMALL, owner="ana").id for _ in range(5)]
        for process in (store, other):
            page = process.list_images(owner="ana", limit=2)
            assert (ids(page.images), page.total) == (saved[:2:-1], 5)
            assert ids(process.list_images(owner="ana", limit=2, offset=4).images) == saved[:1]
            assert process.list_images(owner="ana", offset=99).images == ()
            assert process.list_images(owner="ana", limit=-1).images == ()

    def test_a_search_wants_every_word_wherever_it_is(self, store: ImageStore, other: ImageStore) -> None:
        cat = store.save(SMALL, owner="ana", prompt="A CAT", revised_prompt="in the Straße", alt_text="cafe\u0301")
        dog = store.save(SMALL, owner="ana", prompt="a dog")
        for process in (store, other):
            find = partial(process.list_images, owner="ana")
            assert ids(find(query="cat").images) == [cat.id]
            assert ids(find(query="  STRASSE\tcat ").images) == [cat.id]
            assert ids(find(query="café").images) == [cat.id]
            assert ids(find(query="").images) == ids(find(query=" \n").images) == [dog.id, cat.id]
            assert find(query="cat dog").total == 0

    def test_pictures_are_filtered_by_session_and_model(self, store: ImageStore) -> None:
        first = store.save(SMALL, owner="ana", session_id="s1", model="one", prompt="cat")
        second = store.save(SMALL, owner="ana", session_id="s1", model="two", prompt="cat")
        third = store.save(SMALL, owner="ana", session_id="s2", model="one", prompt="dog")
        store.save(SMALL, owner="ana")
        find = partial(store.list_images, owner="ana")
        assert ids(find(session_id="s1").images) == [second.id, first.id]
        assert ids(find(model="one").images) == [third.id, first.id]
        assert ids(find(session_id="s1", model="one", query="cat").images) == [first.id]
        assert find(session_id="s1", model="one", query="dog").total == 0
        filters = store.filters(owner="ana")
        assert (filters.models, filters.session_ids) == (("one", "two"), ("s2", "s1"))

    def test_no_sidecar_is_read_twice_while_it_stays_as_it_is(self, store: ImageStore, place: ObjectStore) -> None:
        saved = [store.save(SMALL, owner="ana").id for _ in range(3)]
        watched = WatchedObjects(place)
        fresh = ImageStore(watched, refresh_seconds=0)
        for _ in range(3):
            fresh.list_images(owner="ana", query="x")
        assert sorted(watched.read) == sorted(map(sidecar_name, saved))
        mine = fresh.save(SMALL, owner="ana")
        theirs = store.save(SMALL, owner="ana")
        watched.read.clear()
        assert set(ids(fresh.list_images(owner="ana").images)) == {*saved, mine.id, theirs.id}
        assert watched.read == [sidecar_name(theirs.id)]

    def test_what_is_saved_while_another_thread_lists_is_not_lost(self, place: ObjectStore) -> None:
        """The listing is asked for before the picture is saved, and its answer is taken in after."""
        saved: list[str] = []

        class SavingMeanwhile(ImageObjects):
            def tags(self, prefix: str) -> dict[str, str]:
                found = super().tags(prefix)
                if not saved:
                    saved.append(store.save(SMALL, owner="ana").id)
                return found

        store = ImageStore(SavingMeanwhile(place, place="here"), refresh_seconds=3600)
        assert ids(store.list_images(owner="ana").images) == saved

    def test_many_threads_save_and_list_at_once(self, store: ImageStore, other: ImageStore) -> None:
        def work(number: int) -> str:
            saved = store.save(SMALL, owner="ana", prompt=f"number {number}")
            assert saved.id in ids(store.list_images(owner="ana").images)
            return saved.id

        with ThreadPoolExecutor(8) as threads:
            saved = list(threads.map(work, range(16)))
        for process in (store, other):
            assert sorted(ids(process.list_images(owner="ana").images)) == sorted(saved)

    # Lineage

    def test_lineage_goes_both_ways_at_any_distance(self, store: ImageStore) -> None:
        first = store.save(SMALL, owner="ana")
        second = store.save(SMALL, owner="ana", parent_id=first.id)
        third = store.save(SMALL, owner="ana", parent_id=second.id)
        beside = store.save(SMALL, owner="ana", parent_id=first.id)
        store.save(SMALL, owner="ana")
        store.save(SMALL, owner="bob", parent_id=first.id)
        assert store.lineage(third.id, owner="ana").before == (first, second)
        assert store.lineage(third.id, owner="ana").after == ()
        assert store.lineage(first.id, owner="ana").after == (second, third, beside)

    def test_lineage_goes_on_beyond_a_deleted_picture(self, store: ImageStore) -> None:
        first = store.save(SMALL, owner="ana")
        second = store.save(SMALL, owner="ana", parent_id=first.id)
        third = store.save(SMALL, owner="ana", parent_id=second.id)
        store.delete(second.id, owner="ana")
        assert store.lineage(third.id, owner="ana").before == (first,)
        assert store.lineage(first.id, owner="ana").after == (third,)

    def test_a_loop_and_a_foreign_parent_end_the_line(self, store: ImageStore, objects: ImageObjects) -> None:
        theirs = store.save(SMALL, owner="bob")
        first = store.save(SMALL, owner="ana", parent_id=theirs.id)
        second = store.save(SMALL, owner="ana", parent_id=first.id)
        assert store.lineage(second.id, owner="ana").before == (first,)
        raw = json.loads(objects.get(sidecar_name(first.id)))
        objects.put(sidecar_name(first.id), json.dumps(raw | {"parent_id": second.id}).encode())
        assert ids(store.lineage(second.id, owner="ana").before) == [first.id]

    # Deleting

    def test_a_deleted_picture_is_gone_until_it_is_restored(self, store: ImageStore, other: ImageStore) -> None:
        saved = store.save(SMALL, owner="ana", prompt="cat")
        assert other.list_images(owner="ana").total == 1
        store.delete(saved.id, owner="ana")
        for process in (store, other):
            for name in (saved.filename, saved.id + THUMBNAIL_SUFFIX):
                with pytest.raises(ImageNotFound):
                    process.open_public(name)
            for call in (process.get, process.read, process.delete):
                with pytest.raises(ImageNotFound):
                    call(saved.id, owner="ana")
            assert process.list_images(owner="ana", query="cat").total == 0
        with pytest.raises(ImageNotFound):
            store.read_thumbnail(saved.id, owner="ana")
        assert other.restore(saved.id, owner="ana") == saved
        for process in (store, other):
            assert process.restore(saved.id, owner="ana") == saved
            assert process.list_images(owner="ana", query="cat").images == (saved,)
            assert process.open_public(saved.filename).content == picture()

    def test_what_was_deleted_long_ago_is_removed_for_good(self, store: ImageStore, objects: ImageObjects) -> None:
        old, young, kept = (store.save(SMALL, owner="ana") for _ in range(3))
        for meta in (old, young):
            store.delete(meta.id, owner="ana")
        raw = json.loads(objects.get(sidecar_name(old.id)))
        long_ago = datetime.fromisoformat(raw["deleted_at"]) - DELETED_KEPT - timedelta(seconds=9)
        objects.put(sidecar_name(old.id), json.dumps(raw | {"deleted_at": long_ago.isoformat()}).encode())
        later = ImageStore(objects, clock=TickingClock())
        assert later.list_images(owner="ana").images == (kept,)
        assert [name for name in objects.tags("") if old.id in name] == []
        assert later.restore(young.id, owner="ana") == young

    # What crashes and other hands leave

    def test_a_picture_whose_save_was_cut_off_is_never_shown(self, store: ImageStore, objects: ImageObjects) -> None:
        image_id = "ab" * 16
        objects.put(f"{image_id}.png", picture())
        objects.put(image_id + THUMBNAIL_SUFFIX, picture("WEBP"))
        assert store.list_images(owner="ana").total == 0
        for name in (f"{image_id}.png", image_id + THUMBNAIL_SUFFIX):
            with pytest.raises(ImageNotFound):
                store.open_public(name)

    def test_a_picture_whose_bytes_are_gone_is_not_found(self, store: ImageStore, objects: ImageObjects) -> None:
        saved = store.save(SMALL, owner="ana")
        objects.delete([saved.filename])
        with pytest.raises(ImageNotFound):
            store.read(saved.id, owner="ana")
        with pytest.raises(ImageNotFound):
            store.open_public(saved.filename)

    @pytest.mark.parametrize("written", range(3))
    def test_a_process_that_dies_in_a_save_leaves_nothing_to_see(
        self, other: ImageStore, place: ObjectStore, written: int
    ) -> None:
        store = ImageStore(DyingObjects(place, writes=written), refresh_seconds=0)
        with pytest.raises(Died):
            store.save(SMALL, owner="ana")
        assert len(ImageObjects(place, place="here").tags("")) == written
        assert other.list_images(owner="ana").total == 0

    @pytest.mark.parametrize(
        "change",
        [
            {"schema": 2},
            {"schema": True},
            {"id": "cd" * 16},
            {"id": "cd" * 16, "filename": "cd" * 16 + ".png"},
            {"filename": "../../secrets.txt"},
            {"filename": "ab" * 16 + ".png"},
            {"owner": None},
            {"width": -1},
            {"created_at": "2026-11-20T09:00:00"},
            {"deleted_at": 1},
            {"parent_id": []},
        ],
    )
    def test_a_sidecar_touched_by_another_hand_hides_its_picture_alone(
        self, store: ImageStore, other: ImageStore, objects: ImageObjects, change: dict[str, object]
    ) -> None:
        good, bad = (store.save(SMALL, owner="ana") for _ in range(2))
        raw = json.loads(objects.get(sidecar_name(bad.id)))
        objects.put(sidecar_name(bad.id), json.dumps(raw | change).encode())
        for process in (store, other):
            assert process.list_images(owner="ana").images == (good,)
            with pytest.raises(ImageNotFound):
                process.get(bad.id, owner="ana")
            with pytest.raises(ImageNotFound):
                process.open_public(bad.filename)

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 99_999, b'{"schema": NaN}'])
    def test_a_damaged_sidecar_hides_its_picture_alone(
        self, store: ImageStore, other: ImageStore, objects: ImageObjects, content: bytes
    ) -> None:
        good, bad = (store.save(SMALL, owner="ana") for _ in range(2))
        objects.put(sidecar_name(bad.id), content)
        objects.put("about/notes.txt", b"mine")
        for process in (store, other):
            assert process.list_images(owner="ana").images == (good,)
            with pytest.raises(ImageNotFound):
                process.read(bad.id, owner="ana")
