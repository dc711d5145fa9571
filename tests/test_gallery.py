"""The gallery page without a browser: what it shows, to whom, and what can be taken away from it."""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from parlanchina.llm.demo_pictures import paint
from parlanchina.messages import Message
from parlanchina.stores.image_meta import ImageMeta
from parlanchina.stores.image_objects import open_folder
from parlanchina.stores.images import ImageStore
from parlanchina.stores.json_sessions import JsonSessions
from parlanchina.ui.picture_archive import archive

APP = str(Path(__file__).parent.parent / "app.py")
OWNER = "local"
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
PNG = base64.b64encode(paint("a cat", size=(64, 64))).decode()


class Shelf:
    """The pictures and the sessions of the app under test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = START
        self.images = ImageStore(open_folder(folder / "images"), clock=self.tick)
        self.sessions = JsonSessions(folder / "sessions")

    def tick(self) -> datetime:
        self.clock += timedelta(minutes=1)
        return self.clock

    def add(self, caption: str, *, owner: str = OWNER, **story: str) -> ImageMeta:
        return self.images.save(PNG, owner=owner, alt_text=caption, **story)  # type: ignore[arg-type]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("PARLANCHINA_DATA_DIR", str(tmp_path))
    return Shelf(tmp_path)


def open_gallery() -> AppTest:
    return AppTest.from_file(APP, default_timeout=60).run().switch_page("pages/gallery.py").run()


def captions(app: AppTest) -> list[str]:
    return [button.label for button in app.main.button if (button.key or "").startswith("whole_grid_")]


def page_text(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (app.html, app.warning, app.error) for element in kind)


def test_an_empty_gallery_says_how_to_fill_it(shelf: Shelf) -> None:
    app = open_gallery()
    assert not app.exception
    assert "No pictures yet" in page_text(app)


def test_pictures_come_newest_first_and_nobody_elses(shelf: Shelf) -> None:
    for caption in ("First", "Second", "Third"):
        shelf.add(caption)
    shelf.add("Strange", owner="browser-somebody")
    app = open_gallery()
    assert captions(app) == ["Third", "Second", "First"]
    assert "3 pictures" in page_text(app)


def test_search_looks_through_prompts_and_captions(shelf: Shelf) -> None:
    shelf.add("A lighthouse", prompt="Paint something by the sea")
    shelf.add("A cat", prompt="Paint a pet")
    app = open_gallery()
    for query, found in (("SEA", ["A lighthouse"]), ("paint", ["A cat", "A lighthouse"]), ("dog", [])):
        app.text_input(key="gallery_search").set_value(query).run()
        assert captions(app) == found
    assert "Nothing found" in page_text(app)


def test_filters_keep_one_chat_or_one_model(shelf: Shelf) -> None:
    chat = shelf.sessions.create_session(owner=OWNER, title="By the sea", model="m")
    shelf.add("Here", session_id=chat.id, model="one")
    shelf.add("There", session_id="0" * 32, model="two")
    app = open_gallery()
    assert app.selectbox(key="gallery_session").options == ["a deleted chat", "By the sea"]
    app.selectbox(key="gallery_session").set_value(chat.id).run()
    assert captions(app) == ["Here"]
    app.selectbox(key="gallery_model").set_value("two").run()
    assert captions(app) == []
    app.selectbox(key="gallery_session").set_value(None).run()
    assert captions(app) == ["There"]


def test_a_long_gallery_comes_in_pages(shelf: Shelf) -> None:
    for number in range(50):
        shelf.add(f"Picture {number}")
    app = open_gallery()
    assert len(captions(app)) == 48
    app.session_state["gallery_page"] = 2
    app.run()
    assert captions(app) == ["Picture 1", "Picture 0"]
    app.text_input(key="gallery_search").set_value("picture").run()
    assert len(captions(app)) == 48  # another search begins at its first page


@pytest.mark.parametrize("caption", ["**bold** $x$ :red[y]", "<script>alert(1)</script>", "x" * 5_000, ""])
def test_whatever_a_picture_is_called_it_is_shown_as_text(shelf: Shelf, caption: str) -> None:
    meta = shelf.add(caption, prompt=caption)
    app = open_gallery()
    app.button(key=f"whole_grid_{meta.id}").click().run()
    assert not app.exception
    assert "<script>alert" not in page_text(app)
    assert all("**bold**" not in one for one in captions(app))


def test_a_picture_opens_with_all_that_is_known_and_its_line(shelf: Shelf) -> None:
    first = shelf.add("The first", prompt="Paint a cat", model="gpt-image-1", quality="high")
    shelf.add("The second", prompt="Make it blue", parent_id=first.id)
    app = open_gallery()
    app.button(key=f"whole_grid_{first.id}").click().run()
    shown = page_text(app)
    for fact in ("Paint a cat", "gpt-image-1", "high", "64 by 64 pixels", "20 November 2026", "Made from it"):
        assert fact in shown


def test_deleting_offers_an_undo(shelf: Shelf) -> None:
    meta = shelf.add("A cat")
    app = open_gallery()
    app.button(key=f"whole_grid_{meta.id}").click().run()
    app.button(key="delete_picture").click().run()
    app.run()
    assert captions(app) == []
    app.button(key="undo_delete_picture").click().run()
    assert captions(app) == ["A cat"]


def test_its_message_is_shown_even_on_a_branch_that_was_left(shelf: Shelf) -> None:
    session = shelf.sessions.create_session(owner=OWNER, title="Two answers", model="demo")
    question = Message(id="q", parent_id=None, role="user", raw_markdown="?", created_at=START)
    old, new = (
        Message(id=name, parent_id="q", role="assistant", raw_markdown=f"{name} answer", created_at=START)
        for name in ("old", "new")
    )
    shelf.sessions.append_messages(session.id, [question, old, new], owner=OWNER)
    meta = shelf.add("A cat", session_id=session.id, message_id="old")
    app = open_gallery()
    app.button(key=f"whole_grid_{meta.id}").click().run()
    app.button(key="show_message").click().run()
    assert shelf.sessions.load_session(session.id, owner=OWNER).head == "old"


def test_the_archive_holds_the_pictures_and_a_table_that_runs_nothing(shelf: Shelf) -> None:
    formula = '=HYPERLINK("http://evil.example")'
    kept = shelf.add("A cat", prompt=formula)
    gone = shelf.add("Gone", prompt="-2+3")
    shelf.images.delete(gone.id, owner=OWNER)
    with zipfile.ZipFile(io.BytesIO(archive(shelf.images, [kept, gone], owner=OWNER))) as packed:
        assert sorted(packed.namelist()) == sorted([kept.filename, "pictures.csv"])
        assert packed.read(kept.filename) == base64.b64decode(PNG)
        rows = list(csv.DictReader(io.StringIO(packed.read("pictures.csv").decode("utf-8-sig"))))
    assert [row["file"] for row in rows] == [kept.filename, ""]
    assert [row["prompt"] for row in rows] == [f"'{formula}", "'-2+3"]
    assert "owner" not in rows[0]
    assert archive(shelf.images, [kept], owner="browser-somebody").count(b"PNG") == 0
