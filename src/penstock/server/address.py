"""Where a listener is reached: `HOST:PORT`, or `unix:PATH`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

FORMS = "HOST:PORT, [IPV6]:PORT, unix:PATH or off"
LONGEST_UNIX_PATH = 107  # bytes; sockaddr_un.sun_path ends with a zero


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A host, by number or by name, and a port; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """The path of a socket in the file system."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return True


Address = TcpAddress | UnixAddress


def parse(text: str) -> Address:
    """Read an address; raise ValueError for what is none."""
    if text.startswith("unix:"):
        return _unix(text.removeprefix("unix:"))
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not _is_host(host, bracketed=bracketed) or not _is_port(port):
        raise ValueError(text)
    return TcpAddress(host, int(port))


def _unix(path: str) -> UnixAddress:
    if not path or "\0" in path or len(path.encode()) > LONGEST_UNIX_PATH:
        raise ValueError(path)
    return UnixAddress(path)


def _is_host(host: str, *, bracketed: bool) -> bool:
    if bracketed:
        try:
            return ipaddress.ip_address(host).version == 6
        except ValueError:
            return False
    return bool(host) and not set(host) & set(" []:/")


def _is_port(port: str) -> bool:
    return port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536
