"""The socket loop, run by hand: what each rule costs in callbacks, and no more."""

import os
import socket

import pytest

from penstock.core.events import Batch
from penstock.core.job import READY, RESERVED
from tests.core.plumbing import Plumbing, hear, hear_the_end, reset

if os.environ.get("PENSTOCK_FORM") == "plain":
    pytest.skip("the reactor has no plain form", allow_module_level=True)
pytest.importorskip("penstock.core.reactor")

PUT = b"put 0 0 60 1\r\na\r\n"
BIG = b"put 0 0 60 60000\r\n" + b"x" * 60000 + b"\r\n"


@pytest.fixture
def plumbing():
    plumbing = Plumbing()
    yield plumbing
    plumbing.shut()
    assert plumbing.mistakes == []


def test_a_command_is_read_run_and_answered_in_one_callback(plumbing):
    end, _ = plumbing.connect()
    before = plumbing.reactor.callbacks
    end.sendall(PUT)
    plumbing.run_once()
    assert hear(end, 12) == b"INSERTED 1\r\n"
    assert plumbing.reactor.callbacks == before + 1
    assert not plumbing.is_ready()


def test_many_commands_in_one_piece_are_answered_in_one_piece(plumbing):
    end, _ = plumbing.connect()
    end.sendall(PUT * 50)
    plumbing.run_once()
    assert end.recv(65536).count(b"INSERTED") == 50


def test_nothing_is_reported_while_nothing_happens(plumbing):
    for _ in range(10):
        plumbing.connect()
    plumbing.settle()
    assert not plumbing.is_ready(0.05)


def test_work_that_is_left_is_told_and_done_without_new_bytes(plumbing):
    end, _ = plumbing.connect()
    end.sendall(b"use a\r\n" * 3500)
    plumbing.run_once()
    assert plumbing.reactor.has_work()
    while plumbing.reactor.has_work() or plumbing.is_ready(0.02):
        plumbing.reactor.run()
    assert hear(end, 3500 * 9) == b"USING a\r\n" * 3500
    assert not plumbing.is_ready()


def test_one_who_says_much_does_not_keep_others_from_their_turn(plumbing):
    noisy, _ = plumbing.connect()
    quiet, _ = plumbing.connect()
    noisy.sendall(b"use a\r\n" * 3500)
    quiet.sendall(b"use b\r\n")
    plumbing.run_once()
    assert hear(quiet, 9) == b"USING b\r\n"
    assert plumbing.reactor.has_work()
    plumbing.settle()


# Peers that go.


def test_an_idle_peer_that_leaves_is_closed_once(plumbing):
    end, session = plumbing.connect()
    end.close()
    plumbing.settle(most=4)
    assert session.closed
    assert plumbing.reactor.connections == 0
    assert not plumbing.is_ready(0.02)


def test_an_idle_peer_that_resets_is_closed_once(plumbing):
    end, session = plumbing.connect()
    reset(end)
    plumbing.settle(most=4)
    assert session.closed
    assert not plumbing.is_ready(0.02)


def test_what_a_closed_connection_held_is_ready(plumbing):
    end, _ = plumbing.connect()
    end.sendall(PUT + b"reserve\r\n")
    plumbing.run_once()
    assert plumbing.engine.index.count(RESERVED) == 1
    reset(end)
    plumbing.settle(most=4)
    assert plumbing.engine.index.count(READY) == 1


def test_a_paused_connection_whose_peer_resets_is_closed_once(plumbing):
    """It waits, and has said so much that it is not read any more."""
    end, session = plumbing.connect()
    end.setblocking(False)
    end.send(b"reserve\r\n")
    plumbing.run_once()
    fill(plumbing, end)
    assert session.waiting
    reset(end)
    plumbing.settle(most=20)
    assert session.closed
    assert not plumbing.is_ready(0.02)


def fill(plumbing, end):
    """Say as much as the other side and the kernel take."""
    end.setblocking(False)
    total = 0
    while True:
        try:
            total += end.send(b"use a\r\n" * 10000)
        except BlockingIOError:
            plumbing.settle()
            try:
                total += end.send(b"use a\r\n")
            except BlockingIOError:
                return total


def test_a_waiting_session_is_not_read_without_end_and_goes_on_afterwards(plumbing):
    end, session = plumbing.connect()
    end.sendall(b"reserve\r\n")
    plumbing.run_once()
    fill(plumbing, end)
    assert not plumbing.is_ready(0.05)
    producer, _ = plumbing.connect()
    producer.sendall(PUT)
    plumbing.run_once()
    for spoken in plumbing.engine.turn.take_spoken():
        spoken.link.flush()
    end.settimeout(5)
    assert hear(end, 17) == b"RESERVED 1 1\r\na\r\n"
    plumbing.reactor.run()
    assert hear(end, 9) == b"USING a\r\n"
    assert not session.waiting


