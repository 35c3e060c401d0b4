"""A long random run of an engine, the same for the same seed, and what it leaves.

    python -m tests.property.random_run SEED COMMANDS

prints the checksums of what one form of the engine has made.
"""

import hashlib
import sys
from collections.abc import Callable
from random import Random

from penstock.core import commands
from tests.core.story import Client, attribute
from tests.property.recorded import RecordedConversation, image, replay

SECOND = 1_000_000_000
TUBES = [b"default", b"a", b"b", b"c-%d" % 2**40]
PRIS = [0, 5, 1024, 2**31, 2**32 - 1]
DELAYS = [0, 0, 0, 1, 3, 2**32 - 1]
TTRS = [0, 1, 2, 30]
STEPS = [1, 10**6, 5 * 10**8, 10**9, 3 * 10**9]
CLIENTS = 6
ABOUT_A_JOB = [b"delete %d", b"delete %d", b"touch %d", b"bury %d 7"]
ABOUT_A_JOB += [b"release %d 9 0", b"release %d 1024 2", b"reserve-job %d"]
ABOUT_A_JOB += [b"kick-job %d", b"peek %d", b"stats-job %d"]
OF_ITS_JOB = [b"touch %d", b"bury %d 7", b"release %d 9 0", b"release %d 5 2"]
ABOUT_A_TUBE = [b"use %s", b"watch %s", b"ignore %s", b"stats-tube %s"]
ABOUT_A_TUBE += [b"pause-tube %s 0", b"pause-tube %s 2"]
OPTIONS = [
    [b"dedup=k1", b"dedup=k2", b"dedup=k1 until=reserved", b"dedup=k3 until=2s"],
    [b"expire=1s", b"expire=3s", b"expire=2h"],
    [b"reserves=1", b"reserves=2", b"reserves=1 dead-letter=a"],
    [b"pri=7", b"pri=0"],
    [b"delay=500ms", b"delay=2", b"ttr=700ms"],
    [b"key=g1", b"key=g2"],
]
POLICIES = [
    b"policy",
    b"{}",
    b'{"max_jobs": 5}',
    b'{"max_bytes": 200}',
    b'{"drain": true}',
    b'{"max_reserves": 1}',
    b'{"max_reserves": 2, "dead_letter": "b"}',
    b'{"expiry": "2s", "ttr": "1s"}',
]
MOST_JOBS = 300  # more are kicked and deleted, so that ids go on meaning something


