"""The reference model with what the programs around the queue may do.

Jobs that wait for something other than time, leases, jobs that are moved, tubes that
are cleared, notes and records; and the end of a server and the start of the next one.
"""

from collections.abc import Sequence
from dataclasses import replace

from penstock.core import commands
from penstock.core import job as states
from tests.property.model import DEFAULT_MAX_JOB_SIZE, Model, Replies
from tests.property.parts import SECOND, Client, Job, Tube, job_stats

NAMES = {
    states.READY: "ready",
    states.DELAYED: "delayed",
    states.BURIED: "buried",
    states.HELD: "held",
}
Answer = tuple[object, ...]


class RefusedError(Exception):
    """A command of a commit cannot be done."""


class LedgerModel(Model):
    """Holders of jobs are numbers of clients, or the tokens of leases."""

    def __init__(self, max_job_size: int = DEFAULT_MAX_JOB_SIZE) -> None:
        super().__init__(max_job_size)
        self.leases: dict[int, bytes] = {}
        self.holders: dict[int, bytes] = {}  # of jobs that leases hold
        self.notes: dict[int, dict[bytes, bytes]] = {}
        self.records: dict[tuple[bytes, bytes], tuple[bytes, int]] = {}
        self.cleared = False

    # Leases.

    def lease(self, now: int, client: int, token: bytes) -> Replies:
        """From now on a client reserves in the name of a lease."""
        replies = self.advance(now)
        self.meet(client)
        self.leases[client] = token
        return replies

    def give(self, job: Job, client: Client) -> bytes:
        reply = super().give(job, client)
        self.holders.pop(job.id, None)
        if client.number in self.leases:
            job.holder = None
            self.holders[job.id] = self.leases[client.number]
        return reply

    def own(self, client: Client, id: int) -> Job | None:
        job = self.jobs.get(id)
        return job if job is not None and self.is_owner(client, job) else None

    def is_owner(self, client: Client, job: Job) -> bool:
        """Whether the client has reserved the job, or its lease has."""
        if job.state != "reserved":
            return False
        if job.holder is not None:
            return job.holder == client.number
        return self.holders[job.id] == self.leases.get(client.number)

    def delete(self, client: Client, id: int) -> bytes:
        job = self.own(client, id)
        if job is not None:
            job.holder = client.number  # for the rule, its own
        reply = super().delete(client, id)
        if id not in self.jobs:
            self.notes.pop(id, None)
        return reply

    def close(self, now: int, client: int) -> Replies:
        replies = super().close(now, client)
        self.leases.pop(client, None)
        return replies

    # Jobs that wait for something other than time.

    def reserve_job(self, client: Client, id: int) -> bytes:
        if id in self.jobs and self.jobs[id].state == "held":
            return b"NOT_FOUND\r\n"
        return super().reserve_job(client, id)

    def stats_job(self, client: Client, id: int) -> bytes:
        job = self.jobs.get(id)
        if job is not None and job.state == "held":
            return job_stats(replace(job, state="delayed", until=self.now), self.now)
        return super().stats_job(client, id)

    # Commits.

    def commit(self, now: int, wanted: Sequence[commands.Command]) -> Replies:
        """Do all commands or none; the answer is kept for `answered`."""
        replies = self.advance(now)
        self.answered: Answer = self.attempt(wanted)
        return replies + self.settle()

    def attempt(self, wanted: Sequence[commands.Command]) -> Answer:
        kept = self.copy()
        self.cleared = False
        results = []
        for at, command in enumerate(wanted):
            try:
                results.append(getattr(self, f"do_{type(command).__name__}")(command))
            except RefusedError as refusal:
                self.__dict__.update(kept)
                return "refused", str(refusal), at
        return "committed", results

    def copy(self) -> dict[str, object]:
        """What a commit may change."""
        return {
            "next_id": self.next_id,
            "order": self.order,
            "jobs": {id: replace(job) for id, job in self.jobs.items()},
            "tubes": {name: replace(tube) for name, tube in self.tubes.items()},
            "notes": {id: dict(notes) for id, notes in self.notes.items()},
            "records": dict(self.records),
        }

    def found(self, id: int, *, free: bool = True) -> Job:
        """The job of that id, as a rule one that nobody has reserved."""
        job = self.jobs.get(id)
        if self.cleared or job is None or (free and job.state == "reserved"):
            raise RefusedError(commands.NOT_FOUND)
        return job

    def do_Put(self, put: commands.Put) -> int:  # noqa: N802  (named as what it does)
        id, seconds = self.next_id, put.delay // SECOND
        self.next_id += 1
        name, ttr = put.tube.decode(), put.ttr // SECOND
        job = Job(id, name, put.pri, seconds, ttr, put.body, self.now)
        self.jobs[id] = job
        self.tubes.setdefault(name, Tube()).total += 1
        self.make_ready_after(job, seconds)
        return id

    def do_Delete(self, delete: commands.Delete) -> None:  # noqa: N802
        job = self.found(delete.id, free=False)
        del self.jobs[job.id]
        self.tubes[job.tube].deletes += 1
        self.notes.pop(job.id, None)

    def do_Hold(self, hold: commands.Hold) -> None:  # noqa: N802
        self.found(hold.id).state = "held"

    def do_Free(self, free: commands.Free) -> None:  # noqa: N802
        job = self.found(free.id)
        if job.state != "held":
            raise RefusedError(commands.NOT_FOUND)
        self.make_ready_after(job, free.delay // SECOND)

    def do_Change(self, change: commands.Change) -> None:  # noqa: N802
        job = self.found(change.id)
        if change.tube is not None:
            job.tube = change.tube.decode()
            self.tubes.setdefault(job.tube, Tube())
        if change.pri is not None:
            job.pri = change.pri
        if change.delay is not None:
            self.make_ready_after(job, change.delay // SECOND)

    def do_Clear(self, clear: commands.Clear) -> int:  # noqa: N802
        name = clear.tube.decode()
        if name not in self.tubes:
            raise RefusedError(commands.NOT_FOUND)
        self.cleared = True
        meant = [job for state in clear.states for job in self.in_state(name, state)]
        for job in meant:
            del self.jobs[job.id]
            self.notes.pop(job.id, None)
        return len(meant)

    def in_state(self, tube: str, state: int) -> list[Job]:
        return self.jobs_in(tube, NAMES[state])

    def do_Note(self, note: commands.Note) -> None:  # noqa: N802
        notes = self.notes.setdefault(self.found(note.id, free=False).id, {})
        notes[note.namespace] = note.value
        if not note.value:
            del notes[note.namespace]

    def do_Set(self, wanted: commands.Set) -> None:  # noqa: N802
        place = wanted.namespace, wanted.key
        value, _ = self.records.get(place, (None, 0))
        if wanted.expected not in (commands.ANYTHING, value):
            raise RefusedError(commands.CONFLICT)
        until = self.now + wanted.lifetime if wanted.lifetime else 0
        self.records[place] = wanted.value, until

    def do_Unset(self, unset: commands.Unset) -> None:  # noqa: N802
        if self.records.pop((unset.namespace, unset.key), None) is None:
            raise RefusedError(commands.NOT_FOUND)

    # Time, and a restart.

    def advance(self, now: int) -> Replies:
        replies = super().advance(now)
        records = self.records.items()
        self.records = {k: (v, t) for k, (v, t) in records if not 0 < t <= now}
        return replies

    def restart(self) -> None:
        """A new server: connections are gone, and what they held is ready."""
        for job in self.jobs.values():
            if job.state == "reserved" and job.holder is not None:
                job.state = "ready"
        self.clients.clear()
        self.waiting.clear()
        self.leases.clear()
        kept = {n: t for n, t in self.tubes.items() if self.is_needed(n)}
        self.tubes = {
            name: Tube(pause=tube.pause, paused_until=tube.paused_until)
            for name, tube in kept.items()
        }
        if not self.jobs_of("default"):
            self.tubes["default"] = Tube()  # a pause ends with the tube's jobs

    def jobs_of(self, tube: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.tube == tube]
