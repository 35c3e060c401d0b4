"""The machine's clocks."""

from __future__ import annotations

import time

from penstock.clock import SystemClock


def test_elapsed_time_never_goes_back():
    clock = SystemClock()
    readings = [clock.now() for _ in range(1000)]
    assert readings == sorted(readings)
    assert readings[0] > 0


def test_elapsed_time_counts_the_time_asleep():
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    now = SystemClock().now()
    assert before <= now <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def test_wall_time_is_the_time_of_day():
    before = time.time_ns()
    wall = SystemClock().wall()
    assert before <= wall <= time.time_ns()
