"""Reading a folder: where the log ends, and torn told from rot."""

from __future__ import annotations

import pytest

from penstock.errors import LogCorrupt, NewerFormat
from penstock.log.file import NEVER, layout
from penstock.log.file.layout import (
    MARK,
    SECTOR,
    STORE,
    frame_size,
    read_mark,
    segment_name,
    write_mark,
)
from penstock.log.file.reading import frames
from penstock.log.file.scan import Scan
from penstock.testing.log_contract import assert_same, sample
from penstock.testing.sim_folder import SimFolder
from tests.log.file.machine import (
    SMALL,
    THIRD,
    change,
    contents,
    new_machine,
    open_log,
    restart,
    write,
)

SIZE = 600  # bytes of a batch
STEP = frame_size(SIZE)


def place(n):
    """Give the offset of the n-th frame of a segment of small batches."""
    return SECTOR + (n - 1) * STEP


@pytest.fixture
def machine():
    return new_machine()


@pytest.fixture
def five(machine):
    """Five batches, each durable, the end not sealed."""
    write(open_log(machine), 1, 5, SIZE)
    restart(machine)
    return machine


@pytest.fixture
def sealed(machine):
    """Five batches, the end sealed."""
    log = open_log(machine)
    write(log, 1, 5, SIZE)
    log.seal()
    log.finish()
    restart(machine)
    return machine


@pytest.fixture
def rolled(machine):
    """Three segments with batches 4 to 10, and an older one that was trimmed."""
    log = open_log(machine)
    write(log, 1, 9, THIRD)
    log.trim(3)
    write(log, 10, 10, THIRD)
    restart(machine)
    return machine


def scan(machine):
    return Scan(SimFolder(machine))


def found(machine):
    return [stored.seq for stored in scan(machine).batches()]


def refused(machine):
    """Give the error with which the folder is refused, nothing of it changed."""
    before = contents(machine)
    with pytest.raises(LogCorrupt) as caught:
        list(scan(machine).batches())
    assert contents(machine) == before
    assert "penstock check" in str(caught.value)
    return caught.value


def remove(machine, name):
    machine.names.memory.pop(name)
    machine.names.drive.pop(name, None)


# What is whole.


def test_an_empty_folder_is_new(machine):
    empty = scan(machine)
    assert empty.new
    assert (empty.end.seq, empty.unused) == (0, [])
    assert list(empty.batches()) == []


def test_a_segment_without_a_store_and_without_batches_is_a_start_cut_short(machine):
    write(open_log(machine), 1, 1)
    restart(machine)
    change(machine, segment_name(1), SECTOR, bytes(SECTOR))
    remove(machine, STORE)
    assert scan(machine).new
    assert segment_name(1) in scan(machine).unused


def test_batches_without_a_store_are_refused(five):
    remove(five, STORE)
    error = refused(five)
    assert (error.path, error.offset) == (STORE, 0)
    assert "0000000001.log is there" in str(error)


def test_the_end_is_behind_the_last_good_frame(five):
    end = scan(five).end
    assert (end.number, end.offset, end.seq) == (1, place(6), 5)
    assert (end.mark, end.oldest, end.term) == (4, 1, 1)
    assert (end.now, end.wall, end.next_id) == (5000, 10000, 15)


def test_batches_are_read_from_any_number_on(rolled):
    for first in range(1, 12):
        seqs = [stored.seq for stored in scan(rolled).batches(first)]
        assert seqs == list(range(max(4, first), 11))


def test_what_was_trimmed_and_what_was_prepared_is_unused(rolled):
    whole = scan(rolled)
    assert sorted(whole.headers) == [2, 3, 4]
    assert segment_name(1) in whole.unused
    assert set(whole.unused) <= {segment_name(n) for n in (1, 5, 6)}


def test_a_batch_larger_than_what_is_read_at_once_comes_back(machine):
    log = open_log(machine)
    batches = write(log, 1, 2, 10)
    batches += write(log, 3, 3, 3 * 1024 * 1024)
    batches += write(log, 4, 4, 10)
    restart(machine)
    assert_same(list(scan(machine).batches()), batches)


