"""The server's life as its clients and its operator see it, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from penstock.clock import SystemClock
from penstock.log import Log
from penstock.log.memory import MemoryLog
from penstock.server.address import TcpAddress
from penstock.server.lifecycle import Bounds, Server
from penstock.server.listeners import open_all
from penstock.server.notify import Notifier
from penstock.testing import HeldLog, RunningServer, running_server
from penstock.testing.server import has_ended

LONGEST_WAIT = 5.0
TICK = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


class Client:
    """A client that says lines and reads lines."""

    def __init__(self, server: RunningServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), LONGEST_WAIT)
        self.reader = self.socket.makefile("rb")

    def say(self, line: bytes) -> None:
        self.socket.sendall(line)

    def ask(self, line: bytes) -> bytes:
        self.say(line)
        return self.reader.readline()

    def stats(self) -> dict[str, str]:
        size = int(self.ask(b"stats\r\n").split()[1])
        lines = self.reader.read(size + 2).decode().splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


@pytest.fixture
def connect(server) -> Iterator[Callable[[], Client]]:
    clients: list[Client] = []

    def connect_() -> Client:
        clients.append(Client(server))
        return clients[-1]

    yield connect_
    for client in clients:
        client.close()


def eventually(what: Callable[[], object]) -> None:
    """Look until something holds, for a bounded time."""
    last = time.monotonic() + LONGEST_WAIT
    while not what():
        assert time.monotonic() < last, "it never came to pass"
        os.sched_yield()


def waits(client: Client) -> bool:
    return client.stats()["current-waiting"] == "1"


# The end.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_waiting_reserve_does_not_hold_up_the_end(server, connect, number):
    waiting, other = connect(), connect()
    waiting.say(b"reserve\r\n")
    eventually(lambda: waits(other))
    began = time.monotonic()
    server.process.send_signal(number)
    assert waiting.reader.read() == b""
    assert server.process.wait(LONGEST_WAIT) == 0
    assert time.monotonic() - began < 1


def test_idle_clients_do_not_hold_up_the_end(server, connect):
    clients = [connect() for _ in range(20)]
    server.process.terminate()
    assert server.process.wait(LONGEST_WAIT) == 0
    assert [client.reader.read() for client in clients] == [b""] * 20


MEGABYTE = 1 << 20
REPLIES = 24  # of a megabyte each: more than the kernel's buffers on both sides


def owe(client: Client) -> None:
    """Ask for more than the kernel takes off the server's hands, and read nothing."""
    client.say(b"put 0 0 60 %d\r\n%s\r\n" % (MEGABYTE, b"x" * MEGABYTE))
    assert client.reader.readline() == b"INSERTED 1\r\n"
    client.say(b"peek 1\r\n" * REPLIES)


def is_stopping(server: RunningServer) -> bool:
    return "stopping" in {entry["event"] for entry in server.entries()}


def test_replies_that_are_owed_still_leave(server, connect):
    reader = connect()
    owe(reader)
    server.process.terminate()
    eventually(lambda: is_stopping(server))
    for _ in range(REPLIES):
        assert reader.reader.readline() == b"FOUND 1 %d\r\n" % MEGABYTE
        assert len(reader.reader.read(MEGABYTE + 2)) == MEGABYTE + 2
    assert reader.reader.read() == b""
    assert server.process.wait(LONGEST_WAIT) == 0


@pytest.mark.slow
def test_a_client_that_reads_nothing_is_waited_for_less_than_five_seconds(
    server, connect
):
    owe(connect())
    began = time.monotonic()
    server.process.terminate()
    assert server.process.wait(10) == 0
    assert 4 < time.monotonic() - began < 5


def test_a_second_signal_ends_at_once(server, connect):
    owe(connect())
    server.process.terminate()
    eventually(lambda: is_stopping(server))
    began = time.monotonic()
    server.process.terminate()
    assert server.process.wait(LONGEST_WAIT) == 0
    assert time.monotonic() - began < 1


