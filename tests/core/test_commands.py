"""Commands of a commit: each one's check and effect."""

import pytest

from penstock.core.commands import (
    CLEARABLE,
    MOST_NOTE_BYTES,
    Change,
    Clear,
    Delete,
    Free,
    Hold,
    Note,
    Put,
    Set,
    Unset,
)
from penstock.core.job import BURIED, BY_EXPIRY, DELAYED, HELD, READY, RESERVED
from penstock.core.kinds import (
    CHANGE,
    CLEAR,
    DELETE,
    FREE,
    HOLD,
    NOTE,
    PUT,
    SET,
    UNSET,
)
from penstock.core.policy import OVERHEAD
from tests.core.story import SECOND, attribute

DONE = [("committed", [None])]


def refused(reason, at=0):
    return [("refused", reason, at)]


def test_a_put_gives_its_id_and_serves_who_waits(story, client):
    worker = story.client(b"mail")
    story.reserve(worker)
    said = story.commit(client, Put(b"mail", b"letter", pri=3, ttr=9 * SECOND))
    assert said == [("committed", [1])]
    assert worker.heard() == [("reserved", 1, b"letter")]
    assert (story.job(1).pri, story.job(1).ttr) == (3, 9 * SECOND)


def test_a_put_is_counted_like_any_other(story, client):
    story.commit(client, Put(b"default", b"x"))
    assert story.engine.counters.total_jobs == 1
    assert story.tube().total_jobs == 1


def test_a_put_may_be_delayed_and_have_attributes(story, client):
    tag = attribute(16, b"text/plain")
    story.commit(client, Put(b"default", b"x", delay=2 * SECOND, attributes=tag))
    assert story.state(1) == DELAYED
    assert story.job(1).extra.attributes == tag
    story.advance(2)
    assert story.state(1) == READY


def test_a_put_is_refused_as_any_other(story, client):
    story.engine.policy.most_bytes = 100
    assert story.commit(client, Put(b"default", b"x")) == refused("full")
    story.engine.policy.draining = True
    assert story.commit(client, Put(b"default", b"x")) == refused("draining")


def test_puts_are_refused_together_when_only_some_have_room(story, client):
    story.engine.policy.most_bytes = 300
    puts = [Put(b"default", b"x")] * 2
    assert story.commit(client, *puts) == refused("full", 1)


def test_a_delete_takes_a_job_from_whoever_holds_it(story, client):
    id = story.put(client)
    story.reserve(client)
    other = story.client()
    story.events()
    assert story.commit(other, Delete(id, BY_EXPIRY)) == DONE
    (event,) = story.events()
    assert (event.kind, event["id"], event["reason"]) == (DELETE, id, BY_EXPIRY)
    assert story.commit(other, Delete(id)) == refused("not found")


def test_a_held_job_waits_for_something_other_than_time(story, client):
    id = story.put(client)
    assert story.commit(client, Hold(id, b"for 7")) == DONE
    assert story.state(id) == HELD
    assert story.reserve(client, timeout=0) == [("timed out",)]
    for command in (
        lambda: story.engine.kick_job(client, id),
        lambda: story.engine.reserve_job(client, id),
        lambda: story.engine.views.peek_first(client, READY),
        lambda: story.engine.views.peek_first(client, DELAYED),
    ):
        command()
        assert client.heard() == [("not found",)]
    story.engine.kick(client, 9)
    assert client.heard() == [("kicked", 0)]
    story.engine.delete(client, id)
    assert client.heard() == [("deleted",)]


def test_a_job_that_somebody_holds_is_not_put_on_hold(story, client):
    id = story.put(client)
    story.reserve(client)
    assert story.commit(client, Hold(id)) == refused("not found")
    assert story.commit(client, Change(id, pri=1)) == refused("not found")


def test_a_freed_job_is_ready_or_delayed(story, client):
    worker = story.client()
    for _ in range(2):
        story.commit(client, Hold(story.put(client)))
    story.reserve(worker)
    assert story.commit(client, Free(1)) == DONE
    assert worker.heard() == [("reserved", 1, b"")]
    assert story.commit(client, Free(2, delay=SECOND)) == DONE
    assert story.state(2) == DELAYED
    assert story.commit(client, Free(2)) == refused("not found")


