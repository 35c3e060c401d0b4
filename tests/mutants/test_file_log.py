"""Nothing is told before it is durable, and nothing after a failure."""

from __future__ import annotations

import errno

import pytest

from penstock.errors import LogError
from penstock.testing.log_contract import sample
from tests.mutants.life import FIRST, Life, new_machine


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["pwritev", "fdatasync"])
def test_after_a_failed_write_nothing_is_told_and_nothing_taken(call, error):
    life = Life(new_machine())
    life.write(1, 1)
    life.rest()
    life.machine.fail(call, error=error)
    life.log.append(sample(2))
    life.rest()
    assert life.told == [1]
    assert len(life.errors) == 1
    assert call in str(life.errors[0])
    assert "nothing is acknowledged" in str(life.errors[0])
    with pytest.raises(LogError):
        life.log.append(sample(3))


def test_a_full_disk_is_no_failure_while_a_segment_is_prepared():
    life = Life(new_machine())
    life.write(1, 1)
    life.machine.fail("pwrite", error=errno.ENOSPC)
    life.write(2, 3)
    life.rest()
    assert life.machine.fired == [("pwrite", errno.ENOSPC)]
    assert life.errors == []
    assert life.told == [1, 2, 3]


@pytest.mark.parametrize("seed", range(20))
def test_trimming_may_be_cut_off_at_any_call(seed):
    for calls in range(0, 40, 3):
        machine = new_machine(seed)
        life = Life(machine)
        life.write(1, 9)
        life.rest()
        life.log.trim(7)
        life.log.append(sample(10))
        for _ in range(calls):
            life.disk.step(hurried=True)
            life.log.settle()
        machine.power_cut()
        assert Life(machine).found[-2:] in ([8, 9], [9, 10])


def test_a_file_stays_until_the_disk_knows_that_it_is_not_needed():
    life = Life(new_machine())
    life.write(1, 9)
    life.rest()
    life.log.trim(7)
    life.log.settle()
    life.rest()
    assert FIRST in life.machine.names.memory
    life.write(10, 10)
    life.rest()
    assert FIRST not in life.machine.names.memory
