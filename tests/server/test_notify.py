"""systemd is told what happens, on the socket that it named."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from structlog.testing import capture_logs

from penstock.server.notify import Notifier

LONGEST_WAIT = 5.0


def listening(name: str) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    channel.bind(name)
    channel.settimeout(LONGEST_WAIT)
    return channel


@pytest.mark.parametrize("abstract", [False, True])
def test_ready_comes_with_the_pid(tmp_path, abstract):
    name = f"\0penstock-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with listening(name) as channel:
        Notifier(name.replace("\0", "@"), None).ready()
        assert channel.recv(100) == b"READY=1\nMAINPID=%d" % os.getpid()


def test_stopping_is_said(tmp_path):
    with listening(str(tmp_path / "n")) as channel:
        Notifier(str(tmp_path / "n"), None).stopping()
        assert channel.recv(100) == b"STOPPING=1"


def test_signs_of_life_come_twice_in_the_time_that_is_granted(tmp_path):
    async def beats() -> float:
        notifier = Notifier(str(tmp_path / "n"), 100_000)
        loop = asyncio.get_running_loop()
        notifier.ready()
        assert channel.recv(100).startswith(b"READY=1")
        assert channel.recv(100) == b"WATCHDOG=1"
        began = loop.time()
        assert await asyncio.to_thread(channel.recv, 100) == b"WATCHDOG=1"
        assert await asyncio.to_thread(channel.recv, 100) == b"WATCHDOG=1"
        notifier.close()
        return loop.time() - began

    with listening(str(tmp_path / "n")) as channel:
        assert asyncio.run(beats()) >= 0.09


def test_without_systemd_nothing_is_sent_and_no_timer_runs():
    notifier = Notifier(None, 100_000)
    notifier.ready()  # outside a loop: a timer would fail here
    notifier.stopping()
    notifier.close()


def test_a_socket_that_is_gone_is_logged_and_survived(tmp_path):
    with capture_logs() as lines:
        Notifier(str(tmp_path / "gone"), None).stopping()
    assert [line["text"] for line in lines] == ["STOPPING=1"]
