"""Whatever is damaged, and in however many places: a repair where the start names the
damage gives a log that starts, ends with what was written, and takes more."""

import contextlib
from random import Random

import pytest

from penstock.errors import FormatError, LogCorrupt
from penstock.log.file.cut import numbers, plan, readable
from penstock.log.file.layout import segment_number
from penstock.log.file.repair import carry_out
from penstock.testing.damage import Damage
from penstock.testing.log_contract import is_same, sample
from penstock.testing.sim_folder import SimFolder
from penstock.testing.verdicts import SEGMENT, files_of, machine_with
from tests.log.file.machine import open_log, restart

CASES = 25  # of each test
BEHIND = 1 << 40  # an offset behind everything


def damaged_more_than_once(damage):
    """Give the files of a folder that has met with one to three mishaps."""
    whole = damage.files
    for _ in range(damage.chance.choice((1, 2, 2, 3))):
        kind = damage.chance.choice(damage.kinds())
        # What it would damage may be gone.
        with contextlib.suppress(KeyError, ValueError, IndexError):
            damage.files = kind()
    damage.files, files = whole, damage.files
    return files


def place_of(folder, error):
    number = segment_number(error.path)
    if number is None:  # a small file: the log has to be believed
        return max(numbers(folder), default=1), BEHIND
    return number, error.offset


def planned(folder, error):
    """Plan a cut where a start names damage, or where a plan names it in front."""
    place = place_of(folder, error)
    try:
        return plan(folder, *place)
    except LogCorrupt as found:
        earlier = found
    assert place_of(folder, earlier) < place
    return planned(folder, earlier)


def readable_batches(folder, cut):
    return {frame.stored.seq for _name, frame in readable(folder, cut.store)}


def started(machine):
    """Start; where that is refused, repair as told and start once more."""
    try:
        return open_log(machine, size=SEGMENT)
    except (LogCorrupt, FormatError) as error:
        machine.kill()
        folder = SimFolder(machine)
        before = files_of(machine)
        cut = planned(folder, error)
        assert files_of(machine) == before
        seen = readable_batches(folder, cut)
        carry_out(folder, cut)
        assert seen <= readable_batches(folder, cut)
        machine.kill()
        return open_log(machine, size=SEGMENT)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_repair_as_told_gives_a_log_that_goes_on(seed):
    damage = Damage(Random(seed))
    for _ in range(CASES):
        machine = machine_with(damaged_more_than_once(damage))
        log = started(machine)
        found = log.recovered
        written = [stored for stored in found if stored.payload]
        assert damage.original.is_beginning(written)
        fresh = sample(found[-1].seq + 1 if found else 1)
        log.append(fresh)
        log.finish()
        restart(machine)
        again = open_log(machine, size=SEGMENT).recovered
        assert [stored.seq for stored in again[: len(found)]] == [
            stored.seq for stored in found
        ]
        assert is_same(again[len(found)], fresh)
