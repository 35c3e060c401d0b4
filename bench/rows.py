"""The rows of the comparison, each with the bars it has to reach."""

from __future__ import annotations

from dataclasses import replace

from bench.figures import Bar
from bench.scenario import Probe, Row, Scenario, Side

MILLION = 1_000_000

THROUGHPUT = Bar("ops_per_s")
P50 = Bar("p50_us", at_least=False)
P99 = Bar("p99_us", limit=1.25, at_least=False)
P99_SHOWN = Bar("p99_us", at_least=False)
CPU = Bar("server_us_per_op", limit=0.8, at_least=False)
CPU_SHOWN = Bar("server_us_per_op", at_least=False)


def throughput(limit: float) -> Bar:
    return replace(THROUGHPUT, limit=limit)


def beside(
    name: str, title: str, scenario: Scenario, *bars: Bar, keep: bool = False
) -> Row:
    """Penstock against beanstalkd under one scenario."""
    sides = (Side("penstock", scenario), Side("beanstalkd", scenario))
    return Row(name, title, sides, bars, keep=keep)


def single(name: str, title: str, scenario: Scenario) -> list[Row]:
    """One connection, with both processes on one core and on two."""
    bars = (throughput(1.0), P99, CPU_SHOWN)
    one_core = replace(scenario, one_core=True)
    return [
        beside(f"{name}-one-core", f"{title}, one core", one_core, *bars),
        beside(f"{name}-two-cores", f"{title}, two cores", scenario, *bars),
    ]


def _few_clients() -> list[Row]:
    take = Scenario("take", fill=100_000)
    return single("put-1", "1 connection, put", Scenario()) + single(
        "take-1", "1 connection, reserve + delete", take
    )


def _many_clients() -> list[Row]:
    ten = Scenario("cycle", connections=10)
    fifty = Scenario(connections=50)
    return [
        beside("put-50", "50 connections, put", fifty, throughput(1.05), P99, CPU),
        beside(
            "take-50",
            "50 connections, reserve + delete",
            replace(fifty, mode="take", fill=300_000),
            throughput(1.2),
            P99,
            CPU,
        ),
        beside(
            "mixed",
            "25 put, 25 reserve + delete",
            replace(fifty, mode="mixed"),
            throughput(1.2),
            P99,
            CPU,
        ),
        beside(
            "backlog",
            "1M ready jobs, random priorities, cycle",
            replace(ten, fill=MILLION, body=100, random_pri=True),
            throughput(1.2),
            P99,
            CPU,
            keep=True,
        ),
        beside(
            "waiters",
            "5,000 waiting workers, cycle",
            replace(ten, waiters=5000),
            throughput(1.05),
            replace(P99, limit=1.6),
            CPU,
        ),
        beside(
            "delayed",
            "1M delayed jobs, cycle",
            replace(ten, fill=MILLION, body=100, fill_delay=100_000),
            throughput(1.2),
            P99,
            CPU,
            keep=True,
        ),
    ]


def _bodies() -> list[Row]:
    cycle = Scenario("cycle", connections=50)
    shown = (THROUGHPUT, P99_SHOWN, CPU_SHOWN)
    return [
        beside(
            "cycle-1k",
            "50 connections, cycle, 1 KiB",
            replace(cycle, body=1024),
            *shown,
        ),
        beside(
            "cycle-16k",
            "50 connections, cycle, 16 KiB",
            replace(cycle, body=16384),
            *shown,
        ),
    ]


def _pipelined() -> list[Row]:
    base = Scenario(connections=4, depth=64)
    kinds = (
        ("16b", "4 x 64 in flight, put 16 B", base, 12.0),
        ("1k", "4 x 64 in flight, put 1 KiB", replace(base, body=1024), 8.0),
        ("16k", "4 x 8 in flight, put 16 KiB", replace(base, depth=8, body=16384), 2.0),
    )
    return [
        beside(f"pipelined-{name}", title, scenario, throughput(limit), CPU_SHOWN)
        for name, title, scenario, limit in kinds
    ]


def _tubes() -> list[Row]:
    scenario = Scenario("cycle", connections=10, tubes=2000, fill=2000)
    return [
        beside(
            "tubes-2000",
            "2,000 tubes, each cycle in another",
            scenario,
            throughput(3.0),
            P99_SHOWN,
            CPU_SHOWN,
            keep=True,
        )
    ]


def _scale() -> list[Row]:
    """Penstock when large against Penstock when empty."""
    cycle = Scenario("cycle", connections=10)
    hop = replace(cycle, tubes=10, fill=10)
    kinds = (
        (
            "scale-delayed",
            "1M delayed jobs against none",
            replace(cycle, fill=MILLION, fill_delay=100_000),
            cycle,
            "empty",
        ),
        (
            "scale-tubes",
            "100,000 tubes against 10",
            replace(hop, tubes=100_000, fill=100_000),
            hop,
            "10 tubes",
        ),
        (
            "scale-idle",
            "10,000 idle connections against none",
            replace(cycle, idle=10_000),
            cycle,
            "empty",
        ),
    )
    bars = (replace(CPU, limit=1.25), THROUGHPUT, P99_SHOWN)
    return [
        Row(
            name,
            title,
            (Side("penstock", large), Side("penstock", small, label=label)),
            bars,
            keep=large.fill > 0,
        )
        for name, title, large, small, label in kinds
    ]


