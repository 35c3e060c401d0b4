"""What is torn is cut off, and what is rot is refused: never the other way."""

from __future__ import annotations

import pytest

from penstock.errors import LogCorrupt
from penstock.log import Stored
from penstock.log.file.layout import (
    SECTOR,
    frame_check,
    read_header,
    write_frame,
)
from penstock.log.file.scan import Scan
from penstock.testing.sim_folder import SimFolder
from tests.mutants.life import (
    FIRST,
    SECOND,
    Life,
    frames_of,
    new_machine,
    written,
)


def refused(machine) -> str:
    """Start, and give why it was refused; nothing may have been changed by that."""
    before = {name: bytes(f.memory) for name, f in machine.names.memory.items()}
    with pytest.raises(LogCorrupt) as caught:
        Life(machine)
    after = {name: bytes(f.memory) for name, f in machine.names.memory.items()}
    assert after == before
    return str(caught.value)


def rolled():
    """Give a machine with three segments, and a log that ended in order."""
    machine = new_machine()
    life = Life(machine)
    life.write(1, 18)
    life.log.seal()
    life.log.close()
    machine.power_cut()
    assert len(frames_of(machine, FIRST)) == 7
    return machine


def test_a_segment_that_does_not_follow_the_one_before_is_refused():
    machine = rolled()
    file = machine.names.memory[FIRST]
    header = read_header(bytes(file.memory[:SECTOR]))
    assert header is not None
    at = frames_of(machine, FIRST)[6]
    after = read_header(bytes(machine.names.memory[SECOND].memory[:SECTOR]))
    assert after is not None
    scan = Scan(SimFolder(machine))
    sixth = next(b for b in scan.batches(6) if b.seq == 6)
    seventh = next(b for b in scan.batches(7) if b.seq == 7)
    previous = frame_check(_parts_of(file, frames_of(machine, FIRST)[5]))
    other = Stored(seventh.term, 7, sixth.now, 0, seventh.next_id, 1, b"something else")
    parts = write_frame(header.store, 1, 1, 6, other, previous)
    assert frame_check(parts) != after.previous
    for content in (file.memory, file.drive):
        content[at : at + SECTOR] = b"".join(parts)
    assert "does not follow" in refused(machine)


def _parts_of(file, at: int) -> tuple[bytes, bytes, bytes]:
    """Split a frame of a sample so that its last checksum stands in the third part."""
    content = bytes(file.memory[at : at + SECTOR]).rstrip(b"\0")
    length = int.from_bytes(content[66:70], "little")
    return b"", b"", bytes(file.memory[at + 74 + length : at + 78 + length])


def test_a_batch_whose_number_does_not_follow_is_no_batch():
    machine = written(last=2)
    file = machine.names.memory[FIRST]
    header = read_header(bytes(file.memory[:SECTOR]))
    assert header is not None
    previous = frame_check(_parts_of(file, frames_of(machine, FIRST)[1]))
    leap = Stored(1, 5, 0, 0, 1, 1, b"leap")
    frame = b"".join(write_frame(header.store, 1, 1, 0, leap, previous))
    for content in (file.memory, file.drive):
        content[3 * SECTOR : 4 * SECTOR] = frame
    assert Life(machine).found == [1, 2]


def test_a_segment_of_another_store_is_refused():
    machine, other = rolled(), new_machine(seed=2)
    life = Life(other)
    life.write(1, 18)
    life.log.close()
    machine.names.memory[SECOND] = other.names.memory[SECOND]
    assert "another store" in refused(machine)


def test_a_page_that_the_disk_does_not_have_is_not_believed():
    machine = written(last=3)
    file = machine.names.memory[FIRST]
    at = frames_of(machine, FIRST)[2]
    # As after a sync that failed: memory tells what never reached the disk.
    file.drive[at : at + SECTOR] = bytes(SECTOR)
    assert Life(machine).found == [1, 2]
