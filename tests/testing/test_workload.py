"""Random clients: they ask for all there is, and the model of them is right."""

from contextlib import closing

import pytest

from tests.core.story import decode
from tests.testing.held_world import HeldWorld


def lives(seed: int, count: int = 4) -> HeldWorld:
    """Let clients of one world live through some restarts."""
    with closing(HeldWorld(seed)) as held:
        for life in range(count):
            held.run(held.load(), 30 + held.world.below(60))
            assert held.restart() == [], f"seed {seed}, life {life}"
        return held


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_over_a_log_that_is_right_every_promise_is_kept(first):
    for seed in range(first, first + 100):
        lives(seed)


def test_random_clients_bring_about_every_kind_of_event():
    payloads = [b.payload for seed in range(60) for b in lives(seed).stored]
    kinds = {event.kind for payload in payloads for event in decode(payload)}
    assert kinds == set(range(1, 17)) | {20}


def test_jobs_do_not_pile_up():
    most = 0
    for seed in range(50):
        with closing(HeldWorld(seed)) as held:
            load = held.load()
            held.run(load, 400)
        most = max(most, len(held.promises.jobs) - load.habits.most_jobs)
    assert most < 30


def test_the_same_seed_gives_the_same_lives():
    def traces(seed: int) -> list[tuple[int, bytes]]:
        return [(stored.now, stored.payload) for stored in lives(seed).stored]

    assert [traces(seed) for seed in range(10)] == [traces(seed) for seed in range(10)]
    assert traces(1) != traces(2)


def test_a_batch_that_was_released_and_is_gone_is_noticed():
    noticed = 0
    for seed in range(40):
        with closing(HeldWorld(seed)) as held:
            held.run(held.load(), 80)
            held.settle()
            held.end()
            durable = len(held.stored)
            del held.stored[durable // 2]
            held.stored = [_renumbered(s, at) for at, s in enumerate(held.stored, 1)]
            held.start()
            noticed += bool(held.broken())
    assert noticed > 25


def _renumbered(stored, seq):
    fields = (stored.now, stored.wall, stored.next_id, stored.count, stored.payload)
    return type(stored)(stored.term, seq, *fields)
