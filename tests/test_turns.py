"""The life of a reply: nothing typed and nothing received is lost, whoever is looking."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parlanchina.conversation import CONTINUE_INSTRUCTION
from parlanchina.errors import (
    EmptyMessage,
    ModelNotAllowed,
    NameNotResolved,
    RateLimited,
    SessionNotFound,
    StreamCut,
    TurnNotFound,
    TurnRunning,
)
from parlanchina.events import ErrorEvent, ReasoningDelta, TextDelta, TextDone, UsageEvent
from parlanchina.files import FileStore
from parlanchina.messages import Message, Params, Session, Usage
from parlanchina.reply_task import Renderer
from parlanchina.stores.image_objects import open_folder
from parlanchina.stores.images import ImageStore
from parlanchina.stores.json_sessions import JsonSessions
from parlanchina.turn import Turn
from parlanchina.turns import Turns
from tests.scripted_provider import ScriptedProvider

OWNER = "local"
WAIT = 10.0  # seconds a condition may take on a busy machine before it counts as never


class House:
    """A store, a scripted provider and the turns between them."""

    def __init__(
        self,
        folder: Path,
        *,
        provider: ScriptedProvider | None = None,
        render: Callable[[str], str] = lambda text: f"<p>{text}</p>",
        **options: object,
    ) -> None:
        self.store = JsonSessions(folder)
        self.provider = provider or ScriptedProvider()
        self.understudy = ScriptedProvider("demo")
        self.turns = Turns(
            self.store,
            images=ImageStore(open_folder(folder / "images")),
            files=FileStore(folder / "files"),
            providers={"scripted": self.provider, "demo": self.understudy},
            models={"m": "scripted", "m2": "scripted"},
            renderer=Renderer(version="t", render=render),
            standby=("demo", "demo"),
            checkpoint_seconds=0.05,
            **options,  # type: ignore[arg-type]
        )

    def session(self) -> Session:
        return self.store.create_session(owner=OWNER, title="", model="m")

    def ask(self, text: str = "Hello?", **options: object) -> Turn:
        return self.turns.ask(self.session().id, text, owner=OWNER, **options)  # type: ignore[arg-type]

    def load(self, turn: Turn) -> Session:
        return self.store.load_session(turn.session_id, owner=OWNER)

    def ended(self, turn: Turn) -> Message:
        """The stored reply, once it has ended."""
        assert turn.wait_until_done(timeout=WAIT)
        message = self.load(turn).message(turn.id)
        assert message is not None
        return message


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.turns.close()


def wait_for_text(turn: Turn, text: str) -> None:
    deadline = time.monotonic() + WAIT
    index = 0
    while turn.text != text:
        assert time.monotonic() < deadline, f"{turn.text!r} never became {text!r}"
        turn.wait(index, timeout=0.2)
        index = turn.read(index).next_index


def test_question_and_empty_reply_are_on_disk_before_the_model_is_called(tmp_path: Path) -> None:
    seen: list[list[tuple[str, str, str]]] = []

    class Looking(ScriptedProvider):
        def stream(self, request):  # type: ignore[no-untyped-def]
            stored = JsonSessions(tmp_path).load_session(session.id, owner=OWNER)
            seen.append([(m.role, m.raw_markdown, m.status) for m in stored.messages])
            return super().stream(request)

    house = House(tmp_path, provider=Looking().send("Hi").finish())
    session = house.session()
    turn = house.turns.ask(session.id, "Hello?", owner=OWNER)
    house.ended(turn)
    house.turns.close()
    assert seen == [[("user", "Hello?", "complete"), ("assistant", "", "streaming")]]


def test_complete_reply_is_stored_rendered_once_with_usage_and_timing(house: House) -> None:
    usage = Usage(input_tokens=3, output_tokens=2)
    turn = house.ask()
    house.provider.send("Hi ", "there", UsageEvent(usage=usage)).finish()
    reply = house.ended(turn)
    assert (reply.status, reply.raw_markdown, reply.html, reply.renderer) == (
        "complete",
        "Hi there",
        "<p>Hi there</p>",
        "t",
    )
    assert (reply.finish_reason, reply.usage, reply.provider, reply.model) == ("stop", usage, "scripted", "m")
    assert reply.timing is not None
    assert reply.timing.first_token_ms is not None
    assert len(house.provider.calls) == 1


def test_first_message_titles_the_session_and_a_given_title_stays(house: House) -> None:
    house.provider.finish()
    turn = house.ask("# How do *I* bake bread?\nPlease.")
    assert house.load(turn).title == "How do *I* bake bread? Please."
    named = house.store.create_session(owner=OWNER, title="Mine", model="m")
    house.turns.ask(named.id, "hello", owner=OWNER)
    assert house.store.load_session(named.id, owner=OWNER).title == "Mine"


def test_followers_come_late_leave_and_see_every_event_once(house: House) -> None:
    turn = house.ask()
    house.provider.send("a", "b")
    wait_for_text(turn, "ab")
    first = turn.read(0)
    house.provider.send("c").finish()
    house.ended(turn)
    rest = turn.read(first.next_index)
    late = turn.read(0)
    assert [e.text for e in first.events if isinstance(e, TextDelta)] == ["a", "b"]
    assert [e.text for e in rest.events if isinstance(e, TextDelta)] == ["c"]
    assert late.events == first.events + rest.events
    assert rest.done


async def test_async_followers_on_another_loop_see_the_whole_reply(house: House) -> None:
    turn = house.ask()

    async def collect() -> str:
        pieces = [
            event.text
            async for progress in turn.follow()
            for event in progress.events
            if isinstance(event, TextDelta)
        ]
        return "".join(pieces)

    readers = [asyncio.create_task(collect()) for _ in range(5)]
    gone = asyncio.create_task(collect())
    await asyncio.sleep(0)
    gone.cancel()
    house.provider.send("x" * 10, "y").finish()
    assert await asyncio.wait_for(asyncio.gather(*readers), WAIT) == ["x" * 10 + "y"] * 5


def test_text_is_checkpointed_while_it_streams(house: House, tmp_path: Path) -> None:
    turn = house.ask()
    house.provider.send("so far", ReasoningDelta(text="hm"))
    deadline = time.monotonic() + WAIT
    while True:
        stored = JsonSessions(tmp_path).load_session(turn.session_id, owner=OWNER).message(turn.id)
        assert stored is not None
        if stored.raw_markdown == "so far" and stored.reasoning == "hm":
            break
        assert time.monotonic() < deadline, stored
    assert stored.status == "streaming"


def test_stop_keeps_the_partial_text_and_closes_the_provider(house: House) -> None:
    turn = house.ask()
    house.provider.send("half")
    wait_for_text(turn, "half")
    house.turns.stop(turn.id, owner=OWNER)
    reply = house.ended(turn)
    assert (reply.status, reply.raw_markdown, reply.error) == ("stopped", "half", None)
    assert house.provider.closed.is_set()


def test_stop_at_once_never_hangs(house: House) -> None:
    for _ in range(20):
        turn = house.ask()
        turn.stop()
        assert house.ended(turn).status == "stopped"


def test_provider_error_is_stored_with_its_sentence(house: House) -> None:
    turn = house.ask()
    house.provider.send(ErrorEvent(error=RateLimited("Too fast.", retry_after=3)))
    reply = house.ended(turn)
    assert (reply.status, reply.error, reply.error_code) == ("error", "Too fast.", "rate_limited")


def test_lost_stream_is_interrupted_and_keeps_its_text(house: House) -> None:
    turn = house.ask()
    house.provider.send("half", ErrorEvent(error=StreamCut("It was cut.")))
    reply = house.ended(turn)
    assert (reply.status, reply.raw_markdown, reply.error_code) == ("interrupted", "half", "stream_cut")


def test_stream_without_a_finish_is_never_complete(house: House) -> None:
    turn = house.ask()
    house.provider.send("half").hang_up()
    reply = house.ended(turn)
    assert (reply.status, reply.raw_markdown, reply.error_code) == ("interrupted", "half", "stream_unfinished")


def test_a_provider_that_raises_loses_nothing(tmp_path: Path) -> None:
    class Broken(ScriptedProvider):
        async def stream(self, request):  # type: ignore[no-untyped-def]
            yield TextDelta(text="half")
            raise RuntimeError("secret sk-123")

    house = House(tmp_path, provider=Broken())
    reply = house.ended(house.ask())
    house.turns.close()
    assert (reply.status, reply.raw_markdown) == ("error", "half")
    assert "sk-123" not in (reply.error or "")


def test_a_renderer_that_raises_loses_nothing(tmp_path: Path) -> None:
    def broken(text: str) -> str:
        raise RecursionError

    house = House(tmp_path, render=broken)
    turn = house.ask()
    house.provider.send("whole").finish()
    reply = house.ended(turn)
    house.turns.close()
    assert (reply.status, reply.raw_markdown, reply.html, reply.renderer) == ("complete", "whole", "", "")


def test_closing_process_leaves_an_interrupted_reply_with_every_word(tmp_path: Path) -> None:
    house = House(tmp_path)
    turn = house.ask()
    house.provider.send("every word")
    wait_for_text(turn, "every word")
    house.turns.close()
    stored = JsonSessions(tmp_path).load_session(turn.session_id, owner=OWNER).message(turn.id)
    assert stored is not None
    assert (stored.status, stored.raw_markdown) == ("interrupted", "every word")
    assert turn.done


def test_one_turn_per_branch_at_a_time(house: House) -> None:
    turn = house.ask()
    with pytest.raises(TurnRunning):
        house.turns.ask(turn.session_id, "And?", owner=OWNER)
    with pytest.raises(TurnRunning):
        house.turns.regenerate(turn.session_id, turn.id, owner=OWNER)
    assert len(house.load(turn).messages) == 2
    house.provider.finish()
    house.ended(turn)
    house.ended(house.turns.ask(turn.session_id, "And?", owner=OWNER))


def test_regenerate_and_edit_add_branches_and_lose_nothing(house: House) -> None:
    house.provider.send("one").finish()
    turn = house.ask("question")
    first = house.ended(turn)
    second = house.ended(house.turns.regenerate(turn.session_id, turn.id, owner=OWNER))
    edited = house.ended(house.turns.ask(turn.session_id, "edited", owner=OWNER, parent_id=None))
    session = house.load(turn)
    assert [m.id for m in session.siblings(first)] == [first.id, second.id]
    assert [m.raw_markdown for m in session.path()] == ["edited", "one"]
    assert session.head == edited.id
    assert len(session.messages) == 5


def test_resume_begins_with_the_cut_text_and_asks_for_the_rest(house: House) -> None:
    turn = house.ask("count")
    house.provider.send("one, two")
    wait_for_text(turn, "one, two")
    turn.stop()
    house.ended(turn)
    house.provider.begin_anew().send(", three").finish()
    resumed = house.turns.resume(turn.session_id, turn.id, owner=OWNER)
    assert house.ended(resumed).raw_markdown == "one, two, three"
    assert [m["content"] for m in house.provider.calls[-1].messages] == ["count", "one, two", CONTINUE_INSTRUCTION]
    assert house.load(turn).message(turn.id).raw_markdown == "one, two"  # type: ignore[union-attr]


def test_model_hears_the_branch_the_system_prompt_and_only_set_parameters(house: House) -> None:
    params = Params(temperature=0.5)
    session = house.store.create_session(owner=OWNER, title="", model="m", system_prompt="Be kind.", params=params)
    house.provider.send("ok").finish()
    house.ended(house.turns.ask(session.id, "one", owner=OWNER))
    house.ended(house.turns.ask(session.id, "two", owner=OWNER, model="m2"))
    last = house.provider.calls[-1]
    assert [(m["role"], m["content"]) for m in last.messages] == [
        ("system", "Be kind."),
        ("user", "one"),
        ("assistant", "ok"),
        ("user", "two"),
    ]
    assert (last.model, last.params) == ("m2", params)


def test_bad_input_is_refused_before_anything_is_stored(house: House) -> None:
    session = house.session()
    for text in ("", " \n\t"):
        with pytest.raises(EmptyMessage):
            house.turns.ask(session.id, text, owner=OWNER)
    with pytest.raises(ModelNotAllowed, match="m, m2"):
        house.turns.ask(session.id, "hi", owner=OWNER, model="evil")
    assert house.store.load_session(session.id, owner=OWNER).messages == ()
    assert house.provider.calls == []


def test_another_owner_finds_nothing(house: House) -> None:
    turn = house.ask()
    for action in (
        lambda: house.turns.ask(turn.session_id, "hi", owner="other"),
        lambda: house.turns.regenerate(turn.session_id, turn.id, owner="other"),
    ):
        with pytest.raises(SessionNotFound):
            action()
    with pytest.raises(TurnNotFound):
        house.turns.stop(turn.id, owner="other")
    assert house.turns.running(turn.session_id, owner="other") == []
    assert house.turns.running(turn.session_id, owner=OWNER) == [turn]


def test_standby_answers_labelled_when_the_provider_cannot_be_reached(tmp_path: Path) -> None:
    house = House(tmp_path, standby_answers_by_itself=True)
    house.provider.send(ErrorEvent(error=NameNotResolved("api.example can't be found.")))
    house.understudy.send("from the demo").finish()
    reply = house.ended(house.ask())
    house.turns.close()
    assert (reply.status, reply.raw_markdown, reply.provider, reply.model) == (
        "complete",
        "from the demo",
        "demo",
        "demo",
    )
    assert reply.error == "api.example can't be found."


def test_standby_does_not_answer_unasked_but_does_when_asked(house: House) -> None:
    house.provider.send(ErrorEvent(error=NameNotResolved("api.example can't be found.")))
    house.understudy.send("from the demo").finish()
    turn = house.ask()
    assert house.ended(turn).status == "error"
    assert not house.understudy.calls
    reply = house.ended(house.turns.regenerate(turn.session_id, turn.id, owner=OWNER, standby=True))
    assert (reply.provider, reply.raw_markdown) == ("demo", "from the demo")


def test_session_deleted_in_mid_reply_ends_the_turn(house: House) -> None:
    turn = house.ask()
    house.store.delete_session(turn.session_id, owner=OWNER)
    house.provider.send("text").finish()
    assert turn.wait_until_done(timeout=WAIT)
    assert turn.unsaved is None or isinstance(turn.unsaved, SessionNotFound)


def test_thirty_turns_run_at_once_on_one_loop(tmp_path: Path) -> None:
    class Meeting(ScriptedProvider):
        """Says nothing until all thirty calls are open: they can only end together."""

        together = asyncio.Barrier(30)

        async def stream(self, request):  # type: ignore[no-untyped-def]
            threads.add(threading.current_thread().name)
            await self.together.wait()
            yield TextDelta(text="met")
            yield TextDone(finish_reason="stop")

    threads: set[str] = set()
    house = House(tmp_path, provider=Meeting())
    turns = [house.ask() for _ in range(30)]
    assert {house.ended(turn).raw_markdown for turn in turns} == {"met"}
    assert threads == {"turns"}
    house.turns.close()
