"""A simulated machine: its system calls, and what power cuts and kills leave."""

import errno
from random import Random

import pytest

from penstock.testing import ManualClock
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import ProcessEnded, SimMachine


def a_machine(seed: int = 1, **options) -> SimMachine:
    return SimMachine(Random(seed), ManualClock(), **options)


def content(machine: SimMachine, name: str) -> bytes:
    return bytes(machine.names.memory[name].memory)


def test_system_calls_are_counted_by_name():
    machine = a_machine()
    folder = SimFolder(machine)
    folder.create("a", 10)
    folder.write("a", 0, b"x")
    folder.remove("a")
    folder.sync()
    assert machine.calls == {
        "openat": 2,
        "pwrite": 2,
        "fsync": 3,
        "fdatasync": 1,
        "unlink": 1,
    }


def test_the_nth_call_fails_with_the_given_error_and_no_other():
    machine = a_machine()
    folder = SimFolder(machine)
    folder.create("a", 1)
    machine.fail("pwrite", 2, errno.EDQUOT)
    folder.write("a", 0, b"1")
    with pytest.raises(OSError, match="pwrite") as caught:
        folder.write("a", 0, b"2")
    assert (caught.value.errno, caught.value.filename) == (errno.EDQUOT, "pwrite")
    folder.write("a", 0, b"3")
    assert content(machine, "a") == b"3"
    assert machine.fired == [("pwrite", errno.EDQUOT)]


def test_a_write_may_be_short_and_is_gone_on_with():
    machine = a_machine()
    folder = SimFolder(machine)
    machine.shorten("pwrite", 1, 3)
    folder.create("a", 10)
    assert content(machine, "a") == bytes(10)
    assert machine.calls["pwrite"] == 2


def test_a_failed_sync_leaves_pages_clean_and_the_second_one_succeeds():
    """As ext4, XFS and btrfs do: the error is told once, and reads hide it."""
    lost = 0
    for seed in range(40):
        machine = a_machine(seed)
        folder = SimFolder(machine)
        folder.create("a", 512)
        machine.fail("fdatasync", 1, errno.ENOSPC)
        with pytest.raises(OSError, match="fdatasync"):
            folder.write("a", 0, b"x" * 512)
        assert folder.read("a", 0, 512) == b"x" * 512
        folder.distrust("a")  # its sync succeeds
        lost += folder.read("a", 0, 512) == bytes(512)
    assert 5 < lost < 35


def test_a_power_cut_takes_what_was_not_synced():
    outcomes = set()
    for seed in range(60):
        machine = a_machine(seed)
        folder = SimFolder(machine)
        folder.create("a", 1)
        folder.write("a", 0, b"1")
        file = machine.open_file("a", machine.process)
        machine.write("pwrite", file, 0, b"2", machine.process)
        machine.create_file("b", machine.process)
        machine.power_cut()
        outcomes.add((content(machine, "a"), "b" in machine.names.memory))
    assert outcomes == {(b"1", True), (b"1", False), (b"2", True), (b"2", False)}


def test_a_kill_takes_nothing_that_was_written():
    machine = a_machine()
    folder = SimFolder(machine)
    folder.create("a", 1)
    file = machine.open_file("a", machine.process)
    machine.write("pwrite", file, 0, b"2", machine.process)
    machine.create_file("b", machine.process)
    machine.kill()
    assert content(machine, "a") == b"2"
    assert "b" in machine.names.memory


def test_a_kill_may_uncover_what_a_failed_sync_has_lost():
    found = set()
    for seed in range(80):
        machine = a_machine(seed)
        folder = SimFolder(machine)
        folder.create("a", 1)
        machine.fail("fdatasync")
        with pytest.raises(OSError, match="fdatasync"):
            folder.write("a", 0, b"1")
        machine.kill()
        found.add(content(machine, "a"))
    assert found == {b"\0", b"1"}


def test_a_process_that_has_ended_calls_nothing_any_more():
    machine = a_machine()
    folder = SimFolder(machine)
    folder.create("a", 1)
    for end in (machine.kill, machine.power_cut):
        end()
        with pytest.raises(ProcessEnded):
            folder.sync()
        folder = SimFolder(machine)
        folder.sync()


def test_a_process_may_end_within_any_call_and_its_write_be_cut_short():
    sizes = set()
    for seed in range(60):
        machine = a_machine(seed)
        folder = SimFolder(machine)
        machine.end_process_after(1)
        with pytest.raises(ProcessEnded):
            folder.create("a", 3)
        with pytest.raises(ProcessEnded):
            folder.sync()
        machine.kill()
        sizes.add(len(content(machine, "a")))
        assert SimFolder(machine).names() == ["a"]
    assert sizes == {0, 1, 2, 3}


def test_faults_are_those_of_one_process():
    machine = a_machine()
    machine.fail("fsync", 1)
    machine.end_process_after(3)
    machine.kill()
    folder = SimFolder(machine)
    for _ in range(5):
        folder.sync()
    assert machine.calls == {"fsync": 5}


def test_a_drive_is_full_where_it_has_an_end():
    machine = a_machine(capacity=1000)
    folder = SimFolder(machine)
    folder.create("a", 600)
    assert folder.room() == 400
    with pytest.raises(OSError, match="pwrite") as caught:
        folder.create("b", 600)
    assert caught.value.errno == errno.ENOSPC
    folder.write("a", 0, bytes(600))
    folder.remove("b")
    folder.create("c", 400)
    assert folder.room() == 0


def test_a_lying_drive_syncs_less_than_it_says_and_counts_it():
    machine = a_machine()
    folder = SimFolder(machine)
    folder.create("a", 1)
    machine.lies = 1.0
    folder.write("a", 0, b"1")
    machine.forgets = 1.0
    folder.remove("a")
    folder.sync()
    assert machine.skipped == 2
    assert bytes(machine.names.drive["a"].drive) == b"\0"


def test_a_failed_folder_sync_is_made_up_for_by_the_next():
    machine = a_machine()
    folder = SimFolder(machine)
    machine.fail("fsync", 2)
    with pytest.raises(OSError, match="fsync"):
        folder.create("a", 1)
    folder.sync()
    assert list(machine.names.drive) == ["a"]


def test_what_a_removed_file_held_may_show_in_the_next():
    machine = a_machine()
    folder = SimFolder(machine)
    folder.create("a", 512)
    folder.write("a", 0, b"s" * 512)
    folder.remove("a")
    shown = set()
    for seed in range(100):
        machine.chance.seed(seed)
        file = machine.create_file("b", machine.process)
        machine.write("pwrite", file, 0, b"n" * 512, machine.process)
        file.settle(machine.chance)
        shown.add(bytes(file.drive[:1]))
    assert shown == {b"", b"n", b"s"}
