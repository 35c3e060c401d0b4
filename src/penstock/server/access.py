"""Who may connect: loopback always, other machines by the ranges that were allowed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence

import structlog

from penstock.clock import Clock
from penstock.errors import ConfigError, ListenError
from penstock.server.address import Address, TcpAddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
IP = ipaddress.IPv4Address | ipaddress.IPv6Address

MINUTE = 60_000_000_000
MOST_REMEMBERED = 1000  # refused addresses in a minute that get a line each

# Ranges that no router of the public internet carries (RFC 1918, 3927, 4193, 6598).
PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
USUAL = {4: PRIVATE[:3], 6: PRIVATE[6:7]}

logger = structlog.get_logger("penstock.server")


# At the start.


def check(
    addresses: Iterable[Address], allow: Sequence[Network], *, insecure_public: bool
) -> None:
    """Refuse to be reached by more than was meant; say what to add."""
    for address in addresses:
        if not address.is_loopback and not allow:
            raise ConfigError(
                f"beanstalk {address} can be reached from other machines: say which"
                f" may connect, for example {_suggestion(address)}"
            )
    for network in allow:
        if not insecure_public and not _is_private(network):
            raise ConfigError(
                f"allow {network} reaches beyond private networks, and clients are not"
                " asked who they are: add --insecure-public if that is meant"
            )


def _is_private(network: Network) -> bool:
    return any(_contains(private, network) for private in PRIVATE)


def _contains(outer: Network, inner: Network) -> bool:
    if isinstance(outer, ipaddress.IPv4Network):
        return isinstance(inner, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)


def reach(host: str) -> tuple[Network, ...] | None:
    """Give the private networks from which an address may be reached, none for one of
    this machine alone; None for an address of the public internet.

    Raises ListenError for a name that nobody knows.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ListenError(f"{host}: {error.strerror}") from None
    ip = _ip(str(found[0][4][0]))
    if ip is None or ip.is_loopback:
        return ()
    if ip.is_unspecified or any(ip in network for network in PRIVATE):
        return PRIVATE
    return None


def _suggestion(address: Address) -> str:
    """Give the flags that would let the neighbours of an address in."""
    assert isinstance(address, TcpAddress)
    ip = _ip(address.host)
    around = [network for network in PRIVATE if ip is not None and ip in network]
    ranges = around or USUAL[4 if ip is None else ip.version]
    return " ".join(f"--allow {network}" for network in ranges)


# At each accept.


def _ip(host: str) -> IP | None:
    """Read an address; an IPv4 caller of an IPv6 socket counts as what it is."""
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


class Guard:
    """Looks at callers; one line a minute for each address that is refused."""

    def __init__(self, allow: Sequence[Network], clock: Clock) -> None:
        self._allow = allow
        self._clock = clock
        self._minute = 0
        self._named: set[IP] = set()

    def __call__(self, fd: int) -> bool:
        """Tell whether the caller on this descriptor may stay."""
        peer = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=fd)
        try:
            host = peer.getpeername()[0]
        except OSError:
            return False  # gone before it was looked at
        finally:
            peer.detach()
        ip = _ip(host)
        return ip is not None and self.admits(ip)

    def admits(self, ip: IP) -> bool:
        """Tell whether an address may connect."""
        if ip.is_loopback or any(ip in network for network in self._allow):
            return True
        self._name(ip)
        return False

    def _name(self, ip: IP) -> None:
        minute = self._clock.now() // MINUTE
        if minute != self._minute:
            self._minute = minute
            self._named.clear()
        if ip not in self._named and len(self._named) < MOST_REMEMBERED:
            self._named.add(ip)
            logger.warning("refused: not in an allowed range", peer=str(ip))
