"""The turn: barriers, who was spoken to, and who waits for the log."""

import pytest

from penstock.core.events import Batch
from penstock.core.session import Session
from penstock.core.tube import Tube
from penstock.core.turn import Turn


@pytest.fixture
def turn():
    return Turn()


@pytest.fixture
def session():
    return Session(Tube(b"default", 1))


def spare():
    return Batch()


def test_with_nothing_hard_a_reply_leaves_at_once(turn, session):
    turn.batch.seal()
    turn.show(session)
    session.outbox.add(b"a")
    assert session.sendable(turn.durable) == 1


def test_with_something_hard_a_reply_waits_for_this_batch(turn, session):
    turn.batch.delete(1, 1)
    turn.show(session)
    session.outbox.add(b"a")
    assert session.sendable(0) == 0
    assert session.sendable(turn.batch.seq) == 1


def test_a_reply_waits_for_the_batch_in_flight(turn, session):
    turn.batch.delete(1, 1)
    full = turn.swap(spare())
    assert (full.seq, turn.batch.seq, turn.barrier) == (1, 2, 1)
    turn.show(session)
    session.outbox.add(b"a")
    assert (session.sendable(0), session.sendable(1)) == (0, 1)


def test_a_soft_batch_in_flight_holds_nothing_back(turn, session):
    turn.batch.seal()
    turn.swap(spare())
    turn.show(session)
    session.outbox.add(b"a")
    assert session.sendable(0) == 1


def test_a_session_is_spoken_to_once_and_not_while_it_runs(turn, session):
    running = Session(Tube(b"default", 1))
    turn.running = running
    turn.speak(running)
    turn.speak(session)
    turn.speak(session)
    assert turn.take_spoken() == [session]
    assert turn.take_spoken() == []
    turn.speak(session)
    assert turn.take_spoken() == [session]


def test_a_session_waits_for_the_log_only_while_something_is_not_durable(turn, session):
    turn.hold(session)
    assert turn.take_held() == []
    turn.batch.delete(1, 1)
    turn.hold(session)
    turn.hold(session)
    assert turn.take_held() == [session]
    turn.swap(spare())
    turn.hold(session)
    assert turn.take_held() == [session]
    turn.durable = 1
    turn.hold(session)
    assert turn.take_held() == []


def test_a_turn_is_full_beyond_eight_mebibytes(turn):
    turn.batch.put(1, b"a", 0, 0, 0, 0, 1, b"", b"x" * (8 << 20))
    assert turn.is_full()
    turn.swap(spare())
    assert not turn.is_full()
