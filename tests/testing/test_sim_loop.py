"""The loop that stands still."""

import asyncio

import pytest

from penstock.testing import ManualClock
from penstock.testing.sim_loop import NEVER, SECOND, SimLoop


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def loop(clock):
    return SimLoop(clock)


def test_soon_is_the_next_turn(loop):
    called: list[object] = []

    def first():
        called.append("first")
        loop.call_soon(called.append, "second")

    loop.call_soon(first)
    assert called == []
    assert loop.turn()
    assert called == ["first"]
    assert loop.turn()
    assert called == ["first", "second"]
    assert not loop.turn()
    assert loop.turns == 2


def test_later_is_when_the_time_has_passed_in_order(loop, clock):
    called: list[object] = []
    for delay, word in ((2, "c"), (1, "a"), (1, "b")):
        loop.call_later(delay, called.append, word)
    assert loop.next_moment() == SECOND
    assert not loop.turn()
    clock.advance(seconds=1)
    loop.turn()
    assert called == ["a", "b"]
    assert loop.next_moment() == 2 * SECOND
    clock.advance(seconds=5)
    loop.turn()
    assert called == ["a", "b", "c"]
    assert loop.next_moment() == NEVER
    assert loop.time() == 6.0


def test_what_is_cancelled_is_not_called(loop, clock):
    called: list[object] = []
    soon = loop.call_soon(called.append, 1)
    later = loop.call_later(1, called.append, 2)
    assert loop.next_moment() == clock.now()
    for handle in (soon, later):
        assert not handle.cancelled()
        handle.cancel()
        assert handle.cancelled()
    loop.turn()
    assert loop.next_moment() == NEVER
    clock.advance(seconds=2)
    loop.settle()
    assert called == []


def test_settling_turns_until_nothing_is_due_and_no_longer(loop):
    called: list[object] = []

    def again():
        called.append(1)
        if len(called) < 5:
            loop.call_soon(again)

    loop.call_soon(again)
    loop.settle()
    assert len(called) == 5

    def for_ever():
        loop.call_soon(for_ever)

    for_ever()
    with pytest.raises(AssertionError, match="never done"):
        loop.settle()


def test_readers_are_remembered(loop):
    loop.add_reader(5, print)
    assert loop.readers == {5: print}
    assert loop.remove_reader(5)
    assert not loop.remove_reader(5)
    with pytest.raises(AssertionError, match="does not exist"):
        loop.add_reader(-1, print)


def test_it_is_the_running_loop_while_it_is_told_so(loop):
    with loop.running():
        assert asyncio.get_running_loop() is loop
    with pytest.raises(RuntimeError, match="no running"):
        asyncio.get_running_loop()