def test_the_checksum_that_the_next_frame_has_to_name_is_known(five):
    whole = scan(five)
    checks = [frame.check for _, frame in frames(whole.folder, whole.headers[1], SMALL)]
    assert [whole.check_of(seq) for seq in range(1, 6)] == checks
    assert whole.check_of(0) == 0


# Torn.


def test_an_unsealed_last_frame_that_is_bad_is_torn(five):
    change(five, segment_name(1), place(5) + 700, b"x")
    torn = scan(five)
    assert (torn.torn.number, torn.torn.offset) == (1, place(5))
    assert found(five) == [1, 2, 3, 4]


def test_zeros_in_place_of_the_last_frame_are_no_trace(five):
    change(five, segment_name(1), place(5), bytes(STEP))
    assert scan(five).torn is None
    assert found(five) == [1, 2, 3, 4]


def test_a_segment_whose_header_was_being_written_is_torn(machine):
    log = open_log(machine)
    write(log, 1, 3, THIRD)
    before = contents(machine)[MARK]
    write(log, 4, 4, THIRD)
    restart(machine)
    change(machine, MARK, 0, before)
    change(machine, segment_name(2), 20, b"x")
    change(machine, segment_name(2), SECTOR, bytes(THIRD))
    torn = scan(machine)
    assert (torn.torn.number, torn.torn.offset) == (2, 0)
    assert found(machine) == [1, 2, 3]


@pytest.fixture
def begun(machine):
    """Three batches, and the fourth in a segment that no mark tells of yet."""
    log = open_log(machine)
    write(log, 1, 3, THIRD)
    before = contents(machine)[MARK]
    write(log, 4, 4, THIRD)
    restart(machine)
    change(machine, MARK, 0, before)
    return machine


@pytest.mark.parametrize("content", [b"x", bytes(SECTOR)])
def test_of_a_segment_that_was_being_begun_everything_is_kept(begun, content):
    """Its sectors may have come to the disk in any order."""
    change(begun, segment_name(2), 0, content)
    torn = scan(begun).torn
    assert (torn.number, torn.offset) == (2, 0)
    size = len(contents(begun)[segment_name(2)].rstrip(b"\0"))
    assert torn.count == size > THIRD
    log = open_log(begun)
    write(log, 4, 4)
    (kept,) = begun.quarantined().values()
    assert sample(4, THIRD).payload() in kept


@pytest.mark.parametrize("content", [b"x", bytes(SECTOR)])
def test_a_segment_that_was_begun_is_rot_beside_a_bad_half_of_the_mark(begun, content):
    """The mark was being written, so the batch that it is about was synced."""
    change(begun, segment_name(2), 0, content)
    change(begun, MARK, 0, bytes(SECTOR))
    assert "batch 4 is damaged, and so is `mark`" in str(refused(begun))


def test_what_a_spare_shows_beside_a_torn_frame_is_not_what_was_torn(five):
    change(five, segment_name(1), place(5) + 700, b"x")
    change(five, segment_name(2), 0, b"what the disk had there")
    assert (scan(five).torn.number, scan(five).torn.offset) == (1, place(5))


@pytest.mark.parametrize("interval", [5_000_000, NEVER])
def test_without_syncs_everything_may_be_torn(machine, interval):
    log = open_log(machine, interval)
    write(log, 1, 5, SIZE)
    restart(machine)
    change(machine, segment_name(1), place(3), b"x")
    assert found(machine) == [1, 2]
    assert scan(machine).torn.offset == place(3)


# Rot.


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_bad_frame_is_rot_if_one_behind_it_vouches_for_it(five, n):
    change(five, segment_name(1), place(n) + 100, b"\xff\xff")
    error = refused(five)
    assert (error.path, error.offset) == (segment_name(1), place(n))
    assert f"batch {n} was durable" in str(error)
    first, until = (3 * (n - 1) or 1), 3 * (n + 1) - 1
    assert f"jobs {first} to {until} may be lost" in str(error)


