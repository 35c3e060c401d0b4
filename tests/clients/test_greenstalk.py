"""greenstalk, from PyPI."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.servers import ServerProcess

greenstalk = pytest.importorskip("greenstalk")


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Any]:
    with greenstalk.Client(("127.0.0.1", server.port)) as client:
        yield client


def test_a_job_is_put_reserved_and_deleted(client) -> None:
    id = client.put("hällo\r\n", priority=7, ttr=30)
    job = client.reserve()
    assert (job.id, job.body) == (id, "hällo\r\n")
    client.touch(job)
    client.delete(job)
    with pytest.raises(greenstalk.NotFoundError):
        client.delete(job)


def test_a_job_is_buried_peeked_at_and_kicked(client) -> None:
    client.put("a")
    job = client.reserve()
    client.bury(job)
    assert client.peek_buried().id == job.id
    assert client.kick(10) == 1
    assert client.peek_ready().id == job.id
    client.bury(client.reserve_job(job.id))
    client.kick_job(job)
    assert client.peek(job.id).body == "a"


def test_a_job_is_released_with_a_delay(client) -> None:
    client.put("a")
    job = client.reserve()
    client.release(job, priority=3, delay=100)
    assert client.peek_delayed().id == job.id
    stats = client.stats_job(job)
    assert (stats["state"], stats["pri"], stats["delay"]) == ("delayed", 3, 100)
    with pytest.raises(greenstalk.TimedOutError):
        client.reserve(timeout=0)


def test_tubes_are_used_watched_ignored_and_listed(client) -> None:
    client.use("blue")
    assert client.watch("red") == 2
    assert client.using() == "blue"
    assert set(client.watching()) == {"default", "red"}
    assert set(client.tubes()) == {"default", "red", "blue"}
    assert client.ignore("default") == 1
    with pytest.raises(greenstalk.NotIgnoredError):
        client.ignore("red")


def test_a_tube_is_paused(client) -> None:
    client.put("a")
    client.pause_tube("default", 100)
    with pytest.raises(greenstalk.TimedOutError):
        client.reserve(timeout=0)
    assert client.stats_tube("default")["pause"] == 100
    client.pause_tube("default", 0)
    assert client.reserve(timeout=0).body == "a"


def test_all_stats_are_read(client) -> None:
    id = client.put("a")
    stats = client.stats()
    assert (stats["current-jobs-ready"], stats["total-jobs"]) == (1, 1)
    assert stats["draining"] == "false"
    assert len(stats) >= 51
    tube, job = client.stats_tube("default"), client.stats_job(id)
    assert (tube["name"], job["tube"]) == ("default", "default")
    assert min(len(tube), len(job)) >= 14


def test_what_cannot_be_done_is_refused(client) -> None:
    with pytest.raises(greenstalk.JobTooBigError):
        client.put("x" * 65536)
    with pytest.raises(greenstalk.NotFoundError):
        client.peek_ready()
    with pytest.raises(greenstalk.BadFormatError):
        client.use(":")
    client.put("short", ttr=1)
    client.reserve()
    with pytest.raises(greenstalk.DeadlineSoonError):
        client.reserve()


def test_a_draining_server_takes_no_jobs(client, server: ServerProcess) -> None:
    client.put("before")
    server.drain()
    with pytest.raises(greenstalk.DrainingError):
        client.put("after")
    assert client.reserve().body == "before"
