"""A binlog's jobs as ours."""

from penstock.beanstalkd.binlog import opened
from penstock.beanstalkd.jobs import jobs, oldest
from penstock.core.job import BURIED
from penstock.server.intake import Job
from tests.beanstalkd import records
from tests.beanstalkd.records import HEADER, SECOND, WALL, record, update


def taken(folder, *parts):
    (folder / "binlog.1").write_bytes(HEADER + b"".join(parts))
    with opened(folder, lambda done, total: None) as found:
        return list(jobs(found)), oldest(found)


def test_a_job_has_all_of_itself(tmp_path):
    (job,), _since = taken(
        tmp_path,
        record(7, b"t", b"body", pri=9, delay=3, deadline=WALL + 8),
        update(7, records.BURIED, b"body", pri=10, delay=3, deadline=WALL + 8),
    )
    counters = (1, 2, 3, 4, 6)
    assert job == Job(
        7, b"t", b"body", 10, 3, 60 * SECOND, BURIED, WALL, WALL + 8, 1, counters
    )


def test_jobs_come_in_order_of_their_ids(tmp_path):
    found, _since = taken(tmp_path, *(record(id) for id in (3, 1, 2)))
    assert [job.id for job in found] == [1, 2, 3]


def test_the_oldest_tells_when_the_store_begins(tmp_path):
    _found, since = taken(
        tmp_path, record(1, created=WALL + 5), record(2, created=WALL - 5)
    )
    assert since == WALL - 5
    assert taken(tmp_path) == ([], None)
