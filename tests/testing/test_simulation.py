"""The simulation as a program: what it says, and how it ends."""

import subprocess
import sys
from collections import Counter
from itertools import islice

import pytest

from penstock.testing import simulation
from penstock.testing.simulation import Planted, Tally, in_chunks, kind_of, main
from penstock.testing.world import keep_seed, kept_seeds


def told(*arguments: str) -> tuple[int, list[str]]:
    """Run the program; give its exit status and its lines."""
    done = subprocess.run(
        [sys.executable, "-m", "penstock.testing.simulation", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_good_run_ends_with_one_line_that_counts(tmp_path, jobs):
    seeds = str(tmp_path / "none")
    status, lines = told("--cuts", "300", "--jobs", jobs, "--seeds", seeds)
    assert status == 0
    cuts, rest = lines[-1].split(" cuts, ")
    assert int(cuts) >= 300
    assert rest.startswith(
        "0 lost, 0 returned, 0 altered, 0 refused, 0 otherwise broken; "
    )
    for name in ("kills", "stops", "rolls", "torn", "batches", "sectors forgotten"):
        assert f" {name}" in lines[-1]


@pytest.mark.slow
def test_a_bad_run_names_its_seeds_and_keeps_them(tmp_path):
    seeds = tmp_path / "seeds"
    keep_seed(seeds, "power-cuts", 1, "once it failed")
    given = ("--cuts", "100000", "--lies", "0.5", "--keep", "--seeds", str(seeds))
    status, lines = told(*given)
    assert status == 1
    bad = [line for line in lines if line.startswith("seed ")]
    assert len(bad) >= 10
    first = int(bad[0].split()[1].rstrip(":"))
    assert f"  again: --seed {first} --tell --lies 0.5" in lines
    assert len(kept_seeds(seeds, "power-cuts")) >= 10
    assert "syncs skipped" in lines[-1]
    assert simulation.run([first], Planted(lies=0.5)).failures[0][0] == first


def test_one_seed_is_told_life_by_life(capsys):
    assert main(["--seed", "23", "--tell"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("seed 23: {")
    assert all("then a " in line for line in lines[1:])
    assert len(lines) > 2


def test_kept_seeds_come_first():
    chunks = in_chunks([7, 8], 100, lambda: False)
    assert list(islice(chunks, 2)) == [[7, 8], list(range(100, 125))]
    assert next(in_chunks([], 0, lambda: False)) == list(range(25))


def test_what_is_kept_is_run_however_little_is_asked_for():
    assert list(in_chunks([7, 8], 100, lambda: True)) == [[7, 8]]


MEANT = {
    "PromiseBroken: job 3 is lost; it was ready in a": "lost",
    "PromiseBroken: recovered through 3, told of 4": "lost",
    "PromiseBroken: job 3 is there; it was deleted, or never put": "returned",
    "PromiseBroken: job 3 is spoken of, and should not be there": "returned",
    "PromiseBroken: batch 3 is not what was written": "altered",
    "PromiseBroken: job 3 has another body": "altered",
    "PromiseBroken: job 3 has pri 1, not 2": "altered",
    "LogCorrupt: read store at offset 0: it is missing": "refused",
    "KeyError: 3": "broken",
}


@pytest.mark.parametrize("found", MEANT)
def test_a_failure_is_told_by_what_it_means(found):
    assert kind_of(found) == MEANT[found]


def test_tallies_add_up():
    tally = Tally(Counter(cuts=3, kills=1))
    tally.add(Tally(Counter(cuts=2_000, torn=4), [(5, "KeyError: 1")]))
    assert tally.cuts == 2_003
    assert str(tally) == (
        "2,003 cuts, 0 lost, 0 returned, 0 altered, 0 refused, 1 otherwise broken; "
        "1 kills, 4 torn"
    )


def test_a_run_that_finds_too_much_ends_early():
    tally = simulation.simulate(10**9, 1, 1, [], Planted(lies=1.0))
    assert len(tally.failures) >= simulation.MOST_FAILURES
    assert tally.cuts < 1_000
