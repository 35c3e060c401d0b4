"""A replay of what an engine wrote gives that engine's state."""

import pytest

from tests.core.story import decode
from tests.property.random_run import RandomRun, traces
from tests.property.recorded import image, replay
from tests.property.recount import recount, recount_store

COMMANDS = 100_000


def ran(seed: int, count: int) -> RandomRun:
    run = RandomRun(seed)
    run.run(count)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_hundred_thousand_commands_replayed_give_the_same_image(seed):
    found = dict(traces(seed, COMMANDS))
    assert found["replayed"] == found["live"]


def test_every_kind_of_event_is_in_random_runs():
    runs = [ran(seed, 10_000) for seed in range(1, 5)]  # some kinds are rare
    payloads = [payload for run in runs for payload in run.talk.recorded()]
    kinds = {event.kind for payload in payloads for event in decode(payload)}
    assert kinds == set(range(1, 17))


def test_a_replay_may_stop_at_any_batch_and_start_again_from_an_image():
    run = ran(4, 1_500)
    payloads, now = run.talk.recorded(), run.engine.turn.now
    whole = image(run.engine.store)
    for cut in range(0, len(payloads), 20):
        # No time passes at the cut: whatever is due is so at the end.
        early = image(replay(payloads[:cut], 0))
        assert image(replay([early, *payloads[cut:]], now)) == whole, cut


def test_batches_that_are_joined_give_the_same_image():
    run = ran(5, 3_000)
    joined = b"".join(run.talk.recorded())
    assert image(replay([joined], run.engine.turn.now)) == image(run.engine.store)


def test_counts_are_right_all_along_a_random_run():
    run = RandomRun(6)
    for count in range(0, 4_000, 200):
        run.run(count)
        recount(run.engine)
    recount_store(replay(run.talk.recorded(), run.engine.turn.now))
