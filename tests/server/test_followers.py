"""Followers: what they see, from where, and what keeps the log for them."""

import json

import pytest

from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.kinds import DELETE, PUT
from penstock.log import Usage
from penstock.server.followers import Cursor, Followers, Gap, Seen
from penstock.testing.held_log import HeldLog

MIB = 1 << 20


def house(*batches):
    """A log with these batches, each a list of functions that write events."""
    log = HeldLog()
    for seq, writers in enumerate(batches, 1):
        keep(log, seq, *writers)
    return log, Followers(Engine(), log)


def keep(log, seq, *writers):
    """Let one more batch be durable."""
    batch = Batch()
    batch.clear(seq)
    for write in writers:
        write(batch)
    batch.now, batch.wall = seq * 10, seq * 100
    log.append(batch)
    log.release()


def put(id):
    return lambda batch: batch.put(id, b"t", 0, 0, 0, 0, 0, b"", b"body")


def delete(id):
    return lambda batch: batch.delete(id, 1)


def seal(batch):
    batch.seal()


def places(found):
    return [(str(seen.at), seen.kind) for seen in found]


def test_events_come_in_order_with_their_cursors():
    _log, followers = house([put(1), put(2)], [delete(1)])
    follower = followers.follow("f", Cursor())
    found = follower.read(10)
    assert places(found) == [("1.0", PUT), ("1.1", PUT), ("2.0", DELETE)]
    assert (found[2].now, found[2].wall) == (20, 200)


def test_reading_goes_on_where_the_cursor_was_moved_to():
    _log, followers = house([put(1), put(2)], [delete(1)])
    follower = followers.follow("f", Cursor())
    first = follower.read(1)
    assert places(follower.read(1)) == places(first), "nothing was done with it yet"
    follower.advance(first[0].next)
    assert places(follower.read(10)) == [("1.1", PUT), ("2.0", DELETE)]


def test_what_a_power_cut_took_back_is_a_gap():
    """Numbers that were seen are given again where not every batch was synced."""
    log, followers = house([put(1)], [put(2)])
    follower = followers.follow("f", Cursor(5, 2))
    keep(log, 3, put(3))
    gap, seen = follower.read(10)
    assert gap == Gap(3, 5, Cursor(3, 0))
    assert str(seen.at) == "3.0"
    follower.advance(seen.next)
    assert follower.read(10) == []


@pytest.mark.parametrize("cursor", [Cursor(3, 0), Cursor(2, 1)])
def test_at_the_end_nothing_was_taken_back(cursor):
    _log, followers = house([put(1)], [put(2)])
    assert followers.follow("f", cursor).read(10) == []


def test_what_is_not_durable_is_not_seen():
    log, followers = house([put(1)])
    batch = Batch()
    batch.clear(2)
    put(2)(batch)
    log.append(batch)
    assert len(followers.follow("f", Cursor()).read(10)) == 1
    log.release()
    assert len(followers.follow("g", Cursor()).read(10)) == 2


def test_seals_are_no_facts():
    _log, followers = house([put(1), seal], [seal])
    assert places(followers.follow("f", Cursor()).read(10)) == [("1.0", PUT)]


def test_who_comes_too_late_is_told_of_a_gap():
    log, followers = house([put(1)], [put(2)], [put(3)])
    log.trim(2)
    gap, seen = followers.follow("f", Cursor(1, 1)).read(10)
    assert gap == Gap(1, 2, Cursor(3, 0))
    assert isinstance(seen, Seen)
    assert seen.at == Cursor(3, 0)


def test_a_durable_follower_keeps_what_it_has_not_read():
    _log, followers = house([put(1)], [put(2)])
    usage = Usage(70 * MIB, 1 << 40, 1, 2, 1, 16 * MIB)
    assert followers.may_trim(usage, 64 * MIB)
    follower = followers.follow("history", Cursor(1, 0), durable=True)
    assert not followers.may_trim(usage, 64 * MIB)
    follower.advance(Cursor(2, 0))
    assert followers.may_trim(usage, 64 * MIB)


def test_one_that_is_not_durable_keeps_nothing():
    _log, followers = house([put(1)], [put(2)])
    followers.follow("tail", Cursor(1, 0))
    usage = Usage(70 * MIB, 1 << 40, 1, 2, 1, 16 * MIB)
    assert followers.may_trim(usage, 64 * MIB)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(64 * MIB + (1 << 30) + 1, 1 << 40, 1, 2, 1, 16 * MIB),
        Usage(80 * MIB, 20 * MIB, 1, 2, 1, 16 * MIB),
        Usage(65 * MIB, 0, 1, 2, 1, 16 * MIB),
    ],
    ids=["a gigabyte", "a tenth of the free room", "no room at all"],
)
def test_past_the_bound_it_misses_what_is_forgotten_and_that_is_kept(usage):
    _log, followers = house([put(1)], [put(2)])
    followers.follow("history", Cursor(1, 0), durable=True)
    assert followers.may_trim(usage, 64 * MIB)
    assert followers.gaps("history") == [[1, 1]]
    record = followers._engine.store.records.find(b"gap", b"history", 0)
    assert json.loads(record.value) == [[1, 1]]
    assert followers._engine.turn.batch.hard
    assert followers.told()["followers-gaps"] == 1


def test_what_is_missed_piece_by_piece_is_one_gap():
    _log, followers = house([put(1)], [put(2)], [put(3)])
    follower = followers.follow("history", Cursor(1, 0), durable=True)
    for last in (1, 2):
        usage = Usage(65 * MIB, 0, 1, 3, last, 16 * MIB)
        assert followers.may_trim(usage, 64 * MIB)
    assert followers.gaps("history") == [[1, 2]]
    follower.advance(Cursor(4, 0))
    assert followers.may_trim(Usage(65 * MIB, 0, 1, 9, 5, 16 * MIB), 64 * MIB)
    assert followers.gaps("history") == [[1, 2], [4, 5]]


def test_all_are_told_until_they_leave():
    _log, followers = house()
    heard = []
    follower = followers.follow("f", Cursor(), lambda: heard.append(1), durable=True)
    followers.tell()
    followers.leave(follower)
    followers.tell()
    assert heard == [1]
    assert followers.follow("f", Cursor(), durable=True) is not follower


def test_a_cursor_is_read_as_it_is_written():
    assert Cursor.parse(str(Cursor(12, 3))) == Cursor(12, 3)
    with pytest.raises(ValueError, match="invalid literal"):
        Cursor.parse("newest")
