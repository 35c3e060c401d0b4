"""Commits: several commands at once, all or nothing.

Every command is checked before the first is done, and all their events share one batch,
which the log keeps whole or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.core.commands import Command
from penstock.core.counters import Counters
from penstock.core.lifetime import Lifetime
from penstock.core.matching import Matching
from penstock.core.policy import Policy
from penstock.core.scope import Scope
from penstock.core.session import Session
from penstock.core.store import Store
from penstock.core.turn import Turn


@dataclass(frozen=True, slots=True)
class Refusal:
    """Command number `at` cannot be done; so none was."""

    reason: str
    at: int


class Ledger:
    """What a commit needs from the engine."""

    def __init__(
        self,
        store: Store,
        turn: Turn,
        matching: Matching,
        lifetime: Lifetime,
        policy: Policy,
        counters: Counters,
    ) -> None:
        self._parts = (store, turn, policy, counters)
        self._matching = matching
        self._lifetime = lifetime
        self._store = store
        self._turn = turn

    def commit(self, session: Session, commands: Sequence[Command]) -> None:
        """Do all commands or none; say their results, or which was refused and why."""
        outcome = self.attempt(commands)
        self._turn.show(session)
        if isinstance(outcome, Refusal):
            session.say_refused(outcome.reason, outcome.at)
        else:
            session.say_committed(outcome)

    def attempt(self, commands: Sequence[Command]) -> list[object] | Refusal:
        """Do all commands or none; give their results, or which was refused."""
        scope = Scope(*self._parts)
        for at, command in enumerate(commands):
            reason = command.check(scope)
            if reason is not None:
                return Refusal(reason, at)
        results = [command.run(scope) for command in commands]
        for tube in scope.touched:
            self._lifetime.settle(tube)
            self._matching.serve(tube)
        return results

    def record(self, namespace: bytes, key: bytes) -> bytes | None:
        """Give the value of a record."""
        found = self._store.records.find(namespace, key, self._turn.now)
        return None if found is None else found.value
