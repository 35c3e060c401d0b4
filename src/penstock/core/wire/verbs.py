"""The verbs of the beanstalkd protocol: from a command line to a call of the engine.

Verbs are matched by prefix in a fixed order, as the original does, so that old clients
meet the same answers even where their commands are odd (prot.c, `which_cmd`). Numbers
are range-checked here, before the engine sees them.
"""

import cython

from penstock.core.counters import Counters
from penstock.core.engine import Engine
from penstock.core.session import Session
from penstock.core.wire.extensions import Body, Extensions, Request
from penstock.core.wire.line import Line

if not cython.compiled:
    from penstock.core.job import BURIED, DELAYED, READY
    from penstock.core.matching import NEVER
    from penstock.core.session import MAY_ADMINISTER, MAY_INSPECT, MAY_PUT, MAY_TAKE
    from penstock.core.wire.line import is_name

    # What comes after a command line.
    DONE = 0
    BODY_FOLLOWS = 1
    SWALLOW = 2
    QUIT = 3

    SECOND = 1_000_000_000
    U32 = 0xFFFFFFFF
    U64 = 0xFFFFFFFFFFFFFFFF
    MOST_WAIT = 0x7FFFFFFF  # seconds in reserve-with-timeout, since 1.13


@cython.final
@cython.cclass
class Verbs:
    """All sessions share one: it keeps nothing from one command to the next.

    After BODY_FOLLOWS, `pri`, `delay`, `ttr` and `size` are those of the put, or
    `request` takes the body; after SWALLOW, `size` bytes and a line end are to be
    thrown away before `afterwards` is said.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.counters: Counters = engine.counters
        self.line = Line()
        self.outcome = DONE
        self.pri = 0
        self.delay = 0
        self.ttr = 0
        self.size = 0
        self.afterwards = b""
        self.request: Request | None = None
        self.extensions = Extensions(engine)

    @cython.cfunc
    def run(
        self,
        session: Session,
        data: cython.p_uchar,
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
    ) -> cython.uint:
        """Run the command in `data[start:end]`; tell what comes next."""
        self.outcome = DONE
        self.request = None
        self.line.begin(data, start, end)
        self._dispatch(session)
        return self.outcome

    @cython.cfunc
    def _dispatch(self, session: Session) -> cython.void:
        line: Line = self.line
        first: cython.uint = line.data[line.at] if line.end > line.at else 0
        if first == 112:
            if line.starts(b"put "):
                self._put(session)
            elif line.starts(b"peek "):
                self._peek(session)
            elif line.starts(b"peek-ready"):
                self._peek_first(session, READY)
            elif line.starts(b"peek-delayed"):
                self._peek_first(session, DELAYED)
            elif line.starts(b"peek-buried"):
                self._peek_first(session, BURIED)
            elif line.starts(b"pause-tube"):
                self._pause_tube(session)
            else:
                self._extension(session)
        elif first == 114:
            if line.starts(b"reserve-with-timeout "):
                self._reserve_with_timeout(session)
            elif line.starts(b"reserve-job "):
                self._reserve_job(session)
            elif line.starts(b"reserve"):
                self._reserve(session)
            elif line.starts(b"release "):
                self._release(session)
            else:
                self._extension(session)
        elif line.starts(b"delete "):
            self._delete(session)
        elif line.starts(b"bury "):
            self._bury(session)
        elif line.starts(b"kick "):
            self._kick(session)
        elif line.starts(b"kick-job "):
            self._kick_job(session)
        elif line.starts(b"touch "):
            self._touch(session)
        elif line.starts(b"stats-job "):
            self._stats_job(session)
        elif line.starts(b"stats-tube "):
            self._stats_tube(session)
        elif line.starts(b"stats"):
            self._stats(session)
        elif line.starts(b"use "):
            self._use(session)
        elif line.starts(b"watch "):
            self._watch(session)
        elif line.starts(b"ignore "):
            self._ignore(session)
        elif line.starts(b"list-tubes-watched"):
            self._list_tubes_watched(session)
        elif line.starts(b"list-tube-used"):
            self._list_tube_used(session)
        elif line.starts(b"list-tubes"):
            self._list_tubes(session)
        elif line.starts(b"quit"):
            self.outcome = QUIT
        else:
            self._extension(session)

    @cython.cfunc
    def _extension(self, session: Session) -> cython.void:
        """Run what beanstalkd does not know."""
        wanted: Body | None = self.extensions.run(session, self.line.rest())
        if wanted is not None:
            self.size, self.request = wanted.size, wanted.request
            self.afterwards = wanted.refusal
            self.outcome = BODY_FOLLOWS if wanted.size <= wanted.most else SWALLOW

    @cython.cfunc
    def _bad_format(self, session: Session) -> cython.void:
        session.outbox.add(b"BAD_FORMAT\r\n")

    @cython.cfunc
    def _allows(
        self, session: Session, verbs: cython.uint, well_formed: cython.bint
    ) -> cython.bint:
        """Tell whether a command may run; if not, say why."""
        if not well_formed:
            self._bad_format(session)
            return False
        if not session.rights & verbs:
            session.outbox.add(b"UNKNOWN_COMMAND\r\n")
            return False
        return True

    @cython.cfunc
    def _last_number(self, most: cython.ulonglong) -> cython.bint:
        return self.line.number(most) and self.line.is_done()

    @cython.cfunc
    def _put(self, session: Session) -> cython.void:
        if not self._put_numbers():
            self._bad_format(session)
            return
        self.counters.cmd_put += 1
        too_big: cython.bint = self.size > self.engine.policy.max_job_size
        if not too_big and not self.line.is_done():
            self._bad_format(session)
        elif too_big or not session.rights & MAY_PUT:
            self.outcome = SWALLOW
            self.afterwards = b"JOB_TOO_BIG\r\n" if too_big else b"UNKNOWN_COMMAND\r\n"
        else:
            self.engine.producers.mark(session)
            self.outcome = BODY_FOLLOWS

    @cython.cfunc
    def _put_numbers(self) -> cython.bint:
        line: Line = self.line
        well_formed: cython.bint = line.number(U32)
        self.pri = line.value if well_formed else 0
        well_formed = well_formed and line.number(U32)
        self.delay = line.value * SECOND if well_formed else 0
        well_formed = well_formed and line.number(U32)
        self.ttr = (line.value or 1) * SECOND if well_formed else 0
        well_formed = well_formed and line.number(U32)
        self.size = line.value if well_formed else 0
        return well_formed

    @cython.cfunc
    def _reserve(self, session: Session) -> cython.void:
        if self._allows(session, MAY_TAKE, self.line.is_done()):
            self.counters.cmd_reserve += 1
            self.engine.reserve(session, NEVER)

    @cython.cfunc
    def _reserve_with_timeout(self, session: Session) -> cython.void:
        # What follows the number has been ignored since 1.13.
        if self._allows(session, MAY_TAKE, self.line.number(MOST_WAIT)):
            self.counters.cmd_reserve_with_timeout += 1
            self.engine.reserve(session, self.line.value * SECOND)

    @cython.cfunc
    def _reserve_job(self, session: Session) -> cython.void:
        if self._allows(session, MAY_TAKE, self._last_number(U64)):
            self.engine.reserve_job(session, self.line.value)

    @cython.cfunc
    def _delete(self, session: Session) -> cython.void:
        if self._allows(session, MAY_TAKE, self._last_number(U64)):
            self.counters.cmd_delete += 1
            self.engine.delete(session, self.line.value)

    @cython.cfunc
    def _release(self, session: Session) -> cython.void:
        line: Line = self.line
        well_formed: cython.bint = line.number(U64)
        id: cython.ulonglong = line.value
        well_formed = well_formed and line.number(U32)
        pri: cython.ulonglong = line.value
        well_formed = well_formed and self._last_number(U32)
        if self._allows(session, MAY_TAKE, well_formed):
            self.counters.cmd_release += 1
            self.engine.release(session, id, pri, line.value * SECOND)

    @cython.cfunc
    def _bury(self, session: Session) -> cython.void:
        well_formed: cython.bint = self.line.number(U64)
        id: cython.ulonglong = self.line.value
        well_formed = well_formed and self._last_number(U32)
        if self._allows(session, MAY_TAKE, well_formed):
            self.counters.cmd_bury += 1
            self.engine.bury(session, id, self.line.value)

    @cython.cfunc
    def _touch(self, session: Session) -> cython.void:
        if self._allows(session, MAY_TAKE, self._last_number(U64)):
            self.counters.cmd_touch += 1
            self.engine.touch(session, self.line.value)

    @cython.cfunc
    def _kick(self, session: Session) -> cython.void:
        if self._allows(session, MAY_ADMINISTER, self.line.lenient()):
            self.counters.cmd_kick += 1
            self.engine.kick(session, self.line.value)

    @cython.cfunc
    def _kick_job(self, session: Session) -> cython.void:
        if self._allows(session, MAY_ADMINISTER, self._last_number(U64)):
            self.engine.kick_job(session, self.line.value)

    @cython.cfunc
    def _peek(self, session: Session) -> cython.void:
        if self._allows(session, MAY_INSPECT, self._last_number(U64)):
            self.counters.cmd_peek += 1
            self.engine.views.peek(session, self.line.value)

    @cython.cfunc
    def _peek_first(self, session: Session, state: cython.uint) -> cython.void:
        if not self._allows(session, MAY_INSPECT, self.line.is_done()):
            return
        if state == READY:
            self.counters.cmd_peek_ready += 1
        elif state == DELAYED:
            self.counters.cmd_peek_delayed += 1
        else:
            self.counters.cmd_peek_buried += 1
        self.engine.views.peek_first(session, state)

    @cython.cfunc
    def _stats_job(self, session: Session) -> cython.void:
        if self._allows(session, MAY_INSPECT, self._last_number(U64)):
            self.counters.cmd_stats_job += 1
            self.engine.views.stats_job(session, self.line.value)

    @cython.cfunc
    def _stats_tube(self, session: Session) -> cython.void:
        name: bytes | None = self._name(session)
        if name is not None and self._allows(session, MAY_INSPECT, True):
            self.counters.cmd_stats_tube += 1
            self.engine.views.stats_tube(session, name)

    @cython.cfunc
    def _stats(self, session: Session) -> cython.void:
        if self._allows(session, MAY_INSPECT, self.line.is_done()):
            self.counters.cmd_stats += 1
            self.engine.views.stats(session)

    @cython.cfunc
    def _name(self, session: Session) -> bytes | None:
        name: bytes | None = self.line.name()
        if name is None:
            self._bad_format(session)
        return name

    @cython.cfunc
    def _use(self, session: Session) -> cython.void:
        name: bytes | None = self._name(session)
        if name is not None:
            self.counters.cmd_use += 1
            self.engine.lifetime.use(session, name)

    @cython.cfunc
    def _watch(self, session: Session) -> cython.void:
        name: bytes | None = self._name(session)
        if name is not None:
            self.counters.cmd_watch += 1
            self.engine.lifetime.watch(session, name)

    @cython.cfunc
    def _ignore(self, session: Session) -> cython.void:
        name: bytes | None = self._name(session)
        if name is not None:
            self.counters.cmd_ignore += 1
            self.engine.lifetime.ignore(session, name)

    @cython.cfunc
    def _list_tubes_watched(self, session: Session) -> cython.void:
        if self._allows(session, MAY_INSPECT, self.line.is_done()):
            self.counters.cmd_list_tubes_watched += 1
            self.engine.views.list_tubes_watched(session)

    @cython.cfunc
    def _list_tube_used(self, session: Session) -> cython.void:
        if self._allows(session, MAY_INSPECT, self.line.is_done()):
            self.counters.cmd_list_tube_used += 1
            session.say_using(session.used.name)

    @cython.cfunc
    def _list_tubes(self, session: Session) -> cython.void:
        if self._allows(session, MAY_INSPECT, self.line.is_done()):
            self.counters.cmd_list_tubes += 1
            self.engine.views.list_tubes(session)

    @cython.cfunc
    def _pause_tube(self, session: Session) -> cython.void:
        name: bytes = self.line.spaced_word()
        if not name or not self._last_number(U32):
            self._bad_format(session)
            return
        # Counted even with a name that no tube can have, as the original does.
        self.counters.cmd_pause_tube += 1
        if self._allows(session, MAY_ADMINISTER, is_name(name)):
            self.engine.pause_tube(session, name, self.line.value * SECOND)