def test_a_half_closed_peer_gets_its_answers_and_then_the_end(plumbing):
    end, session = plumbing.connect()
    end.sendall(PUT + b"use a\r\n")
    end.shutdown(socket.SHUT_WR)
    plumbing.settle(most=6)
    assert hear_the_end(end) == b"INSERTED 1\r\nUSING a\r\n"
    assert session.closed


def test_a_waiting_reserve_of_a_half_closed_peer_gives_up(plumbing):
    end, session = plumbing.connect()
    end.sendall(b"reserve\r\nuse a\r\n")
    plumbing.run_once()
    assert session.waiting
    end.shutdown(socket.SHUT_WR)
    plumbing.settle(most=8)
    assert hear_the_end(end) == b"TIMED_OUT\r\nUSING a\r\n"
    assert session.closed
    assert plumbing.engine.matching.waiting == 0


def test_what_a_peer_said_before_it_left_is_done(plumbing):
    end, _ = plumbing.connect()
    end.sendall(PUT * 3)
    end.close()
    plumbing.settle(most=8)
    assert plumbing.engine.index.count(READY) == 3


def test_quit_closes_after_what_was_said(plumbing):
    end, session = plumbing.connect()
    end.sendall(b"use a\r\nquit\r\nuse b\r\n")
    plumbing.settle(most=4)
    assert hear_the_end(end) == b"USING a\r\n"
    assert session.closed


# Slow readers.


def test_a_slow_reader_is_bounded_and_gets_everything_in_the_end(plumbing):
    end, session = plumbing.connect()
    end.sendall(BIG)
    plumbing.settle()
    hear(end, 12)
    end.setblocking(False)
    asked = 0
    for _ in range(15):
        asked += end.send(b"peek 1\r\n" * 10) // 8
        plumbing.settle(most=200)
        assert len(session.outbox) < 256 * 1024 + 2 * 60100
    assert len(session.outbox) > 0
    assert not plumbing.is_ready(0.05)
    expected, heard = asked * len(b"FOUND 1 60000\r\n" + b"x" * 60000 + b"\r\n"), 0
    while heard < expected:
        try:
            heard += len(end.recv(1 << 20))
        except BlockingIOError:
            plumbing.reactor.run()
    assert heard == expected
    assert len(session.outbox) == 0


def test_large_bodies_arrive_byte_for_byte_among_small_ones(plumbing):
    end, session = plumbing.connect()
    sizes = [16383, 16384, 3, 60000, 40000, 0, 20000, 17000, 30000, 16500] * 2
    bodies = [bytes([65 + n]) * size for n, size in enumerate(sizes)]
    for body in bodies:
        end.sendall(b"put 0 0 60 %d\r\n%s\r\n" % (len(body), body))
        plumbing.settle()
        assert end.recv(100).startswith(b"INSERTED")
    numbered = list(enumerate(bodies, 1))
    end.sendall(b"".join(b"peek %d\r\n" % id for id, _ in numbered))
    expected = b"".join(b"FOUND %d %d\r\n%s\r\n" % (n, len(b), b) for n, b in numbered)
    end.setblocking(False)
    heard = b""
    while len(heard) < len(expected):
        plumbing.reactor.run()
        try:
            heard += end.recv(7001)
        except BlockingIOError:
            continue
    assert heard == expected
    assert len(session.outbox) == 0


def test_a_slow_reader_that_resets_is_closed_once(plumbing):
    end, session = plumbing.connect()
    end.sendall(BIG + b"peek 1\r\n" * 200)
    plumbing.settle(most=200)
    assert len(session.outbox) > 0
    reset(end)
    plumbing.settle(most=10)
    assert session.closed
    assert not plumbing.is_ready(0.02)


def test_an_urgent_byte_makes_nobody_spin(plumbing):
    end, session = plumbing.connect()
    end.send(b"!", socket.MSG_OOB)
    plumbing.settle(most=4)
    assert not plumbing.is_ready(0.05)
    end.sendall(b"use a\r\n")
    plumbing.settle(most=4)
    assert hear(end, 9) == b"USING a\r\n"
    assert not session.closed


def test_a_large_body_arrives_in_pieces(plumbing):
    plumbing.engine.policy.max_job_size = 1 << 20
    end, _ = plumbing.connect()
    end.sendall(b"put 0 0 60 1000000\r\n")
    for _ in range(10):
        end.sendall(b"y" * 100000)
        plumbing.settle()
    end.sendall(b"\r\n")
    plumbing.settle()
    assert hear(end, 12) == b"INSERTED 1\r\n"
    assert plumbing.engine.index.find(1).body == b"y" * 1000000


