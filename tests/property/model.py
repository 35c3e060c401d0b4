"""A plain model of the queue: which reply each client gets, and when.

It is slow and simple on purpose: every question is answered by looking at all jobs.
`model.do(now, 1, "put", pri, delay, ttr, body)` returns the replies this causes,
`(client, bytes)`, oldest first; those of clients whose wait ends by it, or by the time
that passed before it, are among them. Times are nanoseconds.
"""

from collections.abc import Iterator

from tests.property.parts import (
    SECOND,
    URGENT,
    Client,
    Job,
    Tube,
    found,
    job_stats,
    listing,
    whole_seconds,
    yaml,
)

MARGIN = SECOND  # before the end of a ttr: DEADLINE_SOON
DEFAULT_MAX_JOB_SIZE = 65535

Replies = list[tuple[int, bytes]]


class Model:
    """All jobs, clients and tubes; a client comes by its number being used."""

    def __init__(self, max_job_size: int = DEFAULT_MAX_JOB_SIZE) -> None:
        self.max_job_size = max_job_size
        self.now = 0
        self.next_id = 1
        self.order = 0
        self.draining = False
        self.jobs: dict[int, Job] = {}
        self.clients: dict[int, Client] = {}
        self.tubes: dict[str, Tube] = {"default": Tube()}
        self.waiting: list[Client] = []  # the longest waiting first
        self.replies: Replies = []

    # What a test calls.

    def do(self, now: int, client: int, verb: str, *args: object) -> Replies:
        """Let time pass, do the command, serve whoever waits."""
        replies = self.advance(now)
        reply: bytes | None = getattr(self, verb)(self.meet(client), *args)
        if reply is not None:
            self.replies.append((client, reply))
        return replies + self.settle()

    def advance(self, now: int) -> Replies:
        """Let time pass; what falls on one moment happens together."""
        replies: Replies = []
        while due := [moment for moment in self.moments() if moment <= now]:
            self.now = min(due)
            for job in self.jobs.values():
                self.wake(job)
            replies += self.settle()
        self.now = now
        return replies

    def half_close(self, now: int, client: int) -> Replies:
        """The client sends no more: its waits are over at once."""
        replies = self.advance(now)
        self.meet(client).half_closed = True
        return replies + self.settle()

    def close(self, now: int, client: int) -> Replies:
        """The client goes; its jobs return one by one, the first reserved first."""
        replies = self.advance(now)
        gone = self.clients.pop(client)
        self.stop_waiting(gone)
        for job in self.held(gone):
            job.state = "ready"
            self.match()
        return replies + self.settle()

    def drain(self) -> None:
        """Refuse puts from now on."""
        self.draining = True

    def is_waiting(self, client: int) -> bool:
        """Whether the client is blocked in a reserve."""
        return any(waiter.number == client for waiter in self.waiting)

    # Commands: the reply, or None when it comes later.

    def put(
        self, client: Client, pri: int, delay: int, ttr: int, body: bytes
    ) -> bytes | None:
        if len(body) > self.max_job_size:
            return b"JOB_TOO_BIG\r\n"
        id = self.burn_id(client)
        if self.draining:
            return b"DRAINING\r\n"
        job = Job(id, client.used, pri, delay, max(ttr, 1), body, self.now)
        self.jobs[id] = job
        self.tubes[job.tube].total += 1
        self.make_ready_after(job, delay)
        return b"INSERTED %d\r\n" % id

    def expected_crlf(self, client: Client) -> bytes:
        self.burn_id(client)
        return b"EXPECTED_CRLF\r\n"

    def reserve(self, client: Client, timeout: int | None = None) -> None:
        client.until = None if timeout is None else self.now + timeout * SECOND
        self.waiting.append(client)

    def reserve_job(self, client: Client, id: int) -> bytes:
        job = self.jobs.get(id)
        if job is None or job.state == "reserved":
            return b"NOT_FOUND\r\n"
        return self.give(job, client)

    def delete(self, client: Client, id: int) -> bytes:
        job = self.jobs.get(id)
        if job is None or (job.state == "reserved" and job.holder != client.number):
            return b"NOT_FOUND\r\n"
        del self.jobs[id]
        self.tubes[job.tube].deletes += 1
        return b"DELETED\r\n"

    def release(self, client: Client, id: int, pri: int, delay: int) -> bytes:
        job = self.own(client, id)
        if job is None:
            return b"NOT_FOUND\r\n"
        job.pri, job.delay = pri, delay
        job.releases += 1
        self.make_ready_after(job, delay)
        return b"RELEASED\r\n"

    def bury(self, client: Client, id: int, pri: int) -> bytes:
        job = self.own(client, id)
        if job is None:
            return b"NOT_FOUND\r\n"
        job.pri, job.state, job.order = pri, "buried", self.next_order()
        job.buries += 1
        return b"BURIED\r\n"

    def touch(self, client: Client, id: int) -> bytes:
        job = self.own(client, id)
        if job is None:
            return b"NOT_FOUND\r\n"
        job.until = self.now + job.ttr * SECOND
        return b"TOUCHED\r\n"

    def kick(self, client: Client, bound: int) -> bytes:
        jobs = self.buried(client.used) or self.delayed(client.used)
        for job in jobs[:bound]:
            job.state = "ready"
            job.kicks += 1
        return b"KICKED %d\r\n" % len(jobs[:bound])

    def kick_job(self, _: Client, id: int) -> bytes:
        job = self.jobs.get(id)
        if job is None or job.state not in ("buried", "delayed"):
            return b"NOT_FOUND\r\n"
        job.state = "ready"
        job.kicks += 1
        return b"KICKED\r\n"

    def peek(self, _: Client, id: int) -> bytes:
        return found([self.jobs[id]] if id in self.jobs else [])

    def peek_ready(self, client: Client) -> bytes:
        return found(self.ready(client.used))

    def peek_delayed(self, client: Client) -> bytes:
        return found(self.delayed(client.used))

    def peek_buried(self, client: Client) -> bytes:
        return found(self.buried(client.used))

    def use(self, client: Client, tube: str) -> bytes:
        self.tubes.setdefault(tube, Tube())
        client.used = tube
        return b"USING %s\r\n" % tube.encode()

    def watch(self, client: Client, tube: str) -> bytes:
        self.tubes.setdefault(tube, Tube())
        if tube not in client.watched:
            client.watched.append(tube)
        return b"WATCHING %d\r\n" % len(client.watched)

    def ignore(self, client: Client, tube: str) -> bytes:
        if client.watched == [tube]:
            return b"NOT_IGNORED\r\n"
        if tube in client.watched:
            client.watched.remove(tube)
        return b"WATCHING %d\r\n" % len(client.watched)

    def pause_tube(self, _: Client, name: str, seconds: int) -> bytes:
        tube = self.tubes.get(name)
        if tube is None:
            return b"NOT_FOUND\r\n"
        tube.pause, tube.paused_until = seconds, self.now + seconds * SECOND
        tube.pauses += 1
        return b"PAUSED\r\n"

    def list_tubes(self, _: Client) -> bytes:
        return listing(list(self.tubes))

    def list_tube_used(self, client: Client) -> bytes:
        return b"USING %s\r\n" % client.used.encode()

    def list_tubes_watched(self, client: Client) -> bytes:
        return listing(client.watched)

    def stats_job(self, _: Client, id: int) -> bytes:
        job = self.jobs.get(id)
        if job is None:
            return b"NOT_FOUND\r\n"
        return job_stats(job, self.now)

    def stats_tube(self, _: Client, name: str) -> bytes:
        tube = self.tubes.get(name)
        if tube is None:
            return b"NOT_FOUND\r\n"
        jobs = [job for job in self.jobs.values() if job.tube == name]
        left = max(tube.paused_until - self.now, 0)
        return yaml(
            {
                "name": f'"{name}"',
                "current-jobs-urgent": sum(j.pri < URGENT for j in self.ready(name)),
                "current-jobs-ready": len(self.ready(name)),
                "current-jobs-reserved": sum(j.state == "reserved" for j in jobs),
                "current-jobs-delayed": len(self.delayed(name)),
                "current-jobs-buried": len(self.buried(name)),
                "total-jobs": tube.total,
                "current-using": sum(c.used == name for c in self.clients.values()),
                "current-watching": sum(
                    name in c.watched for c in self.clients.values()
                ),
                "current-waiting": sum(name in c.watched for c in self.waiting),
                "cmd-delete": tube.deletes,
                "cmd-pause-tube": tube.pauses,
                "pause": tube.pause if left else 0,
                "pause-time-left": whole_seconds(left),
            }
        )

    # Jobs, looked up.

    def ready(self, tube: str) -> list[Job]:
        """Ready jobs of a tube, the next one first."""
        return sorted(self.jobs_in(tube, "ready"), key=lambda job: (job.pri, job.id))

    def delayed(self, tube: str) -> list[Job]:
        """Delayed jobs of a tube, the one that wakes first first."""
        jobs = self.jobs_in(tube, "delayed")
        return sorted(jobs, key=lambda job: (job.until, job.id))

    def buried(self, tube: str) -> list[Job]:
        """Buried jobs of a tube, the longest buried first."""
        return sorted(self.jobs_in(tube, "buried"), key=lambda job: job.order)

    def jobs_in(self, tube: str, state: str) -> list[Job]:
        return [j for j in self.jobs.values() if j.tube == tube and j.state == state]

    def held(self, client: Client) -> list[Job]:
        """The jobs a client has reserved, the first reserved first."""
        jobs = [
            job
            for job in self.jobs.values()
            if job.state == "reserved" and job.holder == client.number
        ]
        return sorted(jobs, key=lambda job: job.order)

    def own(self, client: Client, id: int) -> Job | None:
        """The job of that id if the client has reserved it."""
        return next((job for job in self.held(client) if job.id == id), None)

    # Rules.

    def meet(self, number: int) -> Client:
        """The client of that number, connected now if it was not."""
        return self.clients.setdefault(number, Client(number))

    def burn_id(self, _: Client) -> int:
        """The next id; it is used up even if no job gets it."""
        self.next_id += 1
        return self.next_id - 1

    def next_order(self) -> int:
        self.order += 1
        return self.order

    def make_ready_after(self, job: Job, delay: int) -> None:
        """Ready now, or when the delay is over."""
        job.state = "delayed" if delay else "ready"
        job.until = self.now + delay * SECOND

    def give(self, job: Job, client: Client) -> bytes:
        """Reserve the job for the client."""
        job.state, job.holder, job.order = "reserved", client.number, self.next_order()
        job.until = self.now + job.ttr * SECOND
        job.reserves += 1
        return b"RESERVED %d %d\r\n%s\r\n" % (job.id, len(job.body), job.body)

    def wake(self, job: Job) -> None:
        """Make a job ready whose delay or ttr is over."""
        if job.state in ("delayed", "reserved") and job.until <= self.now:
            job.timeouts += job.state == "reserved"
            job.state = "ready"

    def settle(self) -> Replies:
        """Serve the waiting clients, end the waits that are over, forget tubes."""
        self.match()
        for client in list(self.waiting):
            if self.margin(client) <= self.now:
                self.answer(client, b"DEADLINE_SOON\r\n")
            elif client.half_closed or self.is_over(client):
                self.answer(client, b"TIMED_OUT\r\n")
        self.tubes = {n: t for n, t in self.tubes.items() if self.is_needed(n)}
        replies, self.replies = self.replies, []
        return replies

    def match(self) -> None:
        """Give the smallest job that is waited for to who waited longest for it."""
        while jobs := [job for c in self.waiting for job in self.offers(c)]:
            job = min(jobs, key=lambda job: (job.pri, job.id))
            client = next(c for c in self.waiting if job.tube in c.watched)
            self.answer(client, self.give(job, client))

    def offers(self, client: Client) -> list[Job]:
        """The ready jobs a client may get."""
        tubes = [n for n in client.watched if self.tubes[n].paused_until <= self.now]
        return [job for name in tubes for job in self.ready(name)]

    def margin(self, client: Client) -> int:
        """When the first deadline of a client is near."""
        deadlines = [job.until for job in self.held(client)]
        return min(deadlines) - MARGIN if deadlines else self.now + 1

    def is_over(self, client: Client) -> bool:
        return client.until is not None and client.until <= self.now

    def answer(self, client: Client, reply: bytes) -> None:
        """End a wait."""
        self.stop_waiting(client)
        self.replies.append((client.number, reply))

    def stop_waiting(self, client: Client) -> None:
        self.waiting = [c for c in self.waiting if c is not client]

    def is_needed(self, tube: str) -> bool:
        """Whether anything refers to the tube."""
        users = [c for c in self.clients.values() if tube in (c.used, *c.watched)]
        jobs = [job for job in self.jobs.values() if job.tube == tube]
        return bool(tube == "default" or users or jobs)

    def moments(self) -> Iterator[int]:
        """When something happens by itself."""
        for job in self.jobs.values():
            if job.state in ("delayed", "reserved"):
                yield job.until
        for tube in self.tubes.values():
            if tube.paused_until > self.now:
                yield tube.paused_until
        for client in self.waiting:
            if client.until is not None:
                yield client.until
            if self.held(client):
                yield self.margin(client)
