"""Every transcript, played by every way there is to reach the queue."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.glued import GluedConversation
from tests.conformance.modelled import ModelConversation
from tests.conformance.servers import (
    SocketConversation,
    beanstalkd_command,
    penstock_command,
)
from tests.conformance.transcript import Conversation, Scenario, play, read_scenarios

HERE = Path(__file__).parent
SCENARIOS = [s for p in sorted(HERE.glob("*/*.txt")) for s in read_scenarios(p)]
OURS = "penstock"  # the folder of verbs that beanstalkd does not have
AT_ONCE = 8  # scenarios that wait for real time run side by side
Way = Callable[[dict[str, str]], Conversation]


def over_sockets(command: list[str] | None) -> Way | None:
    """A conversation with a new process for each scenario."""
    if command is None:
        return None
    return lambda options: SocketConversation(command, options)


WAYS: dict[str, Way | None] = {
    "model": ModelConversation,
    "glued": GluedConversation,
    "server": over_sockets(penstock_command()),
    "beanstalkd": over_sockets(beanstalkd_command()),
}
REAL = ("server", "beanstalkd")


def cases() -> Iterator[object]:
    """One case for each scenario and each way it is played."""
    for way in WAYS:
        for scenario in SCENARIOS:
            if scenario.path.parent.name == OURS and way in ("model", "beanstalkd"):
                continue
            # A process for each scenario, and Python takes its time to start.
            slow = way == "server" or (way in REAL and scenario.waits)
            marks = [pytest.mark.slow] if slow else []
            name = f"{way}-{scenario.path.stem}-{scenario.title.replace(' ', '_')}"
            yield pytest.param(way, scenario, id=name, marks=marks)


def reason_to_skip(way: str, scenario: Scenario) -> str | None:
    """Why this scenario is not played that way, if so."""
    if WAYS[way] is None:
        return f"{way} is not installed here"
    if way in REAL and "real" in scenario.skip:
        return scenario.skip["real"]
    return scenario.skip.get(way)


def converse(way: str, scenario: Scenario) -> None:
    """Play one scenario against a server of its own."""
    start = WAYS[way]
    assert start is not None
    server = start(scenario.options)
    try:
        play(scenario, server, upstream=way == "beanstalkd")
    finally:
        server.stop()


@cache
def waiting_scenarios(way: str) -> dict[tuple[Path, str], Future[None]]:
    """All scenarios that wait for real time, started together."""
    pool = ThreadPoolExecutor(AT_ONCE)
    return {
        (s.path, s.title): pool.submit(converse, way, s)
        for s in SCENARIOS
        if s.waits and reason_to_skip(way, s) is None
    }


@pytest.mark.parametrize(("way", "scenario"), list(cases()))
def test_the_transcript_is_spoken(way: str, scenario: Scenario) -> None:
    if reason := reason_to_skip(way, scenario):
        pytest.skip(reason)
    if way in REAL and scenario.waits:
        waiting_scenarios(way)[scenario.path, scenario.title].result()
    else:
        converse(way, scenario)


def test_every_difference_has_its_reason() -> None:
    for scenario in SCENARIOS:
        marked = any(step.upstream is not None for step in scenario.steps)
        unmarked = marked and not scenario.differs
        assert not unmarked, f"{scenario.path.name}: {scenario.title}"


def test_titles_are_unique() -> None:
    names = [(s.path, s.title) for s in SCENARIOS]
    assert len(names) == len(set(names)) > 100
