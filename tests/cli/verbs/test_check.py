"""`penstock check` says in words, and by its status, whether a server would start."""

import json
import os

import pytest

from penstock.log.file.folder import FileFolder
from penstock.log.frame import checksum
from tests.cli.command_line import penstock
from tests.cli.data_folder import end, flip, image, scribble, segments

WHOLE = "good: every batch is whole and follows the one before"


def checked(path, *arguments, status=os.EX_OK):
    before = image(path)
    done = penstock("check", str(path), *arguments)
    assert (done.returncode, done.stderr) == (status, "")
    assert image(path) == before
    return done.stdout.splitlines()


def test_a_good_folder_is_status_0(written):
    assert checked(written) == [
        f"{written}: 1 segment (0000000001.log), 64.0 KiB",
        "  batches 1 to 5, 5 events, 2026-12-01 12:00:00.000 to"
        " 2026-12-01 12:00:04.000 UTC",
        "  jobs: 2 ready; the next id is 4",
        WHOLE,
    ]


def test_a_torn_end_is_status_0_and_said(written):
    (segment,) = segments(written)
    start = end(segment)
    scribble(segment, start, b"half")
    lines = checked(written)
    assert lines[-2] == WHOLE
    place = f"0000000001.log from offset {start} on, 4 bytes"
    assert lines[-1].startswith(f"torn at the end: {place}, as a write leaves")
    assert lines[-1].endswith(
        "The next start cuts them off and keeps them in quarantine/"
    )


def test_damage_is_status_65_with_the_place_the_jobs_and_what_to_do(written):
    (segment,) = segments(written)
    flip(segment, 1024 + 100)
    lines = checked(written, status=os.EX_DATAERR)
    assert lines[-4:] == [
        "damaged: 0000000001.log at offset 1024: batch 2 was durable and is damaged or"
        " gone; jobs 2 to 3 may be lost, earlier ones may be out of date",
        "no server starts here: look for a copy of this folder from before",
        "if there is none, give up what is behind the damage:"
        f" penstock repair {written} --cut-at 1:1024",
        "it says what that is, and asks, before it changes anything",
    ]


def test_where_no_cut_helps_none_is_advised(written):
    flip(written / "store", 4)
    flip(segments(written)[0], 4)
    lines = checked(written, status=os.EX_DATAERR)
    assert lines[0] == str(written)
    assert lines[-2].startswith("damaged: store at offset 0: ")
    assert lines[-1].startswith("no server starts here: ")


def test_a_later_release_is_status_65(written):
    told = json.loads((written / "store").read_text())
    told["format"] = 9
    del told["check"]
    check = f"{checksum(json.dumps(told, sort_keys=True).encode()):08x}"
    (written / "store").write_text(json.dumps({**told, "check": check}) + "\n")
    lines = checked(written, status=os.EX_DATAERR)
    assert lines[-1] == (
        "of a later release: store: the folder has format 9, known is 1;"
        " nothing was touched"
    )


def test_a_running_server_is_said(written):
    server = FileFolder(written)
    server.lock()
    server.sign()
    (segment,) = segments(written)
    scribble(segment, end(segment), b"half")
    lines = checked(written)
    assert lines[-2] == (
        f"  a server is using this folder (pid {os.getpid()}): this is how it was while"
        " it was read"
    )
    assert lines[-1].startswith("good up to 0000000001.log from offset ")
    assert lines[-1].endswith(": what the server is writing")
    server.close()


def test_as_json_it_is_one_document(written):
    (line,) = checked(written, "-o", "json")
    document = json.loads(line)
    assert (document["verdict"], document["jobs"]["ready"]) == ("good", 2)
    flip(segments(written)[0], 1124)
    (line,) = checked(written, "--output=json", status=os.EX_DATAERR)
    document = json.loads(line)
    assert (document["verdict"], document["cut_at"]) == ("damaged", "1:1024")


@pytest.mark.parametrize("name", ["nope", "."])
def test_what_is_no_data_folder_is_status_2(tmp_path, name):
    done = penstock("check", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
