"""Room for puts: what is owed to the jobs that are there, and what is said."""

from __future__ import annotations

import pytest
import structlog

from penstock.core.engine import Engine
from penstock.log import Usage
from penstock.server.room import OWED, Room
from tests.core.story import Story

PIECE = 1000


class Scene(Story):
    def __init__(self):
        super().__init__()
        self.engine = Engine()
        self.room = Room(self.engine)

    def see(self, room, coming=0):
        """Give what is left for puts, and what is said of it."""
        with structlog.testing.capture_logs() as said:
            self.room.see(Usage(0, room, 1, 1, piece=PIECE), coming)
        told = [(entry["log_level"], entry["event"]) for entry in said]
        return self.engine.policy.room, told


@pytest.fixture
def scene():
    return Scene()


REFUSED = [("warning", "the disk is full: puts are refused until there is room")]
TAKEN = [("info", "there is room again: puts are taken")]


def test_each_job_is_owed_room_to_be_deleted(scene):
    assert scene.see(5000) == (5000, [])
    client = scene.client()
    scene.put(client)
    scene.put(client)
    assert scene.see(5000) == (5000 - 2 * OWED, [])


def test_what_is_on_its_way_has_taken_its_room(scene):
    assert scene.see(5000, coming=1200) == (3800, [])


def test_a_full_disk_is_said_once_and_that_it_is_over_too(scene):
    told = [scene.see(room) for room in (1, 0, 0, PIECE - 1, -5, PIECE, 1, 0)]
    said = [lines for _room, lines in told]
    assert said == [[], REFUSED, [], [], [], TAKEN, [], REFUSED]
    assert [room for room, _lines in told] == [1, 0, 0, PIECE - 1, -5, PIECE, 1, 0]
