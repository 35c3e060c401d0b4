"""Who holds a port is found through /proc."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.server.address import TcpAddress, UnixAddress
from penstock.server.occupant import Occupant, find

OURSELVES = Occupant(os.getpid(), Path("/proc/self/comm").read_text().strip())


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        ("::1", "::1"),
        ("::1", "::"),
        ("::", "::1"),
    ],
)
def test_a_listener_in_the_way_is_found(held, wanted):
    family = socket.AF_INET6 if ":" in held else socket.AF_INET
    with socket.create_server((held, 0), family=family) as door:
        assert find(TcpAddress(wanted, door.getsockname()[1])) == OURSELVES


def test_a_listener_at_another_address_is_not_in_the_way():
    with socket.create_server(("127.0.0.2", 0)) as door:
        assert find(TcpAddress("127.0.0.1", door.getsockname()[1])) is None


def test_a_connection_is_no_listener():
    with (
        socket.create_server(("127.0.0.1", 0)) as door,
        socket.create_connection(door.getsockname()) as caller,
    ):
        assert find(TcpAddress("127.0.0.1", caller.getsockname()[1])) is None


def test_a_free_port_is_held_by_nobody():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    assert find(TcpAddress("127.0.0.1", port)) is None


def test_a_unix_socket_is_found_by_its_path(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        assert find(UnixAddress(path)) == OURSELVES
    assert find(UnixAddress(path)) is None


def test_another_process_is_found():
    serve = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        found = find(TcpAddress("127.0.0.1", int(other.stdout.readline())))
        assert found is not None
        assert found.pid == other.pid
        other.communicate()
