"""What `stats` tells of the log."""

from __future__ import annotations

import asyncio

import pytest

from penstock.core.engine import Engine
from penstock.log.file.disk import Disk
from penstock.log.file.file_log import FileLog
from penstock.log.file.folder import FileFolder
from penstock.log.memory import MemoryLog
from penstock.server.broker import Broker
from penstock.server.recovery import recover
from penstock.server.storage import _quantile, storage
from penstock.testing import ManualClock
from tests.server.house import House
from tests.server.keeper import SMALL


@pytest.fixture
def log(tmp_path):
    log = FileLog(FileFolder(tmp_path), Disk(tmp_path, 0), SMALL)
    yield log
    log.close()


def test_a_log_in_memory_has_neither_bytes_nor_syncs():
    told = storage(Broker(Engine(), MemoryLog(), ManualClock(), print))
    assert (told.oldest_piece, told.current_piece, told.piece_size) == (0, 0, 0)
    assert set(told.fields.values()) == {0}


def test_a_log_in_a_folder_is_told_as_it_is(log):
    async def story():
        house = House(log)
        recover(house.engine, log, house.clock, lambda seq: None)
        house.start()
        local = house.local()
        await local.put(b"x" * 1000)
        before = storage(house.broker)
        await local.put(b"x" * 1000)
        after = storage(house.broker)
        house.stop()
        return before, after

    before, after = asyncio.run(story())
    assert after.fields["log-bytes"] == 3 * SMALL, "one that grows and two spares"
    assert after.fields["log-live-bytes"] in range(2000, 4000)
    assert after.fields["log-room"] > SMALL
    assert (after.oldest_piece, after.current_piece) == (1, 1)
    assert after.piece_size == SMALL
    assert after.events == before.events + 1
    assert after.fields["log-batches"] == before.fields["log-batches"] + 1
    assert after.fields["log-batch-bytes-max"] > 1000
    assert after.fields["sync-count"] > before.fields["sync-count"]
    for name in ("sync-last-us", "sync-p50-us", "sync-p99-us"):
        assert after.fields[name] in range(5_000_000)


@pytest.mark.parametrize(
    ("numbers", "percent", "value"),
    [([], 50, 0), ([7], 99, 7), ([1, 2, 3, 4], 50, 3), (range(100), 99, 99)],
)
def test_a_quantile_is_one_of_the_numbers(numbers, percent, value):
    assert _quantile(numbers, percent) == value