def test_a_change_moves_a_job_and_lets_a_tube_go(story, client):
    other = story.client(b"from")
    id = story.put(other)
    story.engine.close(other)
    assert story.commit(client, Change(id, tube=b"to")) == DONE
    assert list(story.engine.index.tubes) == [b"default", b"to"]
    assert story.tube(b"to").count(READY) == 1
    assert story.tube(b"to").body_bytes == 0


def test_a_change_serves_who_waits_in_the_new_tube(story, client):
    worker = story.client(b"to")
    story.reserve(worker)
    id = story.put(client, b"body")
    story.commit(client, Change(id, tube=b"to"))
    assert worker.heard() == [("reserved", id, b"body")]


def test_a_change_sets_pri_delay_and_attributes(story, client):
    id = story.put(client, pri=5)
    tag = attribute(16, b"x")
    story.commit(client, Change(id, pri=0, delay=SECOND, attributes=tag))
    job = story.job(id)
    assert (job.pri, job.state, job.due) == (0, DELAYED, SECOND)
    assert job.extra.attributes == tag
    story.commit(client, Change(id, delay=0, attributes=b""))
    assert (job.state, job.extra) == (READY, None)


def test_a_change_of_a_buried_job_keeps_it_buried(story, client):
    id = story.put(client)
    story.reserve(client)
    story.engine.bury(client, id, 0)
    story.commit(client, Change(id, pri=9))
    assert (story.state(id), story.job(id).pri) == (BURIED, 9)


def test_a_clear_takes_the_states_it_names_and_counts_them(story, client):
    story.put(client)
    story.put(client, delay=9)
    story.put(client, pri=5)
    story.reserve(client)
    assert story.commit(client, Clear(b"default", (READY,))) == [("committed", [1])]
    assert [story.state(id) for id in (1, 2, 3)] == [RESERVED, DELAYED, 0]
    assert story.commit(client, Clear(b"default")) == [("committed", [1])]
    assert story.state(1) == RESERVED
    assert story.commit(client, Clear(b"unknown")) == refused("not found")
    everything = (*CLEARABLE, RESERVED)
    assert story.commit(client, Clear(b"default", everything)) == refused("not found")


def test_a_note_is_attached_replaced_and_taken_away(story, client):
    id = story.put(client)
    story.commit(client, Note(id, b"n", b"1"))
    story.commit(client, Note(id, b"n", b"2"))
    assert story.job(id).extra.notes == {b"n": b"2"}
    story.commit(client, Note(id, b"n", b""))
    assert story.job(id).extra is None
    large = Note(id, b"n", b"x" * (MOST_NOTE_BYTES + 1))
    assert story.commit(client, large) == refused("full")
    assert story.commit(client, Note(99, b"n", b"1")) == refused("not found")


def test_a_soft_note_forces_no_sync(story, client):
    id = story.put(client)
    story.engine.turn.batch.clear(2)
    story.commit(client, Note(id, b"progress", b"half", hard=False))
    assert not story.engine.turn.batch.hard
    story.commit(client, Note(id, b"result", b"done"))
    assert story.engine.turn.batch.hard


def test_a_record_is_set_expected_and_unset(story, client):
    ledger = story.engine.ledger
    key = (b"plan", b"k")
    assert story.commit(client, Set(*key, b"1", expected=None)) == DONE
    assert story.commit(client, Set(*key, b"2", expected=None)) == refused("conflict")
    assert story.commit(client, Set(*key, b"2", expected=b"1")) == DONE
    assert ledger.record(*key) == b"2"
    assert story.commit(client, Unset(*key)) == DONE
    assert story.commit(client, Unset(*key)) == refused("not found")
    assert ledger.record(*key) is None


def test_a_record_expires(story, client):
    story.commit(client, Set(b"plan", b"k", b"1", lifetime=2 * SECOND))
    story.events()
    story.advance(1.9)
    assert story.engine.ledger.record(b"plan", b"k") == b"1"
    story.advance(0.1)
    assert story.engine.ledger.record(b"plan", b"k") is None
    assert story.kinds() == [UNSET]


def test_a_tube_goes_with_its_policy(story, client):
    story.commit(client, Set(b"tube", b"strict", b"policy"))
    assert b"strict" in story.engine.index.tubes
    story.commit(client, Unset(b"tube", b"strict"))
    assert b"strict" not in story.engine.index.tubes


def test_a_tube_goes_when_its_policy_expires(story, client):
    story.commit(client, Set(b"tube", b"strict", b"policy", lifetime=SECOND))
    story.advance(1)
    assert b"strict" not in story.engine.index.tubes


