"""Simulated clients: what they are told, and what that depends on."""

import pytest

from penstock.core import commands
from penstock.core.job import BURIED, DELAYED, HELD, READY, RESERVED
from penstock.testing.promises import PromiseBroken
from tests.testing.held_world import HeldWorld

NEVER = 0xFFFFFFFFFFFFFFFF
SECOND = 1_000_000_000


@pytest.fixture
def held():
    held = HeldWorld()
    held.settle()
    yield held
    held.reactor.shut()


def put(held, client, body=b"b", *, pri=0, delay=0, ttr=60):
    """Put a job, durably, and give its id."""
    client.ask(held.engine.producers.put, pri, delay * SECOND, ttr * SECOND, b"", body)
    held.settle()
    return held.engine.store.next_id - 1


def state(held, id):
    return held.promises.jobs[id].state


def test_an_answer_is_told_when_it_may_leave_and_not_before(held):
    client = held.client()
    told = held.promises.told
    client.ask(held.engine.producers.put, 0, 0, SECOND, b"", b"b")
    held.world.loop.settle()
    assert (client.answers, held.promises.told) == (0, told)
    putting = held.log.flying.seq
    held.settle()
    assert (client.answers, held.promises.told) == (1, putting)
    assert held.promises.highest == 1


def test_an_answer_about_the_connection_depends_on_nothing(held):
    client, told = held.client(), held.promises.told
    client.ask(held.engine.lifetime.use, b"a")
    client.ask(held.engine.reserve, 0)
    client.flush()
    assert (client.answers, held.promises.told) == (2, told)


def test_who_is_shown_a_job_depends_on_its_last_change(held):
    client, other = held.client(), held.client()
    client.ask(held.engine.producers.put, 0, 0, SECOND, b"", b"b")
    other.ask(held.engine.views.peek, 1)
    other.flush()
    assert other.answers == 0
    client.leave()
    held.settle()
    assert other.answers == 1
    assert held.promises.told >= 1


def test_who_is_told_that_a_job_is_gone_depends_on_its_deletion(held):
    client, other = held.client(), held.client()
    id = put(held, client)
    client.ask(held.engine.delete, id)
    deleting = held.engine.turn.batch.seq
    client.leave()
    other.ask(held.engine.views.peek, id)
    held.settle()
    assert held.promises.told == deleting


def test_the_life_of_a_job_is_followed(held):
    client, engine = held.client(), held.engine
    id = put(held, client, b"body", pri=3)
    known = held.promises.jobs[id]
    assert known[:5] == (b"default", b"body", 3, 60 * SECOND, READY)
    client.ask(engine.reserve, 0)
    assert (state(held, id), held.promises.jobs[id].holder) == (RESERVED, client.number)
    client.ask(engine.release, id, 4, 9 * SECOND)
    assert (state(held, id), held.promises.jobs[id].pri) == (DELAYED, 4)
    assert held.promises.jobs[id].due == engine.turn.now + 9 * SECOND
    client.ask(engine.kick_job, id)
    assert (state(held, id), held.promises.jobs[id].kicks) == (READY, 1)
    client.ask(engine.reserve_job, id)
    client.ask(engine.touch, id)
    client.ask(engine.bury, id, 5)
    assert (state(held, id), held.promises.jobs[id].pri) == (BURIED, 5)
    assert held.broken() == []
    client.ask(engine.delete, id)
    assert held.promises.jobs == {}
    assert held.broken() == []


def test_a_kick_takes_the_buried_in_their_order_then_the_delayed(held):
    client, engine = held.client(), held.engine
    ids = [put(held, client) for _ in range(3)]
    late = put(held, client, delay=50)
    for id in (ids[2], ids[0], ids[1]):
        client.ask(engine.reserve_job, id)
        client.ask(engine.bury, id, 0)
    client.ask(engine.kick, 2)
    assert [state(held, id) for id in ids] == [READY, BURIED, READY]
    client.ask(engine.kick, 9)
    assert state(held, late) == DELAYED
    client.ask(engine.kick, 9)
    assert state(held, late) == READY
    assert held.broken() == []


def test_who_leaves_gives_back_what_was_held(held):
    client = held.client()
    id = put(held, client)
    client.ask(held.engine.reserve, 0)
    client.leave()
    assert state(held, id) == READY
    assert held.broken() == []


