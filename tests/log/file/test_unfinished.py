"""A folder that is being filled is no server's until that is done."""

import pytest

from penstock.errors import LogUnfinished
from penstock.log.file import unfinished
from penstock.log.file.layout import UNFINISHED
from penstock.testing.sim_folder import SimFolder
from tests.log.file.machine import contents, drive, new_machine, open_log, write


@pytest.fixture
def broken_off():
    """A machine whose power went while its folder was filled."""
    machine = new_machine()
    log = open_log(machine)
    unfinished.begin(log.folder)
    write(log, 1, 3)
    drive(log, machine)
    machine.power_cut()
    return machine


def test_no_server_starts_on_it(broken_off):
    before = contents(broken_off)
    with pytest.raises(LogUnfinished, match="begins anew"):
        open_log(broken_off)
    assert contents(broken_off) == before


def test_what_is_there_is_swept_away_and_begun_anew(broken_off):
    unfinished.sweep(SimFolder(broken_off))
    broken_off.power_cut()
    log = open_log(broken_off)
    assert log.recovered == []
    write(log, 1, 2)


def test_a_sweep_that_is_broken_off_is_done_again(broken_off):
    """Wherever it stops, no server takes what is left for all there was."""
    for name in sorted(contents(broken_off).keys() - {UNFINISHED}):
        SimFolder(broken_off).remove(name)
        broken_off.power_cut()
        with pytest.raises(LogUnfinished):
            open_log(broken_off)
        broken_off.kill()
    unfinished.sweep(SimFolder(broken_off))
    broken_off.kill()
    assert open_log(broken_off).recovered == []


def test_a_folder_that_is_whole_is_left_alone():
    machine = new_machine()
    log = open_log(machine)
    unfinished.begin(log.folder)
    write(log, 1, 3)
    unfinished.end(log.folder)
    machine.power_cut()
    before = contents(machine)
    unfinished.sweep(SimFolder(machine))
    assert contents(machine) == before
    assert len(open_log(machine).recovered) == 3
