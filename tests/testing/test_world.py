"""One number makes a world, the same each time; seeds that failed are kept."""

from collections import Counter
from pathlib import Path
from random import Random

from penstock.testing.sim_disk import SimDisk
from penstock.testing.sim_folder import SimFolder
from penstock.testing.world import SECOND, Weighted, World, keep_seed, kept_seeds

SEEDS = Path(__file__).parent.parent / "regressions.seeds"


def history(seed: int) -> list[object]:
    """What a little story in a world comes to."""
    world = World(seed)
    told: list[object] = [world.clock.now()]
    folder, disk = SimFolder(world.machine), SimDisk(world.machine, 0)
    folder.create("a", 2048)
    for seq in range(1, 6):
        disk.write(seq, "a", 0, (bytes([seq]) * 2048,))
        for _ in range(world.below(4)):
            disk.step()
        while world.happens(0.5):
            world.pass_time(SECOND)
        disk.wait()
        disk.outcomes()
    disk.write(6, "a", 0, (bytes(2048),))
    disk.step()
    world.machine.power_cut()
    return [*told, world.clock.now(), SimFolder(world.machine).read("a", 0, 2048)]


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    assert [history(seed) for seed in range(20)] == [history(s) for s in range(20)]
    assert len({str(history(seed)) for seed in range(20)}) == 20


def test_what_is_heavier_is_chosen_more_often():
    weighted = Weighted([("a", 1), ("b", 8), ("c", 0), ("d", 1)])
    chance = Random(1)
    counts = Counter(weighted.pick(chance) for _ in range(10_000))
    assert sorted(counts) == ["a", "b", "d"]
    assert 7_500 < counts["b"] < 8_500
    assert 800 < counts["a"] < 1_200


def test_things_happen_as_often_as_they_should():
    world = World(1)
    assert 2_300 < sum(world.happens(0.25) for _ in range(10_000)) < 2_700
    assert {world.below(3) for _ in range(100)} == {0, 1, 2}


def test_time_stops_where_something_is_due():
    world = World(2)
    called: list[int] = []
    start = world.clock.now()
    world.loop.call_later(0.5, called.append, 1)
    for _ in range(1_000):
        world.pass_time(SECOND // 10)
        if world.clock.now() == start + SECOND // 2:
            break
    world.loop.turn()
    assert called == [1]
    world.pass_time(SECOND)
    assert world.clock.now() > start + SECOND // 2


def test_what_is_due_already_does_not_hold_time_up():
    world = World(3)
    world.loop.call_soon(print)
    before = world.clock.now()
    world.pass_time(SECOND)
    assert world.clock.now() > before


def test_a_restarted_world_has_forgotten_what_was_to_be_called():
    world = World(4)
    called: list[int] = []
    world.loop.call_soon(called.append, 1)
    world.restart(0, rebooted=False)
    world.loop.settle()
    assert called == []


def test_a_reboot_begins_elapsed_time_anew_and_not_the_time_of_day():
    world = World(5)
    now, wall = world.clock.now(), world.clock.wall()
    world.restart(3 * SECOND, rebooted=False)
    assert (world.clock.now(), world.clock.wall()) == (
        now + 3 * SECOND,
        wall + 3 * SECOND,
    )
    world.restart(4 * SECOND, rebooted=True)
    assert world.clock.now() < 100 * SECOND
    assert world.clock.wall() == wall + 7 * SECOND
    assert world.machine.clock is world.clock
    assert world.loop.time() == world.clock.now() / SECOND


def test_seeds_that_failed_are_kept_with_their_reason(tmp_path):
    file = tmp_path / "seeds"
    assert kept_seeds(file, "a") == []
    keep_seed(file, "a", 7, "lost\n  job 3")
    keep_seed(file, "b", 8, "other")
    keep_seed(file, "a", 9, "again")
    keep_seed(file, "a", 7, "the same")
    assert kept_seeds(file, "a") == [7, 9]
    assert kept_seeds(file, "b") == [8]
    assert file.read_text().splitlines()[0] == "a 7  # lost job 3"


def test_the_seeds_that_are_kept_here_can_be_read():
    assert SEEDS.exists()
    lines = [line for line in SEEDS.read_text().splitlines() if line[:1] != "#"]
    for line in lines:
        simulation, seed, mark, *reason = line.split()
        assert int(seed) in kept_seeds(SEEDS, simulation)
        assert mark == "#"
        assert reason
