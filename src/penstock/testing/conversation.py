"""One connection of a recorder: bytes out, replies in, every command accounted for."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress

from penstock.testing.history import FAR, HistoryWriter, Operation, digest, moment
from penstock.testing.load import Request

BLOCKED = 50_000_000  # nanoseconds without an answer
WITH_CONTENT = frozenset((b"RESERVED", b"FOUND", b"OK"))


class Garbled(Exception):  # noqa: N818
    """The server sent what is no reply."""


def connect(address: str) -> socket.socket:
    """Connect to HOST:PORT, [IPV6]:PORT or unix:PATH."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(address.removeprefix("unix:"))
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host.strip("[]"), int(port)), 5)
    if connection.getsockname() == connection.getpeername():
        connection.close()  # a port without a listener may connect to itself
        raise ConnectionRefusedError(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def split_reply(received: bytearray) -> tuple[list[bytes], bytes, int] | None:
    """Find the first whole reply: its words, its content, its length in bytes."""
    stop = received.find(b"\r\n")
    if stop < 0:
        return None
    words = bytes(received[:stop]).split(b" ")
    end = stop + 2
    if words[0] not in WITH_CONTENT:
        return words, b"", end
    try:
        size = int(words[-1])
    except ValueError:
        raise Garbled(repr(bytes(received[:80]))) from None
    if len(received) < end + size + 2:
        return None
    if received[end + size : end + size + 2] != b"\r\n":
        raise Garbled(f"{size} bytes do not end here: {bytes(received[:stop])!r}")
    return words, bytes(received[end : end + size]), end + size + 2


def statistics(content: bytes) -> dict[str, str]:
    """Read the fields of a statistics reply."""
    lines = content.decode(errors="replace").splitlines()
    pairs = (line.split(": ", 1) for line in lines if ": " in line)
    return {key: value.strip('"') for key, value in pairs}


class Conversation:
    """A connection, what it waits for, and the tubes that it uses and watches.

    `ask` writes the call into the history; the caller commits the history before
    `send`. Uses and watches are preparation and are not recorded.
    """

    def __init__(
        self,
        number: int,
        connection: socket.socket,
        tubes: tuple[str, ...],
        life: int,
    ) -> None:
        self.number = number
        self.socket = connection
        self.socket.setblocking(False)
        self.tubes = tubes
        self.life = life
        self.waiting: deque[Operation | None] = deque()
        self.outgoing = bytearray()
        self._used = "default"
        self._received = bytearray()
        for tube in tubes:
            self._prepare(Request("watch", tube=tube))
        self._prepare(Request("ignore", tube="default"))

    def fileno(self) -> int:
        """Give what to wait on."""
        return self.socket.fileno()

    def _prepare(self, request: Request) -> None:
        self.outgoing += request.line()
        self.waiting.append(None)

    def ask(self, request: Request, number: int, history: HistoryWriter) -> Operation:
        """Put a command into the history and among what is to be sent."""
        uses = request.verb in ("put", "kick") or request.verb.startswith("peek-")
        if uses and request.tube != self._used:
            self._used = request.tube
            self._prepare(Request("use", tube=request.tube))
        operation = Operation(
            number,
            self.number,
            self.life,
            request.verb,
            moment(),
            request.id,
            request.tube,
            request.tubes,
            request.pri,
            request.delay,
            request.ttr,
            request.bound,
            request.seconds,
        )
        if request.body is not None:
            operation.size, operation.digest = len(request.body), digest(request.body)
        history.call(operation)
        self.outgoing += request.line()
        self.waiting.append(operation)
        return operation

    def is_blocked(self, now: int) -> bool:
        """Tell whether it has been waiting for a job for a while."""
        first = self.waiting[0] if self.waiting else None
        waits = first is not None and first.verb.startswith("reserve")
        return first is not None and waits and now - first.called > BLOCKED

    def half_close(self) -> None:
        """Send the rest and say that no more will come; what is wrong with that, the
        next `receive` tells."""
        with suppress(OSError):
            self.socket.settimeout(5)
            self.socket.sendall(self.outgoing)
            self.socket.shutdown(socket.SHUT_WR)
        self.outgoing.clear()
        self.socket.setblocking(False)

    def send(self) -> None:
        """Send what the system takes."""
        while self.outgoing:
            try:
                sent = self.socket.send(self.outgoing)
            except BlockingIOError:
                return
            del self.outgoing[:sent]

    def receive(self) -> bool:
        """Take what has arrived; tell whether the connection goes on."""
        try:
            content = self.socket.recv(1 << 20)
        except BlockingIOError:
            return True
        self._received += content
        return bool(content)

    def replies(self, history: HistoryWriter) -> list[Operation]:
        """Put every whole reply that has arrived into the history, and give them."""
        answered = []
        while (found := split_reply(self._received)) is not None:
            words, content, size = found
            del self._received[:size]
            if not self.waiting:
                raise Garbled(f"a reply to nothing: {words!r}")
            operation = self.waiting.popleft()
            if operation is not None:
                self._complete(operation, words, content)
                history.reply(operation)
                answered.append(operation)
        return answered

    def _complete(
        self, operation: Operation, words: list[bytes], content: bytes
    ) -> None:
        operation.answered = moment()
        operation.words = tuple(word.decode(errors="replace") for word in words)
        assert operation.answered < FAR
        if operation.answer in ("RESERVED", "FOUND"):
            operation.size, operation.digest = len(content), digest(content)
        if operation.answer == "OK":
            operation.fields = statistics(content)
        elif len(words) > 1 and operation.answer != "KICKED":
            operation.id = int(words[1])
