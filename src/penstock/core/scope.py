"""What commands of one commit work on, and what those before have already claimed."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.core import checks
from penstock.core.counters import Counters
from penstock.core.job import Job
from penstock.core.policy import ADMITTED, Policy, dedup_of
from penstock.core.store import Store
from penstock.core.tube import Tube
from penstock.core.turn import Turn


@dataclass
class Scope:
    """The parts that commands work on, and what earlier commands of a commit will have
    changed: states of jobs by id, values of records by namespace and key, and whether
    jobs were cleared, after which none is certain. `added` counts the bytes that puts
    will take, `coming` jobs and bytes by tube. `touched` are the tubes to look at when
    all is done: no waiting session gets a job that a later command means."""

    store: Store
    turn: Turn
    policy: Policy
    counters: Counters
    touched: list[Tube] = field(default_factory=list)
    states: dict[int, int] = field(default_factory=dict)
    values: dict[tuple[bytes, bytes], bytes | None] = field(default_factory=dict)
    cleared: bool = False
    added: int = 0
    claimed: set[tuple[bytes, bytes]] = field(default_factory=set)
    coming: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def job(self, id: int) -> Job:
        """Give a job that `state` has found."""
        found = self.store.index.find(id)
        assert found is not None, id
        return found

    def state(self, id: int) -> int:
        """Give the state of a job, 0 where there is none."""
        if self.cleared or not 0 < id <= checks.MOST_ID:
            return 0
        job = self.store.index.find(id)
        return self.states.get(id, 0 if job is None else job.state)

    def value(self, namespace: bytes, key: bytes) -> bytes | None:
        """Give the value of a record."""
        record = self.store.records.find(namespace, key, self.turn.now)
        now = None if record is None else record.value
        return self.values.get((namespace, key), now)

    def changes(self, namespace: bytes) -> dict[bytes, bytes | None]:
        """Give the values that a namespace's records will have changed to."""
        return {
            key: new for (name, key), new in self.values.items() if name == namespace
        }

    def admits_into(self, name: bytes, size: int) -> int:
        """Tell whether a tube takes one more job of that size, by its own rules."""
        jobs, used = self.coming.get(name, (0, 0))
        self.coming[name] = (jobs + 1, used + size)
        tube = self.store.index.tubes.get(name)
        if tube is None:
            return ADMITTED
        return self.policy.admits_into(tube, used + size, jobs + 1)

    def claims(self, name: bytes, attributes: bytes) -> bool:
        """Tell whether the dedup key of a job that is to come is free, if it has one;
        it is not any more for those behind."""
        dedup = dedup_of(attributes)
        if dedup is None:
            return True
        if (name, dedup) in self.claimed:
            return False
        self.claimed.add((name, dedup))
        return self.policy.twin(name, dedup, self.turn.now) == 0

    def due(self, delay: int) -> int:
        """Give the moment after a delay, 0 for none."""
        return self.turn.now + delay if delay else 0
