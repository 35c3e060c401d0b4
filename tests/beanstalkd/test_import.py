"""A real binlog, taken over: every job as beanstalkd's own log last had it."""

import json
import shutil
from random import Random

import pytest

from penstock.testing.server import running_server
from tests.beanstalkd import real
from tests.beanstalkd.real import Client, needs_beanstalkd
from tests.cli.command_line import penstock

pytestmark = [needs_beanstalkd, pytest.mark.slow]
JOBS = 10_000
SAME = ["id", "tube", "pri", "delay", "ttr", "reserves", "timeouts", "releases"]
SAME += ["buries", "kicks"]
DAMAGED = 20  # copies


@pytest.fixture(scope="module")
def binlog(tmp_path_factory):
    """A folder and what was done to it."""
    folder = tmp_path_factory.mktemp("beanstalkd") / "binlog"
    return folder, real.write(folder, JOBS)


def imported(folder, data):
    done = penstock(
        "import", "beanstalkd-binlog", str(folder), "--data", str(data), "-ojson"
    )
    return done.returncode, json.loads(done.stdout)


def state(told):
    """A job that a worker had is ready: nobody has it any more."""
    return "ready" if told["state"] == "reserved" else told["state"]


def compare(client, story, id):
    told, ours = story.told[id], client.stats(id)
    assert {key: ours[key] for key in SAME} == {key: told[key] for key in SAME}
    assert ours["state"] == state(told)
    assert client.ask(f"peek {id}")[1] == story.bodies[id]
    # Some seconds have gone by since it was told.
    drift = int(ours["age"]) - int(told["age"])
    assert 0 <= drift < 120
    if state(told) == "delayed":
        assert abs(int(told["time-left"]) - int(ours["time-left"]) - drift) <= 1


def test_every_job_of_a_real_binlog_is_there_as_it_was(binlog, tmp_path):
    folder, story = binlog
    before = real.image(folder)
    status, told = imported(folder, tmp_path)
    assert (status, told["damages"]) == (0, [])
    assert sum(told["jobs"].values()) == JOBS
    assert real.image(folder) == before
    with running_server(data=tmp_path) as server, Client(server.port) as client:
        for id in story.bodies:
            compare(client, story, id)
        words, _ = client.ask("put 0 0 1 1", b"x")
    assert int(words[1]) > max(story.bodies)


def test_buried_jobs_keep_their_line(tmp_path):
    folder, data = tmp_path / "binlog", tmp_path / "data"
    folder.mkdir()
    with real.beanstalkd(folder) as theirs, Client(theirs.port) as client:
        for _ in range(5):
            client.ask("put 0 0 100 1", b"x")
            client.ask("reserve-with-timeout 0")
        for id in (3, 1, 5, 2, 4):
            client.ask(f"bury {id} 0")
        theirs.process.kill()
    imported(folder, data)
    with running_server(data=data) as server, Client(server.port) as client:
        line = []
        while (found := client.ask("peek-buried")[0])[0] == "FOUND":
            line.append(int(found[1]))
            client.ask(f"delete {found[1]}")
    assert line == [3, 1, 5, 2, 4]


def test_a_folder_that_a_beanstalkd_uses_is_refused(tmp_path):
    folder = tmp_path / "binlog"
    folder.mkdir()
    with real.beanstalkd(folder):
        done = penstock("import", "beanstalkd-binlog", str(folder), "--dry-run")
    assert done.returncode == 75
    assert "stop that first" in done.stderr
    assert "Traceback" not in done.stderr


# Damage.


def damaged(folder, copy, chance):
    """Copy a binlog, and damage one of its files; give that."""
    shutil.copytree(folder, copy)
    file = chance.choice(
        [each for each in copy.glob("binlog.*") if each.stat().st_size]
    )
    content = bytearray(file.read_bytes())
    used = len(content.rstrip(b"\0"))
    at = chance.randrange(used)
    kind = chance.choice(("short", "zeros", "noise"))
    if kind == "short":
        del content[at:]
    else:
        at -= at % 512
        # Noise that is all inside of one body shows nowhere: there is no checksum.
        count = 4096 if kind == "noise" else chance.choice((512, 4096))
        new = bytes(count) if kind == "zeros" else chance.randbytes(count)
        content[at : at + count] = new
    file.chmod(0o600)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("seed", range(DAMAGED))
def test_of_a_damaged_binlog_nothing_wrong_comes(binlog, tmp_path, seed):
    folder, story = binlog
    copy, data = tmp_path / "copy", tmp_path / "data"
    file = damaged(folder, copy, Random(seed))
    before = real.image(copy)
    status, told = imported(copy, data)
    assert real.image(copy) == before
    with running_server(data=data) as server, Client(server.port) as client:
        answers = {id: client.ask(f"peek {id}") for id in story.bodies}
    found = {id: body for id, (words, body) in answers.items() if words[0] == "FOUND"}
    missing = story.bodies.keys() - found.keys()
    wrong = {id for id, content in found.items() if content != story.bodies[id]}
    assert wrong <= set(told["suspicious"])
    if missing:
        assert status == 65
        assert [each["file"] for each in told["damages"]] == [file.name]
    assert sum(told["jobs"].values()) >= len(found)
