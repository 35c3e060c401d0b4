"""A data folder is judged by reading all of it, and stays as it is."""

import json

import pytest

from penstock.cli import folders
from penstock.cli.examination import DAMAGED, GOOD, NEWER, TORN, examine
from penstock.log import Stored
from penstock.log.file.folder import FileFolder
from tests.cli import data_folder
from tests.cli.data_folder import end, flip, image, scribble, segments


def examined(path):
    before = image(path)
    findings = examine(folders.for_reading(path), lambda done, total: None)
    assert image(path) == before
    document = findings.document()
    assert json.loads(json.dumps(document)) == document
    return findings


def test_a_good_folder_is_counted(written):
    findings = examined(written)
    assert (findings.verdict, findings.server, findings.file) == (GOOD, None, None)
    assert findings.jobs == {
        "ready": 2,
        "reserved": 0,
        "delayed": 0,
        "buried": 0,
        "held": 0,
    }
    document = findings.document()
    assert document["batches"] == {
        "first": 1,
        "last": 5,
        "since": "2026-12-01T12:00:00.000000Z",
        "until": "2026-12-01T12:00:04.000000Z",
    }
    kept = ("events", "next_id", "reason", "cut_at")
    assert [document[key] for key in kept] == [5, 4, None, None]
    assert document["segments"] == [
        {"file": "0000000001.log", "bytes": 65536, "first": 1, "last": 5}
    ]


def test_several_segments_are_listed(tmp_path, told):
    for _ in range(10):
        told.story.put(told.client, b"x" * 30_000)
        told.turn(1)
    path = data_folder.write(tmp_path / "data", told.batches)
    listed = examined(path).segments
    assert len(listed) > 3
    assert [each["first"] for each in listed[1:]] == [
        each["last"] + 1 for each in listed[:-1]
    ]
    assert listed[-1]["last"] == 10


def test_how_far_it_is_is_told(written):
    seen = []
    examine(folders.for_reading(written), lambda *told: seen.append(told))
    assert seen == [(n, 5) for n in range(1, 6)]


def test_a_torn_end_is_no_damage(written):
    (segment,) = segments(written)
    start = end(segment)
    scribble(segment, start + 100, b"half a frame")
    findings = examined(written)
    assert (findings.verdict, findings.offset, findings.torn) == (TORN, start, 112)
    assert (findings.jobs["ready"], findings.file) == (2, "0000000001.log")


def test_a_flipped_bit_is_damage_and_has_its_place(written):
    (segment,) = segments(written)
    flip(segment, 1024 + 100)
    findings = examined(written)
    assert (findings.verdict, findings.file) == (DAMAGED, "0000000001.log")
    assert (findings.offset, findings.cut_at) == (1024, "1:1024")
    assert findings.reason == (
        "batch 2 was durable and is damaged or gone; jobs 2 to 3 may be lost, earlier"
        " ones may be out of date"
    )


@pytest.mark.parametrize(
    ("name", "cut_at"),
    [("mark", "1:3072"), ("store", "1:3072"), ("0000000001.log", "1:0")],
)
def test_a_damaged_file_is_named_with_the_cut_that_helps(written, name, cut_at):
    for offset in (4, 516):
        if offset < (written / name).stat().st_size:
            flip(written / name, offset)
    findings = examined(written)
    assert (findings.verdict, findings.file) == (DAMAGED, name)
    assert findings.cut_at == cut_at


@pytest.mark.parametrize("name", ["mark", "store"])
def test_a_missing_file_is_damage(written, name):
    (written / name).unlink()
    findings = examined(written)
    assert (findings.verdict, findings.file) == (DAMAGED, name)
    assert findings.cut_at == "1:3072"


def test_a_start_that_was_cut_short_is_good_and_holds_nothing(tmp_path):
    (tmp_path / "0000000001.log").write_bytes(bytes(65536))
    findings = examined(tmp_path)
    assert (findings.verdict, findings.segments, findings.last) == (GOOD, [], None)


def test_where_nothing_tells_whose_it_is_no_cut_helps(written):
    flip(written / "store", 4)
    flip(segments(written)[0], 4)
    findings = examined(written)
    assert (findings.verdict, findings.cut_at) == (DAMAGED, None)


def test_events_that_cannot_be_read_are_damage(tmp_path, told):
    told.story.put(told.client)
    told.turn()
    bad = Stored(1, 2, 0, told.batches[0].wall, 2, 1, b"\x01\xff")
    path = data_folder.write(tmp_path / "data", [*told.batches, bad])
    findings = examined(path)
    assert findings.verdict == DAMAGED
    assert findings.reason.startswith("events behind batch 1 cannot be read: ")


def test_a_later_release_is_told_apart(tmp_path, told):
    told.story.put(told.client)
    told.turn()
    later = Stored(1, 2, 0, told.batches[0].wall, 2, 1, b"\x63\0\0\0\0")
    path = data_folder.write(tmp_path / "data", [*told.batches, later])
    findings = examined(path)
    assert (findings.verdict, findings.reason) == (
        NEWER,
        "event 99 is of a later release",
    )


def test_a_server_that_uses_the_folder_is_named(written):
    server = FileFolder(written)
    server.lock()
    server.sign()
    findings = examined(written)
    assert findings.verdict == GOOD
    assert findings.server is not None
    assert findings.server.startswith("pid ")
    server.close()
