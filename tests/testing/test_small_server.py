"""A server whose log is small."""

from __future__ import annotations

import socket
import sys

import pytest

from penstock.testing import small_server
from penstock.testing.data_server import DataServer

pytestmark = pytest.mark.slow


def command(data, address) -> list[str]:
    program = [sys.executable, "-m", "penstock.testing.small_server", "serve"]
    return [*program, f"--data={data}", f"--beanstalk=unix:{address}"]


def test_its_segments_are_small_and_it_forgets_what_is_deleted(tmp_path):
    data = tmp_path / "data"
    server = DataServer(command, data, tmp_path, "small")
    assert server.wait_serving(), server.said()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(server.socket))
        for id in range(1, 101):
            client.sendall(b"put 0 0 60 20000\r\n%s\r\n" % (b"x" * 20000))
            assert client.recv(100) == b"INSERTED %d\r\n" % id
            client.sendall(b"delete %d\r\n" % id)
            assert client.recv(100) == b"DELETED\r\n"
    assert server.stop() == 0
    sizes = [path.stat().st_size for path in data.glob("*.log")]
    assert set(sizes) == {small_server.SEGMENT}
    assert len(sizes) < 30  # of 35
    assert not (data / "0000000001.log").exists()
