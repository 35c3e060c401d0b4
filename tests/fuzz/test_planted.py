"""A planted bug is found within a bounded number of runs, and none without it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS = 20_000
FOUND = 77  # libFuzzer's exit code for a find


def fuzz(folder, target, *arguments, runs=RUNS):
    """Run the fuzzer from a fixed seed, in a process of its own."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip(
            "atheris is not installed here: it has wheels for x86_64 glibc only"
        )
    limits = [f"-runs={runs}", "-seed=1", f"-artifact_prefix={folder}/"]
    command = [sys.executable, "-m", "fuzz", target, *arguments, *limits]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "name", "told"),
    [
        ("wire", "long-delay", "AssertionError"),
        ("splits", "lost-cr", "a cut that is felt"),
    ],
)
def test_a_planted_bug_is_found(tmp_path, target, name, told):
    done = fuzz(tmp_path, target, "--plant", name, "--corpus", str(tmp_path))
    assert done.returncode == FOUND, done.stderr[-2000:]
    assert told in done.stdout + done.stderr
    assert list(tmp_path.glob("crash-*"))


@pytest.mark.slow
@pytest.mark.parametrize("target", ["wire", "splits", "replay"])
def test_nothing_is_found_where_nothing_was_planted(tmp_path, target):
    done = fuzz(tmp_path, target, "--corpus", str(tmp_path), runs=2_000)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    assert "ERROR" not in done.stderr
    assert not list(tmp_path.glob("crash-*"))
