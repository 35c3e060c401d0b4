"""A binlog's jobs as ours."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.beanstalkd.binlog import Binlog, Found
from penstock.server.intake import Job


def oldest(found: Binlog) -> int | None:
    """Tell when the oldest job was created; None where there is no job."""
    return min((job.numbers.created for job in found.jobs.values()), default=None)


def jobs(found: Binlog) -> Iterator[Job]:
    """Give the jobs in order of their ids."""
    for id in sorted(found.jobs):
        yield _job(found.jobs[id])


def _job(job: Found) -> Job:
    numbers = job.numbers
    return Job(
        numbers.id,
        job.tube,
        job.body(),
        numbers.pri,
        numbers.delay,
        numbers.ttr,
        numbers.state,
        numbers.created,
        numbers.deadline,
        job.place,
        (
            numbers.reserves,
            numbers.timeouts,
            numbers.releases,
            numbers.buries,
            numbers.kicks,
        ),
    )
