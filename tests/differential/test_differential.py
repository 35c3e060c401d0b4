"""Random sequences against two servers: alike, but for the reviewed differences."""

from collections.abc import Callable, Iterable
from functools import partial

import pytest

from tests.conformance.servers import (
    Connection,
    beanstalkd_command,
    penstock_command,
)
from tests.differential.__main__ import play_seeds
from tests.differential.lockstep import Account, Pair, Side
from tests.differential.sequences import QUICK, write_sequence

FEW = range(1, 61)
SOME = range(1, 301)
TIMED = range(1, 5)


class AlteredSide(Side):
    """A server that has one fault."""

    def __init__(self, command: list[str], right: bytes, wrong: bytes) -> None:
        super().__init__(command)
        self.fault = right, wrong

    def arrived(self, client: Connection) -> bytes:
        return super().arrived(client).replace(*self.fault)


def installed(find: Callable[[], list[str] | None]) -> list[str]:
    command = find()
    if command is None:
        pytest.skip(f"{find.__name__.removesuffix('_command')} is not installed here")
    return command


def check(ours: str) -> str:
    """The name of our side, when both sides are there."""
    installed(beanstalkd_command)
    if ours == "penstock":
        installed(penstock_command)
    return ours


def play(pair: Pair, seeds: Iterable[int]) -> Account:
    """Play until a divergence is found."""
    account = Account()
    try:
        for seed in seeds:
            account.add(pair.play(write_sequence(seed, QUICK)))
            if account.divergences:
                break
    finally:
        pair.stop()
    return account


def complain(account: Account) -> str:
    return "\n".join(map(str, account.divergences[:1]))


def test_upstream_agrees_with_itself() -> None:
    start = partial(Side, installed(beanstalkd_command))
    account = play(Pair(start, start), FEW)
    assert not account.divergences, complain(account)
    assert not account.hits
    assert account.sequences == len(FEW)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"NOT_IGNORED", b"WATCHING 1"),
        (b"KICKED 2", b"KICKED 1"),
        (b"TOUCHED", b"NOT_FOUND"),
        (b"state: buried", b"state: delayed"),
        (b"current-jobs-urgent: 2", b"current-jobs-urgent: 3"),
        (b"DELETED\r\n", b""),
    ],
)
def test_a_planted_fault_is_found(right: bytes, wrong: bytes) -> None:
    command = installed(beanstalkd_command)
    altered = partial(AlteredSide, command, right, wrong)
    account = play(Pair(partial(Side, command), altered), SOME)
    assert account.divergences


@pytest.mark.slow
@pytest.mark.parametrize("ours", ["model", "glued", "penstock"])
def test_ours_differs_from_upstream_only_as_reviewed(ours: str) -> None:
    account = play_seeds("beanstalkd", check(ours), SOME, timed=False)
    assert not account.divergences, complain(account)
    assert account.hits["quoted names"]


@pytest.mark.slow
@pytest.mark.parametrize("ours", ["model", "glued", "penstock"])
def test_ours_keeps_time_as_upstream_does(ours: str) -> None:
    account = play_seeds("beanstalkd", check(ours), TIMED, timed=True)
    assert not account.divergences, complain(account)
    assert account.sequences
