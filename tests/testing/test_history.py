"""A history says what happened, in what order, whatever became of its recorder."""

from __future__ import annotations

import json
import os

import pytest

from penstock.testing.history import (
    FAR,
    HistoryError,
    HistoryWriter,
    Operation,
    digest,
    moment,
    read_history,
)
from tests.testing.hand_written import MILLISECOND, SECOND, START, Script


def operation(number, verb="delete", **asked):
    return Operation(number, 1, 1, verb, moment(), **asked)


def answered(asked, *words):
    asked.answered, asked.words = moment(), words
    return asked


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history"


def test_what_is_written_is_read(path):
    writer = HistoryWriter(path)
    writer.life(1, seed="7")
    put = operation(
        1, "put", tube="t", pri=3, delay=1, ttr=9, size=0, digest=digest(b"")
    )
    writer.call(put)
    writer.reply(answered(put, "INSERTED", "12"))
    reserve = operation(2, "reserve", tubes=("t", "u"))
    writer.call(reserve)
    reserve.size, reserve.digest = 0, digest(b"")
    writer.reply(answered(reserve, "RESERVED", "12", "0"))
    stats = operation(3, "stats-job", id=12)
    writer.call(stats)
    stats.fields = {"id": "12", "pri": "3"}
    writer.reply(answered(stats, "OK", "150"))
    writer.call(operation(4, id=12))
    writer.close()
    put.id = reserve.id = 12
    read = read_history(path).operations
    shift = read[0].called - put.called
    for found in read:
        found.called -= shift
        found.answered -= shift if found.words else 0
    assert read[:3] == [put, reserve, stats]
    assert (read[3].verb, read[3].words, read[3].answered) == ("delete", (), FAR)


def test_nothing_is_in_the_file_before_it_is_committed(path):
    writer = HistoryWriter(path)
    writer.call(operation(1))
    assert path.read_bytes() == b""
    writer.commit()
    assert json.loads(path.read_bytes())["call"] == 1
    writer.close()


def test_it_is_on_the_disk_as_soon_as_was_asked(path, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    at_once = HistoryWriter(path, sync=0)
    at_once.commit()
    at_once.commit()
    assert len(synced) == 2
    later = HistoryWriter(path, sync=1000 * SECOND)
    later.commit()
    first = len(synced)
    later.commit()
    assert len(synced) == first
    later.close()
    assert len(synced) == first + 1


def test_a_line_that_was_torn_is_passed_over(path):
    script = Script(path.parent)
    script.put(1)
    script.write()
    with path.open("a") as file:
        file.write('{"call":9,"on":1,"a')
    assert len(read_history(path).operations) == 1


def test_a_recorder_that_goes_on_ends_a_torn_line(path):
    path.write_text('{"call":9,"on":1,"a')
    writer = HistoryWriter(path)
    writer.life(1)
    writer.call(operation(10))
    writer.close()
    assert [o.number for o in read_history(path).operations] == [10]


def test_nonsense_between_lines_is_no_torn_line(path):
    script = Script(path.parent)
    script.put(1)
    lines = script.write().read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:1], "nonsense\n", *lines[1:]]))
    with pytest.raises(HistoryError, match="history:2 is no line"):
        read_history(path)


def test_a_history_tells_of_the_time_of_day(tmp_path):
    script = Script(tmp_path)
    script.put(1)
    put = script.history().operations[0]
    assert put.called == START + 2 * MILLISECOND
    assert put.answered == START + 3 * MILLISECOND


def test_within_one_boot_the_time_of_day_may_jump(tmp_path):
    script = Script(tmp_path)
    script.put(1)
    script.life()
    script.put(2)
    lines = [json.loads(line) for line in script.write().read_text().splitlines()]
    lines[3]["wall"] += 3600 * SECOND
    script.path.write_text("\n".join(json.dumps(line) for line in lines))
    first, second = read_history(script.path).operations
    assert second.called - first.called == 3 * MILLISECOND


def test_an_operation_of_a_later_life_comes_later_whatever_the_clocks_say(tmp_path):
    one, other = Script(tmp_path, "one"), Script(tmp_path, "other")
    other.life()
    other.put(2)
    one.wait(5)
    one.put(1)
    history = read_history(one.write(), other.write())
    assert [o.id for o in history.operations] == [1, 2]
    assert sorted(history.lives) == [1, 2]


def test_two_recorders_connections_are_not_mixed_up(tmp_path):
    one, other = Script(tmp_path, "one"), Script(tmp_path, "other")
    one.put(1, on=3)
    other.put(2, on=3)
    history = read_history(one.write(), other.write())
    assert len({o.connection for o in history.operations}) == 2
    assert len({o.number for o in history.operations}) == 2


def test_a_connection_that_the_server_ended_may_have_ended_when_it_was_last_heard(
    tmp_path,
):
    script = Script(tmp_path)
    script.put(1, on=4)
    script.wait(3)
    script.end(4, "server")
    script.put(2, on=5)
    script.end(5)
    history = script.history()
    first, second = history.operations
    by_server, by_us = history.endings[4], history.endings[5]
    assert by_server.earliest == first.answered
    assert by_server.seen == first.answered + 3 * SECOND + MILLISECOND
    assert by_us.earliest == by_us.seen == second.answered + MILLISECOND


def test_an_operation_can_be_read(tmp_path):
    script = Script(tmp_path)
    script.put(1)
    script.call(1, "delete", id=1)
    put, delete = script.history().operations
    assert str(put) == "put 1 -> INSERTED 1 (#1, life 1)"
    assert str(delete) == "delete 1 -> no reply (#2, life 1)"
