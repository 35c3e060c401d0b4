"""One socket and its session."""

import os

import pytest

from tests.core.plumbing import Plumbing, hear

if os.environ.get("PENSTOCK_FORM") == "plain":
    pytest.skip("a connection has no plain form", allow_module_level=True)
pytest.importorskip("penstock.core.connection")


@pytest.fixture
def plumbing():
    plumbing = Plumbing()
    yield plumbing
    plumbing.shut()


def test_a_session_is_linked_to_its_connection_until_that_closes(plumbing):
    end, session = plumbing.connect()
    connection = session.link
    assert connection.session is session
    assert connection.fd >= 0
    end.close()
    plumbing.settle()
    assert session.link is None
    assert connection.fd == -1


def test_flushing_a_closed_connection_does_nothing(plumbing):
    end, session = plumbing.connect()
    connection = session.link
    end.close()
    plumbing.settle()
    connection.flush()
    assert connection.fd == -1


def test_a_flush_sends_what_another_said(plumbing):
    worker, session = plumbing.connect()
    worker.sendall(b"reserve\r\n")
    plumbing.settle()
    plumbing.engine.give_up(session)
    session.link.flush()
    assert hear(worker, 11) == b"TIMED_OUT\r\n"


def test_a_command_whose_bytes_come_one_at_a_time_is_answered_once(plumbing):
    end, _ = plumbing.connect()
    for byte in b"put 0 0 60 3\r\nabc\r\n":
        end.sendall(bytes([byte]))
        plumbing.settle()
    assert hear(end, 12) == b"INSERTED 1\r\n"
