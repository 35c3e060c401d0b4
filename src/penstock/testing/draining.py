"""The end of a test: everything that is left is reserved and deleted, so that what was
acknowledged and does not turn up is proven lost."""

from __future__ import annotations

from penstock.testing.callers import AT_ONCE, Callers
from penstock.testing.conversation import Conversation
from penstock.testing.load import BEYOND, TUBES, Request

MOST_ROUNDS = 20  # then what is left cannot be taken
EVERYTHING = 1 << 30  # jobs
STATES = ("ready", "reserved", "delayed", "buried")


def drain(callers: Callers) -> int:
    """Kick, reserve and delete all that is left; give how many jobs that were."""
    conversation = callers.join(TUBES)
    everything = list(range(1, callers.jobs.highest + BEYOND))
    pauses = [Request("pause-tube", tube=tube) for tube in TUBES]
    callers.ask_alone(conversation, pauses)
    callers.look_at(conversation, everything)
    taken = 0
    for _ in range(MOST_ROUNDS):
        _kick_all(callers, conversation)
        taken += _take_all(callers, conversation)
        if _is_empty(callers, conversation):
            break
    callers.look_at(conversation, everything)
    callers.drained()
    return taken


def _kick_all(callers: Callers, conversation: Conversation) -> None:
    for tube in TUBES:
        # One after the other, to see their order.
        while id := _first_buried(callers, conversation, tube):
            kick = callers.ask_alone(conversation, [Request("kick-job", id=id)])[0]
            if kick.answer != "KICKED":
                break
        kick_all = Request("kick", tube=tube, bound=EVERYTHING)
        callers.ask_alone(conversation, [kick_all])


def _first_buried(callers: Callers, conversation: Conversation, tube: str) -> int:
    peek = callers.ask_alone(conversation, [Request("peek-buried", tube=tube)])[0]
    return peek.id if peek.answer == "FOUND" else 0


def _take_all(callers: Callers, conversation: Conversation) -> int:
    """Reserve until nothing comes; look at each, delete it."""
    taken = 0
    reserves = [Request("reserve-with-timeout", tubes=TUBES)] * (AT_ONCE // 2)
    while True:
        got = callers.ask_alone(conversation, reserves)
        ids = [operation.id for operation in got if operation.answer == "RESERVED"]
        ends = [Request(verb, id=id) for id in ids for verb in ("stats-job", "delete")]
        callers.ask_alone(conversation, ends)
        taken += len(ids)
        if any(operation.answer == "TIMED_OUT" for operation in got):
            return taken


def _is_empty(callers: Callers, conversation: Conversation) -> bool:
    fields = callers.ask_alone(conversation, [Request("stats")])[0].fields
    return all(fields[f"current-jobs-{state}"] == "0" for state in STATES)
