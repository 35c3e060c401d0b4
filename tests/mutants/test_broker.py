"""Room that is owed, failure that is final, pieces that stay until all is elsewhere."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

from penstock.log import Usage
from penstock.server.compactor import SPARES
from penstock.server.followers import Cursor
from penstock.server.room import OWED
from penstock.testing import HeldLog
from tests.server.house import in_a_house, with_a_held_log

PUT_ONE = b"put 0 0 60 1\r\na\r\n"
PLENTY = 1 << 62


class TightLog(HeldLog):
    """A log whose room the test decides on."""

    def __init__(self) -> None:
        super().__init__()
        self.room = PLENTY
        self.size = 0  # of a piece

    def usage(self) -> Usage:
        usage = super().usage()
        return replace(usage, room=self.room, piece=self.size)


class LogOfSmallPieces(TightLog):
    """A tight log with a piece for each batch; it is always larger than it may be."""

    def usage(self) -> Usage:
        kept = [stored.seq for stored in self.read(1)]
        used = (len(kept) + SPARES) * self.size
        whole = kept[0] if len(kept) > 1 else 0
        return replace(super().usage(), used=used, written=used, trimmable=whole)


with_a_tight_log = in_a_house(log=TightLog)
with_small_pieces = in_a_house(log=LogOfSmallPieces)


async def put_some(house, count: int):
    """Leave so many durable jobs behind; give the client that put them."""
    client = await house.connect(house.listen())
    client.say(count * PUT_ONE)
    await house.settle()
    house.log.release_all()
    await client.hears(b"".join(b"INSERTED %d\r\n" % n for n in range(1, count + 1)))
    await house.settle()
    house.log.release_all()
    return client


@with_a_tight_log
async def test_puts_leave_the_room_that_deletes_will_need(house):
    client = await put_some(house, 100)
    house.log.room = 100 * OWED + 150 + house.broker.upkeep.compactor.aside()
    house.broker.upkeep.look()
    client.say(PUT_ONE + b"delete 1\r\n")
    await house.settle()
    house.log.release_all()
    await client.hears(b"OUT_OF_MEMORY\r\nDELETED\r\n")


@with_a_tight_log
async def test_what_collects_has_taken_its_room_when_somebody_looks(house):
    client = await put_some(house, 1)
    body = b"x" * 5_000
    put = b"put 0 0 60 5000\r\n" + body + b"\r\n"
    client.say(put)
    await house.until(lambda: house.log.flying is not None)
    client.say(put)
    await house.until(lambda: house.engine.turn.batch.size() > 5_000)
    house.log.room = 100_000
    house.broker.upkeep.look()
    assert house.engine.policy.room < 90_000
    house.log.release_all()
    await client.hears(b"INSERTED 2\r\nINSERTED 3\r\n")


@with_a_tight_log
async def test_the_first_batch_tells_what_room_there_is(house):
    house.log.room = 1_000
    assert house.engine.policy.room == PLENTY
    await put_some(house, 1)
    assert house.engine.policy.room < 1_000


@with_small_pieces
async def test_pieces_that_hold_nothing_go_though_nobody_says_anything(house):
    """Puts are refused, so nobody makes a batch that would let the log go on."""
    client = await put_some(house, 3)
    for id in (1, 2, 3):
        client.say(b"delete %d\r\n" % id)
        await house.settle()
        house.log.release_all()
    await client.hears(3 * b"DELETED\r\n")
    await house.settle()
    assert len(list(house.log.read(1))) > 3
    house.log.size, house.log.room = 1000, 2000
    house.broker.upkeep.look()
    house.broker.upkeep.compact_on()
    await house.settle()
    assert len(list(house.log.read(1))) == 1


@with_a_tight_log
async def test_puts_are_taken_again_once_there_is_room(house):
    await refused_and_taken_again(house, 0)


@with_a_tight_log
async def test_who_was_refused_for_want_of_a_little_is_taken_again_as_well(house):
    """Who is refused says nothing that would let anybody look again."""
    house.log.size = 1000
    await refused_and_taken_again(house, 150)


async def refused_and_taken_again(house, room):
    client = await put_some(house, 1)
    house.log.room = room
    house.broker.upkeep.look()
    client.say(PUT_ONE)
    await client.hears(b"OUT_OF_MEMORY\r\n")
    house.log.room = PLENTY
    await house.until(lambda: house.engine.policy.room > room)
    client.say(PUT_ONE)
    await house.settle()
    house.log.release_all()
    await client.hears(b"INSERTED 3\r\n")


@with_a_tight_log
async def test_without_room_deletes_of_several_turns_share_a_batch(house):
    client = await put_some(house, 5)
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    house.log.room = 0
    house.broker.upkeep.look()
    for id in range(1, 6):
        client.say(b"delete %d\r\n" % id)
        await house.settle()
        assert house.log.flying is None
    await house.until(lambda: house.log.flying is not None)
    assert house.log.flying.count == 5
    house.log.release_all()
    await client.hears(5 * b"DELETED\r\n")


@with_a_held_log
async def test_after_a_failure_nothing_is_handed_to_the_log(house):
    client = await house.connect(house.listen())
    client.say(PUT_ONE)
    await house.settle()
    house.log.fail()
    flying = house.log.flying
    house.broker._durable(flying.seq)  # what a disk may still say
    client.say(PUT_ONE)
    await house.settle()
    assert house.log.flying is flying
    assert len(house.failures) == 1


@with_a_held_log
async def test_a_piece_stays_until_what_it_held_is_durable_elsewhere(house):
    local = house.local()
    putting = asyncio.create_task(local.put(b"a"))
    await house.settle()
    house.log.release_all()
    await putting
    await house.settle()
    house.log.release_all()
    compactor = house.broker.upkeep.compactor
    compactor.most_idle = 0
    upto = house.log.usage().durable
    compactor.look(Usage(10_000, PLENTY, 1, upto, upto, written=10_000))
    while compactor.busy:
        compactor.step(0)
    assert compactor.carried == 1
    house.broker.stage()
    await house.settle()
    assert compactor.durable(upto) is False
    assert next(stored.seq for stored in house.log.read(1)) == 1
    house.log.release()
    assert next(stored.seq for stored in house.log.read(1)) == upto + 1


@with_a_held_log
async def test_a_piece_stays_while_a_follower_wants_it(house):
    await put_some(house, 1)
    compactor = house.broker.upkeep.compactor
    compactor.most_idle = 0
    piece = Usage(100_000, PLENTY, 1, 1, 1, 1_000, written=100_000)
    follower = compactor.followers.follow("one", Cursor(1, 0), durable=True)
    compactor.look(piece)
    assert not compactor.busy
    follower.advance(Cursor(2, 0))
    compactor.look(piece)
    assert compactor.busy
