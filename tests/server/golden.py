"""Makes the data folder that is kept for each format, and tells what is in one.

    python -m tests.server.golden FOLDER

A folder of a format that was released is never made again: later releases open it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from penstock.core.commands import Change, Clear, Hold, Note, Put, Set, Unset
from penstock.core.describe import describe
from penstock.core.images import Images
from penstock.core.job import READY
from penstock.log.file.layout import MARK, SECTOR, STORE, segment_number
from penstock.testing.sim_disk import SimDisk
from tests.core.story import SECOND, attribute
from tests.server.keeper import SMALL, Keeper

LATER = 7 * SECOND  # until the start that is compared


def told(engine) -> str:
    """Tell what an engine holds, one entity a line."""
    lines = [json.dumps(each) for each in describe(Images(engine.store).snapshot())]
    store, turn = engine.store, engine.turn
    ends = {"next_id": store.next_id, "next_batch": turn.batch.seq, "now": turn.now}
    return "\n".join([*lines, json.dumps(ends)]) + "\n"


def first_life(keeper: Keeper) -> None:
    """Jobs in all states, and all that may be noted of them; then much that goes."""
    client, other, leased = keeper.client(), keeper.client(b"other"), keeper.client()
    leased.lease = b"lease token"
    keeper.put(client, b"ready", pri=7, ttr=30)
    keeper.put(client, b"delayed", delay=100, attributes=attribute(20, b"kept"))
    for body in (b"reserved", b"leased", b"buried first", b"buried second", b"held"):
        keeper.put(client, body)
    keeper.put(other, b"\x00\xff\r\n binary", pri=2**32 - 1)
    keeper.keep()
    keeper.engine.reserve_job(client, 3)
    keeper.engine.reserve_job(leased, 4)
    keeper.engine.reserve_job(client, 6)
    keeper.engine.reserve_job(client, 5)
    keeper.engine.bury(client, 5, 11)
    keeper.engine.bury(client, 6, 12)
    keeper.commit(client, Hold(7, b"waits for 8"), Note(8, b"result", b"42"))
    keeper.commit(client, Set(b"plan", b"k", b"v"), Set(b"plan", b"gone", b"v"))
    keeper.commit(client, Set(b"plan", b"soon", b"v", lifetime=60 * SECOND))
    keeper.commit(client, Set(b"tube", b"strict", b"policy"), Unset(b"plan", b"gone"))
    keeper.engine.pause_tube(other, b"other", 500 * SECOND)
    keeper.keep()
    for _ in range(200):
        keeper.engine.delete(client, keeper.put(client, bytes(2000)))
        keeper.advance(0.01)
        tend(keeper)


def tend(keeper: Keeper) -> None:
    """Commit, and compact as the broker does."""
    seq = keeper.keep()
    disk = keeper.log.disk
    assert isinstance(disk, SimDisk)
    while disk.is_busy():
        disk.step(hurried=True)
        keeper.log.settle()
    keeper.compactor.durable(seq)
    keeper.compactor.look(keeper.log.usage())
    keeper.compactor.step(SMALL)


def second_life(keeper: Keeper) -> None:
    """Work on what was there before, with an end in the middle of a write."""
    client = keeper.client()
    keeper.advance(1)
    keeper.engine.reserve_job(client, 1)
    keeper.engine.release(client, 1, 9, 50 * SECOND)
    keeper.engine.kick_job(client, 6)
    keeper.commit(client, Change(2, tube=b"moved", pri=3), Put(b"short-lived", b"x"))
    keeper.commit(client, Clear(b"short-lived", (READY,)))
    keeper.keep()
    keeper.put(client, b"the last one that was acknowledged")
    keeper.keep()
    keeper.put(client, b"torn" * 500)
    keeper.keep()
    tear(keeper)


def tear(keeper: Keeper) -> None:
    """Take the end of the last write away, as if the power had gone within it."""
    name = max(n for n, f in keeper.machine.names.memory.items() if is_begun(n, f))
    file = keeper.machine.names.memory[name]
    last = (len(file.memory.rstrip(b"\0")) - 1) // SECTOR * SECTOR
    file.write(last, bytes(SECTOR))
    file.sync()


def is_begun(name, file) -> bool:
    return segment_number(name) is not None and bool(file.memory.strip(b"\0"))


def main(folder: Path) -> None:
    """Make the folder, and its text beside it."""
    keeper = Keeper()
    keeper.compactor.most_idle = 4 * SMALL
    first_life(keeper)
    assert keeper.compactor.compactions > 3
    keeper.crash()
    keeper.begin()
    second_life(keeper)
    folder.mkdir(parents=True)
    for name, file in keeper.machine.names.memory.items():
        if name in (STORE, MARK) or is_begun(name, file):
            (folder / name).write_bytes(file.memory)
    keeper.crash()
    keeper.clock.advance(ns=LATER)
    keeper.begin()
    folder.with_suffix(".txt").write_text(told(keeper.engine))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
