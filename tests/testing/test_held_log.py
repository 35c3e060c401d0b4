"""The log that holds its batches until the test lets them go."""

import pytest

from penstock.errors import LogError
from penstock.log import Stored
from penstock.testing.held_log import HeldLog
from penstock.testing.log_contract import assert_same, sample


@pytest.fixture
def told():
    return []


@pytest.fixture
def log(told):
    log = HeldLog()
    log.start(told.append, told.append)
    return log


def test_a_batch_is_not_durable_until_it_is_released(log, told):
    log.append(sample(1))
    assert (told, list(log.read(1)), log.usage().durable) == ([], [], 0)
    assert log.release() == 1
    assert told == [1]
    assert log.usage().durable == 1
    assert_same(list(log.read(1)), [sample(1)])


def test_one_batch_is_in_flight_at_a_time(log):
    log.append(sample(1))
    with pytest.raises(AssertionError, match="still in flight"):
        log.append(sample(2))


def test_what_is_appended_on_release_is_released_too_when_asked_for_all(log, told):
    log.start(lambda seq: seq < 3 and log.append(sample(seq + 1)), told.append)
    log.append(sample(1))
    log.release_all()
    assert_same(list(log.read(1)), [sample(1), sample(2), sample(3)])


def test_a_failure_is_told_and_nothing_is_taken_after_it(log, told):
    log.append(sample(1))
    error = OSError("no such disk")
    log.fail(error)
    assert told == [error]
    with pytest.raises(LogError):
        log.append(sample(2))
    found: list[Stored] = []
    log.recover(found.append)
    assert found == []


def test_bytes_are_taken_when_the_batch_is_appended(log):
    batch = sample(1)
    log.append(batch)
    batch.content = b"overwritten"
    log.release()
    assert_same(list(log.read(1)), [sample(1)])


def test_trimming_forgets_and_closing_refuses(log):
    for seq in (1, 2, 3):
        log.append(sample(seq))
        log.release()
    log.trim(2)
    assert log.usage().oldest == 3
    log.seal()
    assert log.seals == 1
    log.close()
    with pytest.raises(LogError):
        log.append(sample(4))
