"""What was promised, what a crash takes, and each way to break a promise."""

import pytest

from penstock.core.engine import Engine
from penstock.core.job import BURIED, DELAYED, HELD, READY, RESERVED
from penstock.core.records import Record
from penstock.testing.promises import Known, Promises, broken

A_JOB = Known(b"default", b"body", 5, 60, READY)


def an_engine(**jobs: Known) -> Engine:
    """An engine in which jobs are as they are known; `j7` is job 7."""
    engine = Engine()
    store = engine.store
    for name, known in jobs.items():
        id = int(name[1:])
        due = known.due if known.state == DELAYED else 0
        tube = store.index.tube(known.tube)
        job = store.apply_put(
            id, tube, known.pri, 0, 0, due, known.ttr, b"", known.body
        )
        if known.state == BURIED:
            store.apply_bury(job, known.pri, 1, known.place)
        elif known.state == HELD:
            store.apply_hold(job, b"")
        elif known.state == RESERVED:
            assert isinstance(known.holder, bytes)
            store.apply_reserve(job, known.due, None, known.holder)
    return engine


def promised(**jobs: Known) -> Promises:
    promises = Promises()
    for name, known in jobs.items():
        promises.set(1, int(name[1:]), known)
    return promises


def verdicts(promises: Promises, engine: Engine) -> list[str]:
    return list(broken(promises, engine))


BURIED_JOB = A_JOB._replace(state=BURIED, place=4, buries=1)
ALIKE = {
    "ready": A_JOB,
    "delayed": A_JOB._replace(state=DELAYED, due=100),
    "held": A_JOB._replace(state=HELD),
    "buried": BURIED_JOB,
    "leased": A_JOB._replace(state=RESERVED, due=100, holder=b"token"),
}


@pytest.mark.parametrize("known", ALIKE.values(), ids=ALIKE)
def test_a_job_that_is_as_promised_breaks_nothing(known):
    assert verdicts(promised(j1=known), an_engine(j1=known)) == []


