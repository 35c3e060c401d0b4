"""Compares two servers over many random sequences: `python -m tests.differential`.

    python -m tests.differential --count 5000 --left beanstalkd \\
        --right ".venv/bin/penstock serve --memory --beanstalk 127.0.0.1:{port}
                 --max-job-size {max_job_size}"
    python -m tests.differential --timed --count 40 --jobs 10
    python -m tests.differential --seed 17 --count 1       (one sequence again)

`beanstalkd` and `penstock` stand for the commands that start what is installed here,
`model` for the reference model, `glued` for our engine and wire without sockets.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial

from tests.conformance.servers import beanstalkd_command, penstock_command
from tests.differential.differences import RULES
from tests.differential.inner import start_glued, start_model
from tests.differential.lockstep import Account, Pair, Side
from tests.differential.sequences import DEADLINES, DELAYS, QUICK, write_sequence

INNER = {"model": start_model, "glued": start_glued}
CHUNK = 25
BAR = 40


def side(name: str) -> Callable[[], Side]:
    """How the side that a name or a command stands for is started."""
    known = {"beanstalkd": beanstalkd_command, "penstock": penstock_command}
    if name in INNER:
        return INNER[name]
    if name not in known:
        return partial(Side, shlex.split(name))
    command = known[name]()
    if command is None:
        raise SystemExit(f"{name} is not installed here")
    return partial(Side, command)


def play_seeds(left: str, right: str, seeds: Iterable[int], *, timed: bool) -> Account:
    """Compare two servers over the sequences of these seeds."""
    # What runs in here starts anew for each sequence, and so must the other.
    anew = bool(INNER.keys() & {left, right})
    account, pair = Account(), Pair(side(left), side(right), anew=anew)
    try:
        for seed in seeds:
            flavour = (DELAYS, DEADLINES)[seed % 2] if timed else QUICK
            flavour = replace(flavour, global_stats="model" not in (left, right))
            account.add(pair.play(write_sequence(seed, flavour)))
    finally:
        pair.stop()
    return account


def play_all(options: argparse.Namespace) -> Iterator[Account]:
    """Accounts of chunks of sequences, several at a time, as they are done."""
    seeds = range(options.seed, options.seed + options.count)
    size = 1 if options.timed else CHUNK
    play = partial(play_seeds, options.left, options.right)
    with ProcessPoolExecutor(options.jobs) as pool:
        futures = [
            pool.submit(play, seeds[at : at + size], timed=options.timed)
            for at in range(0, len(seeds), size)
        ]
        for future in as_completed(futures):
            yield future.result()


def show_progress(done: int, count: int) -> None:
    """Draw the bar over itself, where somebody looks."""
    if sys.stderr.isatty() or done >= count:
        filled = BAR * done // count
        end = "\n" if done >= count else ""
        bar = "#" * filled + "." * (BAR - filled)
        sys.stderr.write(f"\r[{bar}] {done}/{count}{end}")
        sys.stderr.flush()


def report(account: Account) -> str:
    """What was compared and what was found."""
    lines = [
        f"sequences {account.sequences}, steps {account.steps}, "
        f"replies {account.replies}, too slow to judge {account.too_slow}"
    ]
    lines += [f"  {account.hits[r.name]:6}  {r.name}: {r.reason}" for r in RULES]
    lines.append(f"unexplained divergences: {len(account.divergences)}")
    first = sorted(account.divergences, key=lambda d: d.sequence.seed)[:1]
    return "\n".join([*lines, *map(str, first)]) + "\n"


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.differential",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=500, help="how many sequences")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--left", default="beanstalkd", help="the oracle")
    parser.add_argument("--right", default="penstock", help="the server in question")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at a time")
    parser.add_argument("--timed", action="store_true", help="delays and ttrs that end")
    return parser.parse_args()


def main() -> int:
    options = read_options()
    total, done = Account(), 0
    for account in play_all(options):
        total.add(account)
        done += account.sequences + account.too_slow
        show_progress(done, options.count)
    sys.stdout.write(report(total))
    return 1 if total.divergences else 0


if __name__ == "__main__":
    raise SystemExit(main())
