"""Times, sizes and counts as people and machines read them; pipes may close."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from penstock.cli.output import clock, counted, iso, say_json, seconds, size
from tests.cli.told import NOON

# A reader that leaves at once, while we still have much to say.
TALK = """
from penstock.cli.output import reader_may_leave
with reader_may_leave():
    for number in range(100_000):
        print("something")
"""


def test_times_are_utc_to_the_microsecond():
    assert iso(NOON) == "2026-12-01T12:00:00.000000Z"
    assert iso(NOON + 1_999_999) == "2026-12-01T12:00:00.001999Z"
    assert iso(0) == "1970-01-01T00:00:00.000000Z"
    assert clock(NOON + 1_999_999) == "2026-12-01 12:00:00.001"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0 s"),
        (60_000_000_000, "60 s"),
        (1_500_000_000, "1.5 s"),
        (1, "1e-09 s"),
        (123_456_789_000_000_000, "123456789 s"),
    ],
)
def test_durations_are_seconds(duration, text):
    assert seconds(duration) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (16 << 20, "16.0 MiB"),
        (5 << 30, "5.0 GiB"),
        (3 << 50, "3072.0 TiB"),
    ],
)
def test_sizes_have_the_unit_that_reads_best(count, text):
    assert size(count) == text


def test_counts_have_their_noun():
    assert counted(1, "job") == "1 job"
    assert counted(2000, "job") == "2,000 jobs"
    assert counted(0, "batch", "batches") == "0 batches"


def test_a_document_is_one_line_of_json(capsys):
    say_json({"body": "a\nß"})
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert json.loads(told) == {"body": "a\nß"}


def test_a_reader_that_leaves_is_no_error():
    with subprocess.Popen(
        [sys.executable, "-c", TALK], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as talking:
        assert talking.stdout is not None
        assert talking.stderr is not None
        assert talking.stdout.readline() == b"something\n"
        talking.stdout.close()
        assert (talking.wait(20), talking.stderr.read()) == (0, b"")
