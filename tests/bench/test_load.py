"""The load generator: exact histogram, exact counts, no mercy for a wrong reply."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess

import pytest

from bench.servers import ROOT, Server, specs

SOURCE = ROOT / "bench" / "load.c"

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here")
with_beanstalkd = pytest.mark.skipif(
    shutil.which("beanstalkd") is None, reason="beanstalkd is not installed"
)

HISTOGRAM_CHECK = """
#define main load_main
#include "%s"
#undef main

static void check_bucket(uint64_t value) {
    double error = bucket_middle(bucket_of(value)) - (double)value;
    if (error < 0) error = -error;
    if (error > (double)value / 64)
        die("%%llu is off by %%g", (unsigned long long)value, error);
}

int main(void) {
    unsigned last = 0;
    for (uint64_t value = 0; value < 1000000; value++) {
        check_bucket(value);
        if (bucket_of(value) < last || bucket_of(value) > last + 1)
            die("a gap before %%llu", (unsigned long long)value);
        last = bucket_of(value);
    }
    for (unsigned shift = 20; shift < 60; shift++)
        check_bucket((1ull << shift) * 5 / 3);
    for (uint64_t value = 1; value <= 100000; value++) record(value);
    printf("%%g %%g %%llu", percentile(0.5), percentile(0.99),
           (unsigned long long)latency_max);
}
"""


def build(source, target):
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]
    subprocess.run([*command, "-o", target, source], check=True)
    return target


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return build(SOURCE, tmp_path_factory.mktemp("load") / "load")


@pytest.fixture
def beanstalkd():
    server = Server(specs("", "")["beanstalkd"])
    yield server
    server.stop()


def run(generator, server, *flags):
    command = [generator, "--port", str(server.port), "--pid", str(server.pid), *flags]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )


def figures(generator, server, *flags):
    done = run(generator, server, "--warmup", "0", "--seconds", "30", *flags)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ask(server, command):
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(command)
        return connection.recv(65536)


def statistic(server, name):
    for line in ask(server, b"stats\r\n").decode().splitlines():
        if line.startswith(f"{name}: "):
            return int(line.split()[1])
    raise AssertionError(name)


def test_the_histogram_is_exact_to_a_bucket(tmp_path):
    source = tmp_path / "check.c"
    source.write_text(HISTOGRAM_CHECK % SOURCE)
    check = build(source, tmp_path / "check")
    done = subprocess.run([check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    half, most, longest = (float(word) for word in done.stdout.split())
    assert half == pytest.approx(50_000, rel=1 / 64)
    assert most == pytest.approx(99_000, rel=1 / 64)
    assert longest == 100_000


@with_beanstalkd
def test_as_many_jobs_are_put_as_were_asked_for(generator, beanstalkd):
    found = figures(generator, beanstalkd, "--ops", "500", "--connections", "3")
    assert found["ops"] == found["samples"] == 500
    assert found["ended_early"] is True
    assert 0 < found["p50_us"] <= found["p99_us"] <= found["max_us"] * (1 + 1 / 64)
    assert found["server_cpu_s"] > 0
    assert statistic(beanstalkd, "current-jobs-ready") == 500


@with_beanstalkd
def test_all_that_was_filled_is_taken(generator, beanstalkd):
    flags = ("--mode", "take", "--fill", "300", "--random-pri", "--connections", "4")
    assert figures(generator, beanstalkd, *flags, "--depth", "8")["ops"] == 600
    assert statistic(beanstalkd, "cmd-delete") == 300
    assert statistic(beanstalkd, "current-jobs-ready") == 0


@with_beanstalkd
def test_a_cycle_leaves_what_was_there_before(generator, beanstalkd):
    flags = ("--mode", "cycle", "--fill", "100", "--fill-delay", "1000")
    found = figures(generator, beanstalkd, *flags, "--ops", "300", "--body", "20000")
    assert found["ops"] == 300
    assert statistic(beanstalkd, "cmd-reserve") == 100
    assert statistic(beanstalkd, "current-jobs-delayed") == 100
    assert statistic(beanstalkd, "current-jobs-ready") == 0


@with_beanstalkd
def test_each_cycle_goes_to_another_tube(generator, beanstalkd):
    flags = ("--mode", "cycle", "--tubes", "20", "--fill", "20", "--connections", "2")
    assert figures(generator, beanstalkd, *flags, "--ops", "120")["ops"] == 120
    assert statistic(beanstalkd, "cmd-watch") == 40
    assert statistic(beanstalkd, "current-tubes") == 21
    assert statistic(beanstalkd, "current-jobs-ready") == 20


@with_beanstalkd
def test_waiters_and_idle_connections_stay_while_others_work(generator, beanstalkd):
    flags = ("--mode", "cycle", "--waiters", "30", "--idle", "20", "--ops", "90")
    assert figures(generator, beanstalkd, *flags)["ops"] == 90
    assert statistic(beanstalkd, "total-connections") >= 52
    assert statistic(beanstalkd, "cmd-reserve") == 30 + 30


@with_beanstalkd
@pytest.mark.parametrize("mode", ["mixed", "wake"])
def test_jobs_pass_from_one_connection_to_another(generator, beanstalkd, mode):
    flags = ("--mode", mode, "--connections", "2", "--warmup", "0", "--seconds", "0.1")
    done = run(generator, beanstalkd, *flags)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ops"] > 0
    assert statistic(beanstalkd, "cmd-delete") > 0


@with_beanstalkd
def test_a_job_that_is_not_ours_ends_the_run(generator, beanstalkd):
    ask(beanstalkd, b"put 0 0 60 5\r\nother\r\n")
    done = run(generator, beanstalkd, "--mode", "cycle")
    assert done.returncode == 1
    assert 'unexpected reply to reserve: "RESERVED 1 5' in done.stderr
    assert done.stdout == ""


@with_beanstalkd
def test_a_refused_put_ends_the_run(generator, beanstalkd):
    done = run(generator, beanstalkd, "--body", "100000")
    assert done.returncode == 1
    assert 'unexpected reply to put: "JOB_TOO_BIG' in done.stderr


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ((), "--port is missing"),
        (("--port", "99999"), "not a number from 1 to 65535"),
        (("--port", "1", "--mode", "fly"), 'unknown mode "fly"'),
        (("--port", "1", "--mode", "take"), "take needs --fill"),
        (("--port", "1", "extra"), 'unexpected argument "extra"'),
    ],
)
def test_a_wrong_flag_is_named(generator, flags, complaint):
    done = subprocess.run(
        [generator, *flags], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert complaint in done.stderr