def test_the_last_frame_is_rot_if_the_mark_vouches_for_it(sealed):
    change(sealed, segment_name(1), place(5) + 100, b"\xff\xff")
    error = refused(sealed)
    assert (error.path, error.offset) == (segment_name(1), place(5))
    assert "jobs from 12 on may be lost" in str(error)


def test_zeros_below_the_mark_are_rot(sealed):
    change(sealed, segment_name(1), place(4), bytes(2 * STEP))
    assert refused(sealed).offset == place(4)


def test_a_bad_frame_in_an_older_segment_is_rot(rolled):
    change(rolled, segment_name(2), SECTOR + 5000, b"\xff\xff")
    error = refused(rolled)
    assert (error.path, error.offset) == (segment_name(2), SECTOR)
    assert "batch 4 is damaged" in str(error)
    assert "may be lost" in str(error)


def test_a_bad_header_of_an_older_segment_is_rot(rolled):
    change(rolled, segment_name(3), 20, b"x")
    error = refused(rolled)
    assert (error.path, error.offset) == (segment_name(3), 0)
    assert "jobs 18 to 29 may be lost" in str(error)


def test_a_bad_header_of_the_last_segment_is_rot_if_frames_behind_vouch(machine):
    log = open_log(machine)
    write(log, 1, 1)
    before = contents(machine)[MARK]
    write(log, 2, 6, THIRD)
    restart(machine)
    change(machine, MARK, 0, before)
    for content in (b"x", bytes(SECTOR)):
        change(machine, segment_name(2), 0, content)
        assert "batch 5 was durable" in str(refused(machine))


def test_what_was_trimmed_may_rot(rolled):
    change(rolled, segment_name(1), 0, b"x" * 5000)
    assert found(rolled) == list(range(4, 11))


@pytest.mark.parametrize("number", [2, 3])
def test_a_segment_that_is_gone_is_missed(rolled, number):
    remove(rolled, segment_name(number))
    error = refused(rolled)
    assert (error.path, error.offset) == (segment_name(number), 0)
    assert "missing" in str(error)
    first, until = {2: (9, 21), 3: (18, 30)}[number]
    assert f"jobs {first} to {until - 1} may be lost" in str(error)


def test_a_last_segment_that_is_gone_is_missed_without_a_seal(machine):
    write(open_log(machine), 1, 4, THIRD)
    restart(machine)
    remove(machine, segment_name(2))
    error = refused(machine)
    assert error.path == segment_name(1)
    assert "batch 4 was durable" in str(error)


@pytest.mark.parametrize("size", [None, 0])
def test_the_segment_of_a_start_is_missed_before_anything_stands_still(five, size):
    """Under load no seal comes for a long time."""
    write(open_log(five), 6, 9, SIZE)
    restart(five)
    if size is None:
        remove(five, segment_name(2))
    else:
        file = five.names.memory[segment_name(2)]
        del file.memory[:], file.drive[:]
    assert "batch 6 was durable" in str(refused(five))


def test_a_last_segment_that_is_gone_is_missed_by_the_mark(sealed):
    remove(sealed, segment_name(1))
    assert refused(sealed).path == segment_name(1)


def test_a_file_shorter_than_it_was_made_is_rot(five):
    file = five.names.memory[segment_name(1)]
    del file.memory[place(5) + 10 :], file.drive[place(5) + 10 :]
    error = refused(five)
    assert error.offset == place(5) + 10
    assert f"made with {SMALL}" in str(error)
    assert "jobs from 1 on may be lost" in str(error)


def test_what_a_start_has_written_again_is_durable(five):
    before = contents(five)[MARK]
    write(open_log(five), 6, 6, SIZE)
    restart(five)
    change(five, segment_name(2), SECTOR + 100, b"x")
    change(five, segment_name(2), place(2), bytes(STEP))  # which would tell as well
    change(five, MARK, 0, before)
    assert "batch 5 was durable" in str(refused(five))


