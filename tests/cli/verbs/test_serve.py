"""`penstock serve` starts with one line of banner each, or ends with one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import greenstalk
import pytest

import penstock as package
from penstock.testing import running_server
from tests.cli import data_folder
from tests.cli.command_line import PENSTOCK, penstock
from tests.cli.data_folder import end, flip, image, scribble, segments

EX_CONFIG = 78


def refused(*arguments: str, status: int, **surroundings) -> str:
    """The one line with which a start is refused."""
    done = penstock("serve", *arguments, **surroundings)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("penstock: ").strip()


def test_a_wrong_flag_has_status_2():
    assert refused("--max-job-size", "x", status=2).startswith("--max-job-size x: ")


def test_a_wrong_file_or_variable_has_the_status_of_a_configuration_error(tmp_path):
    (tmp_path / "penstock.toml").write_text("max_jobs = 1")
    line = refused(status=EX_CONFIG, cwd=tmp_path)
    assert line.startswith("penstock.toml: max_jobs = 1: unknown key, allowed are data")
    line = refused(status=EX_CONFIG, environ={"PENSTOCK_ALLOW": "x"})
    assert line.startswith("PENSTOCK_ALLOW=x: allowed is ")


def test_a_busy_port_is_one_line_that_names_the_holder():
    with running_server() as other:
        line = refused("--beanstalk", other.addresses[0], status=EX_CONFIG)
        holder = f"(pid {other.process.pid})"
        assert line.startswith(f"beanstalk {other.addresses[0]} is held by ")
        assert f"{holder}: stop it, or listen elsewhere with --beanstalk" in line


@pytest.mark.slow
def test_beyond_loopback_a_range_is_needed():
    line = refused("--beanstalk", "0.0.0.0:0", status=EX_CONFIG)
    assert line.endswith("192.168.0.0/16")
    flags = ("--beanstalk", "0.0.0.0:0", "--allow", "0.0.0.0/0")
    assert "add --insecure-public" in refused(*flags, status=EX_CONFIG)
    with running_server(
        "--allow=0.0.0.0/0", "--insecure-public", beanstalk=["0.0.0.0:0"]
    ) as server:
        assert server.host == "0.0.0.0"


def test_without_any_listener_there_is_nothing_to_serve():
    assert refused("--beanstalk", "off", status=EX_CONFIG) == (
        "beanstalk = off: no other listener is there to serve"
    )


def test_loopback_is_served_whatever_ranges_are_allowed():
    with (
        running_server("--allow=10.0.0.0/8", beanstalk=["0.0.0.0:0"]) as server,
        socket.create_connection(("127.0.0.1", server.port), 5) as client,
    ):
        client.sendall(b"list-tube-used\r\n")
        assert client.recv(100) == b"USING default\r\n"


def own_address() -> str:
    """An address of this machine other than loopback; asking sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has loopback only")
        return str(probe.getsockname()[0])


def test_a_machine_that_is_not_allowed_is_refused_and_counted():
    with running_server("--allow=fd00::/8", beanstalk=["0.0.0.0:0"]) as server:
        for _ in range(2):
            with socket.create_connection((own_address(), server.port), 5) as client:
                assert client.recv(100) == b""
        with socket.create_connection(("127.0.0.1", server.port), 5) as client:
            client.sendall(b"stats\r\n")
            assert b"\nconnections-refused: 2\n" in client.recv(9999)
        refusals = [e for e in server.entries() if e["event"].startswith("refused")]
        assert [entry["peer"] for entry in refusals] == [own_address()]


