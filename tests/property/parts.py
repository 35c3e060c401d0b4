"""What the model of the queue is made of, and how its answers are written."""

from dataclasses import dataclass, field

SECOND = 1_000_000_000
URGENT = 1024


@dataclass
class Job:
    """A job; `until` is its due time while delayed, its deadline while reserved."""

    id: int
    tube: str
    pri: int
    delay: int
    ttr: int
    body: bytes
    created: int
    state: str = "ready"
    until: int = 0
    holder: int | None = None
    order: int = 0  # of the reservation or the burial
    reserves: int = 0
    timeouts: int = 0
    releases: int = 0
    buries: int = 0
    kicks: int = 0


@dataclass
class Client:
    """A client; `until` is when its wait ends, if ever."""

    number: int
    used: str = "default"
    watched: list[str] = field(default_factory=lambda: ["default"])
    until: int | None = None
    half_closed: bool = False


@dataclass
class Tube:
    """What a tube knows beside its jobs."""

    pause: int = 0
    paused_until: int = 0
    total: int = 0
    deletes: int = 0
    pauses: int = 0


def found(jobs: list[Job]) -> bytes:
    """The answer to a peek at the first of these jobs."""
    if not jobs:
        return b"NOT_FOUND\r\n"
    job = jobs[0]
    return b"FOUND %d %d\r\n%s\r\n" % (job.id, len(job.body), job.body)


def yaml(fields: dict[str, object]) -> bytes:
    return ok("".join(f"{name}: {value}\n" for name, value in fields.items()))


def listing(tubes: list[str]) -> bytes:
    return ok("".join(f"- {name}\n" for name in tubes))


def ok(text: str) -> bytes:
    data = b"---\n" + text.encode()
    return b"OK %d\r\n%s\r\n" % (len(data), data)


def whole_seconds(left: int) -> int:
    """The seconds that are shown: of ten, nine as soon as any time has passed."""
    return max(left - 1, 0) // SECOND


def job_stats(job: Job, now: int) -> bytes:
    """The answer to stats-job."""
    timed = job.state in ("delayed", "reserved")
    return yaml(
        {
            "id": job.id,
            "tube": f'"{job.tube}"',
            "state": job.state,
            "pri": job.pri,
            "age": (now - job.created) // SECOND,
            "delay": job.delay,
            "ttr": job.ttr,
            "time-left": whole_seconds(job.until - now) if timed else 0,
            "file": 0,
            "reserves": job.reserves,
            "timeouts": job.timeouts,
            "releases": job.releases,
            "buries": job.buries,
            "kicks": job.kicks,
        }
    )