@pytest.mark.parametrize("pair", [(1, 2), (2, 3), (3, 4), (2, 4)])
def test_segments_exchanged_are_refused(rolled, pair):
    names = [segment_name(n) for n in pair]
    one, other = (contents(rolled)[name] for name in names)
    change(rolled, names[0], 0, other)
    change(rolled, names[1], 0, one)
    # Where the mark tells first, it names the end of the segment in front.
    assert refused(rolled).path in (segment_name(pair[0] - 1), *names, segment_name(3))


def test_what_a_file_shows_of_a_segment_long_gone_is_torn(rolled):
    gone, last = contents(rolled)[segment_name(1)], contents(rolled)[segment_name(5)]
    change(rolled, segment_name(5), 0, gone)
    assert last != gone
    assert (scan(rolled).torn.number, found(rolled)) == (5, [*range(4, 11)])


# Mark and store.


def test_a_mark_with_one_bad_half_will_do(sealed):
    for half in (0, SECTOR):
        whole = contents(sealed)[MARK]
        change(sealed, MARK, half, bytes(SECTOR))
        assert found(sealed) == [1, 2, 3, 4, 5]
        change(sealed, MARK, 0, whole)


@pytest.mark.parametrize("gone", [True, False])
def test_without_a_mark_there_is_no_telling(sealed, gone):
    if gone:
        remove(sealed, MARK)
    else:
        change(sealed, MARK, 0, bytes(2 * SECTOR))
    assert refused(sealed).path == MARK


def test_a_torn_end_beside_a_bad_half_of_the_mark_is_rot(sealed):
    """A crash tears one of them: here the newer half would have told of the batch."""
    newer = read_mark(contents(sealed)[MARK], scan(sealed).store).half
    change(sealed, MARK, newer * SECTOR, b"x")
    change(sealed, segment_name(1), place(5) + 100, b"x")
    error = refused(sealed)
    assert (error.path, error.offset) == (segment_name(1), place(5))
    assert "batch 5 is damaged, and so is `mark`" in str(error)


def test_of_the_mark_too_only_what_the_disk_has_is_believed(sealed):
    """A sync that failed leaves memory clean, and wrong."""
    sealed.names.memory[MARK].memory[:] = bytes(2 * SECTOR)
    assert found(sealed) == [1, 2, 3, 4, 5]


def test_the_mark_of_another_store_is_no_mark(sealed):
    change(sealed, MARK, 0, 2 * write_mark(bytes(16), 1, 5))
    assert refused(sealed).path == MARK


def test_a_bad_store_is_refused(sealed):
    change(sealed, STORE, 30, b"?")
    assert refused(sealed).path == STORE


# What is newer.


def test_a_newer_batch_is_refused_as_newer(machine, monkeypatch):
    log = open_log(machine)
    write(log, 1, 2)
    monkeypatch.setattr("penstock.log.frame.VERSION", 2)
    write(log, 3, 3)
    monkeypatch.undo()
    restart(machine)
    where = rf"{segment_name(1)} at offset {SECTOR + 2 * frame_size(20)}: .*version 2"
    with pytest.raises(NewerFormat, match=where):
        scan(machine)


def test_newer_batches_behind_damage_are_refused_as_newer(machine, monkeypatch):
    log = open_log(machine)
    write(log, 1, 1, SIZE)
    monkeypatch.setattr("penstock.log.frame.VERSION", 2)
    write(log, 2, 5, SIZE)
    monkeypatch.undo()
    restart(machine)
    change(machine, segment_name(1), place(2), b"rot")
    with pytest.raises(NewerFormat, match="version 2"):
        scan(machine)


def test_a_newer_segment_is_refused_as_newer(machine, monkeypatch):
    monkeypatch.setattr(layout, "FORMAT", 2)
    write(open_log(machine), 1, 1)
    restart(machine)
    monkeypatch.undo()
    with pytest.raises(NewerFormat, match=r"store: .*format 2"):
        scan(machine)
