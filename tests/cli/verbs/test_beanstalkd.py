"""`penstock beanstalkd`: beanstalkd's options mean what they mean there."""

from __future__ import annotations

import os
import pwd
import sys

import pytest

from penstock.beanstalkd.options import parse
from penstock.cli.verbs.beanstalkd import settings
from penstock.errors import ConfigError, ListenError
from penstock.server.access import PRIVATE
from penstock.testing.server import running_server
from tests.beanstalkd import real
from tests.beanstalkd.records import HEADER, record
from tests.cli.command_line import penstock
from tests.conformance.servers import ServerProcess

COMMAND = [sys.executable, "-m", "penstock.cli.main", "beanstalkd", "-p{port}"]
ALL = [str(network) for network in PRIVATE]


def meant(*words, inherits=False):
    return settings(parse(words), inherits=inherits)


def noted(*words):
    options = parse(words)
    settings(options, inherits=False)
    return " ".join(options.notes)


def test_without_options_jobs_are_in_memory_and_this_machine_alone_is_served():
    assert meant() == {
        "max_job_size": 65535,
        "memory": True,
        "beanstalk": ["127.0.0.1:11300", "[::1]:11300"],
    }
    assert "say -l 0.0.0.0" in noted()


def test_a_binlog_folder_is_where_jobs_are_kept_and_every_reply_waits():
    told = meant("-b", "/var/lib/b")
    assert (told["data"], told["sync"]) == ("/var/lib/b/penstock", "always")
    assert "memory" not in told
    assert meant("-b", "/b", "-f50")["sync"] == "interval:50"


REACHED = [
    ("127.0.0.1", "127.0.0.1:99", None),
    ("::1", "[::1]:99", None),
    ("10.0.0.5", "10.0.0.5:99", ALL),
    ("0.0.0.0", "0.0.0.0:99", ALL),
    ("fd00::5", "[fd00::5]:99", ALL),
    ("::", "[::]:99", ALL),
    ("localhost", "localhost:99", None),
    ("unix:/run/b.sock", "unix:/run/b.sock", None),
]


@pytest.mark.parametrize(("host", "address", "allow"), REACHED)
def test_an_address_is_listened_on_for_private_networks(host, address, allow):
    told = meant("-l", host, "-p99")
    assert (told["beanstalk"], told.get("allow")) == ([address], allow)
    assert ("private networks" in noted("-l", host)) == (allow is not None)


def test_an_address_of_the_public_internet_is_refused_with_what_to_say():
    with pytest.raises(ConfigError, match=r"serve --beanstalk 8\.8\.8\.8:11300"):
        meant("-l", "8.8.8.8")


def test_a_name_that_nobody_knows_is_said():
    with pytest.raises(ListenError, match=r"no\.such\.name\.invalid"):
        meant("-l", "no.such.name.invalid")


def test_with_sockets_of_systemd_addresses_are_left_to_it():
    told = meant("-l", "8.8.8.8", inherits=True)
    assert ("beanstalk" in told, told["allow"]) == (False, ALL)


@pytest.mark.parametrize("words", [["-x"], ["there"], ["-p"], ["-z", "1x"]])
def test_what_is_no_option_is_status_5_with_the_usage(words):
    done = penstock("beanstalkd", *words)
    assert (done.returncode, done.stdout) == (5, "")
    assert "Use: penstock beanstalkd [OPTIONS]" in done.stderr


def test_help_and_version_are_status_0():
    done = penstock("beanstalkd", "-h")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("Use: penstock beanstalkd [OPTIONS]")
    done = penstock("beanstalkd", "-v")
    assert (done.returncode, done.stdout.split()[0]) == (0, "penstock")


def test_a_folder_that_is_not_there_is_status_10(tmp_path):
    done = penstock("beanstalkd", "-p0", "-b", str(tmp_path / "none"))
    assert done.returncode == 10
    assert "there is no such folder" in done.stderr


def test_a_user_that_is_not_there_is_status_33():
    done = penstock("beanstalkd", "-p0", "-u", "no-such-user")
    assert done.returncode == 33
    assert "there is no such user" in done.stderr


def test_a_port_that_is_taken_is_status_111():
    with running_server("--memory") as server:
        done = penstock("beanstalkd", "-l", "127.0.0.1", "-p", str(server.port))
    assert done.returncode == 111


def served(command):
    server = ServerProcess(command)
    try:
        with real.Client(server.port) as client:
            return client.ask("peek 2"), client.ask("put 0 0 1 65536", bytes(65536))
    finally:
        server.process.terminate()
        server.process.wait()


def test_it_serves_the_jobs_of_the_binlog(tmp_path):
    (tmp_path / "binlog.1").write_bytes(HEADER + record(2))
    for _ in range(2):
        found, large = served([*COMMAND, "-b", str(tmp_path)])
        assert found == (["FOUND", "2", "5"], b"hello")
        assert large == (["JOB_TOO_BIG"], b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody")
def test_it_becomes_the_user_that_is_named(tmp_path):
    name = pwd.getpwuid(0).pw_name
    found, _large = served([*COMMAND, "-u", name])
    assert found == (["NOT_FOUND"], b"")
