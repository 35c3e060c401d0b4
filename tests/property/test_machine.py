"""Engine and reference model side by side: the same commands, the same replies.

Beside commands and time, the steps are what must change nothing: a replay, a snapshot;
and what changes the same on both sides: leases, commits, a restart from an image.
"""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from penstock.core import commands
from penstock.core import job as states
from tests.conformance.modelled import ModelConversation
from tests.core.story import Client, attribute
from tests.differential.differences import Replies, explain
from tests.differential.lockstep import END
from tests.differential.replies import comparable, split
from tests.differential.sequences import Step
from tests.property.ledger_model import LedgerModel
from tests.property.parts import SECOND
from tests.property.recorded import RecordedConversation, image
from tests.property.recorded import replay as replayed
from tests.property.recount import recount, recount_store

OPTIONS = {"max-job-size": "20"}
CLIENTS = (1, 2, 3)
PROGRAM = -1  # the program around the queue, which commits
INSTANT = 1e-9

clients = st.sampled_from(CLIENTS)
picks = st.integers(0, 11)  # of the jobs there are; the last few are taken as ids
PICKED = 10
MEANS_A_JOB = (
    commands.Delete,
    commands.Hold,
    commands.Free,
    commands.Change,
    commands.Note,
)
tubes = st.sampled_from([b"default", b"a", b"b"])
pris = st.sampled_from([0, 1, 1023, 1024, 2**32 - 1])
delays = st.sampled_from([0, 0, 1, 2, 2**32 - 1])
ttrs = st.sampled_from([0, 1, 2, 3, 60])
bodies = st.binary(max_size=21)
durations = st.sampled_from([0, 1, 2]).map(lambda seconds: seconds * SECOND)
seconds_passed = st.sampled_from([0.1, 0.5, 1.0, 1.5, 3.0, 30.0])


def line(form: str, *parts: st.SearchStrategy) -> st.SearchStrategy[bytes]:
    """Command lines of a form, its gaps filled from these."""
    return st.tuples(*parts).map(lambda given: form.encode() % given + b"\r\n")


def put_bytes(pri: int, delay: int, ttr: int, body: bytes) -> bytes:
    return b"put %d %d %d %d\r\n%s\r\n" % (pri, delay, ttr, len(body), body)


puts = st.builds(put_bytes, pris, delays, ttrs, bodies)
takes = line("reserve-with-timeout 0") | line("kick %d", st.integers(0, 3))
# With a gap where the id of a job is to stand.
about_jobs = st.one_of(
    line("reserve-job <>"),
    line("delete <>"),
    line("release <> %d %d", pris, delays),
    line("bury <> %d", pris),
    line("touch <>"),
    line("kick-job <>"),
    line("peek <>"),
    line("stats-job <>"),
)
questions = st.one_of(
    st.sampled_from(["peek-ready", "peek-delayed", "peek-buried"]).flatmap(line),
    st.sampled_from(["list-tubes", "list-tube-used", "list-tubes-watched"]).flatmap(
        line
    ),
    line("stats-tube %s", tubes),
)
tube_lines = st.one_of(
    st.sampled_from(["use %s", "watch %s", "ignore %s"]).flatmap(
        lambda form: line(form, tubes)
    ),
    line("pause-tube %s %d", tubes, st.integers(0, 3)),
)
mistakes = st.sampled_from(
    [b"nope\r\n", b"delete x\r\n", b"put 0 0 60 2\r\nabcd\r\n", b"x" * 300 + b"\r\n"]
)
cleared = st.sampled_from(
    [commands.CLEARABLE, (states.BURIED,), (states.READY,), (states.DELAYED,)]
)
namespaces = st.sampled_from([b"n", b"m"])
values = st.sampled_from([b"", b"x", b"y"])
committed = st.one_of(
    st.builds(
        commands.Put,
        tubes,
        bodies,
        pris,
        durations,
        st.sampled_from([SECOND, 60 * SECOND]),
    ),
    st.builds(commands.Delete, picks),
    st.builds(commands.Hold, picks, values),
    st.builds(commands.Free, picks, durations),
    st.builds(
        commands.Change,
        picks,
        st.none() | tubes,
        st.none() | pris,
        st.none() | durations,
        st.sampled_from([None, b"", attribute(17, b"x"), attribute(200, b"new")]),
    ),
    st.builds(commands.Clear, tubes, cleared),
    st.builds(commands.Note, picks, namespaces, values, st.booleans()),
    st.builds(
        commands.Set,
        namespaces,
        values,
        values,
        durations,
        st.just(commands.ANYTHING) | st.none() | values,
    ),
    st.builds(commands.Unset, namespaces, values),
)


