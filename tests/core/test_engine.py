"""Commands: stories of clients, jobs and time."""

import pytest

from penstock.core.job import BURIED, DELAYED, READY, RESERVED
from penstock.core.kinds import (
    BURY,
    DELETE,
    KICK,
    PAUSE,
    PUT,
    RELEASE,
    RESERVE,
    RETURN,
    TOUCH,
)
from tests.core.story import SECOND, Story

BIGGEST_PRI = 2**32 - 1


# Producers and consumers.


def test_a_job_is_put_reserved_and_deleted(story, client):
    id = story.put(client, b"body")
    assert story.state(id) == READY
    assert story.reserve(client) == [("reserved", id, b"body")]
    assert story.state(id) == RESERVED
    story.engine.delete(client, id)
    assert client.heard() == [("deleted",)]
    assert story.job(id) is None
    assert story.kinds() == [PUT, RESERVE, DELETE]


def test_ids_ascend_from_one(story, client):
    assert [story.put(client) for _ in range(3)] == [1, 2, 3]


def test_a_burned_id_is_never_given_again(story, client):
    story.put(client)
    story.engine.producers.burn_id()
    assert story.put(client) == 3


def test_the_most_urgent_job_is_taken_first_and_equals_by_id(story, client):
    for pri in (5, BIGGEST_PRI, 0, 5, 2**31):
        story.put(client, pri=pri)
    taken = [story.reserve(client)[0][1] for _ in range(5)]
    assert taken == [3, 1, 4, 5, 2]


def test_a_session_takes_the_best_of_the_tubes_it_watches(story):
    worker = story.client(b"a", b"b")
    for name, pri in ((b"a", 5), (b"b", 3), (b"c", 1), (b"b", 5), (b"a", 3)):
        story.put(story.client(name), pri=pri)
    taken = [story.reserve(worker)[0][1] for _ in range(4)]
    assert taken == [2, 5, 1, 4]
    assert story.reserve(worker, timeout=0) == [("timed out",)]


def test_nobody_else_deletes_a_job_that_is_held(story, client):
    id = story.put(client)
    story.reserve(client)
    other = story.client()
    for command in (
        lambda: story.engine.delete(other, id),
        lambda: story.engine.release(other, id, 0, 0),
        lambda: story.engine.bury(other, id, 0),
        lambda: story.engine.touch(other, id),
        lambda: story.engine.reserve_job(other, id),
        lambda: story.engine.kick_job(other, id),
    ):
        command()
        assert other.heard() == [("not found",)]
    assert story.state(id) == RESERVED


def test_anybody_deletes_a_job_that_nobody_holds(story, client):
    ready, delayed, buried = story.put(client), story.put(client, delay=9), 3
    story.put(client)
    story.engine.reserve_job(client, buried)
    story.engine.bury(client, buried, 0)
    other = story.client()
    for id in (ready, delayed, buried):
        story.engine.delete(other, id)
    assert other.heard() == [("deleted",)] * 3
    assert story.tube().cmd_delete == 3


def test_an_unknown_id_is_not_found(story, client):
    engine = story.engine
    for command in (
        lambda: engine.delete(client, 2**64 - 1),
        lambda: engine.release(client, 9, 0, 0),
        lambda: engine.bury(client, 9, 0),
        lambda: engine.touch(client, 0),
        lambda: engine.reserve_job(client, 9),
        lambda: engine.kick_job(client, 9),
        lambda: engine.pause_tube(client, b"unknown", SECOND),
    ):
        command()
        assert client.heard() == [("not found",)]
    assert story.events() == []


# Time.


def test_a_delayed_job_becomes_ready_when_it_is_due(story, client):
    id = story.put(client, delay=2)
    assert story.state(id) == DELAYED
    story.advance(1.999999999)
    assert story.state(id) == DELAYED
    story.advance(0.000000001)
    assert story.state(id) == READY
    assert story.kinds() == [PUT]


def test_a_job_returns_to_ready_when_its_ttr_runs_out(story, client):
    id = story.put(client, ttr=3)
    story.reserve(client)
    story.events()
    story.advance(2.999999999)
    assert story.state(id) == RESERVED
    story.advance(0.000000001)
    job = story.job(id)
    assert (job.state, job.timeouts, job.reserves) == (READY, 1, 1)
    assert story.kinds() == [RETURN]
    assert story.engine.counters.job_timeouts == 1