def test_a_body_that_never_ends_takes_no_room_before_it_arrives(plumbing):
    plumbing.engine.policy.max_job_size = 1 << 30
    end, session = plumbing.connect()
    end.sendall(b"put 0 0 60 1000000000\r\nabc")
    plumbing.settle(most=5)
    assert session.wanted() > 1000000000
    assert not plumbing.is_ready(0.02)


# Barriers.


def test_nothing_is_sent_before_its_batch_is_durable(plumbing):
    plumbing.engine.turn.durable = 0
    end, session = plumbing.connect()
    end.sendall(b"use a\r\n" + PUT)
    plumbing.settle(most=4)
    assert hear(end, 9) == b"USING a\r\n"
    assert not plumbing.is_ready(0.05)
    assert len(session.outbox) == 12
    plumbing.engine.turn.durable = plumbing.engine.turn.batch.seq
    for held in plumbing.engine.turn.take_held():
        held.link.flush()
    assert hear(end, 12) == b"INSERTED 1\r\n"


def test_a_half_closed_peer_still_gets_what_waits_for_the_log(plumbing):
    plumbing.engine.turn.durable = 0
    end, session = plumbing.connect()
    end.sendall(PUT)
    end.shutdown(socket.SHUT_WR)
    plumbing.settle(most=6)
    assert not session.closed
    plumbing.engine.turn.durable = plumbing.engine.turn.batch.seq
    for held in plumbing.engine.turn.take_held():
        held.link.flush()
    assert hear_the_end(end) == b"INSERTED 1\r\n"
    assert session.closed


def test_a_half_closed_producer_is_heard_once_there_is_room_again(plumbing):
    turn = plumbing.engine.turn
    end, session = plumbing.connect()
    end.sendall(PUT)
    plumbing.settle(most=4)
    assert hear(end, 12) == b"INSERTED 1\r\n"
    turn.batch.put(9, b"a", 0, 0, 0, 0, 0, b"", b"x" * (9 << 20))
    end.sendall(PUT)
    end.shutdown(socket.SHUT_WR)
    plumbing.settle(most=6)
    assert not session.closed
    turn.swap(Batch())
    for held in turn.take_held():
        held.link.flush()
    plumbing.settle(most=6)
    assert hear_the_end(end) == b"INSERTED 2\r\n"
    assert session.closed


# Mistakes of ours.


def test_a_mistake_costs_its_connection_and_no_other(plumbing):
    first, session = plumbing.connect()
    second, _ = plumbing.connect()

    def mistaken():
        raise RuntimeError("on purpose")

    plumbing.engine.views.surroundings = mistaken
    first.sendall(b"stats\r\n")
    plumbing.settle(most=4)
    assert [str(mistake) for mistake in plumbing.mistakes] == ["on purpose"]
    plumbing.mistakes.clear()
    assert session.closed
    assert hear_the_end(first) == b""
    second.sendall(b"use a\r\n")
    plumbing.settle(most=4)
    assert hear(second, 9) == b"USING a\r\n"


def test_a_mistake_in_work_that_was_left_costs_no_other_connection(plumbing):
    first, session = plumbing.connect()
    second, _ = plumbing.connect()

    def mistaken():
        raise RuntimeError("on purpose")

    plumbing.engine.views.surroundings = mistaken
    first.sendall(b"list-tube-used\r\n" * 1000 + b"stats\r\n")
    second.sendall(b"list-tube-used\r\n" * 1500)
    plumbing.settle(most=8)
    assert [str(mistake) for mistake in plumbing.mistakes] == ["on purpose"]
    plumbing.mistakes.clear()
    assert session.closed
    answer = b"USING default\r\n"
    assert hear(second, 1500 * len(answer)) == answer * 1500


def test_shutting_closes_every_connection(plumbing):
    ends = [plumbing.connect()[0] for _ in range(3)]
    plumbing.shut_reactor()
    assert [hear_the_end(end) for end in ends] == [b""] * 3
    assert all(session.closed for session in plumbing.sessions)


def test_a_connection_that_waits_for_nothing_is_closed_when_its_peer_resets(plumbing):
    """It is half closed and waits for the log: epoll is asked for nothing at all."""
    plumbing.engine.turn.durable = 0
    end, session = plumbing.connect()
    end.sendall(PUT)
    end.shutdown(socket.SHUT_WR)
    plumbing.settle(most=6)
    assert not session.closed
    reset(end)
    plumbing.settle(most=4)
    assert session.closed
    assert not plumbing.is_ready(0.02)
