"""Sockets are opened where they were asked for, all or none, and leave nothing."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from penstock.errors import ListenError
from penstock.server import listeners
from penstock.server.address import TcpAddress, UnixAddress
from penstock.server.listeners import Door, adopt, close_all, open_all
from penstock.server.occupant import Occupant


@pytest.fixture
def opened():
    """Opens addresses, and closes them at the end."""
    doors: list[Door] = []

    def open_(*addresses) -> list[Door]:
        new = open_all(list(addresses))
        doors.extend(new)
        return new

    yield open_
    close_all(doors)


def reach(address) -> None:
    """Connect to an address and be accepted by the kernel."""
    if isinstance(address, UnixAddress):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(address.path)
    else:
        with socket.create_connection((address.host, address.port), 5):
            return


# TCP.


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_port_0_is_any_free_one_and_it_is_told(opened, host):
    (door,) = opened(TcpAddress(host, 0))
    assert door.address.host == host
    assert door.address.port > 0
    assert door.socket.getblocking() is False
    assert door.socket.get_inheritable() is False
    reach(door.address)


def test_a_name_that_stands_for_one_address_opens_one(opened):
    doors = opened(TcpAddress("localhost", 0))
    assert {door.address.host for door in doors} <= {"127.0.0.1", "::1"}
    for door in doors:
        reach(door.address)


def test_ipv4_and_ipv6_may_have_the_same_port(opened):
    (first,) = opened(TcpAddress("0.0.0.0", 0))
    (second,) = opened(TcpAddress("::", first.address.port))
    assert second.address.port == first.address.port


def test_the_port_of_a_server_that_ended_is_free_at_once(opened):
    (door,) = opened(TcpAddress("127.0.0.1", 0))
    with socket.create_connection((door.address.host, door.address.port)):
        door.socket.accept()[0].close()  # leaves TIME_WAIT behind
    door.close()
    opened(door.address)


def test_a_busy_port_is_one_line_with_holder_and_flag(opened):
    (door,) = opened(TcpAddress("127.0.0.1", 0))
    comm = Path("/proc/self/comm").read_text().strip()
    with pytest.raises(ListenError) as told:
        opened(door.address)
    assert str(told.value) == (
        f"beanstalk {door.address} is held by {comm} (pid {os.getpid()}): stop it, or"
        " listen elsewhere with --beanstalk HOST:PORT, [IPV6]:PORT, unix:PATH"
    )


def test_a_busy_port_that_beanstalkd_holds_says_how_to_drain_it(opened, monkeypatch):
    (door,) = opened(TcpAddress("127.0.0.1", 0))
    monkeypatch.setattr(listeners, "find", lambda address: Occupant(77, "beanstalkd"))
    with pytest.raises(ListenError, match=r"held by beanstalkd \(pid 77\)") as told:
        opened(door.address)
    assert "`kill -USR1 77` makes it refuse new ones" in str(told.value)


def test_a_busy_port_of_somebody_we_may_not_see_is_still_one_line(opened, monkeypatch):
    (door,) = opened(TcpAddress("127.0.0.1", 0))
    monkeypatch.setattr(listeners, "find", lambda address: None)
    with pytest.raises(ListenError, match="is held by somebody else: stop it, or"):
        opened(door.address)


def test_an_address_of_another_machine_is_one_line(opened):
    with pytest.raises(ListenError) as told:
        opened(TcpAddress("192.0.2.1", 0))
    assert str(told.value) == "beanstalk 192.0.2.1:0: Cannot assign requested address"


def test_all_are_opened_or_none(opened):
    (busy,) = opened(TcpAddress("127.0.0.1", 0))
    with socket.create_server(("127.0.0.1", 0)) as door:
        first = TcpAddress("127.0.0.1", door.getsockname()[1])
    with pytest.raises(ListenError):
        opened(first, busy.address)
    with pytest.raises(ConnectionRefusedError):
        reach(first)


def test_the_defaults_are_both_loopbacks_as_far_as_they_exist(monkeypatch):
    asked: list[str] = []

    def note(address):
        asked.append(str(address))
        return []

    monkeypatch.setattr(listeners, "open_door", note)
    monkeypatch.setattr(listeners, "has_ipv6", lambda: True)
    open_all(None)
    monkeypatch.setattr(listeners, "has_ipv6", lambda: False)
    open_all(None)
    both = ["127.0.0.1:11300", "[::1]:11300"]
    assert asked == [*both, "127.0.0.1:11300"]


# Unix.


def test_a_unix_socket_is_for_its_owner_alone(opened, tmp_path):
    path = tmp_path / "s"
    mask = os.umask(0)
    try:
        (door,) = opened(UnixAddress(str(path)))
    finally:
        os.umask(mask)
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    reach(door.address)


def test_the_path_is_gone_when_the_door_is_closed(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (door,) = opened(UnixAddress("s"))
    monkeypatch.chdir("/")
    door.close()
    assert not (tmp_path / "s").exists()


def test_a_path_that_another_server_took_over_is_left_alone(opened, tmp_path):
    address = UnixAddress(str(tmp_path / "s"))
    (first,) = opened(address)
    os.unlink(address.path)
    opened(address)
    first.close()
    reach(address)


def test_what_a_dead_server_left_is_replaced(opened, tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    (door,) = opened(UnixAddress(path))
    reach(door.address)


def test_a_socket_that_somebody_listens_on_is_left_alone(opened, tmp_path):
    address = UnixAddress(str(tmp_path / "s"))
    opened(address)
    with pytest.raises(ListenError, match="is held by"):
        opened(address)
    reach(address)


@pytest.mark.parametrize("link", [False, True])
def test_a_file_that_is_no_socket_is_left_alone(opened, tmp_path, link):
    path = tmp_path / "s"
    (tmp_path / "precious").write_text("kept")
    path.symlink_to("precious") if link else path.write_text("kept")
    with pytest.raises(ListenError, match="a file that is no socket is there"):
        opened(UnixAddress(str(path)))
    assert path.read_text() == "kept"


def test_a_folder_that_is_not_there_is_one_line(opened):
    with pytest.raises(ListenError) as told:
        opened(UnixAddress("/nowhere/s"))
    assert str(told.value) == "beanstalk unix:/nowhere/s: No such file or directory"


# Inherited.


@pytest.mark.parametrize("name", ["beanstalk", "", "unknown", "penstock.socket"])
def test_an_inherited_socket_is_served(name):
    with socket.create_server(("127.0.0.1", 0)) as held:
        fd = os.dup(held.fileno())
        os.set_inheritable(fd, True)
        (door,) = adopt({fd: name})
        assert str(door.address) == f"127.0.0.1:{held.getsockname()[1]}"
        assert os.get_inheritable(fd) is False
        assert door.socket.getblocking() is False
        close_all([door])


def test_an_inherited_unix_socket_stays_in_the_file_system(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(path)
        held.listen()
        (door,) = adopt({os.dup(held.fileno()): "beanstalk"})
        assert door.address == UnixAddress(path)
        close_all([door])
    assert Path(path).exists(), "it is systemd's to remove"


def test_a_socket_with_anothers_name_is_closed_and_logged():
    with socket.create_server(("127.0.0.1", 0)) as held:
        fd = os.dup(held.fileno())
        with capture_logs() as lines:
            assert adopt({fd: "metrics"}) == []
        assert lines[0]["name"] == "metrics"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_a_descriptor_that_does_not_listen_is_refused():
    with socket.socket() as held:
        fd = os.dup(held.fileno())
        with pytest.raises(ListenError, match="no stream socket that listens"):
            adopt({fd: "beanstalk"})


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path):
    why = r"inherited descriptor \d+: Socket operation on non-socket"
    with (tmp_path / "file").open("w") as file, pytest.raises(ListenError, match=why):
        adopt({file.fileno(): "beanstalk"})
