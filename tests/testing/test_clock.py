"""The manual clock."""

import pytest

from penstock.clock import Clock
from penstock.testing.clock import SECOND, ManualClock


def test_it_stands_still_until_it_is_moved():
    clock: Clock = ManualClock(start=5)
    assert (clock.now(), clock.wall()) == (clock.now(), clock.wall())
    assert clock.now() == 5


def test_both_clocks_advance_together():
    clock = ManualClock()
    wall = clock.wall()
    clock.advance(seconds=1.5, ns=1)
    assert clock.now() == 3 * SECOND // 2 + 1
    assert clock.wall() - wall == clock.now()


def test_the_time_of_day_jumps_alone():
    clock = ManualClock()
    clock.set_wall(7)
    assert (clock.now(), clock.wall()) == (0, 7)
    clock.advance(ns=3)
    assert (clock.now(), clock.wall()) == (3, 10)


def test_time_does_not_go_back():
    with pytest.raises(AssertionError, match="does not go back"):
        ManualClock().advance(seconds=-1)
