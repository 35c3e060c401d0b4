"""One process of a simulated server, and the witness of its log."""

import pytest

from penstock.errors import LogBusy
from penstock.testing import SimFolder
from penstock.testing.log_contract import sample
from penstock.testing.promises import Promises
from penstock.testing.sim_client import SimClient
from penstock.testing.sim_server import SimServer, Sizes, Written
from penstock.testing.world import World

SIZES = Sizes(segment=8192, most_idle=10 * 8192, least_step=4096, interval=0)


@pytest.fixture
def world():
    return World(1)


def put(server, broker, world, bodies) -> None:
    """Put jobs, and wait until they are durable."""
    client = SimClient(broker, Promises(), world.clock)
    for body in bodies:
        client.ask(server.engine.producers.put, 0, 0, 1, b"", body)
    while client.answers < len(bodies):
        server.disk.step()
        server.log.settle()
        broker.stage()
        world.loop.settle()


def end(server, world) -> None:
    server.reactor.shut()
    world.machine.power_cut()
    world.restart(0, rebooted=True)


def test_a_server_finds_what_the_one_before_it_made_durable(world):
    written = Written()
    first = SimServer(world, SIZES, written)
    broker = first.start()
    assert first.log.recovered == 0
    put(first, broker, world, [b"one", b"two"])
    image = first.image()
    end(first, world)
    second = SimServer(world, SIZES, written)
    second.start()
    assert second.log.recovered == 2
    assert second.image() == image
    assert second.engine.turn.batch.seq == 4
    assert [stored.seq for stored in second.log.found] == [1, 2]
    assert [b.payload for b in second.log.found] == [
        written.batches[seq].payload for seq in (1, 2)
    ]
    end(second, world)


def test_the_start_is_durable_before_anybody_is_served(world):
    server = SimServer(world, SIZES, Written())
    server.start()
    assert server.log.has_begun
    assert server.log.usage().durable == 1
    end(server, world)


def test_the_start_is_durable_however_little_room_there_is(world):
    first = SimServer(world, SIZES, Written())
    first.start()
    while first.disk.step():
        first.log.settle()
    end(first, world)
    world.machine.capacity = world.machine.used()
    second = SimServer(world, SIZES, first.log.written)
    second.start()
    assert second.engine.policy.room <= 0
    assert second.log.usage().durable == 2
    end(second, world)


def test_a_server_owns_its_folder(world):
    server = SimServer(world, SIZES, Written())
    server.start()
    with pytest.raises(LogBusy):
        SimFolder(world.machine).lock()
    end(server, world)
    SimFolder(world.machine).lock()


def test_segments_that_were_begun_and_compactions_are_counted(world):
    sizes = Sizes(segment=4096, most_idle=40960, least_step=65536, interval=0)
    server = SimServer(world, sizes, Written())
    broker = server.start()
    for _ in range(60):
        put(server, broker, world, [bytes(900)])
        client = SimClient(broker, Promises(), world.clock)
        for id in server.engine.index.jobs.ids():
            client.ask(server.engine.delete, id)
    assert len(server.log.pieces) > 10
    assert server.compactions() > 5
    end(server, world)


def test_batches_that_were_lost_give_their_numbers_to_others():
    written = Written()
    for seq in (1, 2, 3):
        written.add(sample(seq))
    written.add(sample(2, 500))
    assert list(written.batches) == [1, 2]
    assert written.last == 2
    assert len(written.batches[2].payload) == 500
