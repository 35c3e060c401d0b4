"""A job's life is told with the reason of every redelivery."""

import pytest

from penstock.cli.life import Life
from penstock.core.commands import Change, Delete, Free, Hold, Note
from penstock.core.job import BY_POLICY
from penstock.core.replay import Replay
from penstock.core.store import Store
from tests.cli.told import NOON
from tests.core.story import SECOND


def life(told, id=1):
    """What is known of a job at the end of the log."""
    told.turn()
    known = Life(id)
    for batch in told.batches:
        known.read(batch)
    known.pass_time(told.batches[-1])
    return known


def words(told, id=1):
    return [moment.text for moment in life(told, id).moments]


def put(told, **fields):
    id = told.story.put(told.client, b"body", **fields)
    told.turn(1)
    return id


def reserve(told, client=None):
    told.story.reserve(client or told.client)
    told.turn(1)


def test_a_put_and_a_delete(told):
    put(told, pri=7)
    told.engine.delete(told.client, 1)
    assert words(told) == [
        "put into default, pri 7, ttr 60 s: ready",
        "deleted by a client while ready",
    ]
    known = life(told)
    assert (known.state, known.begins, known.is_there) == ("gone", "put", False)
    assert known.moments[-1].reason == "client"


def test_moments_have_the_time_of_their_batch(told):
    told.turn(2)
    put(told)
    reserve(told)
    moments = life(told).moments
    assert [moment.wall for moment in moments] == [
        NOON + 2 * SECOND,
        NOON + 3 * SECOND,
    ]
    assert [moment.seq for moment in moments] == [1, 2]


def test_a_delay_ends_by_itself(told):
    put(told, delay=5)
    told.turn(10)
    reserve(told)
    assert words(told) == [
        "put into default, pri 0, ttr 60 s: delayed for 5 s",
        "its delay was over: ready",
        "reserved for 60 s, delivery 1",
    ]
    assert life(told).moments[1].wall == NOON + 5 * SECOND


def test_a_delay_that_goes_on_has_not_ended(told):
    put(told, delay=500)
    assert life(told).state == "delayed"


def lose_by_ttr(told):
    told.turn(61)


def lose_by_closing(told):
    told.engine.close(told.client)
    told.client = told.other()


def lose_by_release(told):
    told.engine.release(told.client, 1, 3, 0)


def lose_by_kick(told):
    told.engine.bury(told.client, 1, 9)
    told.engine.kick_job(told.client, 1)


def lose_by_restart(told):
    told.restart(30, clean=False)


@pytest.mark.parametrize(
    ("lose", "between", "reason"),
    [
        (lose_by_ttr, ["ready again: its ttr ran out"], "its ttr ran out"),
        (
            lose_by_closing,
            ["ready again: the connection that held it closed"],
            "the connection that held it closed",
        ),
        (lose_by_release, ["released with pri 3: ready"], "it was released"),
        (
            lose_by_kick,
            [
                "buried with pri 9 by the client that held it",
                "kicked while buried: ready",
            ],
            "it was kicked",
        ),
        (
            lose_by_restart,
            [
                "ready again: the server crashed and was back 30 s later; the"
                " connection that held it was gone"
            ],
            "the server restarted",
        ),
    ],
)
def test_every_redelivery_has_its_reason(told, lose, between, reason):
    put(told)
    reserve(told)
    lose(told)
    told.turn(1)
    reserve(told)
    assert words(told)[1:] == [
        "reserved for 60 s, delivery 1",
        *between,
        f"reserved for 60 s, delivery 2, again because {reason}",
    ]


def test_a_release_with_a_delay_is_over_before_the_next_delivery(told):
    put(told)
    reserve(told)
    told.engine.release(told.client, 1, 0, 3 * SECOND)
    told.turn(10)
    reserve(told)
    assert words(told)[2:] == [
        "released with pri 0: delayed for 3 s",
        "its delay was over: ready",
        "reserved for 60 s, delivery 2, again because it was released",
    ]


def test_a_buried_job_can_be_asked_for_by_its_id(told):
    put(told)
    reserve(told)
    told.engine.bury(told.client, 1, 0)
    told.turn()
    told.engine.reserve_job(told.client, 1)
    assert words(told)[-1] == (
        "reserved for 60 s, delivery 2, again because a client asked for it by its id"
    )


