"""Keeping the log small, whatever is done to it."""

from __future__ import annotations

import pytest

from penstock.log import Usage
from penstock.log.file.layout import SECTOR, segment_name
from penstock.server.compactor import ASIDE, FACTOR, MOST_IDLE
from tests.server.keeper import SMALL, Keeper

BODY = bytes(4000)
IDLE = 6 * SMALL  # bytes that the log of these tests may have


@pytest.fixture
def keeper():
    keeper = Keeper()
    keeper.compactor.most_idle = IDLE
    return keeper


def files(keeper):
    """Count the bytes of all segments."""
    names = keeper.machine.names.memory
    return sum(len(file.memory) for name, file in names.items() if ".log" in name)


def turn(keeper):
    """Commit, then do what the broker does once that is durable."""
    seq = keeper.keep()
    while keeper.log.disk.is_busy():
        keeper.log.disk.step(hurried=True)
        keeper.log.settle()
    keeper.compactor.durable(seq)
    keeper.log.limit(keeper.compactor.most())
    keeper.compactor.look(keeper.log.usage())
    if keeper.compactor.busy:
        keeper.compactor.step(5000)
    return seq


def churn(keeper, client, turns):
    """Put and delete, one job at a time."""
    for _ in range(turns):
        keeper.engine.delete(client, keeper.put(client, BODY))
        turn(keeper)


def churn_until_busy(keeper, client):
    """Go on until a piece is to be compacted, and leave that undone."""
    for _ in range(300):
        keeper.engine.delete(client, keeper.put(client, BODY))
        keeper.compactor.durable(keeper.keep())
        keeper.compactor.look(keeper.log.usage())
        if keeper.compactor.busy:
            return
    raise AssertionError("the log never became too large")


def test_a_log_may_have_three_times_what_is_alive_and_always_the_idle_share():
    keeper = Keeper()
    assert keeper.compactor.most() == MOST_IDLE
    keeper.compactor.most_idle = 0
    client = keeper.client()
    keeper.put(client, BODY)
    live = keeper.compactor.live()
    assert live >= len(BODY)
    assert keeper.compactor.most() == FACTOR * live
    assert keeper.compactor.step(1) == 0, "there is nothing to do"


def test_a_small_log_is_left_alone(keeper):
    turn(keeper)
    keeper.compactor.look(keeper.log.usage())
    assert not keeper.compactor.busy
    assert keeper.compactor.compactions == 0


def test_churn_leaves_the_log_within_its_bound(keeper):
    client = keeper.client()
    for _ in range(20):
        churn(keeper, client, 20)
        assert files(keeper) <= IDLE + SMALL
    assert keeper.compactor.compactions > 10
    keeper.crash()
    keeper.begin()
    assert keeper.found.jobs == 0


def test_what_lives_long_is_carried_along(keeper):
    client = keeper.client()
    old = [keeper.put(client, b"old %d" % n) for n in range(10)]
    churn(keeper, client, 400)
    assert keeper.compactor.carried >= 10
    assert keeper.log.usage().oldest_piece > 3
    keeper.crash()
    keeper.begin()
    assert [keeper.job(id).body for id in old] == [b"old %d" % n for n in range(10)]
    assert keeper.found.jobs == 10


def test_what_is_alive_is_never_too_much(keeper):
    """A log that is full of live jobs is not written anew for ever."""
    client = keeper.client()
    for _ in range(150):
        keeper.put(client, BODY)
        turn(keeper)
    assert keeper.compactor.live() > IDLE
    before = keeper.compactor.carried
    assert before <= 150
    for _ in range(20):
        keeper.engine.turn.batch.seal()
        turn(keeper)
    assert keeper.compactor.carried == before


def test_a_piece_goes_only_when_what_it_held_is_durable_elsewhere(keeper):
    client = keeper.client()
    churn_until_busy(keeper, client)
    oldest = keeper.log.usage().oldest_piece
    keeper.put(client)
    while keeper.compactor.busy:
        keeper.compactor.step(10**9)
    awaited = keeper.engine.turn.batch.seq
    assert not keeper.compactor.durable(awaited - 1)
    assert keeper.log.usage().oldest_piece == oldest
    assert keeper.compactor.durable(keeper.keep())
    assert keeper.log.usage().oldest_piece > oldest


def test_a_full_disk_is_compacted_though_the_log_is_small(keeper):
    keeper.compactor.most_idle = 1 << 40
    client = keeper.client()
    churn(keeper, client, 100)
    usage = keeper.log.usage()
    keeper.compactor.look(usage)
    assert not keeper.compactor.busy
    keeper.machine.capacity = keeper.machine.used()
    assert keeper.log.usage().room == 0
    keeper.compactor.look(keeper.log.usage())
    assert keeper.compactor.busy