def test_a_touch_lets_the_ttr_begin_anew(story, client):
    id = story.put(client, ttr=3)
    story.reserve(client)
    story.advance(2)
    story.engine.touch(client, id)
    assert client.heard() == [("touched",)]
    story.advance(2.9)
    assert story.state(id) == RESERVED
    story.advance(0.1)
    assert story.state(id) == READY


def test_time_never_goes_back(story):
    story.engine.tick(100)
    story.engine.tick(50)
    assert story.now == 100


def test_a_wait_ends_with_its_timeout(story, client):
    assert story.reserve(client, timeout=2) == []
    assert client.waiting
    story.advance(1.9)
    assert client.heard() == []
    story.advance(0.1)
    assert client.heard() == [("timed out",)]
    assert not client.waiting


def test_a_waiting_session_is_warned_in_the_last_second_of_a_job(story, client):
    story.put(client, ttr=5)
    story.reserve(client)
    assert story.reserve(client) == []
    story.advance(3.999999999)
    assert client.heard() == []
    story.advance(0.000000001)
    assert client.heard() == [("deadline soon",)]
    assert story.reserve(client) == [("deadline soon",)]


def test_a_ready_job_is_given_even_in_the_last_second(story, client):
    story.put(client, ttr=5)
    story.reserve(client)
    story.advance(4.5)
    id = story.put(client)
    assert story.reserve(client) == [("reserved", id, b"")]


def test_the_warning_ends_with_a_touch_or_the_job(story, client):
    id = story.put(client, ttr=5)
    story.reserve(client)
    story.advance(4.5)
    story.engine.touch(client, id)
    client.heard()
    assert story.reserve(client, timeout=0) == [("timed out",)]
    story.advance(4.5)
    assert story.reserve(client, timeout=0) == [("deadline soon",)]
    story.engine.delete(client, id)
    client.heard()
    assert story.reserve(client, timeout=0) == [("timed out",)]


def test_with_a_ttr_of_a_second_the_warning_is_there_at_once(story, client):
    story.put(client, ttr=1)
    story.reserve(client)
    assert story.reserve(client, timeout=0) == [("deadline soon",)]


def test_tick_tells_when_it_has_to_be_called_again(story, client):
    assert story.engine.tick(0) == 2**64 - 1
    story.put(client, delay=5)
    assert story.engine.tick(0) == 5 * SECOND
    story.put(client, ttr=4)
    story.reserve(client)
    assert story.engine.tick(0) == 3 * SECOND
    story.reserve(client, timeout=2)
    assert story.engine.tick(0) == 2 * SECOND


def test_many_due_jobs_are_done_in_slices_and_none_is_forgotten(story, client):
    for _ in range(5000):
        story.put(client, delay=1)
    ticks = 1
    while story.engine.tick(SECOND) <= SECOND:
        ticks += 1
    assert ticks == 3
    assert story.tube().count(READY) == 5000


# Waiting.


def test_those_who_wait_are_served_first_come_first_served(story):
    workers = [story.client() for _ in range(3)]
    for worker in workers:
        story.reserve(worker)
    producer = story.client()
    ids = [story.put(producer) for _ in range(4)]
    assert [w.heard()[0][1] for w in workers] == ids[:3]
    assert story.state(ids[3]) == READY


def test_a_waiter_gets_what_is_released_kicked_returned_or_due(story, client):
    worker = story.client()
    for free in (
        lambda: story.engine.release(client, 1, 0, 0),
        lambda: story.advance(60),
    ):
        story.put(client, ttr=60) if story.job(1) is None else None
        story.engine.reserve_job(client, 1)
        client.heard()
        story.reserve(worker)
        free()
        assert ("reserved", 1, b"") in worker.heard()
        story.engine.release(worker, 1, 0, 0)
        worker.heard()
    story.engine.reserve_job(client, 1)
    story.engine.bury(client, 1, 0)
    story.reserve(worker)
    story.engine.kick(client, 1)
    assert worker.heard() == [("reserved", 1, b"")]


def test_a_delayed_job_goes_to_who_waits_when_it_is_due(story, client):
    id = story.put(client, delay=1)
    worker = story.client()
    story.reserve(worker)
    story.advance(1)
    assert worker.heard() == [("reserved", id, b"")]


