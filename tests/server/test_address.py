"""Addresses are read strictly, and written as they were read."""

from __future__ import annotations

import pytest

from penstock.server.address import TcpAddress, UnixAddress, parse


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:11300", TcpAddress("127.0.0.1", 11300)),
        ("localhost:0", TcpAddress("localhost", 0)),
        ("[::1]:65535", TcpAddress("::1", 65535)),
        ("unix:/run/p.sock", UnixAddress("/run/p.sock")),
        ("unix:p:1", UnixAddress("p:1")),
    ],
)
def test_an_address_is_read_and_written_alike(text, address):
    assert parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "off",
        "11300",
        ":11300",
        "host:",
        "host:65536",
        "host:-1",
        "host:+1",
        "host:1x",
        "host:٣",
        "::1:11300",
        "[127.0.0.1]:1",
        "[x]:1",
        "[]:1",
        "a b:1",
        "tcp://host:1",
        "unix:",
        "unix:" + "x" * 108,
        "unix:a\0b",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError) as told:  # noqa: PT011  (any text will do)
        parse(text)
    assert not isinstance(told.value, UnicodeError)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("unix:/x", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("example.org:1", False),
        ("localhost.example.org:1", False),
    ],
)
def test_only_loopback_is_out_of_reach_for_others(text, loopback):
    assert parse(text).is_loopback is loopback
