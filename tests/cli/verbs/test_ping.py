"""`penstock ping` tells in one line and by its status whether a server answers."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from penstock.testing import running_server
from tests.cli.command_line import penstock

ANSWERS = re.compile(r"(\S+) answers, \d+\.\d ms\n")


@pytest.mark.slow
def test_a_server_that_answers_is_status_0(tmp_path):
    listens = ["127.0.0.1:0", "[::1]:0", f"unix:{tmp_path}/s"]
    with running_server(beanstalk=listens) as server:
        for address in server.addresses:
            done = penstock("ping", address)
            match = ANSWERS.fullmatch(done.stdout)
            assert match is not None
            assert (match[1], done.returncode, done.stderr) == (address, 0, "")


@pytest.mark.slow
def test_without_an_address_the_configured_one_is_asked(tmp_path):
    with running_server() as server:
        asked = f'beanstalk = ["{server.addresses[0]}"]'
        (tmp_path / "penstock.toml").write_text(asked)
        assert penstock("ping", cwd=tmp_path).returncode == 0
        variable = {"PENSTOCK_BEANSTALK": server.addresses[0]}
        assert penstock("ping", environ=variable).returncode == 0


def test_a_server_on_all_addresses_is_asked_on_loopback():
    with running_server("--allow=10.0.0.0/8", beanstalk=["0.0.0.0:0"]) as server:
        assert penstock("ping", server.addresses[0]).returncode == 0


def test_where_nobody_listens_is_status_1():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    done = penstock("ping", f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert done.stdout == f"127.0.0.1:{port} does not answer: Connection refused\n"


def test_a_server_that_hangs_is_status_1_within_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"127.0.0.1:{door.getsockname()[1]}"
        done = penstock("ping", address, "--timeout", "0.2")
    assert done.returncode == 1
    assert done.stdout == f"{address} does not answer: nothing came within 0.2 s\n"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"-ERR unknown command\r\n", "it said '-ERR unknown'"),
        (b"", "it closed without a word"),
    ],
)
def test_something_else_on_the_port_is_status_1(said, told):
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"127.0.0.1:{door.getsockname()[1]}"

        def answer() -> None:
            client, _ = door.accept()
            with client:
                client.recv(100)
                client.sendall(said[:12])

        thread = threading.Thread(target=answer)
        thread.start()
        done = penstock("ping", address)
        thread.join()
    assert done.returncode == 1
    assert done.stdout == (
        f"{address} does not answer: {told}, so it is no beanstalk server\n"
    )


def test_what_is_no_address_is_status_2():
    done = penstock("ping", "nowhere")
    assert done.returncode == 2
    assert done.stderr == "penstock: nowhere: allowed is HOST:PORT or unix:PATH\n"