def test_who_gives_up_is_told_and_gets_nothing(story, client):
    story.reserve(client)
    story.engine.give_up(client)
    assert client.heard() == [("timed out",)]
    id = story.put(story.client())
    assert client.heard() == []
    assert story.state(id) == READY
    story.engine.give_up(client)
    assert client.heard() == []


def test_a_put_serves_its_own_session_after_its_answer(story, client):
    story.reserve(client)
    story.engine.producers.put(client, 0, 0, SECOND, b"", b"x")
    assert client.heard() == [("inserted", 1), ("reserved", 1, b"x")]


# Release, bury, kick.


def test_a_released_job_has_its_new_pri_and_delay(story, client):
    id = story.put(client, pri=1)
    story.reserve(client)
    story.engine.release(client, id, 7, 2 * SECOND)
    job = story.job(id)
    assert (job.state, job.pri, job.delay) == (DELAYED, 7, 2 * SECOND)
    assert job.releases == 1
    story.advance(2)
    assert story.state(id) == READY
    assert story.kinds() == [PUT, RESERVE, RELEASE]


def test_buried_jobs_are_kicked_in_the_order_of_their_burial(story, client):
    for _ in range(4):
        story.put(client)
    for id in (3, 1, 4, 2):
        story.engine.reserve_job(client, id)
        story.engine.bury(client, id, 0)
    story.events()
    story.engine.kick(client, 3)
    assert client.heard()[-1] == ("kicked", 3)
    (event,) = story.events()
    assert (event.kind, event["ids"]) == (KICK, [3, 1, 4])
    assert story.state(2) == BURIED


def test_delayed_jobs_are_kicked_only_where_none_is_buried(story, client):
    delayed = story.put(client, delay=9)
    buried = story.put(client)
    story.engine.reserve_job(client, buried)
    story.engine.bury(client, buried, 0)
    client.heard()
    story.engine.kick(client, 10)
    assert client.heard() == [("kicked", 1)]
    assert (story.state(buried), story.state(delayed)) == (READY, DELAYED)
    story.engine.kick(client, 10)
    assert client.heard() == [("kicked", 1)]
    assert story.state(delayed) == READY


def test_a_kick_of_very_many_is_told_in_events_of_a_thousand(story, client):
    for _ in range(2500):
        story.put(client, delay=9)
    story.events()
    story.engine.kick(client, 2**32 - 1)
    assert client.heard() == [("kicked", 2500)]
    assert [len(event["ids"]) for event in story.events()] == [1000, 1000, 500]


def test_a_kick_of_nothing_stages_nothing(story, client):
    story.engine.kick(client, 5)
    assert client.heard() == [("kicked", 0)]
    assert story.events() == []


def test_one_job_is_kicked_in_any_tube(story, client):
    id = story.put(story.client(b"elsewhere"), delay=9)
    story.engine.kick_job(client, id)
    assert client.heard() == [("kicked job",)]
    job = story.job(id)
    assert (job.state, job.kicks) == (READY, 1)
    story.engine.kick_job(client, id)
    assert client.heard() == [("not found",)]


def test_a_job_is_reserved_by_its_id_in_any_state_and_tube(story, client):
    other = story.client(b"elsewhere")
    ready, delayed = story.put(other), story.put(other, delay=9)
    for id in (ready, delayed):
        story.engine.reserve_job(client, id)
        assert client.heard() == [("reserved", id, b"")]
    story.engine.bury(client, ready, 0)
    client.heard()
    story.engine.reserve_job(client, ready)
    assert client.heard() == [("reserved", ready, b"")]


# Pauses.


def test_a_paused_tube_gives_nothing_until_its_pause_has_ended(story, client):
    worker = story.client()
    story.engine.pause_tube(client, b"default", 3 * SECOND)
    assert client.heard() == [("paused",)]
    id = story.put(client)
    assert story.reserve(worker) == []
    story.advance(2.9)
    assert worker.heard() == []
    story.advance(0.1)
    assert worker.heard() == [("reserved", id, b"")]
    assert story.kinds() == [PAUSE, PUT, RESERVE]


def test_a_pause_of_nothing_resumes_at_once(story, client):
    worker = story.client()
    story.engine.pause_tube(client, b"default", 3 * SECOND)
    id = story.put(client)
    story.reserve(worker)
    story.engine.pause_tube(client, b"default", 0)
    assert worker.heard() == [("reserved", id, b"")]


# The end of a session.


