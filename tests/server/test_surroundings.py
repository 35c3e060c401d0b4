"""What `stats` tells of the process has the form that old clients read."""

from __future__ import annotations

import os
import re

import greenstalk
import pytest

import penstock
from penstock.core.engine import Engine
from penstock.core.reactor import Reactor
from penstock.log.memory import MemoryLog
from penstock.server.broker import Broker
from penstock.server.surroundings import Surroundings, cpu_time, new_id, quoted
from penstock.testing import ManualClock, running_server

ORDER = [
    "max-job-size",
    "pid",
    "version",
    "rusage-utime",
    "rusage-stime",
    "uptime",
    "binlog-oldest-index",
    "binlog-current-index",
    "binlog-records-migrated",
    "binlog-records-written",
    "binlog-max-size",
    "draining",
    "id",
    "hostname",
    "os",
    "platform",
    "mode",
    "connections-refused",
    "descriptors-exhausted",
    "log-bytes",
    "log-live-bytes",
    "log-room",
    "log-batches",
    "log-batch-events-mean",
    "log-batch-bytes-max",
    "log-compactions",
    "log-standstills",
    "followers",
    "followers-behind-max",
    "followers-gaps",
    "sync-count",
    "sync-last-us",
    "sync-p50-us",
    "sync-p99-us",
]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def clock():
    return ManualClock(start=10**18)


@pytest.fixture
def surroundings(engine, clock):
    reactor = Reactor(engine, 10, print)
    broker = Broker(engine, MemoryLog(), clock, print)
    yield Surroundings(broker, reactor, [], clock, "memory")
    reactor.shut()


def test_the_fields_are_in_the_protocols_order_and_ours_come_last(surroundings):
    assert list(surroundings()) == ORDER


def test_the_process_is_told_as_it_is(surroundings):
    told = surroundings()
    assert told["pid"] == os.getpid()
    assert told["version"] == f'"{penstock.__version__}"'
    assert told["hostname"] == quoted(os.uname().nodename)
    assert told["platform"] == f'"{os.uname().machine}"'


def test_uptime_counts_whole_seconds(surroundings, clock):
    clock.advance(seconds=61.9)
    assert surroundings()["uptime"] == 61


def test_draining_and_the_largest_body_follow_the_engine(surroundings, engine):
    assert surroundings()["draining"] == "false"
    engine.policy.draining = True
    engine.policy.max_job_size = 12
    told = surroundings()
    assert (told["draining"], told["max-job-size"]) == ("true", 12)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.000000"), (1.5, "1.500000"), (12.0000019, "12.000002"), (0.07, "0.070000")],
)
def test_a_time_of_the_processor_has_six_places(seconds, text):
    assert cpu_time(seconds) == text


def test_no_client_takes_an_id_for_a_number():
    ids = {new_id() for _ in range(2000)}
    assert len(ids) == 2000
    for id in ids:
        assert re.fullmatch("[0-9a-f]{16}", id)
        assert re.search("[abcdf]", id), "12e34 reads as a floating-point number"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("#1 SMP", '"#1 SMP"'),
        ('a"b', '"a_b"'),
        ("a\nb", '"a_b"'),
        ("a\\b", '"a_b"'),
        ("hä", '"h_"'),
        ("", '""'),
    ],
)
def test_a_quoted_text_is_one_line_of_yaml_in_ascii(text, form):
    assert quoted(text) == form


def test_a_client_reads_them_all():
    with running_server() as server, greenstalk.Client((server.host, server.port)) as c:
        stats = c.stats()
    assert list(stats)[-len(ORDER) : -1] == ORDER[1:]
    assert stats["pid"] == server.process.pid
