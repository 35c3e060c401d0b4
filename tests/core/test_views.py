"""Questions about the queue: peeks, statistics, lists."""

from penstock.core.commands import Hold
from penstock.core.job import BURIED, DELAYED, READY
from penstock.core.views import COMMANDS, yaml, yaml_list
from tests.core.story import SECOND


def fields_of(text):
    lines = text.decode().splitlines()
    assert lines[0] == "---"
    return dict(line.split(": ", 1) for line in lines[1:])


def asked(client, question, *given):
    question(client, *given)
    ((word, content),) = client.heard()
    assert word == "text"
    return fields_of(content)


def test_texts_are_yaml():
    assert yaml([("a", 1), ("b", "x")]) == b"---\na: 1\nb: x\n"
    assert yaml_list([b"a", b"b"]) == b"---\n- a\n- b\n"


def test_a_job_is_shown_whoever_holds_it(story, client):
    views = story.engine.views
    id = story.put(client, b"body")
    story.reserve(client)
    other = story.client()
    views.peek(other, id)
    views.peek(other, 99)
    assert other.heard() == [("found", id, b"body"), ("not found",)]


def test_the_first_job_of_a_state_is_shown_of_the_used_tube(story, client):
    views = story.engine.views
    story.put(client, b"later", pri=5)
    story.put(client, b"ready", pri=1)
    story.put(client, b"due later", delay=9)
    story.put(client, b"due", delay=3)
    for id, pri in ((story.put(client, b"buried"), 9), (story.put(client), 0)):
        story.engine.reserve_job(client, id)
        story.engine.bury(client, id, pri)
    client.heard()
    for state in (READY, DELAYED, BURIED):
        views.peek_first(client, state)
    assert [said[2] for said in client.heard()] == [b"ready", b"due", b"buried"]
    views.peek_first(story.client(b"empty"), READY)


def test_a_job_has_its_fields_in_the_order_of_the_protocol(story, client):
    story.put(client, pri=7, delay=10, ttr=20)
    story.advance(1.5)
    fields = asked(client, story.engine.views.stats_job, 1)
    assert fields == {
        "id": "1",
        "tube": '"default"',
        "state": "delayed",
        "pri": "7",
        "age": "1",
        "delay": "10",
        "ttr": "20",
        "time-left": "8",
        "file": "0",
        "reserves": "0",
        "timeouts": "0",
        "releases": "0",
        "buries": "0",
        "kicks": "0",
        "reason": "none",
    }
    old = ["id", "tube", "state", "pri", "age", "delay", "ttr", "time-left", "file"]
    assert list(fields)[:9] == old


def test_the_time_left_of_a_reservation_runs_down(story, client):
    story.put(client, ttr=10)
    story.reserve(client)
    views = story.engine.views
    assert asked(client, views.stats_job, 1)["time-left"] == "9"
    story.advance(9)
    assert asked(client, views.stats_job, 1)["time-left"] == "0"


def test_a_held_job_is_shown_as_delayed_with_no_time_left(story, client):
    story.commit(client, Hold(story.put(client)))
    views = story.engine.views
    fields = asked(client, views.stats_job, 1)
    assert (fields["state"], fields["time-left"]) == ("delayed", "0")
    tube = asked(client, views.stats_tube, b"default")
    assert (tube["current-jobs-delayed"], tube["current-jobs-held"]) == ("0", "1")
    assert list(tube)[-1] == "current-jobs-held"
    assert list(asked(client, views.stats))[-1] == "current-jobs-held"


def test_a_tube_has_its_fields(story, client):
    story.put(client, pri=3)
    story.put(client, delay=3)
    story.put(client, pri=2000)
    story.engine.pause_tube(client, b"default", 5 * SECOND)
    waiting = story.client()
    story.reserve(waiting)
    client.heard()
    fields = asked(client, story.engine.views.stats_tube, b"default")
    told = {name: int(value) for name, value in fields.items() if name != "name"}
    assert fields["name"] == '"default"'
    assert (told["current-jobs-urgent"], told["current-jobs-ready"]) == (1, 2)
    assert (told["current-jobs-delayed"], told["total-jobs"]) == (1, 3)
    assert (told["current-using"], told["current-watching"]) == (2, 2)
    assert (told["current-waiting"], told["pause"], told["pause-time-left"]) == (
        1,
        5,
        4,
    )
    story.engine.views.stats_tube(client, b"unknown")
    assert client.heard() == [("not found",)]


def test_the_server_has_its_fields_and_those_of_its_surroundings(story, client):
    story.engine.views.surroundings = lambda: {"max-job-size": 9, "pid": 5}
    story.put(client)
    fields = asked(client, story.engine.views.stats)
    assert (fields["current-jobs-ready"], fields["total-jobs"]) == ("1", "1")
    assert (fields["max-job-size"], fields["pid"]) == ("9", "5")
    assert fields["current-connections"] == "1"
    assert [name for name in fields if name.startswith("cmd-")] == [
        f"cmd-{command}" for command in COMMANDS
    ]


def test_tubes_are_listed(story, client):
    worker = story.client(b"a", b"b")
    views = story.engine.views
    views.list_tubes(client)
    views.list_tubes_watched(worker)
    assert client.heard() == [("text", b"---\n- default\n- a\n- b\n")]
    assert worker.heard() == [("text", b"---\n- a\n- b\n")]


def test_looking_changes_nothing(story, client):
    story.put(client)
    story.events()
    views = story.engine.views
    views.peek(client, 1)
    views.stats(client)
    views.stats_tube(client, b"default")
    views.stats_job(client, 1)
    views.list_tubes(client)
    assert story.events() == []
