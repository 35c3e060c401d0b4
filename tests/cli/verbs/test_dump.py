"""`penstock dump` prints every event as a line of JSON."""

import json
import os
import subprocess

from tests.cli import data_folder
from tests.cli.command_line import PENSTOCK, penstock
from tests.cli.data_folder import flip, image, segments


def dumped(path, *arguments, status=os.EX_OK):
    before = image(path)
    done = penstock("dump", str(path), *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (status, int(status > 0))
    assert image(path) == before
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_event_has_its_place_and_its_times(written):
    lines = dumped(written)
    assert [(line["batch"], line["kind"]) for line in lines] == [
        (1, "put"),
        (2, "put"),
        (3, "put"),
        (4, "reserve"),
        (5, "delete"),
    ]
    assert lines[1] == {
        "batch": 2,
        "now": 1_000_000_000,
        "wall": "2026-12-01T12:00:01.000000Z",
        "index": 0,
        "kind": "put",
        "id": 2,
        "pri": 0,
        "created": 1_000_000_000,
        "delay": 0,
        "due": 0,
        "ttr": 60_000_000_000,
        "tube": "default",
        "body": "body",
    }


def test_events_of_one_batch_are_numbered(tmp_path, told):
    for _ in range(2):
        told.story.put(told.client)
    told.turn()
    path = data_folder.write(tmp_path / "data", told.batches)
    assert [(each["batch"], each["index"]) for each in dumped(path)] == [(1, 0), (1, 1)]


def test_it_can_begin_at_a_batch(written):
    assert [line["batch"] for line in dumped(written, "--from", "4")] == [4, 5]
    assert dumped(written, "--from", "6") == []


def test_it_can_be_about_one_job(tmp_path, told):
    for _ in range(2):
        told.story.put(told.client, delay=60)
    told.turn()
    told.engine.kick(told.client, 9)
    told.turn()
    told.engine.delete(told.client, 1)
    told.turn()
    path = data_folder.write(tmp_path / "data", told.batches)
    kinds = [line["kind"] for line in dumped(path, "--job", "2")]
    assert kinds == ["put", "kick"]


def test_bodies_can_be_left_out(tmp_path, told):
    told.story.put(told.client, b"private")
    told.engine.turn.batch.note(1, b"result", b"private", True)
    told.turn()
    path = data_folder.write(tmp_path / "data", told.batches)
    assert "private" in json.dumps(dumped(path))
    lines = dumped(path, "--no-bodies")
    assert "private" not in json.dumps(lines)
    assert [line["kind"] for line in lines] == ["put", "note"]


def test_a_reader_may_leave(tmp_path, told):
    for _ in range(500):
        told.story.put(told.client, b"x" * 1000)
    told.turn()
    path = data_folder.write(tmp_path / "data", told.batches)
    with subprocess.Popen(
        [*PENSTOCK, "dump", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as dumping:
        assert dumping.stdout is not None
        assert dumping.stderr is not None
        assert dumping.stdout.readline().startswith(b'{"batch": 1,')
        dumping.stdout.close()
        assert (dumping.wait(20), dumping.stderr.read()) == (0, b"")


def test_damage_is_one_line_and_status_65(written):
    """What is in front of it is printed."""
    flip(segments(written)[0], 1124)
    done = penstock("dump", str(written))
    assert done.returncode == os.EX_DATAERR
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["batch"] for line in told} == {1}
    place = f"{written}/0000000001.log at offset 1024"
    assert done.stderr.startswith(f"penstock: read {place}: What was read is not")


def test_what_is_behind_damage_can_be_salvaged(written):
    (segment,) = segments(written)
    flip(segment, 1024 + 100)
    lines = dumped(written, "--salvage")
    assert [line["batch"] for line in lines] == [1, 3, 4, 5]
    assert [line["batch"] for line in dumped(written, "--salvage", "--from", "4")] == [
        4,
        5,
    ]


def test_what_a_start_wrote_again_is_salvaged_once(tmp_path, told):
    told.story.put(told.client)
    told.turn()
    path = data_folder.write(tmp_path / "data", told.batches, sealed=False)
    (first,) = segments(path)
    content = first.read_bytes()
    told.story.put(told.client)
    told.turn()
    data_folder.write(path, told.batches[1:])
    first.write_bytes(content)  # the disk may have removed it already
    assert len(segments(path)) == 2
    assert [line["batch"] for line in dumped(path, "--salvage")] == [1, 2]


def test_what_was_cut_off_can_be_salvaged(written):
    place = ("--cut-at", "1:1024", "--yes")
    assert penstock("repair", str(written), *place).returncode == 0
    assert [line["batch"] for line in dumped(written)] == [1]
    lines = dumped(written, "--salvage", "--job", "3")
    assert [(line["batch"], line["body"]) for line in lines] == [(3, "body")]
