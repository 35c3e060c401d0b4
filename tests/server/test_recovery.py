"""Starting from a log: what was there is there, and time goes on."""

from __future__ import annotations

import pytest

import penstock
from penstock.core import kinds
from penstock.core.commands import Note, Set
from penstock.core.job import BURIED, DELAYED, READY
from penstock.errors import LogCorrupt, NewerFormat
from penstock.log.file.layout import SECTOR, segment_name
from penstock.server.recovery import LONGEST_DOWNTIME
from tests.core.story import SECOND, decode
from tests.server.keeper import START, Keeper

DAY = 24 * 3600 * SECOND


@pytest.fixture
def keeper():
    return Keeper()


@pytest.fixture
def filled(keeper):
    """A server with four jobs, some of which have been worked on."""
    client = keeper.client()
    for delay in (0, 0, 30, 0):
        keeper.put(client, b"body", delay=delay)
    keeper.keep()
    keeper.engine.reserve_job(client, 1)
    keeper.engine.reserve_job(client, 2)
    keeper.engine.bury(client, 2, 5)
    keeper.commit(client, Note(2, b"n", b"v"), Set(b"plan", b"k", b"v"))
    keeper.keep()
    return keeper


def boot(keeper):
    """Give the fields of the batch that says that the server started."""
    (event,) = decode(keeper.engine.turn.batch.payload())
    assert event.kind == kinds.BOOT
    return event


def test_the_first_start_finds_nothing_and_says_so(keeper):
    found = keeper.found
    assert (found.batches, found.events, found.jobs) == (0, 0, 0)
    assert (found.clean, found.downtime) == (True, 0)
    assert boot(keeper).fields == {"clean": 1, "downtime": 0}
    assert boot(keeper).attributes == [(kinds.TAG_VALUE, penstock.__version__.encode())]


def test_everything_is_there_again(filled):
    filled.crash()
    filled.begin()
    assert filled.found.jobs == 4
    assert filled.found.batches == 2
    assert filled.found.events == 10
    assert [filled.state(id) for id in (1, 2, 3, 4)] == [READY, BURIED, DELAYED, READY]
    assert filled.engine.store.next_id == 5
    assert filled.engine.ledger.record(b"plan", b"k") == b"v"
    assert filled.engine.turn.batch.seq == 3


def test_progress_is_told_by_the_batch(filled):
    filled.progress.clear()
    filled.crash()
    filled.begin()
    assert filled.progress == [1, 2]


def test_a_start_is_durable_only_with_its_batch(filled):
    filled.crash()
    before = dict(filled.machine.names.memory)
    filled.begin()
    assert set(filled.machine.names.memory) - set(before) <= {"lock"}
    filled.keep()
    filled.crash()
    filled.begin()
    assert filled.found.batches == 3


def test_what_a_connection_held_is_ready_again_and_counts_the_start(filled):
    filled.crash()
    filled.begin()
    assert filled.job(1).reserves == 1
    assert filled.state(1) == READY


def test_an_end_in_order_is_told_from_a_crash(filled):
    filled.crash()
    filled.begin()
    assert not filled.found.clean
    assert boot(filled)["clean"] == 0
    filled.end()
    filled.crash()
    filled.begin()
    assert filled.found.clean
    assert boot(filled)["clean"] == 1


def test_a_seal_with_more_behind_it_is_no_end(filled):
    filled.engine.turn.batch.seal()
    filled.keep()
    filled.put(filled.client())
    filled.keep()
    filled.crash()
    filled.begin()
    assert not filled.found.clean


# Time.


@pytest.mark.parametrize(
    ("passed", "believed"),
    [(0, 0), (10 * SECOND, 10 * SECOND), (-DAY, 0), (400 * DAY, LONGEST_DOWNTIME)],
)
def test_engine_time_goes_on_by_what_the_wall_clock_says(filled, passed, believed):
    filled.advance(5)
    filled.put(filled.client())
    filled.keep()
    filled.crash()
    filled.clock.set_wall(START + passed)
    filled.begin()
    assert filled.found.downtime == believed
    assert filled.now == 5 * SECOND + believed
    assert boot(filled)["downtime"] == believed


def test_a_delay_that_ran_out_meanwhile_is_over(filled):
    filled.crash()
    filled.clock.set_wall(START + 30 * SECOND)
    filled.begin()
    assert filled.state(3) == READY


def test_a_delay_goes_on_where_time_stood(filled):
    filled.crash()
    filled.clock.set_wall(START + 29 * SECOND)
    filled.begin()
    assert filled.state(3) == DELAYED
    filled.advance(1)
    assert filled.state(3) == READY


# What cannot be recovered.


def test_ids_are_never_reused_though_all_jobs_are_gone(keeper):
    client = keeper.client()
    for _ in range(3):
        keeper.engine.delete(client, keeper.put(client))
    keeper.keep()
    keeper.compactor.log.trim(99)
    keeper.crash()
    keeper.begin()
    assert keeper.engine.store.next_id == 4


def damage(keeper, offset):
    file = keeper.machine.names.memory[segment_name(1)]
    file.write(offset, b"\xff\xff\xff")
    file.sync()


def test_rot_is_refused_and_nothing_is_changed(filled):
    filled.log.seal()
    filled.log.finish()
    filled.crash()
    damage(filled, 2 * SECTOR + 100)
    before = {n: bytes(f.memory) for n, f in filled.machine.names.memory.items()}
    with pytest.raises(LogCorrupt, match="batch 2 was durable"):
        filled.begin()
    after = {n: bytes(f.memory) for n, f in filled.machine.names.memory.items()}
    assert after == before


def test_an_event_of_a_later_release_is_refused(keeper):
    batch = keeper.engine.turn.batch
    content = batch.payload()
    unknown = b"\x64\x00\x00\x00\x00"

    class Newer:
        seq, now, wall, next_id, count = 1, 0, 0, 1, 2

        def payload(self):
            return content + unknown

    keeper.log.append(Newer())
    keeper.log.finish()
    keeper.crash()
    with pytest.raises(NewerFormat, match="event 100"):
        keeper.begin()


def test_recovering_twice_finds_the_same(filled):
    filled.crash()
    filled.begin()
    first = (filled.found, filled.image())
    filled.crash()
    filled.begin()
    assert (filled.found, filled.image()) == first