class LedgerConversation(ModelConversation):
    """Conversations with the model that also knows commits."""

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__(options)
        self.model: LedgerModel = LedgerModel(int(options["max-job-size"]))

    def restart(self) -> None:
        self.model.restart()
        self.lines.clear()


Side = LedgerConversation | RecordedConversation


class QueueMachine(RuleBasedStateMachine):
    """The engine behind its wire, and the model behind its own."""

    def __init__(self) -> None:
        super().__init__()
        self.ours = RecordedConversation(OPTIONS)
        self.theirs = LedgerConversation(OPTIONS)
        self.both: tuple[Side, ...] = (self.theirs, self.ours)
        self.half_closed: set[int] = set()
        self.begin()

    def begin(self) -> None:
        self.program = Client(self.ours.engine)
        self.theirs.line(PROGRAM)
        self.half_closed.clear()

    # Which jobs are meant.

    def job_ids(self) -> list[int]:
        return sorted(self.theirs.model.jobs)

    def owned(self, client: int) -> list[int]:
        """The jobs that a client has reserved."""
        model = self.theirs.model
        me = model.clients.get(client)
        return [
            id for id in self.job_ids() if me and model.is_owner(me, model.jobs[id])
        ]

    def with_id(self, command: commands.Command) -> commands.Command:
        """A command of a commit that means a job there is."""
        if isinstance(command, MEANS_A_JOB):
            return replace(command, id=self.picked(command.id, self.job_ids()))
        return command

    def picked(self, pick: int, among: list[int]) -> int:
        return among[pick % len(among)] if among and pick < PICKED else pick

    # Steps.

    @initialize(data=st.lists(puts, max_size=6))
    def begin_with_jobs(self, data: list[bytes]) -> None:
        self.send(1, b"".join(data))

    def can_send(self, client: int) -> bool:
        """Whether a client may act: for one that waits, chance would say when."""
        waits = self.theirs.model.is_waiting(client)
        return not waits and client not in self.half_closed

    def pass_instant(self) -> None:
        """No two steps happen at one moment."""
        for side in self.both:
            side.advance(INSTANT)

    def send(self, client: int, data: bytes) -> None:
        self.pass_instant()
        if self.can_send(client):
            for side in self.both:
                side.send(client, data)
        self.compare(Step("send", client, data))

    @rule(client=clients, data=puts)
    def put(self, client: int, data: bytes) -> None:
        self.send(client, data)

    @rule(client=clients, data=takes)
    def take(self, client: int, data: bytes) -> None:
        self.send(client, data)

    @rule(client=clients, data=about_jobs, pick=picks)
    def mean_a_job(self, client: int, data: bytes, pick: int) -> None:
        id = self.picked(pick, self.owned(client) or self.job_ids())
        self.send(client, data.replace(b"<>", b"%d" % id))

    @rule(client=clients, data=questions)
    def ask(self, client: int, data: bytes) -> None:
        self.send(client, data)

    @rule(client=clients, data=tube_lines | mistakes)
    def choose(self, client: int, data: bytes) -> None:
        self.send(client, data)

    @rule(
        client=clients,
        data=st.lists(puts | takes | about_jobs | questions, min_size=2, max_size=5),
        pick=picks,
    )
    def send_several(self, client: int, data: list[bytes], pick: int) -> None:
        id = self.picked(pick, self.owned(client) or self.job_ids())
        self.send(client, b"".join(data).replace(b"<>", b"%d" % id))

    @rule(client=clients, seconds=st.sampled_from([b"", b"-with-timeout 2"]))
    def wait(self, client: int, seconds: bytes) -> None:
        self.send(client, b"reserve%s\r\n" % seconds)

    @rule(seconds=seconds_passed)
    def pass_time(self, seconds: float) -> None:
        for side in self.both:
            side.advance(seconds)
        self.compare(Step("wait", seconds=seconds))

    @rule(client=clients)
    def close(self, client: int) -> None:
        self.pass_instant()
        for side in self.both:
            side.line(client)
            side.close(client)
        self.compare(Step("close", client))

    @rule(client=clients)
    def half_close(self, client: int) -> None:
        self.pass_instant()
        if client not in self.half_closed:
            self.half_closed.add(client)
            for side in self.both:
                side.line(client)
                side.half_close(client)
        self.compare(Step("halfclose", client))

    @rule(on=st.booleans())
    def drain(self, on: bool) -> None:
        self.ours.engine.policy.draining = on
        self.theirs.model.draining = on

    @rule(client=clients, token=st.sampled_from([b"k1", b"k2"]))
    def take_a_lease(self, client: int, token: bytes) -> None:
        self.pass_instant()
        if self.can_send(client):
            self.ours.line(client).session.lease = token
            self.theirs.line(client)
            self.theirs.deliver(self.theirs.model.lease(self.theirs.now, client, token))

    @rule(wanted=st.lists(committed, min_size=1, max_size=3))
    def commit(self, wanted: list[commands.Command]) -> None:
        self.pass_instant()
        model, engine = self.theirs.model, self.ours.engine
        # The ledger asks `admits` for a put; sizes and draining are the wire's.
        wanted = [self.with_id(c) for c in wanted if not self.is_refused(c)]
        self.theirs.deliver(model.commit(self.theirs.now, wanted))
        self.theirs.run()
        engine.ledger.commit(self.program, wanted)
        self.ours.run()
        [said] = self.program.heard()
        assert said == model.answered
        self.compare(Step("commit"))

    def is_refused(self, command: commands.Command) -> bool:
        return isinstance(command, commands.Put) and self.theirs.model.draining

    # What changes nothing, or the same on both sides.

    @rule()
    def replay_everything(self) -> None:
        store = replayed(self.ours.recorded(), self.ours.engine.turn.now)
        assert image(store) == image(self.ours.engine.store)
        recount_store(store)

    @rule()
    def take_a_snapshot(self) -> None:
        engine = self.ours.engine
        snapshot = image(engine.store)
        assert image(replayed([snapshot], engine.turn.now)) == snapshot

    @rule()
    def restart(self) -> None:
        for side in self.both:
            side.restart()
        self.begin()
        self.drain(on=False)

    # What must hold after each step.

    def compare(self, step: Step) -> None:
        for client in CLIENTS:
            left, right = (self.taken(side, client) for side in self.both)
            assert explain(step, left, right) is not None, (step, client, left, right)

    def taken(self, side: Side, client: int) -> Replies:
        """What a client got; a connection that was closed is given up."""
        if client not in side.lines:
            return ()
        got = side.lines[client]
        replies = [comparable(reply, 0) for reply in split(bytes(got.output))]
        got.output.clear()
        if got.ended:
            del side.lines[client]
            self.half_closed.discard(client)
            replies.append(END)
        return tuple(replies)

    @invariant()
    def counts_are_right(self) -> None:
        recount(self.ours.engine)

    @invariant()
    def nothing_is_due(self) -> None:
        engine = self.ours.engine
        engine.tick(engine.turn.now)
        assert engine.next_moment() > engine.turn.now

    @invariant()
    def notes_and_records_are_those_of_the_model(self) -> None:
        store, model = self.ours.engine.store, self.theirs.model
        found = ((id, store.index.find(id)) for id in sorted(model.jobs))
        notes = {
            id: job.extra.notes for id, job in found if job is not None and job.extra
        }
        kept = {id: each for id, each in model.notes.items() if each}
        assert {id: each for id, each in notes.items() if each} == kept
        records = {
            (record.namespace, record.key): (record.value, record.expires)
            for record in store.records.all()
        }
        assert records == model.records


TestQueueMachine = QueueMachine.TestCase


def test_jobs_that_return_together_go_to_one_waiting_client_each():
    machine = QueueMachine()
    machine.send(1, put_bytes(0, 0, 2, b"") * 2 + b"reserve\r\nreserve\r\n")
    machine.wait(2, b"")
    machine.wait(3, b"")
    machine.pass_time(3.0)
    machine.counts_are_right()
    machine.replay_everything()
