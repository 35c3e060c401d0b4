"""Settings come from flags, then variables, then a file; mistakes are one line."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from penstock.config import Settings, Sync, Systemd, data_folder, from_systemd, load
from penstock.errors import ConfigError, FlagError
from penstock.log.file import NEVER
from penstock.server.address import TcpAddress, UnixAddress

KEYS = (
    "data, sync, memory, beanstalk, allow, max_job_size, max_connections,"
    " max_memory, log_format"
)
VARIABLES = ", ".join(f"PENSTOCK_{key.upper()}" for key in KEYS.split(", "))
ADDRESSES = "a list of addresses: HOST:PORT, [IPV6]:PORT, unix:PATH or off"
SIZES = "a size up to 1GiB, such as 65535, 64KiB or 1MiB"
RANGES = "a list of ranges such as 10.0.0.0/8 or fd00::/8"
PLACE = "allowed is the path of a folder, and not together with memory"
SYNCS = (
    "allowed is always, interval:MS or never, where MS are 1 to 60000 milliseconds,"
    " and none of them together with memory"
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory in which nobody has left a file."""
    monkeypatch.chdir(tmp_path)


def written(text: str) -> Path:
    path = Path("penstock.toml")
    path.write_text(text)
    return path


# Values.


def test_without_anything_there_are_the_defaults():
    assert load({}, None, {}) == Settings(
        data=None,
        sync=Sync("always", 0),
        memory=False,
        beanstalk=None,
        allow=(),
        max_job_size=1 << 20,
        max_connections=None,
        max_memory=None,
        log_format="console",
    )


def test_flags_win_over_variables_and_variables_over_the_file():
    written("max_job_size = 1\nmax_connections = 2\nmax_memory = 3")
    variables = {"PENSTOCK_MAX_JOB_SIZE": "10", "PENSTOCK_MAX_CONNECTIONS": "20"}
    settings = load({"max_job_size": "100"}, None, variables)
    said = (settings.max_job_size, settings.max_connections, settings.max_memory)
    assert said == (100, 20, 3)


def test_a_named_file_is_read_instead_of_the_one_in_the_working_directory():
    written("max_connections = 2")
    Path("other.toml").write_text("max_job_size = 7")
    settings = load({}, Path("other.toml"), {})
    assert (settings.max_connections, settings.max_job_size) == (None, 7)


def test_an_empty_variable_says_nothing():
    assert load({}, None, {"PENSTOCK_MAX_JOB_SIZE": ""}).max_job_size == 1 << 20


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("65535", 65535),
        ("1MiB", 1 << 20),
        ("1 MiB", 1 << 20),
        ("64kib", 65536),
        ("1GiB", 1 << 30),
        ("10B", 10),
        ("0", 0),
    ],
)
def test_a_size_may_have_a_unit(text, size):
    assert load({"max_job_size": text}, None, {}).max_job_size == size


@pytest.mark.parametrize("list_", ['["[::1]:2", "unix:/a"]', '"[::1]:2, unix:/a"'])
def test_a_list_may_be_a_text_with_commas(list_):
    settings = load({}, written(f"beanstalk = {list_}"), {})
    assert settings.beanstalk == (TcpAddress("::1", 2), UnixAddress("/a"))


def test_off_is_no_listener_at_all():
    assert load({"beanstalk": ["off"]}, None, {}).beanstalk == ()


def test_ranges_are_read_from_a_variable():
    settings = load({}, None, {"PENSTOCK_ALLOW": "10.0.0.0/8,fd00::/8"})
    wanted = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
    assert settings.allow == wanted


@pytest.mark.parametrize(
    "name",
    [
        "PENSTOCK_PORT",
        "PENSTOCK_PORT_11300_TCP_ADDR",
        "PENSTOCK_SERVICE_HOST",
        "PENSTOCK_FORM",
        "PENSTOCK_COMPILE",
    ],
)
def test_what_containers_and_builds_set_is_no_setting(name):
    assert load({}, None, {name: "tcp://10.0.0.1:11300"}) == load({}, None, {})


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("always", 0),
        ("interval:1", 1_000_000),
        ("interval:50", 50_000_000),
        ("interval:60000", 60_000_000_000),
        ("never", NEVER),
    ],
)
def test_sync_is_how_long_something_may_wait(text, interval):
    assert load({"sync": text}, None, {}).sync == Sync(text, interval)


