"""Carrying over: a log without its oldest pieces tells the same as the whole one."""

from __future__ import annotations

import struct
from random import Random

import pytest

from penstock.core import kinds
from penstock.core.commands import Clear, Free, Hold, Note, Set, Unset
from penstock.core.compaction import Compaction
from penstock.core.engine import Engine
from penstock.core.events import Batch
from penstock.core.images import Images
from penstock.core.job import BURIED, DELAYED, READY
from penstock.core.replay import Replay
from penstock.core.turn import Turn
from penstock.server.recovery import stage_start
from tests.core.story import ALWAYS, SECOND, Story, attribute, decode

TUBES = (b"default", b"a", b"b")
MOST = 1 << 30  # bytes: no end of a step


class Pieces(Story):
    """A story that is logged in pieces, of which the oldest can be forgotten."""

    def __init__(self) -> None:
        super().__init__()
        # Every batch there was: its piece and its payload.
        self.all: list[tuple[int, bytes]] = []
        self.kept = self.all[:]
        self.piece = 1
        self.engine.store.home = 1

    def commit_batch(self) -> None:
        payload = self.engine.turn.swap(Batch()).payload()
        for log in (self.all, self.kept):
            log.append((self.piece, payload))

    def roll(self) -> None:
        self.commit_batch()
        self.piece += 1
        self.engine.store.home = self.piece

    def has_old(self) -> bool:
        return bool(self.kept) and self.kept[0][0] < self.piece

    def compact(self, most=MOST) -> int:
        """Carry over what the oldest piece holds, then forget that piece; give how
        many images that took."""
        work = Compaction(self.engine.store, self.engine.turn)
        oldest = self.kept[0][0]
        assert oldest < self.piece, "the piece that grows stays"
        for piece, payload in self.kept:
            if piece == oldest:
                work.begin(payload, piece)
                while not work.step(most):
                    continue
        self.roll()
        self.kept = [each for each in self.kept if each[0] != oldest]
        return work.carried

    def restart(self) -> None:
        """Go on with what the kept pieces make, as after a crash."""
        self.roll()
        self.engine = replayed(self.kept, self.now)
        self.engine.turn.durable = ALWAYS
        self.engine.store.home = self.piece
        stage_start(self.engine, False, 0)
        self.commit_batch()


def replayed(batches, now=0):
    engine = Engine()
    engine.turn.now = now
    replay = Replay(engine.store)
    for piece, payload in batches:
        engine.store.home = piece
        replay.apply(payload)
    replay.finish(now, engine.timers)
    return engine


def image(engine):
    return Images(engine.store).snapshot()


def assert_whole(story):
    """What the kept pieces tell is what all pieces tell, and what is."""
    story.commit_batch()
    kept = image(replayed(story.kept, story.now))
    assert kept == image(replayed(story.all, story.now))


@pytest.fixture
def story():
    return Pieces()


@pytest.fixture
def client(story):
    return story.client()


def kinds_carried(story):
    return [event.kind for _, payload in story.kept for event in decode(payload)]


def test_a_job_is_carried_with_all_that_became_of_it(story, client):
    id = story.put(client, b"body", pri=3, attributes=attribute(17, b"x"))
    story.roll()
    story.reserve(client)
    story.engine.bury(client, id, 9)
    assert story.compact() == 1
    assert_whole(story)
    assert kinds_carried(story).count(kinds.JOB_IMAGE) == 1
    assert story.job(id).home == 2


def test_a_deleted_job_is_not_carried_and_does_not_come_back(story, client):
    id = story.put(client)
    story.roll()
    story.engine.delete(client, id)
    assert story.compact() == 0
    assert_whole(story)
    assert replayed(story.kept).index.find(id) is None


def test_a_job_deleted_after_it_was_carried_does_not_come_back(story, client):
    id = story.put(client)
    story.roll()
    story.compact()
    story.engine.delete(client, id)
    story.roll()
    assert story.compact() == 0
    assert_whole(story)
    assert replayed(story.kept).index.find(id) is None


def test_what_has_a_newer_copy_is_not_carried(story, client):
    story.commit(client, Set(b"plan", b"k", b"1"))
    story.roll()
    story.commit(client, Set(b"plan", b"k", b"2"))
    assert story.compact() == 0
    assert_whole(story)
    assert story.compact() == 1
    assert_whole(story)


def test_records_are_carried_and_those_that_are_gone_are_not(story, client):
    story.commit(client, Set(b"plan", b"a", b"1"), Set(b"plan", b"b", b"2"))
    story.roll()
    story.commit(client, Unset(b"plan", b"a"))
    assert story.compact() == 1
    assert_whole(story)


def test_a_pause_is_carried_while_it_lasts(story, client):
    story.put(client)
    story.roll()
    story.engine.pause_tube(client, b"default", 9 * SECOND)
    story.compact()
    assert story.compact() >= 1
    assert_whole(story)
    assert story.tube().pause_until == 9 * SECOND
    story.advance(9)
    story.roll()
    story.compact()
    assert story.tube().pause_until == 0
    assert_whole(story)


def test_a_start_says_again_which_tubes_are_paused(story):
    """Else it would meet a tube without jobs, whose first one the log has let go."""
    client = story.client(b"a")
    first = story.put(client)
    story.roll()
    story.engine.pause_tube(client, b"a", 90 * SECOND)
    story.restart()
    client = story.client(b"a")
    story.put(client)
    story.engine.delete(client, first)
    story.compact()
    assert_whole(story)
    story.commit_batch()
    tubes = replayed(story.kept, story.now).index.tubes
    assert tubes[b"a"].pause_until == 90 * SECOND