def _echo() -> list[Row]:
    """How much of the machine's limit is left: a raw echo of the same commands."""
    kinds = (
        ("echo-1", "1 connection, one core, put", Scenario(one_core=True), 0.8),
        ("echo-50", "50 connections, put", Scenario(connections=50), 0.8),
        (
            "echo-pipelined",
            "4 x 64 in flight, put",
            Scenario(connections=4, depth=64),
            0.35,
        ),
    )
    return [
        Row(
            name,
            f"{title}, against raw echo",
            (
                Side("penstock", scenario),
                Side("echo", replace(scenario, mode="echo")),
            ),
            (throughput(limit),),
        )
        for name, title, scenario, limit in kinds
    ]


def _whole_server() -> list[Row]:
    fill = Scenario(fill=MILLION, body=100)
    return [
        Row(
            "memory",
            "memory per ready job of 100 B, 1M jobs",
            (
                Side("penstock", fill, probe="memory"),
                Side("beanstalkd", fill, probe="memory"),
            ),
            (Bar("bytes_per_job", limit=300, at_least=False, as_ratio=False),),
            most_rounds=3,
        ),
        Row(
            "start",
            "start to first reply, empty store (s)",
            (
                Side("penstock", Scenario(), probe="start"),
                Side("beanstalkd", Scenario(), probe="start"),
            ),
            (Bar("start_s", limit=1.0, at_least=False, as_ratio=False),),
        ),
    ]


def _durable() -> list[Row]:
    """Every reply after a sync, beside beanstalkd that syncs too or at times."""
    base = Scenario()
    pipelined = replace(base, connections=4, depth=64)
    kinds = (
        ("1", "1 connection", base, "beanstalkd-f0", 0.85),
        ("16", "16 connections", replace(base, connections=16), "beanstalkd-f0", 5),
        ("128", "128 connections", replace(base, connections=128), "beanstalkd-f0", 10),
        ("pipelined", "4 x 64 in flight", pipelined, "beanstalkd-f0", 35),
        (
            "16-1k",
            "16 connections, 1 KiB",
            replace(base, connections=16, body=1024),
            "beanstalkd-f0",
            4.5,
        ),
        (
            "128-50ms",
            "128 connections",
            replace(base, connections=128),
            "beanstalkd-50ms",
            0.9,
        ),
        ("pipelined-50ms", "4 x 64 in flight", pipelined, "beanstalkd-50ms", 3),
    )
    return [
        Row(
            f"durable-{name}",
            f"durable: {title}, put",
            (Side("penstock-durable", scenario), Side(peer, scenario)),
            (throughput(limit), P99_SHOWN, CPU_SHOWN),
        )
        for name, title, scenario, peer, limit in kinds
    ]


def _durable_start() -> list[Row]:
    fill = Scenario(fill=MILLION, body=100, connections=50)
    kinds: tuple[tuple[Probe, str, Scenario, float], ...] = (
        ("start", "empty folder", Scenario(), 1.0),
        ("recovery", "1M jobs of 100 B", fill, 10.0),
    )
    return [
        Row(
            f"durable-{probe}",
            f"durable: {title} to first reply (s)",
            (
                Side("penstock-durable", scenario, probe=probe),
                Side("beanstalkd-50ms", scenario, probe=probe),
            ),
            (Bar("start_s", limit=limit, at_least=False, as_ratio=False),),
            most_rounds=3,
        )
        for probe, title, scenario, limit in kinds
    ]


def _wake() -> list[Row]:
    """From put to a worker that waits; the peers that sync are shown beside."""
    return [
        Row(
            f"wake-{pairs}",
            f"put to waiting worker, {pairs} of each",
            tuple(
                Side(
                    server,
                    Scenario("wake", connections=pairs, redis=server[:5] == "redis"),
                    probe="skip-locked" if server == "postgresql" else "load",
                )
                for server in (
                    "penstock",
                    "beanstalkd",
                    "penstock-durable",
                    "beanstalkd-f0",
                    "redis",
                    "redis-always",
                    "postgresql",
                )
            ),
            (P50, P99_SHOWN),
        )
        for pairs in (1, 50)
    ]


ROWS: tuple[Row, ...] = (
    *_few_clients(),
    *_many_clients(),
    *_bodies(),
    *_pipelined(),
    *_tubes(),
    *_scale(),
    *_echo(),
    *_whole_server(),
    *_durable(),
    *_durable_start(),
    *_wake(),
)
