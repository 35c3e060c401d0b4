"""Who holds a port that we wanted, as far as /proc lets us see."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from penstock.server.address import Address, TcpAddress, UnixAddress

PROC = Path("/proc")
LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp
WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104  (compared with, not bound to)


@dataclass(frozen=True, slots=True)
class Occupant:
    """A process that listens where we wanted to."""

    pid: int
    name: str


def find(address: Address) -> Occupant | None:
    """Find the process; None when there is none, or it is not ours to see."""
    inodes = set(_inodes(address))
    if not inodes:
        return None
    for process in PROC.iterdir():
        if process.name.isdigit() and inodes & _sockets(process):
            return Occupant(int(process.name), _name(process))
    return None


def _inodes(address: Address) -> Iterator[str]:
    """Give the kernel's numbers of the sockets that listen at an address."""
    if isinstance(address, UnixAddress):
        for words in _table("unix"):
            if len(words) == 8 and words[7] == address.path:
                yield words[6]
        return
    for words in (*_table("tcp"), *_table("tcp6")):
        host, port = _place(words[1])
        if words[3] == LISTENS and port == address.port and _meets(host, address):
            yield words[9]


def _meets(host: str, address: TcpAddress) -> bool:
    """Whether a listener there is in the way; a name could be any address."""
    number = address.host.replace(".", "").isdigit() or ":" in address.host
    return not number or bool({host, address.host} & WILDCARDS) or host == address.host


def _table(name: str) -> list[list[str]]:
    try:
        lines = (PROC / "net" / name).read_text(errors="replace").splitlines()
    except OSError:
        return []
    return [line.split() for line in lines[1:]]


def _place(text: str) -> tuple[str, int]:
    """Read 0100007F:2C24: words of four bytes in the machine's own order."""
    digits, _, port = text.partition(":")
    words = [int(digits[i : i + 8], 16) for i in range(0, len(digits), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(family, packed), int(port, 16)


def _sockets(process: Path) -> set[str]:
    """Give the numbers of a process's sockets; none where we may not look."""
    found = set()
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        return found  # it ended, or belongs to somebody else
    return found


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"