def test_a_full_disk_whose_pieces_are_badly_filled_is_left_alone(keeper):
    """Written anew they would be as badly filled, again and again."""
    client = keeper.client()
    for _ in range(12):
        keeper.put(client, bytes(SMALL * 55 // 100))
        turn(keeper)
    keeper.machine.capacity = keeper.machine.used()
    usage = keeper.log.usage()
    assert usage.room == 0
    assert usage.used - keeper.compactor.live() > 5 * SMALL
    keeper.compactor.look(usage)
    assert not keeper.compactor.busy


def full(keeper, oldest, garbage):
    """What a full disk's log tells: a piece is 1,000 bytes."""
    written = keeper.compactor.live() + garbage
    return Usage(written, 0, 1, 9, 5, 1000, oldest, written)


def test_what_a_whole_round_has_left_is_no_reason_for_the_next(keeper):
    compactor = keeper.compactor
    compactor.log.piece = lambda: 7
    compactor.look(full(keeper, 1, 249))
    assert not compactor.busy, "less than a quarter of a piece"
    compactor.look(full(keeper, 1, 250))
    assert compactor.busy
    compactor.busy = False
    compactor.log.piece = lambda: 12
    compactor.look(full(keeper, 7, 250))
    assert compactor.busy, "the round is not over"
    compactor.busy = False
    compactor.look(full(keeper, 8, 250))
    assert not compactor.busy
    compactor.look(full(keeper, 8, 500))
    assert compactor.busy


def test_without_room_work_is_much_more_than_what_comes_in(keeper):
    client = keeper.client()
    churn(keeper, client, 60)
    keeper.machine.capacity = keeper.machine.used()
    keeper.compactor.look(keeper.log.usage())
    assert keeper.compactor.busy
    keeper.compactor.least_step = 0
    keeper.compactor.step(0)
    assert not keeper.compactor.busy


def test_a_part_of_what_is_alive_is_kept_free_of_puts(keeper):
    client = keeper.client()
    for _ in range(10):
        keeper.put(client, BODY)
    assert keeper.compactor.aside() == keeper.compactor.live() // ASIDE > 4000


def test_work_is_paced_to_what_comes_in(keeper):
    client = keeper.client()
    churn_until_busy(keeper, client)
    keeper.compactor.least_step = 8 * 1024 * 1024
    keeper.compactor.step(0)
    assert keeper.compactor.busy, "each batch counts, whatever it holds"
    keeper.compactor.least_step = 0
    keeper.compactor.step(SMALL)
    assert not keeper.compactor.busy


def test_where_much_has_gone_at_once_work_is_not_paced(keeper):
    client = keeper.client()
    ids = []
    for _ in range(60):
        ids.append(keeper.put(client, BODY))
        keeper.keep()
    churn_until_busy(keeper, client)
    keeper.compactor.least_step = 0
    keeper.compactor.step(0)
    assert keeper.compactor.busy
    for id in ids:
        keeper.engine.delete(client, id)
    keeper.compactor.step(0)
    assert not keeper.compactor.busy


def test_a_look_is_due_once_a_piece_less_may_be_kept(keeper):
    client = keeper.client()
    ids = [keeper.put(client, BODY) for _ in range(150)]
    keeper.keep()
    keeper.compactor.look(keeper.log.usage())
    gone = 0
    while not keeper.compactor.has_shrunk():
        keeper.engine.delete(client, ids.pop())
        gone += 1
    assert gone == SMALL // (FACTOR * len(BODY)) + 1
    keeper.compactor.look(keeper.log.usage())
    assert not keeper.compactor.has_shrunk()


def test_at_rest_nothing_is_begun_or_gone_on_with(keeper):
    client = keeper.client()
    churn_until_busy(keeper, client)
    keeper.compactor.rest()
    assert not keeper.compactor.busy
    assert keeper.compactor.step(10**9) == 0
    churn(keeper, client, 50)
    assert not keeper.compactor.busy


def test_a_damaged_piece_is_written_anew_from_memory(keeper):
    client = keeper.client()
    old = [keeper.put(client, b"old %d" % n) for n in range(10)]
    turn(keeper)
    file = keeper.machine.names.memory[segment_name(1)]
    file.write(SECTOR + 600, b"rotten")
    churn(keeper, client, 200)
    assert keeper.errors == []
    assert keeper.log.usage().oldest_piece > 1
    keeper.crash()
    keeper.begin()
    assert [keeper.job(id).body for id in old] == [b"old %d" % n for n in range(10)]


def test_a_deleted_job_stays_deleted_through_many_compactions(keeper):
    client = keeper.client()
    kept: list[int] = []
    gone: list[int] = []
    for n in range(300):
        id = keeper.put(client, BODY)
        (kept if n % 10 == 0 else gone).append(id)
        if n % 10:
            keeper.engine.delete(client, id)
        turn(keeper)
    keeper.crash()
    keeper.begin()
    assert [id for id in gone if keeper.job(id)] == []
    assert all(keeper.job(id) for id in kept)
