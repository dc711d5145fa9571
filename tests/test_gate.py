"""Pages are drawn a few at a time."""

from __future__ import annotations

import threading

from parlanchina.ui.gate import Gate
from tests.room_in_gate import has_room

WAIT = 10.0


def in_a_thread(gate: Gate, entered: threading.Event, leave: threading.Event) -> threading.Thread:
    def draw() -> None:
        with gate:
            entered.set()
            leave.wait(WAIT)

    thread = threading.Thread(target=draw)
    thread.start()
    return thread


def test_one_more_than_there_are_places_waits_until_one_has_left() -> None:
    gate = Gate(places=1, patience=WAIT)
    first, second, leave = threading.Event(), threading.Event(), threading.Event()
    one = in_a_thread(gate, first, leave)
    assert first.wait(WAIT)
    assert not has_room(gate)
    other = in_a_thread(gate, second, leave)
    assert not second.is_set()
    leave.set()
    assert second.wait(WAIT)
    one.join(WAIT)
    other.join(WAIT)
    assert has_room(gate)


def test_whoever_waited_long_enough_goes_in_and_takes_no_place_away() -> None:
    gate = Gate(places=1, patience=0.01)
    entered, leave = threading.Event(), threading.Event()
    thread = in_a_thread(gate, entered, leave)
    assert entered.wait(WAIT)
    with gate:  # in spite of the other
        pass
    assert not has_room(gate)
    leave.set()
    thread.join(WAIT)
    assert has_room(gate)


def test_a_place_is_given_up_once() -> None:
    gate = Gate(places=1, patience=WAIT)
    with gate:
        gate.leave()
        gate.leave()
        with gate:
            assert not has_room(gate)
    assert has_room(gate)


def test_who_leaves_to_wait_for_something_comes_back_to_one_place() -> None:
    gate = Gate(places=2, patience=WAIT)
    with gate:
        gate.leave()
        gate.enter()
        gate.enter()
        assert gate.enter_if_free()  # it is in
        assert has_room(gate)
    with gate:
        assert has_room(gate)
