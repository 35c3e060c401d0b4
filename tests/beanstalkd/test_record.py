"""One record of a binlog: what is taken for one, and what is not."""

import pytest

from penstock.beanstalkd.record import BadRecord, Format, Numbers
from penstock.core.job import BURIED, DELAYED, READY
from tests.beanstalkd import records
from tests.beanstalkd.records import SECOND, WALL, record, update

LITTLE = Format("<")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_whole_record_says_all_of_a_job(order):
    content = b"...." + record(7, b"a-tube", b"a body", order=order, pri=9, delay=3)
    found = Format(order).read(content, 4)
    assert found is not None
    assert found.tube == b"a-tube"
    assert content[found.body : found.end] == b"a body\r\n"
    assert found.end == len(content)
    assert found.numbers == Numbers(
        7, 9, 3, 60 * SECOND, 6, READY, WALL, 0, 1, 2, 3, 4, 6
    )


def test_an_update_has_no_tube_and_no_body():
    content = update(7, records.BURIED)
    found = LITTLE.read(content, 0)
    assert found is not None
    assert (found.tube, found.end) == (b"", len(content))
    assert found.numbers.state == BURIED


STATES = [
    (records.GONE, 0),
    (records.READY, READY),
    (records.RESERVED, READY),
    (records.BURIED, BURIED),
    (records.DELAYED, DELAYED),
]


@pytest.mark.parametrize(("theirs", "ours"), STATES)
def test_states_are_ours_and_nobody_holds_a_job(theirs, ours):
    found = LITTLE.read(update(7, theirs), 0)
    assert found is not None
    assert found.numbers.state == ours


@pytest.mark.parametrize("count", [0, 1, 83, 84, 200])
def test_zeros_are_the_end(count):
    assert LITTLE.read(bytes(count), 0) is None


BAD = {
    "a record is cut off": b"\x04\0\0\0mail\1",
    "no tube has so long a name": b"\xc9" + bytes(3) + bytes(300),
    "no tube has such a name": record(1, b"a tube"),
    "no job has such an id": record(0),
    "no job is in such a state": record(1, state=5),
    "no body has such a size": record(1, size=1),
    "a body does not end where it should": record(1, size=6),
    "a job that is gone has a body": record(1, state=records.GONE),
}


@pytest.mark.parametrize("reason", BAD)
def test_what_is_no_record_says_why(reason):
    with pytest.raises(BadRecord, match=reason):
        LITTLE.read(BAD[reason], 0)


@pytest.mark.parametrize("count", range(1, len(record(1))))
def test_no_part_of_a_record_is_taken_for_one(count):
    with pytest.raises(BadRecord):
        LITTLE.read(record(1)[:count], 0)


def test_whose_body_is_cut_off_is_said():
    with pytest.raises(BadRecord) as caught:
        LITTLE.read(record(17)[:-3], 0)
    assert caught.value.id == 17


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_looks_like_jobs_behind_a_place_is_found(order):
    jobs = b"".join(record(id, order=order) for id in (4, 5, 6))
    content = b"noise" + jobs
    assert list(Format(order).ids_behind(content, 0)) == [4, 5, 6]
    assert list(Format(order).ids_behind(content, 6)) == [5, 6]
