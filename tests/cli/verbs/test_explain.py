"""`penstock explain` tells a job's life from the log."""

import json
import os

from penstock.log.file.folder import FileFolder
from tests.cli import data_folder
from tests.cli.command_line import penstock
from tests.cli.data_folder import flip, image, segments


def explained(path, *arguments, status=0, **surroundings):
    before = image(path)
    done = penstock("explain", *arguments, **surroundings)
    assert (done.returncode, done.stderr) == (status, "")
    assert image(path) == before
    return done.stdout.splitlines()


def test_a_life_is_told_in_words(written):
    assert explained(written, "1", "--data", str(written)) == [
        "job 1, times are UTC",
        "2026-12-01 12:00:00.000  put into default, pri 0, ttr 60 s: ready",
        "2026-12-01 12:00:03.000  reserved for 60 s, delivery 1",
        "2026-12-01 12:00:04.000  deleted by a client while reserved",
        "It is gone.",
    ]


def test_the_reason_of_every_redelivery_is_told(tmp_path, told):
    told.story.put(told.client)
    told.turn()
    for lose in (lambda: told.turn(61), lambda: told.restart(5, clean=False)):
        told.story.reserve(told.client)
        told.turn()
        lose()
    told.story.reserve(told.other())
    told.turn()
    path = data_folder.write(tmp_path / "data", told.batches)
    lines = explained(path, "1", "--data", str(path))
    assert [line.partition("  ")[2] for line in lines[1:-1]] == [
        "put into default, pri 0, ttr 60 s: ready",
        "reserved for 60 s, delivery 1",
        "ready again: its ttr ran out",
        "reserved for 60 s, delivery 2, again because its ttr ran out",
        "ready again: the server crashed and was back 5 s later; the connection that"
        " held it was gone",
        "reserved for 60 s, delivery 3, again because the server restarted",
    ]


def test_a_job_that_is_not_known_is_status_1(written):
    lines = explained(written, "9", "--data", str(written), status=1)
    assert lines == ["job 9 was never put: the next id is 4"]


def test_the_folder_is_that_of_the_settings(written):
    named = {"PENSTOCK_DATA": str(written)}
    assert explained(written, "2", environ=named)[-1].endswith("ready in default.")
    (written.parent / "penstock.toml").write_text('data = "data"')
    assert len(explained(written, "2", cwd=written.parent)) == 3


def test_as_json_it_is_one_document(written):
    (line,) = explained(written, "1", "--data", str(written), "-o", "json")
    document = json.loads(line)
    assert (document["state"], len(document["moments"])) == ("gone", 3)
    assert document["moments"][-1]["reason"] == "client"


def test_a_server_may_use_the_folder(written):
    server = FileFolder(written)
    server.lock()
    assert len(explained(written, "1", "--data", str(written))) == 5
    server.close()


def test_damage_is_one_line_and_status_65(written):
    flip(segments(written)[0], 1124)
    done = penstock("explain", "1", "--data", str(written))
    assert (done.returncode, done.stdout) == (os.EX_DATAERR, "")
    assert done.stderr.startswith(f"penstock: read {written}/0000000001.log at offset")


def test_where_something_was_cut_off_that_is_the_place_to_look(written):
    done = penstock("repair", str(written), "--cut-at", "1:512", "--yes")
    assert done.returncode == 0
    (line,) = explained(written, "1", "--data", str(written), status=1)
    assert line.endswith(f": penstock dump {written} --salvage --job 1")
    assert '"kind": "put"' in penstock(*line.split()[-6:][1:]).stdout