# Where jobs are kept: one choice, made by whoever comes first.


@pytest.mark.parametrize(
    ("flags", "variables", "file", "place"),
    [
        ({"memory": True}, {}, 'data = "/x"', None),
        ({"data": "/f"}, {}, "memory = true", "/f"),
        ({"memory": True}, {}, 'data = "/x"\nsync = "never"', None),
        ({}, {"PENSTOCK_MEMORY": "true"}, 'data = "/x"', None),
        ({}, {"PENSTOCK_MEMORY": "false"}, 'data = "/x"', "/x"),
        ({}, {"PENSTOCK_DATA": "/v"}, 'memory = true\ndata = "/x"', "/v"),
        ({"data": "/f"}, {"PENSTOCK_DATA": "/v"}, 'data = "/x"', "/f"),
    ],
)
def test_a_flag_for_memory_or_a_folder_rules_the_other_out(
    flags, variables, file, place
):
    settings = load(flags, written(file), variables)
    assert settings.memory is (place is None)
    assert data_folder(settings, {}, 0) == (place and Path(place))


@pytest.mark.parametrize(
    ("environ", "user", "place"),
    [
        ({"STATE_DIRECTORY": "/var/lib/jobs:/var/lib/else"}, 0, "/var/lib/jobs"),
        ({"STATE_DIRECTORY": "/s", "XDG_STATE_HOME": "/home/me/state"}, 7, "/s"),
        ({"HOME": "/root"}, 0, "/var/lib/penstock"),
        (
            {"HOME": "/home/me", "XDG_STATE_HOME": "/home/me/s"},
            7,
            "/home/me/s/penstock",
        ),
        ({"HOME": "/home/me"}, 7, "/home/me/.local/state/penstock"),
        (
            {"HOME": "/home/me", "XDG_STATE_HOME": "relative"},
            7,
            "/home/me/.local/state/penstock",
        ),
    ],
)
def test_without_a_folder_there_is_one_for_each_kind_of_start(environ, user, place):
    assert data_folder(load({}, None, environ), environ, user) == Path(place)


def test_a_relative_folder_is_told_in_full(tmp_path):
    settings = load({"data": "jobs"}, None, {})
    assert data_folder(settings, {}, 7) == tmp_path / "jobs"


def test_without_a_home_a_folder_has_to_be_named():
    with pytest.raises(ConfigError, match="no home is there"):
        data_folder(load({}, None, {}), {"HOME": ""}, 7)


