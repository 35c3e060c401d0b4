"""pystalk, from PyPI."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.servers import ServerProcess

pystalk = pytest.importorskip("pystalk")


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Any]:
    client = pystalk.BeanstalkClient("127.0.0.1", server.port, auto_decode=True)
    yield client
    client.close()


def refused(word: str):
    return pytest.raises(pystalk.BeanstalkError, match=word)


def test_a_job_is_put_reserved_and_deleted(client) -> None:
    _, id = client.put_job("hällo")
    job = client.reserve_job(timeout=0)
    assert (job.job_id, job.job_data) == (id, "hällo")
    client.delete_job(job.job_id)
    with refused("NOT_FOUND"):
        client.delete_job(job.job_id)


def test_a_job_is_buried_peeked_at_and_kicked(client) -> None:
    client.put_job("a")
    job = client.reserve_job(timeout=0)
    client.bury_job(job.job_id)
    assert client.peek_buried().job_id == job.job_id
    assert client.kick_jobs(10) == (b"KICKED", 1)
    assert client.peek_ready().job_data == "a"
    client.bury_job(client.reserve_job(timeout=0).job_id)
    client.kick_job(job.job_id)
    assert [job.job_data for job in client.reserve_iter()] == ["a"]


def test_a_job_is_released_with_a_delay(client) -> None:
    client.put_job("a")
    job = client.reserve_job(timeout=0)
    client.release_job(job.job_id, pri=3, delay=100)
    assert client.peek_delayed().job_id == job.job_id
    stats = client.stats_job(job.job_id)
    assert (stats["state"], stats["pri"], stats["delay"]) == ("delayed", 3, 100)
    with refused("TIMED_OUT"):
        client.reserve_job(timeout=0)


def test_tubes_are_used_watched_ignored_and_listed(client) -> None:
    client.put_job_into("blue", "a")
    client.watch("blue")  # the first watch ignores default
    assert client.reserve_job(timeout=0).job_data == "a"
    assert set(client.list_tubes()) == {"default", "blue"}
    assert client.watchlist == {"blue"}


def test_a_tube_is_paused(client) -> None:
    client.put_job("a")
    client.pause_tube("default", 100)
    with refused("TIMED_OUT"):
        client.reserve_job(timeout=0)
    assert client.stats_tube("default")["pause"] == 100
    client.unpause_tube("default")
    assert client.reserve_job(timeout=0).job_data == "a"


def test_all_stats_are_read_as_yaml(client) -> None:
    _, id = client.put_job("a")
    stats = client.stats()
    assert (stats["current-jobs-ready"], stats["draining"]) == (1, False)
    assert isinstance(stats["version"], str)
    assert client.stats_job(id)["tube"] == "default"
    assert client.stats_tube("default")["total-jobs"] == 1


def test_what_cannot_be_done_is_refused(client) -> None:
    with refused("JOB_TOO_BIG"):
        client.put_job("x" * 65536)
    with refused("NOT_FOUND"):
        client.peek_ready()
    with refused("NOT_FOUND"):
        client.stats_tube("nope")


def test_a_draining_server_takes_no_jobs(client, server: ServerProcess) -> None:
    server.drain()
    with refused("DRAINING"):
        client.put_job("late")