DIFFERENT = {
    "body": A_JOB._replace(body=b"other"),
    "tube": A_JOB._replace(tube=b"other"),
    "pri": A_JOB._replace(pri=6),
    "ttr": A_JOB._replace(ttr=61),
    "state": A_JOB._replace(state=HELD),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_job_that_differs_is_told_with_what_differs(what):
    (verdict,) = verdicts(promised(j1=A_JOB), an_engine(j1=DIFFERENT[what]))
    assert verdict.startswith(f"job 1 has {what} ")


def test_counters_are_part_of_the_promise():
    known = A_JOB._replace(releases=1, buries=2, kicks=3)
    (verdict,) = verdicts(promised(j1=known), an_engine(j1=A_JOB))
    assert verdict == "job 1 has releases 0, not 1; buries 0, not 2; kicks 0, not 3"


def test_a_lost_job_is_told():
    (verdict,) = verdicts(promised(j1=A_JOB, j2=A_JOB), an_engine(j2=A_JOB))
    assert verdict == "job 1 is lost; it was ready in default"


def test_a_job_that_is_back_is_told():
    promises = promised(j1=A_JOB, j2=A_JOB)
    promises.set(2, 1, None)
    (verdict,) = verdicts(promises, an_engine(j1=A_JOB, j2=A_JOB))
    assert verdict == "job 1 is there; it was deleted, or never put"


def test_notes_are_part_of_the_promise():
    noted = A_JOB._replace(notes=((b"n", b"x"),))
    engine = an_engine(j1=A_JOB)
    assert verdicts(promised(j1=noted), engine)
    job = engine.index.find(1)
    assert job is not None
    engine.store.apply_note(job, b"n", b"x")
    assert verdicts(promised(j1=noted), engine) == []


def test_an_id_that_was_told_is_never_given_again():
    promises, engine = Promises(), an_engine(j8=A_JOB)
    promises.set(1, 8, A_JOB)
    promises.tell(0, 1, 8)
    assert verdicts(promises, engine) == []
    promises.tell(0, 1, 9)
    assert verdicts(promises, engine) == ["id 9 would be given a second time"]


def test_the_order_of_the_buried_is_part_of_the_promise():
    first, second = BURIED_JOB, BURIED_JOB._replace(place=9)
    assert verdicts(promised(j1=second, j2=first), an_engine(j1=second, j2=first)) == []
    (verdict,) = verdicts(promised(j1=second, j2=first), an_engine(j1=first, j2=second))
    assert verdict == "the buried jobs of default are not in the order [2, 1]"


def test_a_delayed_job_is_ready_once_it_is_due_and_not_before():
    late = A_JOB._replace(state=DELAYED, due=100)
    engine = an_engine(j1=A_JOB)
    assert verdicts(promised(j1=late), engine) != []
    engine.turn.now = 100
    assert verdicts(promised(j1=late), engine) == []
    assert late.state_at(99) == DELAYED
    assert late.state_at(100) == READY


def test_a_delay_may_not_change():
    late = A_JOB._replace(state=DELAYED, due=100)
    assert verdicts(promised(j1=late), an_engine(j1=late._replace(due=101)))


def test_a_lease_keeps_its_token_and_its_moment():
    leased = A_JOB._replace(state=RESERVED, due=100, holder=b"one")
    for other in (leased._replace(holder=b"two"), leased._replace(due=99)):
        assert verdicts(promised(j1=leased), an_engine(j1=other))


def test_a_lease_that_is_over_may_have_been_taken_back_or_not_yet():
    leased = A_JOB._replace(state=RESERVED, due=100, holder=b"one")
    for engine in (an_engine(j1=leased), an_engine(j1=A_JOB)):
        engine.turn.now = 100
        assert verdicts(promised(j1=leased), engine) == []
    assert verdicts(promised(j1=leased), an_engine(j1=A_JOB))


def test_records_are_as_promised():
    promises, engine = Promises(), an_engine()
    promises.set_record(1, b"k", b"v")
    assert verdicts(promises, engine) == ["records are {}, not {b'k': b'v'}"]
    engine.store.apply_set(Record(b"n", b"k", b"v", 0))
    assert verdicts(promises, engine) == []
    promises.set_record(2, b"k", None)
    assert verdicts(promises, engine) == ["records are {b'k': b'v'}, not {}"]


def test_a_pause_is_promised_while_its_tube_has_jobs():
    promises, engine = promised(j1=A_JOB), an_engine(j1=A_JOB)
    promises.set_pause(1, b"default", 500)
    assert verdicts(promises, engine) == ["tube default is not paused until 500"]
    engine.store.apply_pause(engine.index.tube(b"default"), 500, 500)
    assert verdicts(promises, engine) == []
    promises.set(2, 1, None)
    assert promises.pauses == {}


def test_of_a_tube_without_jobs_no_pause_is_known():
    promises = Promises()
    promises.set_pause(1, b"a", 500)
    promises.set(1, 1, A_JOB._replace(tube=b"a"))
    assert promises.pauses == {}


# What a crash takes.


def test_a_crash_takes_back_what_was_staged_behind_what_is_durable():
    promises = promised(j1=A_JOB, j2=A_JOB)
    promises.set_record(1, b"k", b"old")
    promises.set(2, 1, BURIED_JOB)
    promises.set(3, 1, None)
    promises.set(3, 2, None)
    promises.set(3, 3, A_JOB)
    promises.set_record(3, b"k", b"new")
    promises.restart(2)
    assert promises.jobs == {1: BURIED_JOB, 2: A_JOB}
    assert promises.records == {b"k": b"old"}


def test_what_has_survived_one_crash_is_not_taken_by_the_next():
    promises = promised(j1=A_JOB)
    promises.restart(1)
    promises.restart(0)
    assert promises.jobs == {1: A_JOB}


def test_after_a_crash_what_connections_held_is_ready_and_leases_go_on():
    held = A_JOB._replace(state=RESERVED, due=100, holder=3)
    leased = held._replace(holder=b"token")
    promises = promised(j1=held, j2=leased)
    promises.restart(1)
    assert promises.jobs == {1: A_JOB, 2: leased}


def test_pauses_of_tubes_without_jobs_end_with_the_process():
    promises = promised(j1=A_JOB)
    promises.set_pause(1, b"default", 500)
    promises.set(2, 1, None)
    promises.restart(1)
    assert promises.pauses == {b"default": 500}
    promises.set(3, 1, None)
    promises.restart(3)
    assert promises.pauses == {}


# Who is told.


def test_what_was_told_is_the_newest_batch_that_an_answer_depended_on():
    promises = Promises()
    promises.tell(10, 3)
    promises.tell(20, 2)
    promises.tell(30, 7)
    assert promises.told == 7
    assert [promises.told_before(at) for at in (9, 10, 29, 30)] == [0, 3, 3, 7]


def test_only_hard_changes_are_waited_for():
    promises = promised(j1=A_JOB)
    promises.set(5, 1, A_JOB._replace(state=RESERVED, due=9), hard=False)
    assert promises.changed(1) == 1
    promises.set(6, 1, None)
    assert promises.changed(1) == 6
    promises.restart(6)
    assert promises.changed(1) == 0


def test_places_in_line_go_up():
    promises = Promises()
    assert [promises.place() for _ in range(3)] == [1, 2, 3]
