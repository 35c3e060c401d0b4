"""A running server serves while the block lasts, and says why when it does not."""

from __future__ import annotations

import socket

import pytest

from penstock.testing import running_server
from penstock.testing.server import NotServing


def test_it_serves_on_a_free_port_and_ends_with_the_block():
    with running_server() as server:
        assert server.host == "127.0.0.1"
        with socket.create_connection((server.host, server.port), 5) as client:
            client.sendall(b"list-tube-used\r\n")
            assert client.recv(100) == b"USING default\r\n"
    assert server.process.returncode == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), 5)


def test_two_of_them_are_strangers():
    with running_server() as one, running_server() as other:
        assert one.port != other.port


def test_it_serves_where_it_is_told_to(tmp_path):
    listens = ["[::1]:0", f"unix:{tmp_path}/s"]
    with running_server(beanstalk=listens) as server:
        assert server.host == "::1"
        assert server.addresses[1] == listens[1]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))
            client.sendall(b"list-tube-used\r\n")
            assert client.recv(100) == b"USING default\r\n"
    assert not (tmp_path / "s").exists()


def test_flags_are_passed_on():
    with (
        running_server("--max-job-size=1") as server,
        socket.create_connection((server.host, server.port), 5) as client,
    ):
        client.sendall(b"put 0 0 60 2\r\nxx\r\n")
        assert client.recv(100) == b"JOB_TOO_BIG\r\n"


def test_settings_of_the_surroundings_do_not_count(tmp_path, monkeypatch):
    (tmp_path / "penstock.toml").write_text("nonsense = 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_NONSENSE", "1")
    with running_server() as server:
        assert server.entries()[0]["event"] == "serving"


def test_a_server_that_does_not_start_says_why():
    with (
        pytest.raises(NotServing, match="penstock: --max-job-size x: allowed is"),
        running_server("--max-job-size=x"),
    ):
        pass
