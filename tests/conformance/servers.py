"""Conversations with real server processes over sockets."""

import contextlib
import os
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.conformance.transcript import split_reply

TRIES = 4  # somebody else may take a port before the server does
PATIENCE = 5.0  # seconds until a reply that must come is missed
IDLE_ROUNDS = 6  # a command takes at most four events, a control round trip two
DEFAULT_MAX_JOB_SIZE = 65535
BELOW_EPHEMERAL = range(15000, 32000)


def free_port() -> int:
    """A port of the loopback that nobody listens on, and no client is given."""
    while True:
        port = secrets.choice(BELOW_EPHEMERAL)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def beanstalkd_command() -> list[str] | None:
    """How upstream is started here, or None when it is not installed."""
    path = shutil.which("beanstalkd")
    if path is None:
        return None
    return [path, "-l127.0.0.1", "-p{port}", "-z{max_job_size}"]


def penstock_command() -> list[str] | None:
    """How our server is started here, or None when it is not installed."""
    path = Path(sys.executable).parent / "penstock"
    if not path.exists():
        return None
    serve = f"{path} serve --memory --beanstalk 127.0.0.1:{{port}}"
    return [*serve.split(), "--max-job-size", "{max_job_size}"]


class Connection:
    """One client's socket and what it has got so far."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = bytearray()
        self.ended = False

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, patience: float) -> bool:
        """Take what arrives within that time; False when nothing did."""
        readable, _, _ = select.select([self.socket], [], [], patience)
        if not readable or self.ended:
            return False
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        self.ended = not data
        self.got += data
        return bool(data)

    def reply(self) -> bytes:
        """The next whole reply; what there is when no more comes."""
        while not (size := split_reply(self.got)) and self.read(PATIENCE):
            pass
        return self.take(size or len(self.got))

    def arrived(self) -> bytes:
        """Everything that has arrived by now."""
        while self.read(0):
            pass
        return self.take(len(self.got))

    def take(self, size: int) -> bytes:
        taken = bytes(self.got[:size])
        del self.got[:size]
        return taken

    def close(self) -> None:
        self.socket.close()

    def abort(self) -> None:
        """Reset the connection: what the server has not executed yet is lost."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ServerProcess:
    """A server on a free port, started by a command with `{port}` in it."""

    def __init__(
        self, command: Sequence[str], max_job_size: int = DEFAULT_MAX_JOB_SIZE
    ) -> None:
        self.command, self.max_job_size = command, max_job_size
        tries = (self.starts_on(free_port()) for _ in range(TRIES))
        assert any(tries), f"{command[0]} does not start"

    def starts_on(self, port: int) -> bool:
        """Start on that port; False if the server ended at once."""
        values = {"port": port, "max_job_size": self.max_job_size}
        self.port = port
        self.process = subprocess.Popen(
            [part.format(**values) for part in self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                return False
            try:
                with Connection(port):
                    return True
            except ConnectionRefusedError:
                select.select([], [], [], 0.003)
        raise AssertionError("the server does not listen")

    def settle(self) -> None:
        """Return when the server has handled all that was sent to it before."""
        with Connection(self.port) as control:
            for _ in range(IDLE_ROUNDS):
                control.send(b"list-tube-used\r\n")
                assert control.reply() == b"USING default\r\n"

    def drain(self) -> None:
        """Send the signal and wait until it has been noticed."""
        os.kill(self.process.pid, signal.SIGUSR1)
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            # Upstream may close a connection that the signal meets.
            with contextlib.suppress(ConnectionError), Connection(self.port) as control:
                control.send(b"stats\r\n")
                if b"\ndraining: true\n" in control.reply():
                    return
        raise AssertionError("the server does not drain")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class SocketConversation:
    """The clients of a transcript, each on a socket of its own."""

    def __init__(self, command: Sequence[str], options: dict[str, str]) -> None:
        size = int(options.get("max-job-size", DEFAULT_MAX_JOB_SIZE))
        self.server = ServerProcess(command, size)
        self.clients: dict[int, Connection] = {}

    def client(self, number: int) -> Connection:
        if number not in self.clients:
            self.clients[number] = Connection(self.server.port)
        return self.clients[number]

    def send(self, client: int, data: bytes) -> None:
        self.client(client).send(data)

    def receive(self, client: int) -> bytes:
        return self.client(client).reply()

    def silent(self, client: int) -> bytes:
        self.server.settle()
        return self.client(client).arrived()

    def half_close(self, client: int) -> None:
        self.client(client).socket.shutdown(socket.SHUT_WR)

    def close(self, client: int) -> None:
        self.clients.pop(client).close()
        self.server.settle()

    def closed(self, client: int) -> bool:
        connection = self.client(client)
        while connection.read(PATIENCE):
            pass
        return connection.ended and not connection.got

    def advance(self, seconds: float) -> None:
        select.select([], [], [], seconds)

    def drain(self) -> None:
        self.server.drain()

    def stop(self) -> None:
        for connection in self.clients.values():
            connection.close()
        self.server.stop()
