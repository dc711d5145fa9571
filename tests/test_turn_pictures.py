"""Pictures in a reply's life: kept as they come, in their place, and said in words where they can't be."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from parlanchina.conversation import prompt_for
from parlanchina.errors import ImageNotSaved
from parlanchina.events import ImageCall, ImageStarted, LLMEvent, TextDelta
from parlanchina.files import FileStore
from parlanchina.llm.demo_pictures import paint
from parlanchina.llm.openai_compatible import OpenAICompatible
from parlanchina.llm.pictures import PICTURE_GUIDANCE
from parlanchina.messages import ImageRef, Message, Session
from parlanchina.reply_pictures import pictures_in, told_in_words
from parlanchina.reply_task import Renderer
from parlanchina.stores.image_objects import ImageObjects, open_folder
from parlanchina.stores.images import ImageStore
from parlanchina.stores.json_sessions import JsonSessions
from parlanchina.turn import Turn
from parlanchina.turns import Turns
from tests.fake_openai import FakeOpenAI, Gate, Reply

OWNER = "local"
WAIT = 10.0
PNG = base64.b64encode(paint("a cat", size=(64, 64))).decode()
TOOL = {
    "type": "image_generation",
    "model": "gpt-image-1",
    "size": "1024x1024",
    "quality": "high",
    "output_format": "png",
}


class FullDisk:
    """Objects that can be read and not written."""

    def __init__(self, objects: ImageObjects) -> None:
        self._objects = objects

    def put(self, name: str, content: bytes) -> str | None:
        raise ImageNotSaved("the data folder", reason="No space left on device")

    def __getattr__(self, name: str) -> Any:  # Any: whatever else there is to it
        return getattr(self._objects, name)


class House:
    """Turns between the fake service and a folder."""

    def __init__(
        self,
        folder: Path,
        service: FakeOpenAI,
        *,
        disk: Callable[[ImageObjects], Any] = lambda objects: objects,  # Any: of the same methods
    ) -> None:
        self.folder = folder
        self.store = JsonSessions(folder / "sessions")
        self.images = ImageStore(disk(open_folder(folder / "images")))
        self.files = FileStore(folder / "files")
        self.turns = Turns(
            self.store,
            images=self.images,
            files=self.files,
            providers={"openai": OpenAICompatible(name="openai", api_key="k", base_url=service.base_url)},
            models={"m": "openai"},
            renderer=Renderer(version="t", render=lambda text: f"<p>{text}</p>"),
            checkpoint_seconds=0.05,
        )

    def ask(self, text: str = "Paint a cat", **options: Any) -> Turn:
        session = self.store.create_session(owner=OWNER, title="", model="m", system_prompt="Be kind.")
        return self.turns.ask(session.id, text, owner=OWNER, **options)

    def session(self, turn: Turn) -> Session:
        return self.store.load_session(turn.session_id, owner=OWNER)

    def ended(self, turn: Turn) -> Message:
        assert turn.wait_until_done(timeout=WAIT)
        reply = self.session(turn).message(turn.id)
        assert reply is not None
        return reply

    def kept(self) -> list[Path]:
        return sorted((self.folder / "images").glob("*.png"))

    def says_no_base64(self) -> None:
        for path in (self.folder / "sessions").rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert len(content) < 20_000
                assert PNG[:100].encode() not in content
                assert not re.search(rb"[A-Za-z0-9+/]{200}", content)


@contextmanager
def open_house(folder: Path, service: FakeOpenAI, **options: Any) -> Iterator[House]:
    house = House(folder, service, **options)
    try:
        yield house
    finally:
        house.turns.close()


@pytest.fixture
def service() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as service:
        yield service


@pytest.fixture
def house(tmp_path: Path, service: FakeOpenAI) -> Iterator[House]:
    with open_house(tmp_path, service) as house:
        yield house


def events_of(turn: Turn) -> tuple[LLMEvent, ...]:
    return turn.read(0).events


def of_kind(turn: Turn, kind: type[Any]) -> list[Any]:
    return [event for event in events_of(turn) if isinstance(event, kind)]


def interleaved(*steps: str) -> list[dict[str, Any]]:
    """Frames of the Responses API: "*" is a picture, anything else is text."""
    frames: list[dict[str, Any]] = []
    for number, step in enumerate(steps):
        if step == "*":
            item = {"id": f"ig_{number}", "type": "image_generation_call"}
            frames += [
                {"type": "response.output_item.added", "item": item},
                {"type": "response.output_item.done", "item": item | {"result": PNG, "revised_prompt": "A cat."}},
            ]
        else:
            frames.append({"type": "response.output_text.delta", "delta": step, "item_id": f"msg_{number}"})
    return [*frames, {"type": "response.completed", "response": {"status": "completed"}}]


def test_text_only_is_one_call_with_the_tool_as_specified_and_the_guidance(house: House, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="Just words."))
    reply = house.ended(house.ask("Hello"))
    assert (reply.status, reply.raw_markdown, reply.images) == ("complete", "Just words.", ())
    [request] = service.requests
    assert request.body["tools"] == [TOOL]
    assert request.body["instructions"] == f"Be kind.\n\n{PICTURE_GUIDANCE}"


def test_a_picture_alone_is_kept_with_its_story_and_stands_in_the_text(house: House, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="", images=[PNG]))
    turn = house.ask("Paint a cat")
    reply = house.ended(turn)
    [picture] = reply.images
    assert reply.status == "complete"
    assert reply.raw_markdown.strip() == f"![A cat.]({picture.url})"
    assert picture.alt_text == "A cat."
    meta = house.images.get(picture.url[8:40], owner=OWNER)
    assert (meta.prompt, meta.revised_prompt, meta.model, meta.size, meta.quality) == (
        "Paint a cat",
        "A cat.",
        "gpt-image-1",
        "1024x1024",
        "high",
    )
    assert (meta.session_id, meta.message_id, meta.parent_id) == (turn.session_id, turn.id, None)
    assert house.images.read(meta.id, owner=OWNER) == base64.b64decode(PNG)
    assert len(service.requests) == 1
    house.says_no_base64()


def test_followers_get_the_start_the_address_and_never_the_bytes(house: House, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="", images=[PNG]))
    turn = house.ask()
    reply = house.ended(turn)
    [started], [call] = of_kind(turn, ImageStarted), of_kind(turn, ImageCall)
    assert started.call_id == call.call_id
    assert started.begun_at > 0
    assert (call.image_b64, call.url, call.alt_text) == ("", reply.images[0].url, "A cat.")
    assert "".join(event.text for event in of_kind(turn, TextDelta)) == reply.raw_markdown


def test_text_and_two_pictures_keep_their_order(house: House, service: FakeOpenAI) -> None:
    service.reply_with(Reply(frames=interleaved("One:", "*", "and two:", "*", "done.")))
    reply = house.ended(house.ask())
    first, second = (picture.url for picture in reply.images)
    picture = "\n\n![A cat.]({})\n\n".format
    assert re.sub(r"\n+", "\n\n", reply.raw_markdown) == f"One:{picture(first)}and two:{picture(second)}done."
    assert len(house.kept()) == 2
    house.says_no_base64()


def test_a_picture_and_then_an_error_keeps_the_picture(house: House, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="", images=[PNG], error={"code": "server_error", "message": "Oh no."}))
    reply = house.ended(house.ask())
    assert reply.status == "error"
    assert reply.images[0].url in reply.raw_markdown
    assert len(house.kept()) == 1


def test_a_refused_tool_leaves_an_answer_in_words_and_is_not_offered_again(house: House, service: FakeOpenAI) -> None:
    no = {"error": {"message": "The image_generation tool is not supported.", "param": "tools", "code": None}}
    service.reply_with(Reply(status=400, body=no))
    service.default = Reply(text="In words.")
    assert house.ended(house.ask()).raw_markdown == "In words."
    assert house.ended(house.ask()).raw_markdown == "In words."
    with_tool, *without = service.requests
    assert "tools" in with_tool.body
    assert len(without) == 2  # one call more, once: the refused one made nothing
    for request in without:
        assert "tools" not in request.body
        assert request.body["instructions"] == "Be kind."


@pytest.mark.parametrize("broken", ["not base64!", "AAAA", PNG[: len(PNG) // 2 // 4 * 4]])
def test_a_broken_picture_is_said_in_its_place_and_the_rest_survives(
    house: House, service: FakeOpenAI, broken: str
) -> None:
    service.reply_with(Reply(text="Here you are.", images=[broken, PNG]))
    turn = house.ask()
    reply = house.ended(turn)
    assert (reply.status, reply.error_code) == ("error", "image_refused")
    assert reply.error
    told, shown, words = re.split(r"\n\n+", reply.raw_markdown.strip())
    assert told.strip("*").replace("\\", "") == reply.error
    assert shown == f"![A cat.]({reply.images[0].url})"
    assert words == "Here you are."
    assert [call.url for call in of_kind(turn, ImageCall)] == ["", reply.images[0].url]
    assert len(house.kept()) == 1


def test_a_full_disk_is_said_in_the_pictures_place_and_the_text_survives(tmp_path: Path, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="Here you are.", images=[PNG]))
    with open_house(tmp_path, service, disk=FullDisk) as house:
        reply = house.ended(house.ask())
    assert (reply.status, reply.error_code, reply.images) == ("error", "image_not_saved", ())
    assert reply.raw_markdown.endswith("Here you are.")
    assert "No space left on device" in reply.raw_markdown
    assert house.kept() == []


def test_retry_after_a_broken_picture_makes_another_reply(house: House, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="", images=["broken"]), Reply(text="", images=[PNG]))
    failed = house.ask()
    house.ended(failed)
    again = house.turns.regenerate(failed.session_id, failed.id, owner=OWNER)
    assert house.ended(again).status == "complete"


def test_a_restart_in_mid_picture_keeps_what_came(tmp_path: Path, service: FakeOpenAI) -> None:
    gate = Gate()
    service.reply_with(Reply(text="", images=[PNG, PNG], gate=gate))
    with open_house(tmp_path, service) as house:
        turn = house.ask()
        gate.release(6 + 2)  # the whole first picture, and the beginning of the second
        index = 0
        while len(of_kind(turn, ImageStarted)) < 2:
            turn.wait(index, timeout=WAIT)
            index = turn.read(index).next_index
    later = JsonSessions(tmp_path / "sessions").load_session(turn.session_id, owner=OWNER)
    reply = later.message(turn.id)
    assert reply is not None
    assert reply.status == "interrupted"
    [picture] = pictures_in(reply.raw_markdown)
    assert picture.alt_text == "A cat."
    house.says_no_base64()


def test_a_reply_stopped_while_a_picture_is_kept_has_it(tmp_path: Path, service: FakeOpenAI) -> None:
    writing, go_on = threading.Event(), threading.Event()

    class Slow(FullDisk):
        def put(self, name: str, content: bytes) -> str | None:
            writing.set()
            assert go_on.wait(WAIT)
            return self._objects.put(name, content)

    service.reply_with(Reply(text="", images=[PNG]))
    with open_house(tmp_path, service, disk=Slow) as house:
        turn = house.ask()
        assert writing.wait(WAIT)
        turn.stop()
        assert service.requests[0].wait_closed(WAIT)  # the provider is told at once, not when the disk is done
        go_on.set()
        reply = house.ended(turn)
    assert reply.status == "stopped"
    assert pictures_in(reply.raw_markdown) == reply.images
    assert len(reply.images) == 1


def test_a_continued_reply_keeps_the_pictures_it_began_with(house: House, service: FakeOpenAI) -> None:
    service.reply_with(Reply(text="First.", images=[PNG], finish="length"), Reply(text=" Second."))
    cut = house.ask()
    before = house.ended(cut)
    whole = house.ended(house.turns.resume(cut.session_id, cut.id, owner=OWNER))
    assert whole.images == before.images
    assert whole.raw_markdown == before.raw_markdown + " Second."
    said = service.requests[1].body["input"][-2]["content"]
    assert "[picture: A cat.]" in said
    assert "/images/" not in said


def test_a_picture_made_from_another_of_ours_records_where_it_comes_from(house: House, service: FakeOpenAI) -> None:
    service.default = Reply(text="", images=[PNG])
    [first] = house.ended(house.ask()).images
    name = first.url.removeprefix("/images/")
    copy = house.files.save(name, base64.b64decode(PNG), owner=OWNER)
    [second] = house.ended(house.ask("Make it blue", attachments=[copy])).images
    assert house.images.get(second.url[8:40], owner=OWNER).parent_id == first.url[8:40]
    *_, picture, question = service.requests[-1].body["input"][-1]["content"]
    assert picture["image_url"].startswith("data:image/png;base64,")
    assert question == {"type": "input_text", "text": "Make it blue"}

    strange = house.files.save(f"{'0' * 32}.png", base64.b64decode(PNG), owner=OWNER)
    [third] = house.ended(house.ask("And this?", attachments=[strange])).images
    assert house.images.get(third.url[8:40], owner=OWNER).parent_id is None


@pytest.mark.parametrize(
    "prompt", ["[](/images/x.png)", "a\\b]c[d *e* `f` <b>&amp; $1 and $2", "x" * 5_000, "two\nlines\x00", "🐈" * 300]
)
def test_whatever_a_picture_is_called_its_caption_is_text(house: House, service: FakeOpenAI, prompt: str) -> None:
    item = {"id": "ig", "type": "image_generation_call", "result": PNG, "revised_prompt": prompt}
    done = {"type": "response.completed", "response": {"status": "completed"}}
    service.reply_with(Reply(frames=[{"type": "response.output_item.done", "item": item}, done]))
    reply = house.ended(house.ask())
    assert pictures_in(reply.raw_markdown) == reply.images
    assert told_in_words(reply.raw_markdown).strip() == f"[picture: {reply.images[0].alt_text}]"


def test_a_model_is_told_of_pictures_in_words_and_other_addresses_stay(house: House) -> None:
    url = f"/images/{'a' * 32}.png"
    assert told_in_words(f"One ![A \\[cat\\]]({url}) two") == "One [picture: A [cat]] two"
    assert told_in_words(f"![]({url})") == "[picture]"
    for other in ("![x](https://a.example/b.png)", "![x](/images/nonsense.png)", f"[x]({url})"):
        assert told_in_words(other) == other


def test_what_the_user_wrote_reaches_the_model_as_written(house: House) -> None:
    text = f"What is ![this](/images/{'a' * 32}.png)?"
    session = house.store.create_session(owner=OWNER, title="", model="m")
    question = Message(id="q", parent_id=None, role="user", raw_markdown=text, created_at=session.created_at)
    assert prompt_for(session, question) == [{"role": "user", "content": text}]


def test_an_image_ref_is_what_the_text_shows() -> None:
    url = f"/images/{'b' * 32}.webp"
    assert pictures_in(f"![a cat]({url})") == (ImageRef(url=url, alt_text="a cat"),)
