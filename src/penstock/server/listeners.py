"""Listening sockets: opened here, or inherited from systemd; TCP and Unix."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from penstock.errors import ListenError
from penstock.server.address import FORMS, Address, TcpAddress, UnixAddress
from penstock.server.occupant import Occupant, find

BACKLOG = 1024  # callers that wait in the kernel; it has its own lower bound
DEFAULT_PORT = 11300
DEFAULTS: tuple[Address, ...] = (
    TcpAddress("127.0.0.1", DEFAULT_PORT),
    TcpAddress("::1", DEFAULT_PORT),
)
OURS = {"beanstalk", "unknown", ""}  # names of inherited sockets, or of none given
WITHOUT_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)

logger = structlog.get_logger("penstock.server")


@dataclass(frozen=True, slots=True)
class Door:
    """A socket that listens, and where it is reached; `path` and `inode` name what we
    have put into the file system."""

    socket: socket.socket
    address: Address
    path: str = ""
    inode: int = 0

    def close(self) -> None:
        """Listen no more; remove our path, unless it is somebody else's by now."""
        self.socket.close()
        with contextlib.suppress(FileNotFoundError):
            if self.path and os.lstat(self.path).st_ino == self.inode:
                os.unlink(self.path)


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
    """Say in one line why an address cannot be listened on, and what to do."""
    if error.errno != errno.EADDRINUSE:
        return f"beanstalk {address}: {error.strerror or error}"
    if isinstance(address, UnixAddress) and not _is_socket(address.path):
        return f"beanstalk {address}: a file that is no socket is there, and is kept"
    occupant = find(address)
    if occupant is None:
        holder, drain = "somebody else", ""
    else:
        holder = f"{occupant.name} (pid {occupant.pid})"
        drain = _how_to_drain(occupant)
    return (
        f"beanstalk {address} is held by {holder}: stop it, or listen elsewhere with"
        f" --beanstalk {FORMS.removesuffix(' or off')}{drain}"
    )


def _how_to_drain(occupant: Occupant) -> str:
    if occupant.name != "beanstalkd":
        return ""
    return (
        f"; to move its jobs out first, `kill -USR1 {occupant.pid}` makes it refuse new"
        " ones while its workers finish the old ones"
    )


# Inherited.


def adopt(descriptors: Mapping[int, str]) -> list[Door]:
    """Take over sockets that systemd listens on; one with another's name is closed."""
    doors: list[Door] = []
    for fd, name in descriptors.items():
        if not (name in OURS or name.endswith(".socket")):
            logger.warning("an inherited socket is not used", descriptor=fd, name=name)
            os.close(fd)
            continue
        doors.append(_adopt(fd))
    return doors


def _adopt(fd: int) -> Door:
    try:
        inherited = socket.socket(fileno=fd)
    except OSError as error:
        raise ListenError(f"inherited descriptor {fd}: {error.strerror}") from error
    listens = inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if not listens or inherited.type != socket.SOCK_STREAM:
        inherited.close()
        raise ListenError(f"inherited descriptor {fd}: no stream socket that listens")
    inherited.set_inheritable(False)
    inherited.setblocking(False)
    return Door(inherited, address_of(inherited))


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
        # Before the path exists, which takes this mode: nobody may come in between.
        os.fchmod(listening.fileno(), 0o600)
        listening.bind(path)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    # The working directory may be another one by the time that it is removed.
    inode = os.lstat(path).st_ino
    return Door(listening, UnixAddress(path), os.path.abspath(path), inode)


def _remove_stale(path: str) -> None:
    """Remove what a server that died has left: a socket to which nobody listens."""
    if _is_socket(path) and not _is_answered(path):
        os.unlink(path)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


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
