"""Killing finds what a server loses, says when it proved nothing, keeps evidence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.testing import running_server
from penstock.testing.kills import (
    KILLS,
    Plan,
    Recording,
    penstock_command,
    plans,
    run_chapter,
    templated,
)

FORGETFUL = f"{sys.executable} -m penstock.cli.main serve --memory --beanstalk ADDRESS"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Where chapters keep what they leave; paths of sockets are short."""
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = Path("/tmp", f"kills-{tmp_path.name[-60:]}")
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)
    monkeypatch.setattr("tempfile.tempdir", None)


def test_kills_are_divided_into_chapters():
    todo = plans(2 * KILLS + 3, 7, "command", 100)
    assert [plan.kills for plan in todo] == [KILLS, KILLS, 3]
    assert todo[2] == Plan(2, 7, 3, "command", 100)
    assert [plan.kills for plan in plans(KILLS, 7, "", 1)] == [KILLS]


def test_a_command_gets_its_folder_and_its_address():
    command = templated("serve --data DATA -l ADDRESS 'one word'")
    assert command(Path("/d a"), Path("/s")) == [
        "serve",
        "--data",
        "/d a",
        "-l",
        "unix:/s",
        "one word",
    ]
    assert penstock_command("always").endswith("--data DATA --beanstalk ADDRESS")
    assert penstock_command("never").endswith("--sync never")


def drains_in(history):
    """How many drains have ended."""
    return history.read_text().count('"drained"') if history.exists() else 0


def test_two_things_said_at_once_are_both_heard(tmp_path):
    """The recorder may be done before anybody asks what it said first."""
    plan = Plan(0, 1, 1, "", 100)
    recording = Recording(f"unix:{tmp_path}/s", tmp_path / "history", plan)
    with running_server(beanstalk=[f"unix:{tmp_path}/s"]):
        recording.tell("drain")
        recording.tell("drain")
        while drains_in(tmp_path / "history") < 2:
            assert recording.is_there()
        heard = [recording.hear() for _ in range(4)]
    recording.end()
    assert [answer.get("reached", False) for answer in heard] == [True, False] * 2
    assert [answer.get("drained") for answer in heard] == [None, 0, None, 0]


@pytest.mark.crash
@pytest.mark.slow
def test_a_server_that_forgets_is_found_out(folders):
    tally = run_chapter(Plan(0, 1, 3, FORGETFUL, 1000))
    assert tally.counts["kills"] == 3
    assert tally.violations["lost"] > 0
    (kept,) = folders.iterdir()
    assert tally.wrong[-1] == f"chapter 0 is kept in {kept}"
    assert (kept / "history").exists()


@pytest.mark.crash
@pytest.mark.slow
def test_a_server_that_does_not_start_says_why(folders):
    tally = run_chapter(Plan(0, 2, 1, f"{FORGETFUL} --max-job-size=x", 1000))
    assert "penstock: --max-job-size x: allowed is" in tally.wrong[0]


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("beanstalkd"), reason="beanstalkd is not here")
def test_what_beanstalkd_does_not_keep_is_found(folders):
    """It counts buries again at each start, and forgets the pri of a release."""
    line = [sys.executable, "-m", "penstock.testing.kills", "--count=12", "--jobs=1"]
    command = "beanstalkd -l ADDRESS -b DATA -f0"
    run = subprocess.run(
        # Small bodies: it shows large ones while they still arrive.
        [*line, "--largest=10", "--command", command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "and should have buries" in run.stdout
    assert "12 kills (" in run.stdout.splitlines()[-1]
    assert "; 0 lost, 0 returned" in run.stdout.splitlines()[-1]
