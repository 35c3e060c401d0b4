"""The recorder as a process: load, drain, and life after life at somebody's word."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from penstock.testing import running_server
from penstock.testing.checkers import check
from penstock.testing.history import read_history

RECORDER = [sys.executable, "-m", "penstock.testing.recorder"]


@pytest.fixture
def server():
    with running_server() as running:
        yield running.addresses[0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history"


def record(*arguments):
    """Run a recorder to its end."""
    line = [*RECORDER, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


def test_a_load_and_then_a_drain_are_without_a_fault(server, path):
    load = record(server, path, "--seed=7", "--seconds=0.3", "--largest=1000")
    assert (load.returncode, load.stderr) == (0, "")
    assert json.loads(load.stdout)["gone"] is False
    assert json.loads(load.stdout)["INSERTED"] > 10
    end = record(server, path, "--drain", "--same-life")
    assert json.loads(end.stdout)["drained"] > 0
    history = read_history(path)
    verdict = check(history)
    assert verdict.violations == []
    assert verdict.counts["lives"] == 1
    assert max(o.size for o in history.operations) == 1000
    final = record(server, path, "--drain")
    assert json.loads(final.stdout)["drained"] == 0
    assert check(read_history(path)).counts["lives"] == 2


def test_a_recorder_outlives_its_server(path):
    with running_server() as server:
        line = [*RECORDER, server.addresses[0], str(path), "--history-sync=0"]
        recorder = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        while not path.exists() or b'"INSERTED"' not in path.read_bytes():
            assert recorder.poll() is None
        server.process.kill()
        said, _ = recorder.communicate(timeout=30)
    assert recorder.returncode == 0
    assert json.loads(said)["gone"] is True
    assert check(read_history(path)).violations == []


def test_a_server_that_cannot_be_reached_is_an_error(path, tmp_path):
    tried = record(f"unix:{tmp_path}/nobody", path, "--patience=0.1")
    assert tried.returncode == 1
    assert tried.stderr.startswith("Nobody listens there.")


def test_it_goes_through_lives_at_somebodys_word(server, path):
    words = subprocess.run(
        [*RECORDER, server, str(path), "--control"],
        input="load 0.2 0\nload 0.2 0.1\ndrain\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [json.loads(line) for line in words.stdout.splitlines()]
    assert [answer.get("reached", False) for answer in said] == [True, False] * 3
    assert said[1]["gone"] is said[3]["gone"] is False
    assert said[5]["drained"] > 0
    verdict = check(read_history(path))
    assert verdict.violations == []
    assert verdict.counts["lives"] == 3


def test_it_says_what_went_wrong_and_goes_on(path, tmp_path):
    words = subprocess.run(
        [*RECORDER, f"unix:{tmp_path}/s", str(path), "--control", "--patience=0.1"],
        input="load 1 0\ndrain\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [json.loads(line) for line in words.stdout.splitlines()]
    assert ["Nobody listens" in answer["error"] for answer in said] == [True, True]