def test_closing_hands_back_in_the_order_of_reservation(story, client):
    for pri in (3, 1, 2):
        story.put(client, pri=pri)
    for id in (3, 1, 2):
        story.engine.reserve_job(client, id)
    story.events()
    story.engine.close(client)
    events = story.events()
    assert [(e.kind, e["id"]) for e in events] == [
        (RETURN, 3),
        (RETURN, 1),
        (RETURN, 2),
    ]
    assert story.tube().count(READY) == 3
    story.engine.close(client)
    assert story.events() == []


def test_closing_walks_only_its_own_jobs(story, client):
    other = story.client()
    for _ in range(4):
        story.put(client)
    for id, holder in ((1, client), (2, other), (3, client), (4, other)):
        story.engine.reserve_job(holder, id)
    story.engine.close(client)
    assert [story.state(id) for id in (1, 2, 3, 4)] == [READY, RESERVED] * 2


def test_closing_one_who_waits_takes_it_out_of_line(story, client):
    story.reserve(client)
    story.engine.close(client)
    id = story.put(story.client())
    assert story.state(id) == READY
    assert story.tube().waiting == 0


def test_what_is_handed_back_goes_to_who_waits(story, client):
    id = story.put(client)
    story.reserve(client)
    worker = story.client()
    story.reserve(worker)
    story.engine.close(client)
    assert worker.heard() == [("reserved", id, b"")]


def test_the_counts_of_sessions_are_kept(story):
    counters = story.engine.counters
    producer, worker = story.client(), story.client()
    story.engine.producers.mark(producer)
    story.engine.producers.mark(producer)
    story.reserve(worker, timeout=0)
    assert (counters.current_producers, counters.current_workers) == (1, 1)
    story.engine.close(producer)
    story.engine.close(worker)
    assert (counters.current_producers, counters.current_workers) == (0, 0)
    assert counters.total_connections == 2


# Admission.


def test_a_draining_server_takes_no_job_and_burns_an_id(story, client):
    story.engine.policy.draining = True
    story.engine.producers.put(client, 0, 0, SECOND, b"", b"x")
    assert client.heard() == [("draining",)]
    story.engine.policy.draining = False
    assert story.put(client) == 2


def test_a_full_server_takes_no_job_but_gives_and_deletes(story, client):
    id = story.put(client)
    story.engine.policy.most_bytes = 100
    story.engine.producers.put(client, 0, 0, SECOND, b"", b"x")
    assert client.heard() == [("out of memory",)]
    assert story.reserve(client) == [("reserved", id, b"")]
    story.engine.delete(client, id)
    assert client.heard() == [("deleted",)]


# Leases.


def test_a_lease_outlives_the_session_and_answers_to_its_token(story, client):
    client.lease = b"token"
    id = story.put(client)
    story.reserve(client)
    story.engine.close(client)
    assert story.state(id) == RESERVED
    stranger, friend = story.client(), story.client()
    friend.lease = b"token"
    story.engine.touch(stranger, id)
    assert stranger.heard() == [("not found",)]
    story.engine.touch(friend, id)
    story.engine.bury(friend, id, 5)
    assert friend.heard() == [("touched",), ("buried",)]
    assert story.kinds() == [PUT, RESERVE, TOUCH, BURY]


def test_a_lease_warns_nobody_and_ends_with_its_ttr(story, client):
    client.lease = b"token"
    id = story.put(client, ttr=3)
    story.reserve(client)
    story.advance(2.5)
    assert story.reserve(client, timeout=0) == [("timed out",)]
    story.advance(0.5)
    assert story.state(id) == READY


# Reasons.


@pytest.mark.parametrize(
    ("free", "reason"),
    [
        (lambda s, c: s.engine.release(c, 1, 0, 0), b"client"),
        (lambda s, c: s.advance(60), b"ttr"),
        (lambda s, c: s.engine.close(c), b"closed"),
        (lambda s, c: (s.engine.bury(c, 1, 0), s.engine.kick_job(c, 1)), b"kicked"),
    ],
)
def test_every_redelivery_has_a_reason_that_can_be_read(free, reason):
    story = Story()
    client, onlooker = story.client(), story.client()
    story.put(client)
    story.reserve(client)
    free(story, client)
    story.engine.views.stats_job(onlooker, 1)
    assert b"\nreason: " + reason + b"\n" in onlooker.heard()[0][1]