# Mistakes.


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"max_job_size": "12q"}, f"--max-job-size 12q: allowed is {SIZES}"),
        ({"max_job_size": "2GiB"}, f"--max-job-size 2GiB: allowed is {SIZES}"),
        ({"beanstalk": ["a:1", "b"]}, f"--beanstalk b: allowed is {ADDRESSES}"),
        ({"beanstalk": ["a:1", "off"]}, f"--beanstalk off: allowed is {ADDRESSES}"),
        ({"allow": ["10.0.0.1/8"]}, f"--allow 10.0.0.1/8: allowed is {RANGES}"),
        ({"log_format": "xml"}, "--log-format xml: allowed is console or json"),
        ({"data": "/x", "memory": True}, f"--data /x: {PLACE}"),
        ({"data": ""}, f"--data : {PLACE}"),
        ({"sync": "sometimes"}, f"--sync sometimes: {SYNCS}"),
        ({"sync": "interval:0"}, f"--sync interval:0: {SYNCS}"),
        ({"sync": "interval:60001"}, f"--sync interval:60001: {SYNCS}"),
        ({"sync": "interval:5ms"}, f"--sync interval:5ms: {SYNCS}"),
        ({"sync": "never", "memory": True}, f"--sync never: {SYNCS}"),
    ],
)
def test_a_wrong_flag_is_named(flags, line):
    with pytest.raises(FlagError) as told:
        load(flags, None, {})
    assert str(told.value) == line


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("MAX_CONNECTIONS", "0", "allowed is a whole number from 1 to 1000000"),
        ("MEMORY", "perhaps", "allowed is true or false"),
        ("MAX_MEMORY", "much", "allowed is a size such as 512MiB or 8GiB"),
        ("ALLOW", "here", f"allowed is {RANGES}"),
        ("MAX_JOBSIZE", "1", f"unknown variable, allowed are {VARIABLES}"),
    ],
)
def test_a_wrong_variable_is_named(name, value, complaint):
    with pytest.raises(ConfigError) as told:
        load({}, None, {f"PENSTOCK_{name}": value})
    assert str(told.value) == f"PENSTOCK_{name}={value}: {complaint}"
    assert not isinstance(told.value, FlagError)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("foo = 1", f"foo = 1: unknown key, allowed are {KEYS}"),
        ('allow = ["x"]', f'allow = "x": allowed is {RANGES}'),
        ("beanstalk = [1]", f"beanstalk = 1: allowed is {ADDRESSES}"),
        ("max_job_size = true", f"max_job_size = true: allowed is {SIZES}"),
        ("max_job_size = -1", f"max_job_size = -1: allowed is {SIZES}"),
        (
            "max_connections = true",
            "max_connections = true: allowed is a whole number from 1 to 1000000",
        ),
        ('data = "/x"\nmemory = true', f'data = "/x": {PLACE}'),
        ("data = 5", f"data = 5: {PLACE}"),
        ("sync = true", f"sync = true: {SYNCS}"),
        ('sync = "always"\nmemory = true', f'sync = "always": {SYNCS}'),
        ("beanstalk =", "Invalid value (at end of document)"),
    ],
)
def test_a_mistake_in_the_file_is_named(text, line):
    with pytest.raises(ConfigError) as told:
        load({}, written(text), {})
    assert str(told.value) == f"penstock.toml: {line}"


def test_a_flag_for_syncs_is_not_lost_to_memory_in_the_file():
    with pytest.raises(FlagError) as told:
        load({"sync": "always"}, written("memory = true"), {})
    assert str(told.value) == f"--sync always: {SYNCS}"


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError) as told:
        load({}, Path("nope.toml"), {})
    assert str(told.value) == "nope.toml: there is no such file"


def test_a_folder_in_place_of_the_file_is_named(tmp_path):
    Path("penstock.toml").mkdir()
    with pytest.raises(ConfigError) as told:
        load({}, None, {})
    assert str(told.value) == "penstock.toml: Is a directory"


def test_a_file_that_is_no_text_is_one_line():
    Path("penstock.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"^penstock.toml: '?utf-8'? codec can't"):
        load({}, None, {})


def test_a_value_with_line_ends_still_gives_one_line():
    with pytest.raises(ConfigError) as told:
        load({"log_format": "a\nb"}, None, {})
    assert "\n" not in str(told.value)


# systemd.


def told_by_systemd(**more: str) -> dict[str, str]:
    return {"LISTEN_PID": "7", "LISTEN_FDS": "2", "OTHER": "stays"} | more


def test_inherited_sockets_have_the_names_that_systemd_gave():
    environ = told_by_systemd(LISTEN_FDNAMES="beanstalk:x")
    assert from_systemd(environ, 7) == Systemd({3: "beanstalk", 4: "x"}, None, None)
    assert environ == {"OTHER": "stays"}


def test_sockets_without_names_are_inherited_too():
    assert from_systemd(told_by_systemd(), 7).sockets == {3: "", 4: ""}


def test_what_was_meant_for_another_process_is_not_taken():
    environ = told_by_systemd(WATCHDOG_PID="8", WATCHDOG_USEC="5")
    assert from_systemd(environ, 8).watchdog == 5
    environ = told_by_systemd(WATCHDOG_PID="8", WATCHDOG_USEC="5")
    assert from_systemd(environ, 9) == Systemd({}, None, None)


def test_the_place_to_report_and_the_watchdog_are_read():
    environ = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "30000000"}
    assert from_systemd(environ, 7) == Systemd({}, "/run/n", 30_000_000)


# The documentation.

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def test_every_setting_is_documented_with_its_variable_or_flag():
    table = (REFERENCE / "settings.md").read_text().partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line[:3] == "| `"]
    documented = {row.split("`")[1] for row in rows}
    assert documented == set(Settings.model_fields)
