"""What a tube is: a named queue with its heaps, waiters and counts.

The heaps hold values, not jobs; `store` and `matching` know when an entry is stale.
"""

import cython

from penstock.core.heap import Heap
from penstock.core.rules import Rules


@cython.final
@cython.cclass
class Clearing:
    """A clear that is still being freed: its jobs are gone for everyone already.

    `fresh` are the jobs that entered a cleared state since; they are not meant.
    """

    def __init__(self, states: cython.uint, up_to: cython.ulonglong) -> None:
        self.states = states
        self.up_to = up_to
        self.fresh: set[int] = set()
        self.heaps: list[Heap] = []

    @cython.ccall
    def size(self) -> cython.Py_ssize_t:
        """Count the entries that are still to be looked at."""
        return sum([len(heap) for heap in self.heaps])


@cython.final
@cython.cclass
class Tube:
    """Heaps come into being with their first entry: most tubes need one of the four.

    `heaps` and `counts` are indexed by state; a heap's keys are the pri of ready jobs,
    the due of delayed ones, the place in line of buried ones, the id of held ones.
    `waiters` are numbers of sessions by order of arrival. `wake_at` and `pause_until`
    name this tube's live entry in the server's heaps of delays and of pauses. `rules`
    is what the engine heeds of its `policy`.
    """

    def __init__(self, name: bytes, number: cython.ulonglong) -> None:
        self.name = name
        self.number = number
        self.heaps: list[Heap | None] = [None] * 6
        if not cython.compiled:
            self.counts = [0] * 6
        self.urgent = 0
        self.body_bytes = 0
        self.wake_at = 0
        self.pause = 0
        self.pause_until = 0
        self.pause_home = 0
        self.policy: bytes | None = None
        self.rules: Rules | None = None
        self.clearing: Clearing | None = None
        self.waiters: Heap | None = None
        self.waiting = 0
        self.using = 0
        self.watching = 0
        self.total_jobs = 0
        self.cmd_delete = 0
        self.cmd_pause_tube = 0

    @cython.ccall
    @cython.exceptval(check=False)
    def count(self, state: cython.uint) -> cython.ulonglong:
        """Count the jobs of a state."""
        return self.counts[state]

    @cython.ccall
    @cython.exceptval(check=False)
    def job_count(self) -> cython.ulonglong:
        """Count the jobs of every state."""
        state: cython.uint
        total: cython.ulonglong = 0
        for state in range(6):
            total += self.counts[state]
        return total

    @cython.ccall
    @cython.exceptval(check=False)
    def note_put(self) -> cython.void:
        """Count a job that was put here."""
        self.total_jobs += 1

    @cython.ccall
    @cython.exceptval(check=False)
    def note_delete(self) -> cython.void:
        """Count a job that was deleted here."""
        self.cmd_delete += 1

    @cython.ccall
    def line(self) -> Heap:
        """Give the line of waiters, which comes into being here."""
        if self.waiters is None:
            self.waiters = Heap()
        return self.waiters

    @cython.ccall
    def heap(self, state: cython.uint) -> Heap:
        """Give the heap of a state, which comes into being here."""
        heap: Heap | None = self.heaps[state]
        if heap is None:
            heap = Heap()
            self.heaps[state] = heap
        return heap