def test_while_it_ends_nobody_new_is_served_and_puts_are_refused(server, connect):
    slow, producer = connect(), connect()
    owe(slow)
    server.process.terminate()
    eventually(lambda: is_stopping(server))
    assert producer.ask(b"put 0 0 60 1\r\nx\r\n") == b"DRAINING\r\n"
    late = connect()
    late.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        late.ask(b"list-tube-used\r\n")


# Signals that come early.

EARLY = """
import asyncio, os, signal
from penstock.clock import SystemClock
from penstock.log.memory import MemoryLog
from penstock.server.lifecycle import Bounds, Server, hold_signals
from penstock.server.notify import Notifier

async def run():
    bounds, notifier = Bounds(9, 9, 0), Notifier(None, None)
    server = Server([], MemoryLog(), "test", SystemClock(), bounds, (), notifier)
    return await server.run(lambda: None)

hold_signals()
os.kill(os.getpid(), signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGTERM)
raise SystemExit(asyncio.run(run()))
"""


def test_a_signal_before_the_server_runs_is_obeyed_when_it_does():
    done = subprocess.run(
        [sys.executable, "-c", EARLY], capture_output=True, check=False, timeout=20
    )
    assert done.returncode == 0
    assert b"draining: puts are refused" in done.stdout


# Draining.


def test_a_draining_server_refuses_puts_and_goes_on(server, connect):
    client = connect()
    assert client.ask(b"put 0 0 60 1\r\na\r\n") == b"INSERTED 1\r\n"
    server.process.send_signal(signal.SIGUSR1)
    eventually(lambda: client.stats()["draining"] == "true")
    assert client.ask(b"put 0 0 60 1\r\nb\r\n") == b"DRAINING\r\n"
    assert connect().ask(b"reserve\r\n") == b"RESERVED 1 1\r\n"
    server.process.send_signal(signal.SIGUSR1)
    assert client.stats()["draining"] == "true", "there is no way back"
    assert server.process.poll() is None


# Descriptors.


def cpu_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def leave_room_for(pid: int, clients: int) -> None:
    """Lower a running process's limit so far that accepting fails."""
    limit = len(os.listdir(f"/proc/{pid}/fd")) + clients
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))


def says_that_it_is_full(server: RunningServer) -> list[str]:
    return [e["event"] for e in server.entries() if "no room" in e["event"]]


@pytest.mark.slow
def test_without_descriptors_it_does_not_spin_and_recovers(server, connect):
    pid = server.process.pid
    leave_room_for(pid, 3)
    crowd = [connect() for _ in range(40)]
    eventually(lambda: says_that_it_is_full(server))
    before = cpu_time(pid)
    assert not has_ended(server.process, 2.0)
    assert cpu_time(pid) - before < 0.05 * 2.0
    assert len(says_that_it_is_full(server)) == 1, "once a minute, not every time"
    for client in crowd:
        client.close()
    stats = connect().stats()
    assert int(stats["descriptors-exhausted"]) > 0


