"""What a person or a machine reads first: what is kept, and what may be lost."""

from pathlib import Path

import pytest
import structlog

from penstock.cli import banner
from penstock.cli.banner import KEPT_IN_MEMORY, Kept, announce, first_job, speed
from penstock.cli.keeping import Place
from penstock.config import Sync
from penstock.log.file import NEVER
from penstock.log.file.scan import Torn
from penstock.server.address import parse
from penstock.server.recovery import Recovered

ADDRESSES = [parse("127.0.0.1:5")]
MILLISECOND = 1_000_000
ALWAYS = Sync("always", 0)


def kept(*, sync=ALWAYS, jobs=0, batches=9, clean=True, torn=None, warning=None):
    place = Place(Path("/data"), sync, warning)
    recovered = Recovered(batches, 0, jobs, clean, 0)
    return Kept(place, recovered, torn, None if sync.interval else 900_000)


def about(**fields):
    """The lines between the listeners and the first job."""
    return banner.lines(ADDRESSES, kept(**fields))[2:-1]


def test_jobs_in_memory_are_said_to_go():
    assert f"  {KEPT_IN_MEMORY}" in banner.lines(ADDRESSES, None)


def test_a_folder_is_told_with_what_it_keeps_and_how_fast_it_is():
    assert about(jobs=1234) == [
        "  data       /data (recovered 1,234 jobs)",
        "  sync       always: nothing that was acknowledged is lost, not by a power cut"
        " either",
        "             a sync takes 0.9 ms: one waiting client gets about 1,000 puts/s,"
        " many clients or pipelined puts far more",
    ]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({"batches": 0}, "new, empty"),
        ({}, "recovered 0 jobs"),
        ({"jobs": 1}, "recovered 1 job"),
        ({"jobs": 2, "clean": False}, "recovered 2 jobs after a crash"),
    ],
)
def test_what_was_found_is_told(found, text):
    assert about(**found)[0] == f"  data       /data ({text})"


@pytest.mark.parametrize(
    ("sync", "loss"),
    [
        (
            Sync("interval:50", 50 * MILLISECOND),
            "a power cut may lose the last 50 ms; a crash of the server loses nothing",
        ),
        (
            Sync("never", NEVER),
            "a power cut may lose what the kernel had not written yet; a crash of the"
            " server loses nothing",
        ),
    ],
)
def test_what_a_power_cut_may_lose_is_told(sync, loss):
    assert about(sync=sync)[1:] == [f"  sync       {sync.text}: {loss}"]


def test_in_a_folder_that_vanishes_no_sync_helps():
    place = Place(Path("/data"), ALWAYS, None, vanishes=True)
    loss = Kept(place, Recovered(9, 0, 0, True, 0), None, None).loss()
    assert loss == "a crash of the server loses nothing, the end of the machine all"


def test_what_was_cut_off_and_what_is_odd_are_told():
    lines = about(torn=Torn(3, 4096, 1), warning="it is in memory")
    assert lines[1:3] == [
        "             1 byte that were being written at the crash are kept in"
        " quarantine/0000000003-4096.cut",
        "             careful: it is in memory",
    ]


@pytest.mark.parametrize(
    ("took", "words"),
    [
        (7_000, "0.007 ms: one waiting client gets about 20,000 puts/s"),
        (300_000, "0.3 ms: one waiting client gets about 3,000 puts/s"),
        (8_123_456, "8.1 ms: one waiting client gets about 100 puts/s"),
        (30_000_000, "30 ms: one waiting client gets about 30 puts/s"),
        (2_000_000_000, "2e+03 ms: one waiting client gets about 0 puts/s"),
    ],
)
def test_a_sync_is_told_as_what_it_means(took, words):
    assert f"a sync takes {words}," in speed(took)


def entries(what):
    with structlog.testing.capture_logs() as logged:
        announce(ADDRESSES, "json", what)
    return logged


def test_machines_are_told_the_same():
    (entry,) = entries(kept(jobs=5, clean=False))
    told = ("event", "mode", "data", "new", "jobs", "clean", "sync_us", "beanstalk")
    assert [entry[key] for key in told] == [
        "serving",
        "always",
        "/data",
        False,
        5,
        False,
        900,
        ["127.0.0.1:5"],
    ]
    assert entry["note"].startswith("nothing that was acknowledged is lost")
    (entry,) = entries(kept(sync=Sync("never", NEVER)))
    assert "sync_us" not in entry
    (entry,) = entries(None)
    assert (entry["mode"], entry["note"]) == ("memory", KEPT_IN_MEMORY)


def test_machines_are_warned():
    torn, odd, serving = entries(kept(torn=Torn(3, 4096, 7), warning="in memory"))
    assert [each["log_level"] for each in (torn, odd)] == ["warning", "warning"]
    assert torn["note"].startswith("7 bytes that were being written")
    assert (odd["event"], serving["event"]) == ("in memory", "serving")


def test_a_closed_standard_error_is_no_reason_not_to_serve(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    announce(ADDRESSES, "console", None)


@pytest.mark.parametrize(
    ("address", "end"),
    [
        ("127.0.0.1:5", "nc 127.0.0.1 5"),
        ("0.0.0.0:5", "nc 127.0.0.1 5"),
        ("[::]:5", "nc ::1 5"),
        ("unix:/x", "nc -U /x"),
    ],
)
def test_the_first_job_can_be_typed_as_it_stands(address, end):
    assert first_job(parse(address)).endswith(f" | {end}")