class RandomRun:
    """Clients that put, take, wait and leave; a program that commits; time."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.talk = RecordedConversation({"max-job-size": "100"})
        self.engine = self.talk.engine
        self.program = Client(self.engine)
        self.outboxes = hashlib.sha256()
        self.commands = 0
        self.client = 0

    def run(self, count: int) -> None:
        """Do that many commands, and what time brings."""
        while self.commands < count:
            self.random.choices(*zip(*STEPS_BY_WEIGHT, strict=True))[0](self)
            self.collect()
        self.talk.advance(0.001)
        self.collect()

    def collect(self) -> None:
        """Note what all clients got, and let those go who have left."""
        for number, wire in list(self.talk.lines.items()):
            self.outboxes.update(b"%d %d " % (number, len(wire.output)) + wire.output)
            wire.output.clear()
            if wire.ended:
                del self.talk.lines[number]
        self.outboxes.update(repr(self.program.heard()).encode())

    # Steps.

    def send(self) -> None:
        """One client sends a few commands at once."""
        client = self.client = self.random.randrange(CLIENTS)
        count = self.random.choice([1, 1, 1, 2, 5])
        self.commands += count
        self.talk.send(client, b"".join(self.command() for _ in range(count)))

    def pass_time(self) -> None:
        self.talk.advance(self.random.choice(STEPS) / SECOND)

    def leave(self) -> None:
        """A client goes, or sends no more; what it left unsaid is dropped."""
        client = self.random.randrange(CLIENTS)
        self.talk.line(client)
        if self.random.random() < 0.5:
            self.talk.half_close(client)
        else:
            self.talk.close(client)

    def take_a_lease(self) -> None:
        wire = self.talk.line(self.random.randrange(CLIENTS))
        wire.session.lease = self.random.choice([None, None, b"k1", b"k2"])

    def commit(self) -> None:
        """The program does a few things, all or none of them."""
        count = self.random.choice([1, 1, 1, 2, 4])
        self.commands += count
        wanted = [self.random.choice(COMMITTED)(self) for _ in range(count)]
        self.engine.ledger.commit(self.program, wanted)
        self.talk.run()

    def thin_out(self) -> None:
        """Delete old jobs where there are too many."""
        live = self.engine.index.jobs.ids()
        for id in live[: max(0, len(live) - MOST_JOBS)]:
            self.engine.ledger.commit(self.program, [commands.Delete(id)])
            self.commands += 1

    # Values.

    def id(self) -> int:
        """The id of a job that may be there."""
        behind = self.random.choice([5, 20, 100, 400])
        return max(1, self.engine.store.next_id - self.random.randrange(behind))

    def tube(self) -> bytes:
        return self.random.choice(TUBES)

    def delay(self) -> int:
        return self.random.choice(DELAYS)

    def body(self) -> bytes:
        return self.random.randbytes(self.random.choice([0, 1, 20, 100, 101]))

    def pri(self) -> int:
        return self.random.choice(PRIS)

    # Commands of clients.

    def command(self) -> bytes:
        makers, weights = zip(*LINES_BY_WEIGHT, strict=True)
        make: Callable[[RandomRun], bytes] = self.random.choices(makers, weights)[0]
        return make(self)

    def put(self) -> bytes:
        body = self.body()
        ttr, end = (
            self.random.choice(TTRS),
            self.random.choice([b"\r\n"] * 20 + [b"zz"]),
        )
        numbers = (self.pri(), self.delay(), ttr, len(body))
        return b"put %d %d %d %d\r\n" % numbers + body + end

    def put_job(self) -> bytes:
        """A put with options, some of which make it a job that is there already."""
        body, chosen = self.body(), self.random.sample(OPTIONS, k=3)
        words = b" ".join([b"%d" % len(body), *(self.random.choice(o) for o in chosen)])
        return b"put-job " + words + b"\r\n" + body + b"\r\n"

    def batch(self) -> bytes:
        """Several jobs at once: put, taken, deleted."""
        ids = b"%d %d %d" % (self.id(), self.id(), self.id())
        return self.random.choice(
            [
                b"batch-put 12 pri=%d\r\n1\r\na\r\n1\r\nb\r\n\r\n" % self.pri(),
                b"batch-reserve 3 timeout=0\r\n",
                b"batch-reserve 2 timeout=1\r\n",
                b"batch-delete %d\r\n%s\r\n" % (len(ids), ids),
                b"move-job %d %s\r\n" % (self.id(), self.tube()),
                b"change-job %d pri=3\r\n" % self.id(),
                b"list-jobs %s ready\r\n" % self.tube(),
            ]
        )

    def take(self) -> bytes:
        most = self.random.choice([b"0", b"0", b"1", b"5"])
        return b"reserve-with-timeout %s\r\n" % most

    def wait(self) -> bytes:
        return b"reserve\r\n"

    def about_a_job(self) -> bytes:
        return self.random.choice(ABOUT_A_JOB) % self.id() + b"\r\n"

    def about_its_job(self) -> bytes:
        """What a worker says of a job that it holds, if it holds one."""
        index, session = self.engine.index, self.talk.line(self.client).session
        jobs = (index.find(id) for id in index.reserved_ids())
        own = [job.id for job in jobs if job and session.holds(job.holder)]
        if not own:
            return self.take()
        return self.random.choice(OF_ITS_JOB) % self.random.choice(own) + b"\r\n"

    def about_a_tube(self) -> bytes:
        return self.random.choice(ABOUT_A_TUBE) % self.tube() + b"\r\n"

    def alone(self) -> bytes:
        words = [b"peek-ready", b"peek-delayed", b"peek-buried", b"list-tubes"]
        words += [b"stats", b"kick 2", b"kick 2000", b"nope", b"\0", b"z" * 300]
        return self.random.choice(words) + b"\r\n"

    def quit(self) -> bytes:
        return b"quit\r\n"


def state_sets(run: RandomRun) -> tuple[int, ...]:
    """States that a clear takes."""
    count = run.random.choice([1, 2, len(commands.CLEARABLE)])
    return tuple(run.random.sample(commands.CLEARABLE, count))


def put(run: RandomRun) -> commands.Command:
    ttr, content = run.random.choice(TTRS) or 1, attribute(200, run.body())
    delay = run.delay() * SECOND
    return commands.Put(run.tube(), run.body(), run.pri(), delay, ttr * SECOND, content)


def change(run: RandomRun) -> commands.Command:
    """Another tube, pri, delay, attributes, or several of them."""
    tube, pri, delay, attributes = run.random.choices([True, False], k=4)
    return commands.Change(
        run.id(),
        run.tube() if tube else None,
        run.pri() if pri else None,
        run.delay() * SECOND if delay else None,
        attribute(17, run.body()) if attributes else None,
    )


COMMITTED: list[Callable[[RandomRun], commands.Command]] = [
    put,
    change,
    lambda run: commands.Delete(run.id()),
    lambda run: commands.Hold(run.id(), run.body()),
    lambda run: commands.Free(run.id(), run.delay() * SECOND),
    lambda run: commands.Note(run.id(), run.tube(), run.body()),
    lambda run: commands.Set(b"n", run.tube(), run.body(), run.delay() * SECOND),
    lambda run: commands.Unset(b"n", run.tube()),
    lambda run: commands.Set(b"tube", run.tube(), run.random.choice(POLICIES)),
    lambda run: commands.Unset(b"tube", run.tube()),
]
RARE: list[Callable[[RandomRun], commands.Command]] = [
    lambda run: commands.Clear(run.tube(), state_sets(run))
]
COMMITTED = COMMITTED * 4 + RARE

LINES_BY_WEIGHT: list[tuple[Callable[[RandomRun], bytes], int]] = [
    (RandomRun.put, 30),
    (RandomRun.put_job, 8),
    (RandomRun.batch, 6),
    (RandomRun.take, 18),
    (RandomRun.wait, 2),
    (RandomRun.about_a_job, 30),
    (RandomRun.about_its_job, 12),
    (RandomRun.about_a_tube, 10),
    (RandomRun.alone, 8),
    (RandomRun.quit, 1),
]
STEPS_BY_WEIGHT: list[tuple[Callable[[RandomRun], None], int]] = [
    (RandomRun.send, 60),
    (RandomRun.pass_time, 30),
    (RandomRun.commit, 12),
    (RandomRun.take_a_lease, 2),
    (RandomRun.thin_out, 2),
    (RandomRun.leave, 1),
]


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def traces(seed: int, count: int) -> list[tuple[str, str]]:
    """Checksums of what a run left: batches, replies, and images live and replayed."""
    run = RandomRun(seed)
    run.run(count)
    payloads, engine = run.talk.recorded(), run.engine
    framed = b"".join(b"%d:" % len(payload) + payload for payload in payloads)
    again = image(replay(payloads, engine.turn.now))
    return [
        ("batches", f"{len(payloads)} {checksum(framed)}"),
        ("outboxes", run.outboxes.hexdigest()),
        ("live", checksum(image(engine.store))),
        ("replayed", checksum(again)),
        ("size", str(len(again))),
    ]


def main(arguments: list[str]) -> None:
    seed, count = map(int, arguments)
    for name, value in traces(seed, count):
        print(name, value)  # noqa: T201  (read by the process that started this one)


if __name__ == "__main__":
    main(sys.argv[1:])
