"""Several clients at once: what they ask is written down first, what they hear at once;
a server that goes away or goes silent is told from one that answers."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from itertools import pairwise

import pytest

from penstock.testing import running_server
from penstock.testing.callers import Callers, Gone, Stuck, Unreachable
from penstock.testing.checkers import check
from penstock.testing.history import read_history
from penstock.testing.load import Request


@pytest.fixture
def server():
    with running_server() as running:
        yield running.addresses[0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history"


@contextmanager
def calling(path, address, sync=0):
    """Callers that have reached a server."""
    callers = Callers(path, "7", sync)
    try:
        callers.begin(address)
        callers.reach(10)
        yield callers
    finally:
        callers.close()


@contextmanager
def listening(answer):
    """A server of one connection: a function of its socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(20)
        assert not thread.is_alive()


def hear(connection, last):
    """Take what comes, up to that."""
    heard = b""
    while not heard.endswith(last):
        content = connection.recv(1000)
        assert content, heard
        heard += content


def tubes_of_one(callers, monkeypatch):
    monkeypatch.setattr(callers.load, "tubes", lambda: ("a", "b", "c", "d"))


def test_a_load_that_nothing_disturbs_is_without_a_fault(server, path):
    with calling(path, server) as callers:
        callers.look()
        assert not callers.drive(4, 0.5)
        assert callers.counts["INSERTED"] > 20
        assert callers.counts["DELETED"] > 5
    history = read_history(path)
    verdict = check(history)
    assert verdict.violations == []
    assert verdict.counts["given up"] == 0
    assert verdict.counts["no reply"] == 0
    assert len({o.connection for o in history.operations}) >= 4


def test_short_ttrs_run_out_while_nobody_says_anything(server, path, monkeypatch):
    monkeypatch.setattr("penstock.testing.callers.UNTIL_HUSH", 300)
    monkeypatch.setattr("penstock.testing.load.TTRS", (1,))
    with calling(path, server) as callers:
        assert not callers.drive(4, 2.0, hush=1.5)
    history = read_history(path)
    calls = [operation.called for operation in history.operations]
    longest = max(after - before for before, after in pairwise(calls))
    assert longest > 1_400_000_000
    verdict = check(history)
    assert verdict.violations == []
    assert verdict.redelivered["ttr"] > 0


def test_a_call_is_written_down_before_it_is_sent(path, monkeypatch):
    written = []

    def answer(connection):
        hear(connection, b"ignore default\r\ndelete 5\r\n")
        written.append(path.read_text())
        connection.sendall(b"WATCHING 1\r\n" * 5 + b"DELETED\r\n")

    with listening(answer) as address:
        callers = Callers(path, "7", 0)
        tubes_of_one(callers, monkeypatch)
        callers.begin(address)
        conversation = callers.join()
        (asked,) = callers.ask_alone(conversation, [Request("delete", id=5)])
        assert '"verb":"delete","id":5' in written[0]
        assert "DELETED" not in written[0]
        assert asked.words == ("DELETED",)
        assert "DELETED" in path.read_text()
        callers.close()


def test_what_was_asked_of_a_server_that_goes_away_has_no_reply(path, monkeypatch):
    def answer(connection):
        hear(connection, b"delete 5\r\n")

    with listening(answer) as address:
        callers = Callers(path, "7", 0)
        tubes_of_one(callers, monkeypatch)
        callers.begin(address)
        with pytest.raises(Gone):
            callers.ask_alone(callers.join(), [Request("delete", id=5)])
        callers.close()
    (asked,) = read_history(path).operations
    assert (asked.verb, asked.words) == ("delete", ())


def test_a_server_that_says_nothing_is_stuck(path, monkeypatch):
    monkeypatch.setattr("penstock.testing.callers.SILENCE", 0.2)

    def answer(connection):
        while connection.recv(1000):
            continue

    with listening(answer) as address:
        callers = Callers(path, "7", 0)
        callers.begin(address)
        with pytest.raises(Stuck):
            callers.ask_alone(callers.join(), [])
        callers.close()


def test_where_nobody_listens_nobody_is_reached(path, tmp_path):
    callers = Callers(path, "7", 0)
    callers.begin(f"unix:{tmp_path}/nobody")
    with pytest.raises(Unreachable):
        callers.reach(0.05)
    callers.close()


def test_a_load_ends_when_the_server_goes_away(path):
    with running_server() as server, calling(path, server.addresses[0]) as callers:
        killer = threading.Timer(0.3, server.process.kill)
        killer.start()
        assert callers.drive(4, 30)
        killer.join()
    history = read_history(path)
    assert history.operations
    assert check(history).violations == []


def test_callers_that_begin_again_know_what_earlier_ones_knew(server, path):
    with calling(path, server) as callers:
        callers.drive(3, 0.2)
        known = callers.jobs
    again = Callers(path, "8", 0)
    assert again.jobs.alive.keys() == known.alive.keys()
    assert again.jobs.gone == known.gone
    assert again.jobs.highest == known.highest
    again.begin(server)
    again.reach(10)
    again.look()
    again.close()
    history = read_history(path)
    assert sorted(history.lives) == [1, 2]
    numbers = [o.number for o in history.operations]
    assert len(set(numbers)) == len(numbers)
    assert check(history).violations == []
