"""Each patch still fits, and its test is there. `make mutants` runs them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.mutants.__main__ import HERE, ROOT, Misfit, read_mutant

PATCHES = sorted(HERE.glob("*.patch"))
FEWEST = 25

needs_patch = pytest.mark.skipif(
    shutil.which("patch") is None, reason="patch is not installed here"
)


def test_there_are_enough():
    assert len(PATCHES) >= FEWEST


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_its_test_is_there(patch):
    mutant = read_mutant(patch)
    file, _, name = mutant.test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()
    assert mutant.form in ("compiled", "plain")


@needs_patch
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_it_applies(patch):
    command = ["patch", "--batch", "--forward", "--fuzz=0", "--strip=1", "--dry-run"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        input=patch.read_text(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_patch_has_to_say_what_it_breaks(tmp_path):
    patch = tmp_path / "silent.patch"
    patch.write_text("# caught by: tests/test_x.py::test_x\n")
    with pytest.raises(Misfit, match="breaks"):
        read_mutant(patch)
