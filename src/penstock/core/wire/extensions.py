"""The verbs that beanstalkd does not have.

None begins as one of beanstalkd's does, so an old server answers UNKNOWN_COMMAND. Each
is a word, arguments, and options; whatever is not in its form is BAD_FORMAT. They are
less hot than the old ones and stay plain Python.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from penstock.core import commands, durations, kinds
from penstock.core import job as states
from penstock.core.engine import Engine
from penstock.core.ledger import Refusal
from penstock.core.policy import moment, stamp
from penstock.core.rules import parse as parse_rules
from penstock.core.rules import read as read_rules
from penstock.core.session import (
    MAY_ADMINISTER,
    MAY_INSPECT,
    MAY_PUT,
    MAY_TAKE,
    Session,
)
from penstock.core.store import POLICIES
from penstock.core.wire import options

MOST_AT_ONCE = 1000  # jobs of a batch, or of a page
LARGEST_BATCH = 8 * 1024 * 1024  # bytes
LARGEST_POLICY = 64 * 1024
PAGE = 100
NEVER = 0xFFFFFFFFFFFFFFFF
STATES = {
    "ready": states.READY,
    "delayed": states.DELAYED,
    "buried": states.BURIED,
    "held": states.HELD,
}
LISTED = {**STATES, "reserved": states.RESERVED}

UNKNOWN = b"UNKNOWN_COMMAND\r\n"
# Of a session that may not, what follows is not to be taken for commands.
WITH_BODY = frozenset(("put-job", "batch-put", "batch-delete", "set-policy"))
UNTIL = {"gone": kinds.UNTIL_GONE, "reserved": kinds.UNTIL_RESERVED}
REFUSALS = {
    commands.NOT_FOUND: b"NOT_FOUND\r\n",
    commands.FULL: b"OUT_OF_MEMORY\r\n",
    commands.REFUSED_DRAINING: b"DRAINING\r\n",
    commands.TOO_BIG: b"JOB_TOO_BIG\r\n",
}

Words = Sequence[str]
Request = Callable[[Session, bytes], None]


@dataclass(frozen=True, slots=True)
class Body:
    """What a verb wants: that many bytes, at most `most`, and what to do with them.
    Where there are more, they are thrown away and `refusal` is said."""

    size: int
    most: int
    request: Request
    refusal: bytes = b"JOB_TOO_BIG\r\n"


PUT: dict[str, options.Reader] = {
    "pri": options.number,
    "delay": durations.parse,
    "ttr": options.lasting,
    "dedup": options.key,
    "until": options.until,
    "expire": options.lasting,
    "reserves": options.number,
    "dead-letter": options.tube,
    "key": options.key,
}
PUT_MANY = {name: PUT[name] for name in ("pri", "delay", "ttr", "expire")}


class Extensions:
    """Runs them. `verbs` are their names, with what a session has to be allowed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = engine.turn
        self.verbs: dict[str, tuple[int, Callable[[Session, Words], Body | None]]] = {
            "put-job": (MAY_PUT, self._put_job),
            "batch-put": (MAY_PUT, self._batch_put),
            "batch-reserve": (MAY_TAKE, self._batch_reserve),
            "batch-delete": (MAY_TAKE, self._batch_delete),
            "move-job": (MAY_ADMINISTER, self._move_job),
            "change-job": (MAY_ADMINISTER, self._change_job),
            "clear-tube": (MAY_ADMINISTER, self._clear_tube),
            "list-jobs": (MAY_INSPECT, self._list_jobs),
            "policy": (MAY_INSPECT, self._policy),
            "set-policy": (MAY_ADMINISTER, self._set_policy),
            "drain": (MAY_ADMINISTER, self._drain),
            "undrain": (MAY_ADMINISTER, partial(self._drain, wanted=False)),
            "info": (MAY_INSPECT, self._info),
        }

    def run(self, session: Session, line: bytes) -> Body | None:
        """Run a command line; give what has to follow it, if anything has."""
        verb, *words = line.decode("latin-1").split(" ")
        rights, handle = self.verbs.get(verb, (0, None))
        allowed = bool(session.rights & rights)
        if handle is None or not (allowed or verb in WITH_BODY):
            session.outbox.add(UNKNOWN)
            return None
        try:
            wanted = handle(session, words)
        except (ValueError, IndexError):  # too few words, too many, or a wrong one
            session.outbox.add(b"BAD_FORMAT\r\n")
            return None
        if wanted is not None and not allowed:
            return replace(wanted, most=-1, refusal=UNKNOWN)
        return wanted

    # Putting.

    def _put_job(self, session: Session, words: Words) -> Body:
        size = options.number(words[0])
        given: dict[str, Any] = options.read(words[1:], PUT)
        if "until" in given and "dedup" not in given:
            raise ValueError("until")
        if "dead-letter" in given and "reserves" not in given:
            raise ValueError("dead-letter")

        def request(session: Session, body: bytes) -> None:
            self._put(session, given, body)

        return Body(size, self._engine.policy.max_job_size, request)

    def _put(self, session: Session, given: dict[str, Any], body: bytes) -> None:
        producers = self._engine.producers
        producers.mark(session)
        self._engine.counters.cmd_put += 1
        pri, delay = given.get("pri", 0), given.get("delay", 0)
        ttr = given.get("ttr") or producers.default_ttr(session)
        attributes = self._attributes(given)
        until = given.get("until", "gone")
        if isinstance(until, int):
            rest = (attributes, body, given["dedup"], until)
            producers.put_once(session, pri, delay, ttr, *rest)
        else:
            producers.put(session, pri, delay, ttr, attributes, body)

    def _attributes(self, given: dict[str, Any]) -> bytes:
        """Write what belongs to the job itself."""
        found = b""
        if "expire" in given:
            found += stamp(kinds.JOB_EXPIRES, moment(self._turn.now + given["expire"]))
        until = given.get("until", "gone")
        if "dedup" in given and until in UNTIL:
            found += stamp(kinds.JOB_DEDUP, bytes([UNTIL[until]]) + given["dedup"])
        if "key" in given:
            found += stamp(kinds.JOB_GROUP, given["key"])
        if given.get("reserves"):
            most = given["reserves"].to_bytes(4, "little")
            found += stamp(kinds.JOB_LIMIT, most + given.get("dead-letter", b""))
        return found

    def _batch_put(self, session: Session, words: Words) -> Body:
        size = options.number(words[0])
        given: dict[str, Any] = options.read(words[1:], PUT_MANY)

        def request(session: Session, content: bytes) -> None:
            self._put_all(session, given, content)

        return Body(size, LARGEST_BATCH, request)

    def _put_all(self, session: Session, given: dict[str, Any], content: bytes) -> None:
        """Put all jobs of a batch or none; their ids follow each other."""
        try:
            bodies = options.split(content, MOST_AT_ONCE)
        except ValueError:
            session.outbox.add(b"BAD_FORMAT\r\n")
            return
        self._engine.producers.mark(session)
        self._engine.counters.cmd_put += 1
        ttr = given.get("ttr") or self._engine.producers.default_ttr(session)
        rest = (given.get("pri", 0), given.get("delay", 0), ttr)
        attributes = self._attributes(given)
        name = session.used.name
        wanted = [commands.Put(name, body, *rest, attributes) for body in bodies]
        self._commit(
            session, wanted, lambda ids: b"INSERTED %d %d\r\n" % (ids[0], len(ids))
        )

    # Taking.

    def _batch_reserve(self, session: Session, words: Words) -> None:
        count = options.bounded(options.number(words[0]), MOST_AT_ONCE)
        given: dict[str, Any] = options.read(words[1:], {"timeout": durations.parse})
        if count == 0:
            raise ValueError(words[0])
        self._engine.counters.cmd_reserve_with_timeout += 1
        self._engine.reserve_many(session, count, given.get("timeout", NEVER))

    def _batch_delete(self, session: Session, words: Words) -> Body:
        (size,) = words
        return Body(options.number(size), MOST_AT_ONCE * 17, self._delete_all)

    def _delete_all(self, session: Session, content: bytes) -> None:
        """Delete those that are there; say how many, and which were not."""
        try:
            words = content.decode("latin-1").split(" ")
            options.bounded(len(words), MOST_AT_ONCE)
            ids = [options.id(word) for word in words]
        except ValueError:
            session.outbox.add(b"BAD_FORMAT\r\n")
            return
        self._engine.counters.cmd_delete += len(ids)
        missing = [id for id in ids if not self._engine.remove(session, id)]
        told = [len(ids) - len(missing), *missing]
        self._say(session, "DELETED " + " ".join(map(str, told)))

    # Looking after.

    def _move_job(self, session: Session, words: Words) -> None:
        id, tube = words
        wanted = commands.Change(options.id(id), options.tube(tube))
        self._commit(session, [wanted], lambda _results: b"MOVED\r\n")

    def _change_job(self, session: Session, words: Words) -> None:
        readers = {"pri": options.number, "delay": durations.parse}
        given: dict[str, Any] = options.read(words[1:], readers)
        if not given:
            raise ValueError("nothing is to be changed")
        wanted = commands.Change(options.id(words[0]), **given)
        self._commit(session, [wanted], lambda _results: b"CHANGED\r\n")

    def _clear_tube(self, session: Session, words: Words) -> None:
        tube, *named = words
        meant = [
            STATES[each] for each in options.listed(named, STATES)
        ] or STATES.values()
        wanted = commands.Clear(options.tube(tube), tuple(meant))
        self._commit(session, [wanted], lambda counts: b"CLEARED %d\r\n" % counts[0])

    def _list_jobs(self, session: Session, words: Words) -> None:
        tube, state, *rest = words
        given: dict[str, Any] = options.read(
            rest, {"after": options.id, "limit": options.number}
        )
        limit = options.bounded(given.get("limit", PAGE), MOST_AT_ONCE)
        (named,) = options.listed([state], LISTED)
        found = self._engine.index.tubes.get(options.tube(tube))
        if found is None:
            self._say(session, "NOT_FOUND")
            return
        views = self._engine.views
        jobs = views.page(found, LISTED[named], given.get("after", 0), limit)
        lines = [json.dumps(dict(views.brief(job))) for job in jobs]
        self._text(session, "".join(line + "\n" for line in lines))

    # Policies.

    def _policy(self, session: Session, words: Words) -> None:
        (tube,) = words
        value = self._engine.ledger.record(POLICIES, options.tube(tube))
        if value is None:
            self._say(session, "NOT_FOUND")
        else:
            self._text(session, value.decode(errors="replace"))

    def _set_policy(self, session: Session, words: Words) -> Body:
        tube, size = options.tube(words[0]), words[1]
        if len(words) != 2:
            raise ValueError(words[2])

        def request(session: Session, value: bytes) -> None:
            self._set(session, tube, value)

        return Body(options.number(size), LARGEST_POLICY, request)

    def _set(self, session: Session, tube: bytes, value: bytes) -> None:
        """Give a tube a policy; an empty one takes it away."""
        try:
            read_rules(value)
            is_empty = not parse_rules(value)
        except ValueError as error:
            reason = str(error).encode("ascii", "replace").decode()
            self._say(session, f"REFUSED {' '.join(reason.split())}")
            return
        wanted: list[commands.Command] = []
        if not is_empty:
            wanted.append(commands.Set(POLICIES, tube, value))
        elif self._engine.ledger.record(POLICIES, tube) is not None:
            wanted.append(commands.Unset(POLICIES, tube))
        self._commit(session, wanted, lambda _results: b"SET\r\n")

    def _drain(self, session: Session, words: Words, wanted: bool = True) -> None:
        """Refuse puts from now on, or no more: of a tube, or of the server."""
        if words:
            (name,) = words
            tube = options.tube(name)
            value = self._engine.ledger.record(POLICIES, tube) or b"{}"
            policy = {**parse_rules(value), "drain": True}
            if not wanted:
                del policy["drain"]
            self._set(session, tube, json.dumps(policy).encode())
            return
        self._engine.policy.draining = wanted
        self._say(session, "SET")

    def _info(self, session: Session, words: Words) -> None:
        if words:
            raise ValueError(words[0])
        told = self._engine.views.surroundings()
        document = {
            "server": "penstock",
            "version": str(told.get("version", "")).strip('"'),
            "mode": told.get("mode"),
            "verbs": list(self.verbs),
            "max_job_size": self._engine.policy.max_job_size,
            "max_batch_bytes": LARGEST_BATCH,
            "max_batch_jobs": MOST_AT_ONCE,
            "draining": bool(self._engine.policy.draining),
        }
        self._text(session, json.dumps(document) + "\n")

    # Answers.

    def _commit(
        self,
        session: Session,
        wanted: Sequence[commands.Command],
        answer: Callable[[list[Any]], bytes],
    ) -> None:
        outcome = self._engine.ledger.attempt(wanted)
        self._turn.show(session)
        if isinstance(outcome, Refusal):
            session.outbox.add(REFUSALS[outcome.reason])
        else:
            session.outbox.add(answer(outcome))

    def _say(self, session: Session, line: str) -> None:
        self._turn.show(session)
        session.outbox.add(line.encode() + b"\r\n")

    def _text(self, session: Session, content: str) -> None:
        self._turn.show(session)
        session.say_text(content.encode())
