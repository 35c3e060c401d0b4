"""The folder of a simulated machine, and that every call of it can be the last."""

from random import Random

import pytest

from penstock.errors import LogBusy
from penstock.testing import ManualClock
from penstock.testing.sim_folder import SimFolder
from penstock.testing.sim_machine import ProcessEnded, SimMachine


@pytest.fixture
def machine():
    return SimMachine(Random(1), ManualClock())


@pytest.fixture
def folder(machine):
    return SimFolder(machine)


def test_a_folder_is_locked_until_it_is_closed(machine, folder):
    folder.lock()
    other = SimFolder(machine)
    with pytest.raises(LogBusy, match="another process"):
        other.lock()
    other.close()
    with pytest.raises(LogBusy):
        other.lock()
    folder.close()
    other.lock()


@pytest.mark.parametrize("end", [SimMachine.kill, SimMachine.power_cut])
def test_a_lock_ends_with_its_process(machine, folder, end):
    folder.lock()
    end(machine)
    SimFolder(machine).lock()
    folder.close()  # by a process that is gone
    with pytest.raises(LogBusy):
        SimFolder(machine).lock()


def test_a_created_file_is_full_of_zeros_and_durable(machine, folder):
    folder.create("a", 700)
    machine.power_cut()
    after = SimFolder(machine)
    assert after.size("a") == 700
    assert after.read("a", 0, 1000) == bytes(700)
    assert after.read("a", 600, 1000) == bytes(100)


def test_creating_replaces_a_leftover(folder):
    folder.create("a", 9)
    folder.write("a", 0, b"left over")
    folder.create("a", 3)
    assert folder.read("a", 0, 9) == bytes(3)


def test_an_overwrite_is_durable(machine, folder):
    folder.create("a", 10)
    folder.write("a", 3, b"xyz")
    machine.power_cut()
    assert SimFolder(machine).read("a", 0, 10) == b"\0\0\0xyz\0\0\0\0"


def test_names_are_sorted_and_the_quarantine_is_apart(machine, folder):
    for name in ("b", "a", "quarantine/c"):
        folder.replace(name, b"cut")
    assert folder.names() == ["a", "b"]
    assert machine.quarantined() == {"quarantine/c": b"cut"}


def test_what_is_missing_is_an_error_that_names_it(folder):
    for look in (folder.size, folder.distrust, folder.remove):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            look("nowhere")
    with pytest.raises(FileNotFoundError):
        folder.read("nowhere", 0, 1)
    with pytest.raises(FileNotFoundError):
        folder.write("nowhere", 0, b"1")


def test_a_removal_is_durable_once_the_folder_is_synced(machine, folder):
    kept = 0
    for name in map(str, range(50)):
        folder.create(name, 1)
        folder.remove(name)
        machine.power_cut()
        folder = SimFolder(machine)
        kept += name in folder.names()
    assert 5 < kept < 45
    for name in folder.names():
        folder.remove(name)
    folder.sync()
    machine.power_cut()
    assert SimFolder(machine).names() == []


def test_distrust_keeps_what_a_killed_process_wrote(machine):
    file = machine.create_file("a", machine.process)
    machine.write("pwrite", file, 0, b"abc", machine.process)
    machine.kill()
    folder = SimFolder(machine)
    folder.distrust("a")
    assert folder.read("a", 0, 3) == b"abc"
    assert bytes(file.drive) == b"abc"


def test_there_is_room_without_end_where_nothing_else_is_said(folder):
    assert folder.room() > 1 << 40


def replaced_until(calls: int, seed: int) -> tuple[bytes | None, list[str], bool]:
    """What a power cut after so many system calls leaves of a replacement."""
    machine = SimMachine(Random(seed), ManualClock())
    SimFolder(machine).replace("store", b"old" * 300)
    machine.end_process_after(calls)
    ended = False
    try:
        SimFolder(machine).replace("store", b"new" * 400)
    except ProcessEnded:
        ended = True
    machine.power_cut()
    after = SimFolder(machine)
    found = after.read("store", 0, 5000) if "store" in after.names() else None
    return found, after.names(), ended


def test_a_replacement_is_all_or_nothing_wherever_the_power_is_cut():
    found, leftovers = set(), 0
    for calls in range(5):
        for seed in range(40):
            content, names, ended = replaced_until(calls, seed)
            assert ended
            found.add(content)
            leftovers += "store.new" in names
    assert found == {b"old" * 300, b"new" * 400}
    assert leftovers > 0
    assert replaced_until(5, 1) == (b"new" * 400, ["store"], False)
