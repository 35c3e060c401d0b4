"""What is known of a job is said in sentences that stand on their own."""

import json

from penstock.cli.story import Story
from tests.core.story import SECOND


def story(told, id=1):
    told.turn()
    known = Story(id)
    known.read(told.batches, lambda seq: None)
    return known


def last(told, id=1):
    return story(told, id).sentences()[-1]


def test_a_life_is_told_in_order_with_its_end(told):
    told.story.put(told.client)
    told.turn(1.5)
    told.story.reserve(told.client)
    told.turn()
    told.engine.delete(told.client, 1)
    assert story(told).sentences() == [
        "job 1, times are UTC",
        "2026-12-01 12:00:00.000  put into default, pri 0, ttr 60 s: ready",
        "2026-12-01 12:00:01.500  reserved for 60 s, delivery 1",
        "2026-12-01 12:00:01.500  deleted by a client while reserved",
        "It is gone.",
    ]


AT = "At the end of the log, 2026-12-01 12:00:00.000, it is"


def test_the_end_of_the_log_tells_where_the_job_is(told):
    told.story.put(told.client, delay=5)
    assert last(told) == f"{AT} delayed in default until 2026-12-01 12:00:05.000."
    told.engine.kick_job(told.client, 1)
    assert last(told) == f"{AT} ready in default."
    told.story.reserve(told.client)
    assert last(told) == (
        f"{AT} reserved in default until 2026-12-01 12:01:00.000, or until its"
        " connection closes or the server restarts."
    )
    told.engine.bury(told.client, 1, 0)
    assert last(told) == f"{AT} buried in default."


def test_a_lease_is_told_apart(told):
    told.client.lease = b"secret"
    told.story.put(told.client)
    told.story.reserve(told.client)
    assert last(told).endswith("12:01:00.000, by a lease that outlives the server.")


def test_a_beginning_that_is_gone_is_said_first(told):
    told.story.put(told.client)
    told.turn(3)
    told.compact()
    _, beginning, copy, _ = story(told).sentences()
    assert beginning == (
        "The log begins with batch 2, 2026-12-01 12:00:03.000: what is older was"
        " compacted away. Of what happened to this job before, only what a copy of it"
        " tells is left."
    )
    assert "as it was copied then" in copy


def test_a_job_that_was_never_put(told):
    told.story.put(told.client)
    assert story(told, 9).sentences() == ["job 9 was never put: the next id is 2"]


def test_an_id_that_a_refused_put_took(told):
    told.engine.producers.burn_id()
    told.story.put(told.client)
    assert story(told).sentences() == [
        "job 1 was never there: a put that is refused takes an id too"
    ]


def test_a_job_that_was_gone_before_the_log_begins(told):
    told.story.put(told.client)
    told.engine.delete(told.client, 1)
    told.turn()
    told.story.put(told.client)
    told.compact()
    (line,) = story(told).sentences()
    assert line.startswith("job 1: nothing is known any more. The log begins with")


def test_a_log_without_batches():
    assert Story(1).sentences() == ["job 1: the log is empty"]


def test_only_a_note_is_left_of_a_job(told):
    told.engine.turn.batch.note(1, b"n", b"v", True)
    told.engine.store.next_id = 2
    assert last(told) == "What became of it is not known."


def test_the_document_has_all_of_it(told):
    told.story.put(told.client)
    told.story.reserve(told.client)
    told.turn(1)
    told.engine.release(told.client, 1, 0, 5 * SECOND)
    document = story(told).document()
    assert json.loads(json.dumps(document)) == document
    place = {"batch": 1, "wall": "2026-12-01T12:00:00.000000Z"}
    assert document["log_begins"] == place
    assert document["log_ends"] == {
        "batch": 2,
        "wall": "2026-12-01T12:00:01.000000Z",
    }
    kept = ("job", "state", "tube", "reserves", "whole")
    assert [document[key] for key in kept] == [1, "delayed", "default", 1, True]
    assert document["moments"][0] == {
        "wall": place["wall"],
        "batch": 1,
        "kind": "put",
        "text": "put into default, pri 0, ttr 60 s: ready",
    }


def test_a_document_gives_reasons(told):
    told.story.put(told.client)
    told.story.reserve(told.client)
    told.turn(61)
    told.turn()
    document = story(told).document()
    assert document["moments"][-1]["reason"] == "ttr"