def test_the_pause_of_the_tube_that_is_always_there_needs_no_job(story, client):
    id = story.put(client)
    story.engine.pause_tube(client, b"default", 90 * SECOND)
    story.engine.delete(client, id)
    story.restart()
    story.compact()
    assert_whole(story)
    tubes = replayed(story.kept, story.now).index.tubes
    assert tubes[b"default"].pause_until == 90 * SECOND


def test_a_pause_goes_with_the_job_that_keeps_its_tube(story):
    """A start between the pause and the job's image meets a tube without jobs."""
    client = story.client(b"a")
    story.put(client)
    story.roll()
    story.engine.pause_tube(client, b"a", 90 * SECOND)
    story.restart()
    story.compact()
    assert_whole(story)
    tubes = replayed(story.kept, story.now).index.tubes
    assert tubes[b"a"].pause_until == 90 * SECOND


def test_a_pause_goes_with_the_policy_that_keeps_its_tube(story, client):
    story.commit(client, Set(b"tube", b"a", b"policy"))
    story.roll()
    story.engine.pause_tube(client, b"a", 90 * SECOND)
    story.restart()
    story.compact()
    assert_whole(story)
    story.commit_batch()
    tubes = replayed(story.kept, story.now).index.tubes
    assert tubes[b"a"].pause_until == 90 * SECOND


def test_what_a_later_release_may_skip_is_kept_as_it_came(story):
    content = b"of a later release"
    unknown = struct.pack("<BI", 200, len(content)) + content
    story.kept = [(1, unknown)]
    story.piece = story.engine.store.home = 2
    assert story.compact() == 1
    assert unknown in story.kept[0][1]


def test_a_batch_is_done_in_steps_of_about_that_many_bytes(story, client):
    for _ in range(20):
        story.put(client, bytes(500))
    payload = story.engine.turn.batch.payload()
    story.roll()
    work = Compaction(story.engine.store, story.engine.turn)
    work.begin(payload, 1)
    steps, size = 0, 0
    while not work.step(4000):
        grown = story.engine.turn.batch.size() - size
        assert 0 < grown < 4000
        size, steps = size + grown, steps + 1
    assert steps in range(4, 11)
    assert work.carried == 20


def test_nothing_to_carry_is_done_at_once():
    work = Compaction(Engine().store, Turn())
    work.begin(b"", 1)
    assert work.step(1)
    assert work.carried == 0


# Whatever happened.


class Chance:
    """Does something, as chance says."""

    def __init__(self, seed) -> None:
        self.chance = Random(seed)
        self.story = Pieces()
        self.begin()

    def begin(self):
        self.clients = {name: self.story.client(name) for name in TUBES}
        self.clients[b"a"].lease = b"token"

    def step(self):
        self.name = self.chance.choice(TUBES)
        self.client = self.clients[self.name]
        self.id = self.chance.randint(1, self.story.engine.store.next_id)
        self.chance.choice((self.put, self.work, self.change, self.rarely))()
        self.client.heard()

    def put(self):
        pri, delay = self.chance.randrange(3), self.chance.choice((0, 0, 3))
        self.story.put(self.client, b"x", pri=pri, delay=delay)

    def work(self):
        engine, client, id = self.story.engine, self.client, self.id
        self.chance.choice(
            (
                lambda: engine.reserve_job(client, id),
                lambda: engine.delete(client, id),
                lambda: engine.bury(client, id, 1),
                lambda: engine.release(client, id, 2, self.chance.choice((0, SECOND))),
                lambda: engine.kick(client, self.chance.randrange(3)),
                lambda: self.story.advance(self.chance.random() * 4),
            )
        )()

    def change(self):
        space, key = self.chance.choice((b"plan", b"tube")), self.chance.choice(TUBES)
        states = self.chance.choice(((READY,), (DELAYED, BURIED)))
        commands = (
            Note(self.id, b"n", b"%d" % self.chance.randrange(9)),
            Hold(self.id, b"why"),
            Free(self.id, 2 * SECOND),
            Set(space, key, b"v"),
            Unset(space, key),
            Clear(self.name, states),
        )
        if self.chance.random() < 0.3:
            length = self.chance.choice((0, 9, 50)) * SECOND
            self.story.engine.pause_tube(self.client, self.name, length)
        else:
            self.story.commit(self.client, self.chance.choice(commands))

    def rarely(self):
        what = self.chance.randrange(18)
        if what < 3:
            self.story.roll()
        elif what < 5 and self.story.has_old():
            self.story.compact(self.chance.choice((1, 100, MOST)))
        elif what == 5:
            self.story.restart()
            self.begin()


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happened_the_kept_pieces_tell_all_of_it(seed):
    happening = Chance(seed)
    for _ in range(12):
        for _ in range(40):
            happening.step()
        happening.story.commit_batch()
        assert_whole(happening.story)


def test_what_cannot_be_read_again_is_carried_from_memory(story, client):
    for _ in range(9):
        story.put(client, bytes(100))
    story.commit(client, Set(b"plan", b"k", b"1"))
    story.engine.pause_tube(client, b"default", 9 * SECOND)
    story.roll()
    newer = story.put(client)
    work = Compaction(story.engine.store, story.engine.turn)
    work.begin_all(1)
    steps = 1
    while not work.step(300):
        steps += 1
    assert steps > 3
    assert work.carried == 9 + 1 + 1
    assert story.job(newer).home == 2
    story.roll()
    del story.kept[0]
    assert_whole(story)
