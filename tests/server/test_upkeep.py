"""Between commits: what is tended, when somebody looks, and what goes on by itself."""

from __future__ import annotations

import asyncio

import pytest

from penstock.core.engine import Engine
from penstock.server.followers import Cursor
from penstock.server.upkeep import FRAMED, SECTOR, Upkeep
from penstock.testing import HeldLog


class CountedLog(HeldLog):
    """Counts who asks what it uses."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def usage(self):
        self.looks += 1
        return super().usage()


class Scene:
    def __init__(self, loop):
        self.log = CountedLog()
        self.engine = Engine()
        self.staged: list[int] = []
        self.upkeep = Upkeep(
            self.engine, self.log, lambda: self.staged.append(1), lambda: 0
        )
        self.compactor = self.upkeep.compactor
        self.upkeep.start(loop)

    def looks(self, fresh):
        """Tend after so many bytes; tell whether somebody looked."""
        before = self.log.looks
        self.upkeep.wrote(fresh)
        self.upkeep.tend(0)
        return self.log.looks > before


@pytest.fixture
def loop():
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture
def scene(loop):
    scene = Scene(loop)
    yield scene
    scene.upkeep.leave()


def test_after_the_first_batch_somebody_looks_and_then_as_bytes_come(scene):
    assert scene.looks(10)
    assert not scene.looks(10)
    assert scene.looks(scene.compactor.unseen + 1)
    assert not scene.looks(10)


def test_a_small_batch_counts_with_what_its_frame_takes(scene):
    scene.looks(0)
    batches = scene.compactor.unseen // SECTOR
    assert FRAMED > SECTOR
    assert not any(scene.looks(20) for _ in range(batches))
    assert scene.looks(20)


def test_without_room_every_batch_is_a_reason_to_look(scene):
    scene.looks(0)
    scene.engine.policy.room = 0
    assert scene.looks(10)


def test_followers_hear_of_each_batch(scene):
    heard = []
    scene.compactor.followers.follow("f", Cursor(), lambda: heard.append(1))
    scene.looks(10)
    assert heard == [1]


def test_work_that_nobody_calls_for_goes_on_and_is_committed(scene, loop, monkeypatch):
    left = [3]

    def step(fresh):
        left[0] -= 1
        scene.compactor.busy = left[0] > 0
        return 0

    monkeypatch.setattr(scene.compactor, "step", step)
    scene.compactor.busy = True
    scene.upkeep.compact_on()
    for _ in range(3):
        loop.run_until_complete(asyncio.sleep(0))
    assert (left, len(scene.staged)) == ([0], 3)


def test_what_is_written_here_is_no_reason_to_write_more(scene, monkeypatch):
    """Nor is its frame: without room that would go round for ever."""
    scene.looks(0)
    monkeypatch.setattr(scene.compactor, "step", lambda fresh: 100)
    scene.compactor.busy = True
    scene.compactor.appended = 0
    scene.upkeep.compact_on()
    scene.looks(100)
    assert scene.compactor.appended == 0
    scene.looks(100 + 20)  # twenty bytes are somebody's
    assert scene.compactor.appended == SECTOR


def test_a_batch_of_nothing_takes_its_frame(scene):
    scene.looks(0)
    scene.compactor.appended = 0
    scene.looks(0)
    assert scene.compactor.appended == SECTOR
