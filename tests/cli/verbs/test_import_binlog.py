"""`penstock import beanstalkd-binlog`: what it says, and what it leaves."""

from __future__ import annotations

import json
import os

import pytest

from tests.beanstalkd import records
from tests.beanstalkd.records import HEADER, record
from tests.cli.command_line import penstock

VERB = ("import", "beanstalkd-binlog")


@pytest.fixture
def binlog(tmp_path):
    """Three jobs in two tubes."""
    folder = tmp_path / "binlog"
    folder.mkdir()
    delayed = record(2, state=records.DELAYED, deadline=1 << 62)
    (folder / "binlog.1").write_bytes(HEADER + record(1) + delayed)
    (folder / "binlog.2").write_bytes(HEADER + record(9, b"thumbs"))
    return folder


def damage(folder):
    file = folder / "binlog.1"
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def test_it_fills_a_folder_and_says_what_is_there(binlog, tmp_path):
    data = tmp_path / "data"
    done = penstock(*VERB, str(binlog), "--data", str(data))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "3 jobs in 2 tubes from 2 files: 2 ready, 1 delayed",
        f"all of it is in {data}, durable; the next id is 10",
        f"start with: penstock serve --data {data}",
    ]
    told = penstock("check", str(data)).stdout
    assert "jobs: 2 ready, 1 delayed; the next id is 10" in told


def test_for_programs_it_is_one_document(binlog, tmp_path):
    done = penstock(*VERB, str(binlog), "--data", str(tmp_path / "data"), "-o", "json")
    assert json.loads(done.stdout) == {
        "files": 2,
        "jobs": {"ready": 2, "delayed": 1, "buried": 0},
        "tubes": {"mail": 2, "thumbs": 1},
        "next_id": 10,
        "lost": [],
        "suspicious": [],
        "damages": [],
        "data": str(tmp_path / "data"),
    }


def test_a_dry_run_writes_nothing(binlog, tmp_path):
    data = tmp_path / "data"
    done = penstock(*VERB, str(binlog), "--data", str(data), "--dry-run")
    assert done.stdout == "3 jobs in 2 tubes from 2 files: 2 ready, 1 delayed\n"
    assert not data.exists()


def test_damage_is_named_and_the_rest_is_there(binlog, tmp_path):
    damage(binlog)
    data = tmp_path / "data"
    done = penstock(*VERB, str(binlog), "--data", str(data))
    assert done.returncode == os.EX_DATAERR
    offset = len(HEADER) + len(record(1))
    assert done.stdout.splitlines()[:5] == [
        "2 jobs in 2 tubes from 2 files: 2 ready",
        f"damaged: binlog.1 at offset {offset}: a body does not end where it should;"
        f" {len(record(2))} bytes from there on could not be read",
        "  jobs 2 are lost; others may be lost without a trace",
        "  what was deleted there may be back, and what was released, buried or kicked"
        " may be as it was before",
        f"what could be read is in {data}, durable; the next id is 10",
    ]


def test_a_body_that_may_have_lost_something_is_named(binlog, tmp_path):
    (binlog / "binlog.3").write_bytes(HEADER + record(10, body=b"x" + bytes(1200)))
    done = penstock(*VERB, str(binlog), "--dry-run")
    assert done.returncode == 0
    assert "  jobs 10: a body has 512 zero bytes where" in done.stdout


def test_an_empty_binlog_is_no_mistake(tmp_path):
    (tmp_path / "binlog.1").write_bytes(HEADER)
    done = penstock(*VERB, str(tmp_path), "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0 jobs in 0 tubes from 1 file: none\n")


def test_what_is_no_binlog_is_one_line(tmp_path):
    done = penstock(*VERB, str(tmp_path), "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no binlog of beanstalkd" in done.stderr
