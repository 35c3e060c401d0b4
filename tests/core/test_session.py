"""Sessions: what they hold, and the two marks of their outbox."""

import pytest

from penstock.core.session import MAY_ALL, Reservation, Session
from penstock.core.tube import Tube


@pytest.fixture
def session():
    return Session(Tube(b"default", 1))


def say(session, text, barrier, durable):
    session.raise_barrier(barrier, durable)
    session.outbox.add(text)


def test_a_session_begins_with_its_tube_and_every_right(session):
    assert session.used.name == b"default"
    assert session.watched == [session.used]
    assert session.rights == MAY_ALL
    assert not session.waiting


def test_what_has_no_barrier_may_leave_at_once(session):
    session.outbox.add(b"abc")
    assert session.sendable(0) == 3


def test_what_waits_for_a_batch_leaves_with_it(session):
    say(session, b"abc", 5, 4)
    assert session.sendable(4) == 0
    assert session.sendable(5) == 3


def test_what_was_said_before_does_not_wait_with_it(session):
    session.outbox.add(b"ab")
    say(session, b"cde", 5, 4)
    assert session.sendable(4) == 2
    assert session.sendable(5) == 5


def test_what_is_said_later_keeps_its_place(session):
    say(session, b"a", 5, 4)
    session.outbox.add(b"bc")
    assert (session.sendable(4), session.sendable(5)) == (0, 3)


def test_two_marks_tell_what_flies_from_what_collects(session):
    say(session, b"a", 5, 4)
    say(session, b"bc", 6, 4)
    say(session, b"d", 6, 4)
    assert [session.sendable(n) for n in (4, 5, 6)] == [0, 1, 4]


def test_what_was_sent_moves_the_marks(session):
    session.outbox.add(b"abc")
    say(session, b"d", 5, 4)
    session.sent(2)
    assert session.sendable(4) == 1
    session.sent(1)
    assert [session.sendable(n) for n in (4, 5)] == [0, 1]


def test_bytes_left_by_a_slow_reader_do_not_leave_too_early(session):
    say(session, b"abc", 5, 4)
    assert session.sendable(5) == 3
    session.sent(1)
    say(session, b"d", 6, 5)
    say(session, b"e", 7, 6)
    assert session.sendable(6) == 3
    assert session.sendable(7) == 4


def test_an_older_barrier_changes_nothing(session):
    say(session, b"a", 6, 4)
    session.raise_barrier(5, 4)
    session.outbox.add(b"b")
    assert [session.sendable(n) for n in (5, 6)] == [0, 2]


def test_reservations_are_let_go_from_any_place(story, client):
    for _ in range(5):
        story.engine.reserve_job(client, story.put(client))
    for id in (3, 1, 5, 2, 4):
        story.engine.release(client, id, 0, 0)
    story.engine.close(client)
    assert story.tube().count(1) == 5
    assert story.job(3).holder is None


def test_a_session_holds_its_own_and_its_leases_jobs(story, client):
    story.put(client, ttr=1)
    story.reserve(client)
    held = story.job(1).holder
    assert client.holds(held)
    assert not story.client().holds(held)
    assert not client.holds(None)
    client.lease = b"token"
    story.put(client)
    story.reserve(client)
    assert client.holds(story.job(2).holder)
    client.lease = b"another"
    assert not client.holds(story.job(2).holder)


def test_a_reservation_without_a_token_is_nobodys_lease(session):
    session.lease = b""
    assert not session.holds(Reservation())


def test_a_bare_session_can_say_nothing(session):
    for say_it in (session.say_deleted, session.say_not_found, session.say_timed_out):
        with pytest.raises(NotImplementedError):
            say_it()


def test_rights_are_bits(session):
    session.rights = 1
    assert session.rights & 2 == 0