def test_the_banner_tells_version_pid_addresses_mode_and_a_first_job(tmp_path):
    listens = ["--beanstalk=127.0.0.1:0", f"--beanstalk=unix:{tmp_path}/s"]
    line = [*PENSTOCK, "serve", "--memory", *listens]
    with subprocess.Popen(
        line, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as server:
        assert server.stderr is not None
        lines = [server.stderr.readline().rstrip() for _ in range(5)]
        server.terminate()
        port = lines[1].rpartition(":")[2]
        assert lines == [
            f"Penstock {package.__version__}, pid {server.pid}",
            f"  beanstalk  127.0.0.1:{port}",
            f"  beanstalk  unix:{tmp_path}/s",
            "  jobs are kept in memory: they are gone when the server stops",
            r"  try it     printf 'put 0 0 60 5\r\nhello\r\nquit\r\n'"
            f" | nc 127.0.0.1 {port}",
        ]


# What systemd does: sockets from descriptor 3 on, and the pid that they are for.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
told = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.environ.update(told, LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.executable, [sys.executable, "-m", "penstock.cli.main", *sys.argv[3:]])
"""


@pytest.mark.parametrize("more", [[], ["127.0.0.1:0"]])
def test_a_socket_of_systemd_stands_in_for_the_defaults(more):
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
        held.set_inheritable(True)
        start = [sys.executable, "-c", ACTIVATE, str(held.fileno()), "beanstalk"]
        with running_server(beanstalk=more, command=start, close_fds=False) as server:
            assert server.addresses[0] == address
            assert len(server.addresses) == 1 + len(more)
            with socket.create_connection((server.host, server.port), 5) as client:
                client.sendall(b"list-tube-used\r\n")
                assert client.recv(100) == b"USING default\r\n"


# On a data folder.


def serving(server):
    """What the server said when it served."""
    (entry,) = [each for each in server.entries() if each["event"] == "serving"]
    return entry


def client_of(server):
    return greenstalk.Client((server.host, server.port))


@pytest.mark.slow
def test_jobs_are_there_after_a_restart_and_the_banner_says_so(tmp_path):
    data = tmp_path / "data"
    with running_server(data=data) as server, client_of(server) as client:
        told = serving(server)
        assert (told["mode"], told["data"], told["new"]) == ("always", str(data), True)
        assert told["sync_us"] >= 0
        for body in ("a", "b"):
            client.put(body)
        client.delete(1)
    with running_server(data=data) as server, client_of(server) as client:
        told = serving(server)
        assert (told["new"], told["jobs"], told["clean"]) == (False, 1, True)
        assert client.reserve().body == "b"


@pytest.mark.slow
def test_after_a_crash_it_is_said(tmp_path):
    data = tmp_path / "data"
    with running_server(data=data) as server:
        with client_of(server) as client:
            client.put("a")
        server.process.kill()
        server.process.wait(10)
    with running_server(data=data) as server:
        told = serving(server)
        assert (told["jobs"], told["clean"]) == (1, False)


@pytest.mark.parametrize("mode", ["interval:50", "never"])
def test_how_it_is_synced_is_in_the_banner_and_in_stats(tmp_path, mode):
    flags = ["--sync", mode]
    with running_server(*flags, data=tmp_path / "data") as server:
        told = serving(server)
        assert told["mode"] == mode
        assert "a power cut may lose" in told["note"]
        with client_of(server) as client:
            client.put("a")
            assert client.stats()["mode"] == mode


def test_people_read_about_the_folder_too(written, tmp_path):
    (segment,) = segments(written)
    scribble(segment, end(segment), b"half")
    line = [*PENSTOCK, "serve", f"--data={written}", f"--beanstalk=unix:{tmp_path}/s"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        lines = [server.stderr.readline().rstrip() for _ in range(7)]
        server.terminate()
    assert lines[2] == f"  data       {written} (recovered 2 jobs after a crash)"
    assert lines[3].startswith("             4 bytes that were being written")
    assert lines[4].startswith("  sync       always: nothing that was acknowledged")
    assert lines[5].startswith("             a sync takes ")
    assert lines[6].startswith("  try it ")


def test_without_a_flag_the_folder_of_the_service_is_used(tmp_path):
    given = {"STATE_DIRECTORY": str(tmp_path / "state"), "COLUMNS": "80"}
    line = [*PENSTOCK, "serve", f"--beanstalk=unix:{tmp_path}/s"]
    with subprocess.Popen(
        line, stderr=subprocess.PIPE, text=True, env={**os.environ, **given}
    ) as server:
        assert server.stderr is not None
        lines = [server.stderr.readline().rstrip() for _ in range(3)]
        server.terminate()
    assert lines[2] == f"  data       {tmp_path}/state (new, empty)"


@pytest.mark.slow
def test_a_second_server_on_one_folder_is_refused(tmp_path):
    data = tmp_path / "data"
    with running_server(data=data) as server:
        line = refused(
            f"--data={data}",
            f"--beanstalk=unix:{tmp_path}/s",
            status=os.EX_TEMPFAIL,
        )
        assert line == (
            f"lock {data}: Another server is using this folder. (its process is"
            f" {server.process.pid}: stop it, or name another folder)"
        )
    assert not (tmp_path / "s").exists()


def test_a_damaged_folder_is_refused_and_left_as_it_is(written, tmp_path):
    flip(segments(written)[0], 1124)
    before = image(written)
    line = refused(
        f"--data={written}", f"--beanstalk=unix:{tmp_path}/s", status=os.EX_DATAERR
    )
    assert line.startswith(f"read {written}/0000000001.log at offset 1024: ")
    assert "jobs 2 to 3 may be lost" in line
    assert "penstock check" in line
    assert image(written) == before
    assert not (tmp_path / "s").exists()


def test_a_folder_of_a_later_release_is_refused_and_left_as_it_is(tmp_path, told):
    told.add(b"\x63\0\0\0\0")
    data = data_folder.write(tmp_path / "data", told.batches)
    before = image(data)
    line = refused(
        f"--data={data}", f"--beanstalk=unix:{tmp_path}/s", status=os.EX_DATAERR
    )
    assert line == f"{data}: event 99 is of a later release; nothing was touched"
    assert image(data) == before


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    line = refused(
        f"--data={tmp_path}/file/jobs",
        f"--beanstalk=unix:{tmp_path}/s",
        status=os.EX_IOERR,
    )
    assert line.startswith(f"open {tmp_path}/file/jobs: ")
    assert "Not a directory: name another folder with --data" in line


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--sync", "often"], "--sync often: allowed is always, interval:MS or never"),
        (["--data", "", "--sync", "never"], "--data : allowed is the path of a folder"),
        (["--data", "/x", "--memory"], "--data /x: allowed is the path of a folder"),
        (["--sync", "always", "--memory"], "--sync always: allowed is always"),
    ],
)
def test_a_wrong_choice_of_where_to_keep_jobs_is_status_2(flags, line):
    assert refused(*flags, status=2).startswith(line)