def test_a_lease_holds_on(held):
    client = held.client(lease=b"token")
    id = put(held, client)
    client.ask(held.engine.reserve, 0)
    client.leave()
    held.settle()
    assert held.promises.jobs[id].holder == b"token"
    assert held.restart() == []
    assert state(held, id) == RESERVED


def test_who_waits_gets_a_job_that_a_commit_makes(held):
    waiting, client = held.client(), held.client()
    waiting.ask(held.engine.reserve, NEVER)
    client.commit([commands.Put(b"default", b"x"), commands.Put(b"default", b"y")])
    assert [state(held, id) for id in (1, 2)] == [RESERVED, READY]
    held.settle()
    assert (waiting.answers, client.answers) == (1, 1)
    assert held.broken() != []  # a connection holds it: that is over at a restart
    assert held.restart() == []


def test_what_time_has_given_depends_on_no_commit(held):
    waiting, client = held.client(), held.client()
    id = put(held, client, delay=5)
    waiting.ask(held.engine.reserve, NEVER)
    held.world.clock.advance(ns=6 * SECOND)
    client.commit([commands.Put(b"other", b"x")])
    committing = held.engine.turn.batch.seq
    waiting.flush()
    assert (waiting.answers, state(held, id)) == (1, RESERVED)
    assert held.promises.told < committing


def test_every_part_of_a_commit_is_followed(held):
    client = held.client()
    a, b, c = (put(held, client) for _ in range(3))
    client.commit(
        [
            commands.Hold(a),
            commands.Note(a, b"n", b"note"),
            commands.Change(b, b"other", 9, 5 * SECOND),
            commands.Set(b"n", b"k", b"v"),
            commands.Delete(c),
        ]
    )
    jobs = held.promises.jobs
    assert (jobs[a].state, jobs[a].notes) == (HELD, ((b"n", b"note"),))
    assert (jobs[b].tube, jobs[b].pri, jobs[b].state) == (b"other", 9, DELAYED)
    assert held.promises.records == {b"k": b"v"}
    assert c not in jobs
    assert held.broken() == []
    client.commit(
        [
            commands.Free(a),
            commands.Note(a, b"n", b""),
            commands.Unset(b"n", b"k"),
            commands.Clear(b"other", (DELAYED,)),
        ]
    )
    assert held.promises.jobs == {a: jobs[a]._replace(state=READY, notes=())}
    assert held.promises.records == {}
    assert held.broken() == []


def test_a_commit_that_is_refused_changes_nothing(held):
    client = held.client()
    client.commit([commands.Put(b"default", b"x"), commands.Delete(99)])
    assert held.promises.jobs == {}
    assert held.broken() == []


def test_refused_puts_are_counted(held):
    client = held.client()
    held.engine.policy.draining = True
    client.ask(held.engine.producers.put, 0, 0, SECOND, b"", b"b")
    assert client.refusals == 1


def test_a_pause_is_followed(held):
    client = held.client()
    put(held, client)
    client.ask(held.engine.pause_tube, b"default", 30 * SECOND)
    assert held.promises.pauses == {b"default": held.engine.turn.now + 30 * SECOND}
    assert held.broken() == []


# What cannot be.


def test_a_body_that_was_never_put_is_noticed(held):
    client = held.client()
    id = put(held, client, b"one")
    held.promises.set(1, id, held.promises.jobs[id]._replace(body=b"other"))
    with pytest.raises(PromiseBroken, match="another body"):
        client.ask(held.engine.reserve, 0)


def test_a_job_that_should_be_gone_is_noticed(held):
    client = held.client()
    id = put(held, client)
    held.promises.set(1, id, None)
    with pytest.raises(PromiseBroken, match="should not be there"):
        client.ask(held.engine.reserve, 0)


def test_an_id_that_is_given_twice_is_noticed(held):
    client = held.client()
    held.promises.highest = 5
    with pytest.raises(PromiseBroken, match="id 1 was given a second time"):
        client.ask(held.engine.producers.put, 0, 0, SECOND, b"", b"b")


def test_a_kick_of_fewer_than_there_are_is_noticed(held):
    client = held.client()
    id = put(held, client, delay=50)
    held.promises.set(1, id + 1, held.promises.jobs[id])
    with pytest.raises(PromiseBroken, match="1 jobs were kicked, not 2"):
        client.ask(held.engine.kick, 5)
