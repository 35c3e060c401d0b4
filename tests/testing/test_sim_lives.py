"""Lives of a simulated server: the same for the same seed, and hard to deceive."""

from collections import Counter

from penstock.log.file import SYNCED
from penstock.testing import SimDisk
from penstock.testing.sim_lives import Lives, Options
from penstock.testing.sim_server import WitnessedLog
from penstock.testing.simulation import Planted, run
from penstock.testing.world import World

SEEDS = range(40)


def verdicts(seeds=SEEDS) -> list[str]:
    """What is found in the lives of some seeds."""
    return [found for _seed, found in run(list(seeds), Planted()).failures]


def test_nothing_is_found_where_nothing_is_wrong():
    assert verdicts() == []


def test_the_same_seed_gives_the_same_lives():
    def story(seed: int) -> list[str]:
        told: list[str] = []
        lives = Lives(seed, told.append)
        return [str(lives), *told, str(lives.run())]

    assert [story(seed) for seed in SEEDS] == [story(seed) for seed in SEEDS]
    assert len({str(story(seed)) for seed in SEEDS}) == len(SEEDS)


def test_seeds_differ_in_everything_that_can_be_chosen():
    drawn = [Options.of(World(seed)) for seed in range(300)]
    assert {options.sizes.interval for options in drawn} == {0, 5_000_000, 1 << 62}
    assert len({options.sizes.segment for options in drawn}) == 4
    assert len({options.habits.clients for options in drawn}) == 5
    assert 10 < sum(options.capacity < 1 << 40 for options in drawn) < 60
    assert 50 < sum(options.faults > 0 for options in drawn) < 150


def test_all_that_can_happen_happens():
    total: Counter[str] = Counter()
    for seed in range(150):
        total += Lives(seed).run()
    happened = {"cuts", "kills", "stops", "torn", "rolls", "trims", "batches"}
    happened |= {"recoveries interrupted", "compactions", "faults", "failures"}
    assert happened <= set(total)


def test_a_batch_that_comes_back_altered_is_noticed(monkeypatch):
    recover = WitnessedLog.recover

    def alter(log, sink):
        recover(log, sink)
        if len(log.found) > 3:
            log.found[2].payload += b"x"

    monkeypatch.setattr(WitnessedLog, "recover", alter)
    assert any("is not what was written" in verdict for verdict in verdicts())


def test_a_batch_that_is_left_out_is_noticed(monkeypatch):
    def forget_one(log, sink):
        for stored in log.read(1):
            log.found.append(stored)
            if stored.seq != 3:
                sink(stored)

    monkeypatch.setattr(WitnessedLog, "recover", forget_one)
    found = verdicts()
    assert len(found) > len(SEEDS) // 4
    assert any("is lost" in verdict for verdict in found)
    assert any("another state" in verdict for verdict in found)


def test_a_disk_that_tells_before_it_syncs_is_noticed(monkeypatch):
    monkeypatch.setattr(SimDisk, "_write_steps", _told_early)
    assert any("told of" in verdict for verdict in verdicts(range(200)))


def _told_early(disk, seq, name, offset, content):
    """Write, tell that it is synced, and then sync."""
    machine = disk._machine
    file = machine.open_file(name, disk._process)
    yield
    machine.write("pwritev", file, offset, content, disk._process)
    disk._flying = None
    disk._end(SYNCED, seq, name, None)
    yield
    machine.sync_file("fdatasync", file, disk._process)


def test_a_log_that_goes_on_after_a_failed_sync_is_noticed(monkeypatch):
    monkeypatch.setattr(WitnessedLog, "_on_error", WitnessedLog._on_write)
    assert verdicts(range(300, 800))
