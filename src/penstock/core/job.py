"""What a job is.

The fixed part fills 128 bytes and leaves the cyclic collector alone, so references that
could form a circle are broken by hand when a job is deleted.
"""

import cython

from penstock.core.extra import Extra
from penstock.core.session import Reservation
from penstock.core.tube import Tube

if not cython.compiled:
    IMAGE = 77  # bytes of an image beside its name, body and rare part
    READY = 1
    RESERVED = 2
    DELAYED = 3
    BURIED = 4
    HELD = 5

    # Why a job came back to be ready, or why it was buried.
    BY_NOTHING = 0
    BY_CLIENT = 1
    BY_TTR = 2
    BY_CLOSE = 3
    BY_KICK = 4
    BY_RESTART = 5
    BY_FREE = 6
    BY_POLICY = 7
    BY_EXPIRY = 8
    BY_TAKE = 9
    BY_FORWARD = 10

    MOST_COUNTED = 0xFFFFFFFF

STATE_NAMES = (b"", b"ready", b"reserved", b"delayed", b"buried", b"held")
REASON_NAMES = (
    "none",
    "client",
    "ttr",
    "closed",
    "kicked",
    "restart",
    "freed",
    "policy",
    "expired",
    "taken",
    "forwarded",
)


@cython.cfunc
@cython.exceptval(check=False)
def bump(counter: cython.uint) -> cython.uint:
    """Count one more, and stay at the largest number there is."""
    return counter + 1 if counter < MOST_COUNTED else counter


# What an uncompiled job has before it is given its tube.
NOWHERE = Tube(b"", 0)


@cython.final
@cython.no_gc
@cython.freelist(1024)
@cython.cclass
class Job:
    """The unit of work. Moments and durations are nanoseconds of engine time.

    `due` is when a delayed job becomes ready, when a reserved job's ttr runs out, and
    the place in line of a buried job; otherwise 0. `home` is the segment of the log
    that holds the newest full copy.
    """

    def __init__(self) -> None:
        if not cython.compiled:  # compiled, all of this is zero already
            self.id = 0
            self.tube: Tube = NOWHERE
            self.body = b""
            self.extra: Extra | None = None
            self.chain: Job | None = None
            self.holder: Reservation | None = None
            self.ttr = 0
            self.delay = 0
            self.due = 0
            self.created = 0
            self.pri = 0
            self.home = 0
            self.reserves = 0
            self.timeouts = 0
            self.releases = 0
            self.buries = 0
            self.kicks = 0
            self.state = 0
            self.reason = 0
            self.soon = False
            self.marked = False


@cython.cfunc
@cython.exceptval(-1, check=True)
def weight(job: Job) -> cython.Py_ssize_t:
    """Count the bytes that a full copy of it takes in a log.

    No method: the first one of a class makes each of its objects larger.
    """
    rare: cython.Py_ssize_t = 0 if job.extra is None else job.extra.size()
    return IMAGE + len(job.tube.name) + len(job.body) + rare


@cython.cfunc
def rare(job: Job) -> Extra:
    """Give a job's rare part, which comes into being here."""
    if job.extra is None:
        job.extra = Extra()
    return job.extra


@cython.cfunc
def tidy(job: Job) -> cython.void:
    """Drop a rare part with nothing in it."""
    if job.extra is not None and job.extra.is_empty():
        job.extra = None