def test_each_command_is_one_event(story, client):
    for _ in range(2):
        story.put(client)
    story.events()
    story.commit(
        client,
        Put(b"default", b""),
        Hold(1),
        Free(1),
        Change(1, pri=1),
        Note(1, b"n", b"v"),
        Set(b"plan", b"k", b"v"),
        Unset(b"plan", b"k"),
        Delete(1),
        Clear(b"default"),
    )
    expected = [PUT, HOLD, FREE, CHANGE, NOTE, SET, UNSET, DELETE, CLEAR]
    assert story.kinds() == expected


@pytest.mark.parametrize(
    ("commands", "at"),
    [
        ((Delete(1), Delete(1)), 1),
        ((Delete(1), Note(1, b"n", b"v")), 1),
        ((Hold(1), Hold(1), Free(1), Free(1)), 3),
        (
            (
                Set(b"p", b"k", b"1", expected=None),
                Set(b"p", b"k", b"2", expected=None),
            ),
            1,
        ),
        ((Set(b"p", b"k", b"1"), Unset(b"p", b"k"), Unset(b"p", b"k")), 2),
        ((Clear(b"default"), Delete(1)), 1),
        ((Clear(b"default"), Hold(1)), 1),
    ],
)
def test_a_command_is_checked_against_what_those_before_it_will_do(
    story, client, commands, at
):
    story.put(client)
    story.events()
    said = story.commit(client, *commands)
    assert said[0][0] == "refused"
    assert said[0][2] == at
    assert story.events() == []


def test_nobody_is_served_in_the_middle_of_a_commit(story, client):
    id = story.put(client)
    story.commit(client, Hold(id))
    worker = story.client()
    story.reserve(worker)
    story.commit(client, Free(id), Hold(id, b"again"))
    assert worker.heard() == []
    assert story.state(id) == HELD


def test_sets_are_refused_together_when_only_some_have_room(story, client, monkeypatch):
    monkeypatch.setattr("penstock.core.records.MOST_ENTRIES", 1)
    sets = [Set(b"plan", b"a", b"1"), Set(b"plan", b"b", b"2")]
    assert story.commit(client, *sets) == refused("full", 1)
    assert story.engine.ledger.record(b"plan", b"a") is None
    swap = [sets[0], Unset(b"plan", b"a"), sets[1]]
    assert story.commit(client, *swap) == [("committed", [None, None, None])]


def test_a_held_job_that_is_given_a_delay_forgets_why_it_was_held(story, client):
    id = story.put(client)
    story.commit(client, Hold(id, b"waits for a sign"), Change(id, delay=0))
    assert story.state(id) == READY
    assert story.job(id).extra is None


@pytest.mark.parametrize("id", [-1, 0, 1 << 53, 1 << 64])
def test_an_id_that_no_job_can_have_is_not_found(story, client, id):
    for command in (Delete(id), Hold(id), Free(id), Change(id), Note(id, b"n", b"")):
        assert story.commit(client, command) == refused("not found")


def test_a_body_may_not_be_larger_than_a_job_may_be(story, client):
    story.engine.policy.max_job_size = 3
    assert story.commit(client, Put(b"a", b"1234")) == refused("job too big")


def test_a_state_named_twice_is_cleared_once(story, client):
    story.put(client)
    story.put(client)
    story.engine.reserve_job(client, 2)
    client.heard()
    both = Clear(b"default", (READY, READY))
    assert story.commit(client, both) == [("committed", [1])]
    assert (story.engine.index.find(1), story.state(2)) == (None, RESERVED)


def test_puts_that_are_refused_take_no_room(story, client):
    policy = story.engine.policy
    policy.room = 100_000
    large = [Put(b"a", bytes(8000)) for _ in range(20)]
    assert story.commit(client, *large) == [("refused", "full", 12)]
    assert policy.room == 100_000
    assert story.commit(client, *large[:5])[0][0] == "committed"
    assert policy.room == 100_000 - 5 * (8000 + OVERHEAD)


def test_a_clear_of_delayed_jobs_spares_and_does_not_count_what_is_due(story, client):
    story.put(client, delay=5)
    story.put(client, delay=50)
    story.engine.turn.now += 5 * SECOND
    assert story.commit(client, Clear(b"default", (DELAYED,))) == [("committed", [1])]
    assert (story.state(1), story.state(2)) == (READY, 0)
