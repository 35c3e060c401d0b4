"""The load asks for everything, and asks the same again for the same seed."""

from __future__ import annotations

from collections import Counter
from random import Random

from penstock.testing.history import Operation
from penstock.testing.load import BEYOND, MOST_ALIVE, Jobs, Load, Request


def told(verb, *words, connection=1, **asked):
    """A command that was answered, as the load learns of it."""
    asked.setdefault("id", int(words[1]) if len(words) > 1 else 0)
    return Operation(1, connection, 1, verb, 0, answered=1, words=words, **asked)


def requests(seed, count=3000):
    """What a load asks for while jobs 1 to 20 are there, some held."""
    jobs = Jobs()
    for id in range(1, 21):
        jobs.learn(told("put", "INSERTED", str(id), tube="alder"))
    for id in range(1, 7):
        jobs.learn(told("reserve", "RESERVED", str(id), "3", connection=id % 3))
    load = Load(seed, jobs)
    return [load.request(number % 6, ("alder",)) for number in range(count)]


def test_the_same_seed_asks_for_the_same():
    assert requests("1", 300) == requests("1", 300)
    assert requests("1", 300) != requests("2", 300)


def test_everything_is_asked_for():
    assert {request.verb for request in requests("1")} == {
        "put",
        "reserve",
        "reserve-with-timeout",
        "delete",
        "release",
        "bury",
        "touch",
        "kick",
        "kick-job",
        "pause-tube",
        "peek",
        "peek-ready",
        "peek-delayed",
        "peek-buried",
        "stats-job",
    }


def test_bodies_are_of_all_sizes_and_tell_one_from_another():
    load = Load("1", Jobs())
    bodies = [load.body() for _ in range(2000)]
    sizes = {len(body) for body in bodies}
    assert {0, 1, 16384, 65535} <= sizes
    named = [body for body in bodies if len(body) >= 10]
    assert len(set(named)) == len(named) > 1900
    assert any(b"\r\n" in body for body in named)
    assert any(b"\0" in body for body in named)


def test_bodies_are_no_larger_than_allowed():
    load = Load("1", Jobs(), largest=100)
    assert max(len(load.body()) for _ in range(1000)) == 100


def test_where_many_jobs_are_more_are_consumed_than_put():
    jobs = Jobs()
    for id in range(1, MOST_ALIVE + 2):
        jobs.learn(told("put", "INSERTED", str(id)))
    load = Load("1", jobs)
    verbs = Counter(load.request(0, ()).verb for _ in range(500))
    assert verbs["put"] == 0
    assert verbs["reserve-with-timeout"] > 100


def test_a_request_is_a_line():
    lines = {
        Request(
            "put", pri=1, delay=2, ttr=3, body=b"x\r\n"
        ): b"put 1 2 3 3\r\nx\r\n\r\n",
        Request("put", body=b""): b"put 0 0 0 0\r\n\r\n",
        Request("reserve", tubes=("t",)): b"reserve\r\n",
        Request("reserve-with-timeout", seconds=1): b"reserve-with-timeout 1\r\n",
        Request("release", id=7, pri=1, delay=2): b"release 7 1 2\r\n",
        Request("bury", id=7, pri=1): b"bury 7 1\r\n",
        Request("delete", id=7): b"delete 7\r\n",
        Request("kick", tube="t", bound=5): b"kick 5\r\n",
        Request("kick-job", id=7): b"kick-job 7\r\n",
        Request("pause-tube", tube="t", seconds=5): b"pause-tube t 5\r\n",
        Request("peek-ready", tube="t"): b"peek-ready\r\n",
        Request("watch", tube="t"): b"watch t\r\n",
        Request("stats"): b"stats\r\n",
    }
    assert [request.line() for request in lines] == list(lines.values())


def test_jobs_are_known_from_what_was_answered():
    jobs = Jobs()
    jobs.learn(told("put", "INSERTED", "4", tube="t"))
    jobs.learn(told("put", "BURIED", "5", tube="u"))
    jobs.learn(told("reserve", "RESERVED", "4", "1", connection=2))
    jobs.learn(told("peek", "FOUND", "9", "1"))
    assert jobs.alive == {4: "t", 5: "u", 9: ""}
    assert (jobs.held[2], jobs.highest) == ([4], 9)
    jobs.learn(told("release", "RELEASED", id=4, connection=2))
    assert jobs.held[2] == []
    jobs.learn(told("delete", "DELETED", id=4))
    assert (set(jobs.alive), jobs.gone) == ({5, 9}, {4})


def test_a_look_asks_for_what_may_be_there_and_once_for_what_was_deleted():
    jobs = Jobs()
    for id in range(1, 1001):
        jobs.learn(told("put", "INSERTED", str(id)))
    for id in range(1, 901):
        jobs.learn(told("delete", "DELETED", id=id))
    first, second = (jobs.to_look_at(Random(seed)) for seed in (1, 2))
    assert set(range(1, 1000 + BEYOND)) == set(first)
    assert set(range(901, 1000 + BEYOND)) <= set(second)
    assert len(second) < 100 + BEYOND + 60
