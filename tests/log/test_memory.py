"""The log in memory, beyond the contract of all logs."""

import pytest

from penstock.errors import LogError
from penstock.log.memory import MemoryLog
from penstock.testing.log_contract import assert_same, sample


@pytest.fixture
def told():
    return []


def filled(told, *, retain, last=3):
    log = MemoryLog(retain=retain)
    log.start(told.append, told.append)
    for seq in range(1, last + 1):
        log.append(sample(seq))
    return log


def test_it_tells_of_a_batch_before_append_returns(told):
    filled(told, retain=False)
    assert told == [1, 2, 3]


def test_it_forgets_at_once_unless_asked_to_retain(told):
    log = filled(told, retain=False)
    assert list(log.read(1)) == []
    usage = log.usage()
    assert (usage.used, usage.oldest, usage.durable) == (0, 4, 3)


def test_a_log_that_begins_late_keeps_its_numbers(told):
    log = MemoryLog(retain=True)
    log.append(sample(41))
    log.append(sample(42))
    assert_same(list(log.read(42)), [sample(42)])
    assert log.usage().oldest == 41


def test_batches_are_chained_by_their_checksums(told):
    log = filled(told, retain=True)
    assert_same(list(log.read(1)), [sample(1), sample(2), sample(3)])
    log.trim(1)
    assert_same(list(log.read(1)), [sample(2), sample(3)])
    assert_same(list(log.read(3)), [sample(3)])


def test_trimming_everything_leaves_the_next_number_known(told):
    log = filled(told, retain=True)
    log.trim(99)
    assert log.usage().oldest == 4
    log.append(sample(4))
    assert_same(list(log.read(1)), [sample(4)])


def test_a_closed_log_can_still_be_read(told):
    log = filled(told, retain=True)
    log.close()
    with pytest.raises(LogError, match="closed"):
        log.append(sample(4))
    assert len(list(log.read(1))) == 3
