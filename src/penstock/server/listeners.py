"""Listening sockets: opened here, or inherited from systemd; TCP and Unix."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from dataclasses import dataclass

from penstock.errors import ListenError
from penstock.server.address import Address, TcpAddress, UnixAddress

BACKLOG = 1024  # callers that wait in the kernel; it has its own lower bound
DEFAULT_PORT = 11300
DEFAULTS: tuple[Address, ...] = (
    TcpAddress("127.0.0.1", DEFAULT_PORT),
    TcpAddress("::1", DEFAULT_PORT),
)
WITHOUT_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


@dataclass(frozen=True, slots=True)
class Door:
    """A socket that listens, and where it is reached; `unlink` is ours to remove."""

    socket: socket.socket
    address: Address
    unlink: str | None = None

    def close(self) -> None:
        """Listen no more, and take our path out of the file system."""
        self.socket.close()
        if self.unlink is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.unlink)


def open_all(addresses: list[Address] | None) -> list[Door]:
    """Open every address, or none; None means the defaults, as far as they exist."""
    doors: list[Door] = []
    try:
        for address in DEFAULTS if addresses is None else addresses:
            if addresses is None and address == DEFAULTS[1] and not has_ipv6():
                continue
            doors += open_door(address)
    except BaseException:
        close_all(doors)
        raise
    return doors


def close_all(doors: list[Door]) -> None:
    """Close all of them."""
    for door in doors:
        door.close()


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        if error.errno in WITHOUT_IPV6:
            return False
        raise
    return True


def open_door(address: Address) -> list[Door]:
    """Listen at an address; a name may stand for several."""
    try:
        if isinstance(address, UnixAddress):
            return [_open_unix(address.path)]
        return _open_tcp(address)
    except OSError as error:
        raise ListenError(explain(address, error)) from error


def explain(address: Address, error: OSError) -> str:
    """Say in one line why an address cannot be listened on."""
    reason = error.strerror or str(error)
    return f"beanstalk {address}: {reason}"


# TCP.


def _open_tcp(address: TcpAddress) -> list[Door]:
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    doors: list[Door] = []
    try:
        for family, kind, protocol, _, place in dict.fromkeys(found):
            doors.append(_bind_tcp(family, kind, protocol, place))
    except OSError:
        close_all(doors)
        raise
    return doors


def _bind_tcp(family: int, kind: int, protocol: int, place: object) -> Door:
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # IPv4 has listeners of its own, with its own addresses in the rules.
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(place)  # type: ignore[arg-type]  # as getaddrinfo gave it
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return Door(listening, address_of(listening))


def address_of(listening: socket.socket) -> Address:
    """Tell where a socket is reached."""
    place = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        path = os.fsdecode(place)
        return UnixAddress(path.replace("\0", "@", 1))
    return TcpAddress(place[0], place[1])


# Unix.


def _open_unix(path: str) -> Door:
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Before the path exists: nobody may come in between.
        os.fchmod(listening.fileno(), 0o600)
        mask = os.umask(0o177)
        try:
            listening.bind(path)
        finally:
            os.umask(mask)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return Door(listening, UnixAddress(path), unlink=os.path.abspath(path))


def _remove_stale(path: str) -> None:
    """Remove what a server that died has left: a socket to which nobody listens."""
    try:
        is_socket = stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if is_socket and not _is_answered(path):
        os.unlink(path)


def _is_answered(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return False
        except BlockingIOError:
            return True  # its queue is full, so there is one
    return True
