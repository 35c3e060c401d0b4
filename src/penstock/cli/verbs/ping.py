"""`penstock ping`: ask a server whether it answers, for health checks."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Annotated

import typer

from penstock.errors import FlagError
from penstock.server.address import Address, TcpAddress, UnixAddress, parse

EXAMPLES = """
Examples:

\b
  penstock ping
  penstock ping 10.0.0.5:11300 --timeout 1
  penstock ping unix:/run/penstock.sock
"""

QUESTION = b"list-tube-used\r\n"
ANSWER = b"USING default\r\n"


def ping(
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="[ADDR]",
            help="HOST:PORT or unix:PATH; else where `penstock serve` would listen.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings, instead of ./penstock.toml."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait.")
    ] = 2.0,
) -> None:
    """Ask a server whether it answers: status 0 if so, else 1."""
    place = _configured(config) if address is None else _given(address)
    began = time.monotonic()
    try:
        ask(place, timeout)
    except OSError as error:
        print(f"{place} does not answer: {_reason(error, timeout)}")
        raise typer.Exit(1) from None
    print(f"{place} answers, {(time.monotonic() - began) * 1000:.1f} ms")


def _given(text: str) -> Address:
    try:
        return parse(text)
    except ValueError:
        raise FlagError(f"{text}: allowed is HOST:PORT or unix:PATH") from None


def _configured(config: Path | None) -> Address:
    """Give the first address at which a server with these settings listens."""
    # Here, so that a health check with an address starts in no time.
    from penstock.config import load  # noqa: PLC0415

    addresses = load({}, config, os.environ).beanstalk
    return addresses[0] if addresses else TcpAddress("127.0.0.1", 11300)


def _reason(error: OSError, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came within {timeout:g} s"
    return error.strerror or str(error)


def ask(address: Address, timeout: float) -> None:
    """Say something harmless and wait for the right answer; raise OSError otherwise."""
    last = time.monotonic() + timeout
    with _connect(address, timeout) as connection:
        connection.sendall(QUESTION)
        answer = b""
        while len(answer) < len(ANSWER):
            connection.settimeout(max(0.001, last - time.monotonic()))
            more = connection.recv(64)
            if not more:
                break
            answer += more
    if answer != ANSWER:
        said = repr(answer.decode("ascii", "replace").strip()[:60]) if answer else ""
        told = f"it said {said}" if said else "it closed without a word"
        raise OSError(f"{told}, so it is no beanstalk server")


def _connect(address: Address, timeout: float) -> socket.socket:
    if isinstance(address, UnixAddress):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(address.path)
        except OSError:
            connection.close()
            raise
        return connection
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    return socket.create_connection((host, address.port), timeout)
