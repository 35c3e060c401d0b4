"""What is opened and said at the start follows from the settings."""

from __future__ import annotations

import asyncio
import builtins
import os
import socket

import pytest

from penstock.cli import foreground
from penstock.config import Settings, Systemd, load
from penstock.errors import ConfigError
from penstock.server import limits, listeners
from penstock.server.limits import RESERVE

ALONE = Systemd({}, None, None)


def settings(**flags) -> Settings:
    """What these flags say, and nothing else."""
    return load(flags, None, {})


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory in which nobody has left a file."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def opened(monkeypatch):
    """What would be opened."""
    asked: list[object] = []

    def note(addresses):
        asked.append(addresses and [str(address) for address in addresses])
        return [object()]

    monkeypatch.setattr(listeners, "open_all", note)
    return asked


def doors(said: Settings, systemd: Systemd = ALONE):
    return foreground._doors(said, systemd, insecure_public=False)


def test_without_settings_the_defaults_are_opened(opened):
    doors(settings())
    assert opened == [None]


def test_configured_addresses_are_opened_instead(opened):
    doors(settings(beanstalk=("127.0.0.1:5", "unix:/x")))
    assert opened == [["127.0.0.1:5", "unix:/x"]]


def test_an_inherited_socket_is_not_opened_again(opened):
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
        systemd = Systemd({os.dup(held.fileno()): "beanstalk"}, None, None)
        inherited, _ = doors(settings(beanstalk=(address, "unix:/x")), systemd)
        assert str(inherited.address) == address
        inherited.close()
    assert opened == [["unix:/x"]]


def test_nothing_beyond_loopback_is_opened_without_a_range(opened):
    with pytest.raises(ConfigError, match="can be reached from other machines"):
        doors(settings(beanstalk=("127.0.0.1:5", "10.0.0.1:5")))
    assert opened == []


def test_bounds_come_from_the_settings_or_from_the_machine(monkeypatch):
    monkeypatch.setattr(limits, "raise_descriptors", lambda: 1000)
    monkeypatch.setattr(limits, "most_memory", lambda: 77)
    bounds = foreground._bounds(settings())
    assert (bounds.job_size, bounds.connections) == (1 << 20, 1000 - RESERVE)
    assert bounds.memory == 77
    bounds = foreground._bounds(settings(max_connections=3, max_memory="1KiB"))
    assert (bounds.connections, bounds.memory) == (3, 1024)


def test_uvloop_is_used_where_it_is_installed(monkeypatch):
    assert foreground._loop_runner().__module__ == "uvloop"
    real = builtins.__import__

    def without_uvloop(name, *rest):
        if name == "uvloop":
            raise ImportError
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_uvloop)
    assert foreground._loop_runner() is asyncio.run