def test_a_lease_outlives_a_restart(told):
    told.client.lease = b"secret"
    put(told)
    reserve(told)
    told.restart(5)
    known = life(told)
    assert [each.kind for each in known.moments] == ["put", "reserve"]
    assert words(told)[-1] == "reserved by a lease for 60 s, delivery 1"
    assert (known.state, known.leased) == ("reserved", True)


def test_more_time_moves_the_end_of_a_reservation(told):
    put(told)
    reserve(told)
    told.engine.touch(told.client, 1)
    assert words(told)[-1] == "touched: 60 s more"
    assert life(told).due == told.story.job(1).due


def test_what_else_happens_to_a_job(told):
    put(told)
    told.story.commit(told.client, Hold(1, b"waits for 7"))
    told.turn()
    told.story.commit(told.client, Free(1))
    told.turn()
    told.story.commit(told.client, Change(1, tube=b"mail", pri=4))
    told.turn()
    told.story.commit(told.client, Note(1, b"result", b"a" * 99))
    told.turn()
    told.story.commit(told.client, Delete(1, BY_POLICY))
    assert words(told)[1:] == [
        "held: waits for 7",
        "it waits for nothing more: ready",
        "changed: moved to mail, pri 4",
        f"noted under result: {'a' * 60}...",
        "deleted by a policy of its tube while ready",
    ]


def test_a_pause_of_its_tube_is_part_of_it(told):
    put(told)
    told.engine.pause_tube(told.client, b"default", 30 * SECOND)
    told.turn(1)
    told.engine.pause_tube(told.client, b"default", 0)
    told.turn()
    other = told.other(b"other")
    told.story.put(other)
    told.engine.pause_tube(other, b"other", 5 * SECOND)
    assert words(told)[1:] == [
        "its tube default was paused for 30 s",
        "its tube default went on",
    ]


@pytest.mark.parametrize(("delay", "gone"), [(0, True), (2, True), (500, False)])
def test_a_cleared_tube_takes_its_jobs_along(told, delay, gone):
    put(told, delay=delay)
    told.turn(5)
    tube = told.story.tube()
    batch = told.engine.turn.batch
    batch.clear_tube(b"default", 0b10, 1, told.story.now)
    told.engine.store.apply_clear(tube, 0b10, 1, told.story.now)
    last = words(told)[-1]
    assert (last == "deleted while ready, with others: its tube was cleared") is gone
    assert (life(told).state == "gone") is gone is (told.story.job(1) is None)


def test_events_of_other_jobs_are_not_told(told):
    for _ in range(2):
        put(told)
    told.engine.delete(told.client, 2)
    assert len(words(told, 1)) == 1
    assert len(words(told, 2)) == 2


def test_a_copy_says_nothing_new_of_a_job_that_is_known(told):
    put(told)
    reserve(told)
    before = words(told)
    batches = list(told.batches)
    told.compact()
    told.batches = [*batches, *told.batches]
    assert words(told) == before


def test_where_the_beginning_is_gone_the_copy_tells_what_is_left(told):
    put(told)
    reserve(told)
    told.turn(61)
    told.compact()
    reserve(told)
    assert words(told) == [
        "as it was copied then: ready in default; reserves 1, timeouts 1, releases 0,"
        " buries 0, kicks 0; it was ready last because its ttr ran out",
        "reserved for 60 s, delivery 2, again because its ttr ran out",
    ]
    assert life(told).begins == "image"


def test_a_job_whose_copy_comes_later_has_a_life_before_it(told):
    put(told)
    told.turn()
    del told.batches[:]
    reserve(told)
    batches = list(told.batches)
    told.compact()
    told.batches = [*batches, *told.batches]
    told.engine.release(told.client, 1, 0, 0)
    assert words(told) == [
        "reserved",
        "as it was copied then: reserved in default; reserves 1, timeouts 0,"
        " releases 0, buries 0, kicks 0",
        "released with pri 0: ready",
    ]


def test_what_is_told_is_what_a_replay_gives(told):
    put(told, delay=2)
    told.turn(3)
    reserve(told)
    told.engine.touch(told.client, 1)
    told.turn(1)
    told.engine.release(told.client, 1, 2, SECOND)
    told.turn(5)
    reserve(told)
    told.engine.bury(told.client, 1, 5)
    told.turn()
    store = Store()
    replay = Replay(store)
    for batch in told.batches:
        replay.apply(batch.payload)
    job = store.index.find(1)
    assert job is not None
    known = life(told)
    assert (known.state, known.deliveries) == ("buried", job.reserves)
