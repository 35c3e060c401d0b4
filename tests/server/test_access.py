"""Beyond loopback only allowed ranges; beyond private networks only by typing it."""

from __future__ import annotations

import ipaddress
import os
import socket

import pytest
from structlog.testing import capture_logs

from penstock.errors import ConfigError
from penstock.server.access import MINUTE, MOST_REMEMBERED, Guard, check
from penstock.server.address import parse
from penstock.testing import ManualClock

SECOND = 1_000_000_000


def networks(*texts: str):
    return tuple(ipaddress.ip_network(text) for text in texts)


def refusal(address: str, *allow: str, insecure_public: bool = False) -> str | None:
    try:
        check([parse(address)], networks(*allow), insecure_public=insecure_public)
    except ConfigError as error:
        return str(error)
    return None


# At the start.


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/x"]
)
def test_loopback_needs_nothing(address):
    assert refusal(address) is None


@pytest.mark.parametrize(
    ("address", "line_to_add"),
    [
        (
            "0.0.0.0:1",
            "--allow 10.0.0.0/8 --allow 172.16.0.0/12 --allow 192.168.0.0/16",
        ),
        ("10.1.2.3:1", "--allow 10.0.0.0/8"),
        ("172.31.0.1:1", "--allow 172.16.0.0/12"),
        ("192.168.1.1:1", "--allow 192.168.0.0/16"),
        ("[::]:1", "--allow fc00::/7"),
        ("[fd00::1]:1", "--allow fc00::/7"),
        (
            "8.8.8.8:1",
            "--allow 10.0.0.0/8 --allow 172.16.0.0/12 --allow 192.168.0.0/16",
        ),
        (
            "db.example.org:1",
            "--allow 10.0.0.0/8 --allow 172.16.0.0/12 --allow 192.168.0.0/16",
        ),
    ],
)
def test_beyond_loopback_the_refusal_says_what_to_add(address, line_to_add):
    assert refusal(address) == (
        f"beanstalk {address} can be reached from other machines: say which may"
        f" connect, for example {line_to_add}"
    )
    assert refusal(address, *line_to_add.replace("--allow ", "").split()) is None


@pytest.mark.parametrize(
    "network", ["10.0.0.0/8", "192.168.1.0/24", "fd12::/16", "100.64.0.0/10"]
)
def test_private_ranges_are_enough(network):
    assert refusal("0.0.0.0:1", network) is None


@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "8.8.8.0/24", "10.0.0.0/7", "::/0", "2001:db8::/32"]
)
def test_public_ranges_have_to_be_typed_out(network):
    assert refusal("0.0.0.0:1", network) == (
        f"allow {network} reaches beyond private networks, and clients are not asked"
        " who they are: add --insecure-public if that is meant"
    )
    assert refusal("0.0.0.0:1", network, insecure_public=True) is None


def test_insecure_public_alone_lets_nobody_in():
    assert refusal("0.0.0.0:1", insecure_public=True) is not None


# At each accept.


@pytest.mark.parametrize(
    ("ip", "admitted"),
    [
        ("10.0.0.1", True),
        ("11.0.0.1", False),
        ("fd00::7", True),
        ("fe80::7", False),
        ("127.0.0.1", True),
        ("::1", True),
    ],
)
def test_a_caller_is_admitted_from_allowed_ranges_and_loopback(ip, admitted):
    guard = Guard(networks("10.0.0.0/8", "fd00::/8"), ManualClock())
    with capture_logs():
        assert guard.admits(ipaddress.ip_address(ip)) is admitted


def test_a_refused_address_gets_one_line_a_minute():
    clock = ManualClock(start=MINUTE)
    guard = Guard((), clock)
    with capture_logs() as lines:
        for second in range(61):
            clock.advance(seconds=1) if second else None
            guard.admits(ipaddress.ip_address("8.8.8.8"))
            guard.admits(ipaddress.ip_address("9.9.9.9"))
    assert [line["peer"] for line in lines] == ["8.8.8.8", "9.9.9.9"] * 2


def test_a_flood_of_addresses_is_not_remembered_for_ever():
    guard = Guard((), ManualClock())
    with capture_logs() as lines:
        for number in range(MOST_REMEMBERED + 50):
            guard.admits(ipaddress.ip_address(0x08000000 + number))
    assert len(lines) == MOST_REMEMBERED


@pytest.mark.parametrize(
    ("family", "host", "mapped"),
    [
        (socket.AF_INET, "127.0.0.1", False),
        (socket.AF_INET6, "::1", False),
        (socket.AF_INET6, "::", True),
    ],
)
def test_a_descriptor_is_looked_at_and_left_open(family, host, mapped):
    with socket.create_server((host, 0), family=family, dualstack_ipv6=mapped) as door:
        target = "127.0.0.1" if mapped else host
        with socket.create_connection((target, door.getsockname()[1])):
            caller, _ = door.accept()
            with caller:
                assert Guard((), ManualClock())(caller.fileno()) is True
                assert os.fstat(caller.fileno())


def test_a_caller_that_is_gone_already_is_refused():
    with socket.socket() as unconnected:
        assert Guard((), ManualClock())(unconnected.fileno()) is False
