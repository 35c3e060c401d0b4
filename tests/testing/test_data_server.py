"""A server on a data folder, taken away and started again; beanstalkd stands for it."""

from __future__ import annotations

import shutil
import signal
from functools import partial

import pytest

from penstock.testing import tracing
from penstock.testing.checkers import check
from penstock.testing.data_server import DataServer, RecorderProcess, beanstalkd
from penstock.testing.history import read_history

pytestmark = pytest.mark.skipif(
    shutil.which("beanstalkd") is None, reason="beanstalkd is not installed here"
)
synced = partial(beanstalkd, option="-f0")


def test_it_is_killed_and_started_again_with_what_it_has_kept(tmp_path):
    data, history = tmp_path / "data", tmp_path / "history"
    first = DataServer(synced, data, tmp_path, "first")
    assert first.wait_serving()
    options = ("--seconds", "0.3", "--largest", "100")
    recorder = RecorderProcess(first.address, history, *options)
    recorded = recorder.wait(30)
    assert recorded.status == 0, recorded.said
    assert recorded.counts["INSERTED"] > 0
    first.kill()
    assert first.wait() == -signal.SIGKILL
    second = DataServer(synced, data, tmp_path, "second")
    assert second.wait_serving()
    drained = RecorderProcess(second.address, history, "--drain").wait(30)
    assert drained.status == 0, drained.said
    assert second.stop() == -signal.SIGTERM
    verdict = check(read_history(history))
    assert verdict.counts["lives"] == 2
    assert "lost" not in {violation.kind for violation in verdict.violations}, verdict


def test_one_that_cannot_start_is_not_waited_for(tmp_path):
    server = DataServer(lambda data, address: ["/bin/false"], tmp_path, tmp_path, "x")
    assert not server.wait_serving()
    assert server.has_ended()
    assert server.wait() == 1
    recorder = RecorderProcess(server.address, tmp_path / "h", "--patience", "0")
    assert recorder.wait(30).came_too_late()


def test_waiting_ends_when_something_else_has_come(tmp_path):
    command = ["/bin/sleep", "60"]
    server = DataServer(lambda data, address: command, tmp_path, tmp_path, "x")
    assert not server.wait_serving(lambda: True)
    assert not server.has_ended()
    server.kill()
    server.wait()


@pytest.mark.skipif(not tracing.is_available(), reason="strace is not installed here")
def test_a_held_one_stands_still_until_it_is_released(tmp_path):
    server = DataServer(synced, tmp_path / "data", tmp_path, "x", held=True)
    assert not (tmp_path / "data").exists()
    tracing.release(server.process)
    assert server.wait_serving()
    server.stop()