@pytest.mark.slow
def test_more_than_max_connections_wait_and_are_served_later(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("max_connections = 2")
    with running_server(f"--config={settings}") as server:
        first, second, third = (Client(server) for _ in range(3))
        assert first.ask(b"list-tube-used\r\n") == b"USING default\r\n"
        assert second.ask(b"list-tube-used\r\n") == b"USING default\r\n"
        third.say(b"list-tube-used\r\n")
        before = cpu_time(server.process.pid)
        assert not has_ended(server.process, 1.0)
        assert cpu_time(server.process.pid) - before < 0.05
        first.close()
        assert third.reader.readline() == b"USING default\r\n"
        second.close()
        third.close()


# What goes wrong.


async def one_client(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


def inside(log: Log, talk: Callable[[Server, int], Awaitable[None]]) -> int:
    """Run a server in this process, with somebody who talks to it; give its status."""

    async def run() -> int:
        doors = open_all([TcpAddress("127.0.0.1", 0)])
        bounds = Bounds(65535, 100, 1 << 20)
        notifier = Notifier(None, None)
        server = Server(doors, log, "test", SystemClock(), bounds, (), notifier)
        port = doors[0].socket.getsockname()[1]
        served = asyncio.create_task(server.run(lambda: None))
        await asyncio.wait_for(talk(server, port), LONGEST_WAIT)
        return await asyncio.wait_for(served, LONGEST_WAIT)

    return asyncio.run(run())


async def in_flight(log: HeldLog) -> None:
    """Let the loop go round until the log has been given something."""
    while log.flying is None:  # noqa: ASYNC110  (nobody tells, the log is no part of it)
        await asyncio.sleep(0)


def test_a_log_that_fails_ends_the_server_and_no_reply_leaves():
    log = HeldLog()

    async def talk(server: Server, port: int) -> None:
        reader, writer = await one_client(port)
        writer.write(b"put 0 0 60 1\r\nx\r\n")
        await in_flight(log)
        log.fail()
        assert await reader.read() == b""
        writer.close()

    with capture_logs() as lines:
        assert inside(log, talk) == os.EX_IOERR
    assert [line["event"] for line in lines] == ["the log failed, nothing more is told"]


def test_a_log_that_fails_with_more_staged_ends_the_server_all_the_same():
    log = HeldLog()

    async def talk(server: Server, port: int) -> None:
        reader, writer = await one_client(port)
        writer.write(b"put 0 0 60 1\r\nx\r\n")
        await in_flight(log)
        log.release()
        assert await reader.readline() == b"INSERTED 1\r\n"
        server.engine.turn.batch.delete(1, 0)
        log.fail()
        assert await reader.read() == b""
        writer.close()

    with capture_logs():
        assert inside(log, talk) == os.EX_IOERR


def test_a_mistake_of_ours_costs_one_connection_and_is_logged():
    async def talk(server: Server, port: int) -> None:
        server.engine.views.surroundings = dict  # stats cannot do without its fields
        other, other_writer = await one_client(port)
        reader, writer = await one_client(port)
        writer.write(b"stats\r\n")
        assert await reader.read() == b""
        writer.close()
        other_writer.write(b"list-tube-used\r\n")
        assert await other.readline() == b"USING default\r\n"
        other_writer.close()
        server.stop()

    with capture_logs() as lines:
        assert inside(MemoryLog(), talk) == os.EX_OK
    assert lines[0]["event"] == "a mistake of ours ended a connection"
    assert isinstance(lines[0]["exc_info"], KeyError)


def test_a_mistake_outside_of_any_connection_ends_the_server_as_a_crash_would():
    log, flying = HeldLog(), []

    async def talk(server: Server, port: int) -> None:
        _, writer = await one_client(port)
        writer.write(b"put 0 0 60 1\r\nx\r\n")
        await in_flight(log)
        flying.append(log.flying)
        writer.close()
        server.engine.turn.batch.delete(1, 0)
        asyncio.get_running_loop().call_soon(os.environ.__getitem__, "no such name")

    with capture_logs() as lines:
        assert inside(log, talk) == os.EX_SOFTWARE
    assert lines[0]["event"] == "a mistake of ours ends the server: start it again"
    assert isinstance(lines[0]["exc_info"], KeyError)
    assert log.flying is flying[0], "what was staged is not committed"


# systemd.


def test_systemd_hears_of_ready_life_and_stop(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "n"))
        channel.settimeout(LONGEST_WAIT)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "200000"}
        with running_server(environ=environ) as server:
            pid = server.process.pid
            assert channel.recv(99) == b"READY=1\nMAINPID=%d" % pid
            assert channel.recv(99) == b"WATCHDOG=1"
            assert channel.recv(99) == b"WATCHDOG=1"
            server.process.terminate()
            while (said := channel.recv(99)) == b"WATCHDOG=1":
                pass
            assert said == b"STOPPING=1"
