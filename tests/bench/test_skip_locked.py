"""PostgreSQL's side: what is read from the log of pgbench."""

from __future__ import annotations

import pytest

from bench.servers import BenchError
from bench.skip_locked import Cluster, missing, summarize


def test_the_third_word_of_a_line_is_the_time(tmp_path):
    for client in range(2):
        lines = [f"{client} {n} {n * 10} 0 1700000000 5" for n in range(1, 101)]
        (tmp_path / f"taken.{client}").write_text("\n".join(lines) + "\n")
    found = summarize(tmp_path, seconds=2.0)
    assert found["ops_per_s"] == 100
    assert found["p50_us"] == 510
    assert found["p99_us"] == 1000


def test_an_empty_log_is_an_error(tmp_path):
    with pytest.raises(BenchError, match="measured nothing"):
        summarize(tmp_path, seconds=1.0)


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_real_database_inserts_and_takes():
    cluster = Cluster()
    try:
        found = cluster.measure(clients=2, seconds=1.0)
    finally:
        cluster.stop()
    assert found["ops_per_s"] > 0
    assert 0 < found["p50_us"] <= found["p99_us"]
