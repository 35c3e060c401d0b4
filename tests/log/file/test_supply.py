"""Segments to come and to go, one thing at a time."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from penstock.log.file import DISCARDED, PREPARED, SYNCED, Outcome
from penstock.log.file.layout import MARK, SECTOR
from penstock.log.file.segments import SPARE, Segment, Segments
from penstock.log.file.stable import Stable
from penstock.log.file.supply import CALM, NOW, SOON, Supply

SIZE = 1 << 20


class AskedDisk:
    """Keeps what is asked of it."""

    def __init__(self):
        self.asked = []
        self.urgency = -1

    def prepare(self, name, size):
        self.asked.append((PREPARED, name))

    def discard(self, name):
        self.asked.append((DISCARDED, name))

    def hurry(self, urgency):
        self.urgency = urgency


class Scene:
    """Three segments, the last one empty, none prepared, much room."""

    def __init__(self):
        self.room_left = 100 * SIZE
        self.disk = AskedDisk()
        self.segments = Segments(SIZE)
        self.segments.last_number = 3
        for number in (1, 2, 3):
            last = 10 * number
            segment = Segment(number, last - 9, last, SECTOR, SIZE, SIZE)
            self.segments.kept.append(segment)
        self.stable = Stable()
        folder: Any = self
        disk: Any = self.disk
        self.supply = Supply(folder, disk, self.segments, self.stable)

    def room(self):
        return self.room_left

    def end(self, error=0):
        """What was asked for has ended."""
        kind, name = self.disk.asked[-1]
        return self.supply.settled(Outcome(kind, 0, name, error, "call", 1))

    def go_on(self, *, waiting=False):
        """Let the next thing be asked for, if any; give it."""
        before = len(self.disk.asked)
        self.supply.go_on(waiting=waiting)
        return self.disk.asked[before:]

    def trim(self):
        """The first segment is not needed, and stable storage knows."""
        self.segments.trim(10)
        self.stable.seal(bytes(16), 30, 2)
        self.stable.synced(Outcome(SYNCED, 30, MARK, 0, "", 1))


@pytest.fixture
def scene():
    return Scene()


def test_spares_are_prepared_one_after_the_other_and_no_more_than_owed(scene):
    for number in range(4, 4 + SPARE):
        assert scene.go_on() == [(PREPARED, f"{number:010}.log")]
        assert scene.go_on() == []
        assert scene.end()
    assert scene.go_on() == []
    assert [number for number, _size in scene.segments.ready] == [4, 5]


def test_a_second_spare_waits_where_the_files_are_as_many_as_they_should_be(scene):
    scene.supply.most = 4 * SIZE
    scene.go_on()
    scene.end()
    assert scene.go_on() == []
    scene.supply.most = 5 * SIZE
    assert scene.go_on() != []


def test_what_is_not_needed_goes_first(scene):
    scene.trim()
    assert scene.go_on() == [(DISCARDED, "0000000001.log")]
    assert scene.end()
    assert not scene.segments.gone


def test_nothing_goes_before_stable_storage_knows_that_it_may(scene):
    scene.segments.trim(10)
    assert scene.supply.waits_for_seal()
    assert scene.go_on() == [(PREPARED, "0000000004.log")]
    scene.end()
    scene.trim()
    assert not scene.supply.waits_for_seal()
    assert scene.go_on() == [(DISCARDED, "0000000001.log")]


def test_the_pace_grows_with_the_need(scene):
    scene.go_on()
    assert scene.disk.urgency == CALM
    scene.segments.current.end = SIZE // 4
    scene.supply.set_pace()
    assert scene.disk.urgency == SOON
    scene.segments.current.end = SIZE // 2
    scene.supply.set_pace()
    assert scene.disk.urgency == NOW


def test_who_waits_is_not_kept_waiting(scene):
    scene.go_on(waiting=True)
    assert scene.disk.urgency == NOW


def test_what_is_to_be_removed_makes_haste(scene):
    scene.go_on()
    scene.segments.trim(10)
    scene.supply.set_pace()
    assert scene.disk.urgency == NOW


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_for_a_spare_is_no_failure_until_nothing_goes(scene, error):
    scene.segments.trim(10)
    scene.go_on()
    assert scene.end(error)
    assert scene.supply.full
    assert not scene.supply.is_exhausted()
    assert scene.go_on() == []
    scene.segments.gone.clear()
    assert scene.supply.is_exhausted()


def test_what_went_makes_room(scene):
    scene.go_on()
    scene.end(errno.ENOSPC)
    scene.trim()
    scene.go_on()
    assert scene.end()
    assert not scene.supply.full


def test_another_error_is_a_failure(scene):
    scene.go_on()
    assert not scene.end(errno.EIO)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_what_cannot_be_removed_is_a_failure(scene, error):
    scene.trim()
    scene.go_on()
    assert not scene.end(error)


def test_room_is_what_is_left_beside_the_spares_that_are_owed(scene):
    assert scene.supply.room() == (100 - SPARE) * SIZE
    scene.go_on()
    scene.end()
    assert scene.supply.room() == (100 - SPARE + 1) * SIZE


def test_where_no_spare_could_be_made_there_is_no_room_until_somebody_makes_some(scene):
    scene.go_on()
    scene.end(errno.ENOSPC)
    assert scene.supply.room() == 0, "a quota says no, whatever the file system has"
    scene.room_left += 1
    assert scene.supply.room() == scene.room_left - SPARE * SIZE
    assert not scene.supply.full


def test_spares_that_are_too_small_by_now_are_owed_the_rest(scene):
    scene.go_on()
    scene.end()
    scene.segments.largest = 16 * SIZE
    scene.segments.fit(16 * 10 * SIZE)
    assert scene.segments.size == 10 * SIZE
    assert scene.supply.room() == (100 - 2 * 10 + 1) * SIZE
