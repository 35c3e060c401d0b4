"""Servers under test: found, started, watched, stopped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.servers import ROOT, BenchError, Server, Spec, find, free_port

ECHO = """\
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    connection.sendall(connection.recv(64))
    connection.close()
"""


@pytest.fixture
def echo(tmp_path):
    script = tmp_path / "echo.py"
    script.write_text(ECHO)
    server = Server(Spec("echo", f"python3 {script} PORT DATA"))
    yield server
    server.stop()


def test_a_program_with_a_slash_is_seen_from_the_project(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert find("bench/run") == str(ROOT / "bench" / "run")
    assert find("bench/walk") is None
    assert find("sh") == shutil.which("sh")


def test_a_server_is_ready_when_it_replies(echo):
    assert echo.start_s > 0
    assert echo.resident_bytes() > 100_000
    status = Path(f"/proc/{echo.pid}/status").read_text()
    allowed = next(x for x in status.splitlines() if x.startswith("Cpus_allowed_list"))
    assert allowed.split()[1].isdigit(), "pinned to one core"


def test_a_stopped_server_leaves_nothing_behind(echo):
    assert echo.data.is_dir()
    echo.stop()
    assert not echo.data.exists()
    assert not Path(f"/proc/{echo.pid}").exists()


def test_a_server_that_ends_at_once_is_quoted():
    with pytest.raises(BenchError, match="bad did not start: the port is taken"):
        Server(Spec("bad", "sh -c 'echo the port is taken; exit 1'"))


def test_a_missing_program_is_named():
    assert Spec("x", "no-such-thing PORT").missing() == (
        "x: no-such-thing is not installed"
    )
    assert Spec("x", "").missing() == "x: no command given"
    assert Spec("x", "sh").missing() is None


def test_a_free_port_is_a_port():
    assert 1024 <= free_port() <= 65535
