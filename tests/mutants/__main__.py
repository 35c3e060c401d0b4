"""Breaks each line that protects a promise, and requires its test to notice.

    python -m tests.mutants             all of them
    python -m tests.mutants fsync seed  those whose names contain one of these words

Each `*.patch` here breaks one line and says what that breaks and which test catches it.
The tree is copied, a patch applied, the module compiled again where it is one that is
compiled, and the test run: it has to be red then, and green without. A patch that does
not apply, or a test that stays green or does not end, ends this with 1.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TREE = ("src", "tests", "stubs", "fuzz", "pyproject.toml", "setup.py", "README.md")
COPIES = 2  # mutants at a time
LONGEST = 180.0  # seconds until a test counts as one that does not end
FAILED = 1  # what pytest ends with when a test is red; other errors are others
FIELD = re.compile(r"# (breaks|caught by|form): (.+)")
BUILD = """
import sys, setuptools, setup
name = sys.argv.pop(1)
only = [each for each in setup.typed_extensions() if each.name == name]
assert only, name
setuptools.setup(ext_modules=only, cmdclass={"build_ext": setup.CompileTyped})
"""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A patch: what it breaks, the test that catches it, and the form to run it in."""

    patch: Path
    breaks: str
    test: str
    form: str

    @property
    def name(self) -> str:
        """Give its name."""
        return self.patch.stem


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant; `fault` is empty where its test caught it."""

    mutant: Mutant
    fault: str
    seconds: float


class Misfit(Exception):  # noqa: N818
    """A patch that cannot be used as it is."""


def read_mutant(patch: Path) -> Mutant:
    """Read what a patch says of itself."""
    found = dict(FIELD.findall(patch.read_text()))
    for field in ("breaks", "caught by"):
        if field not in found:
            raise Misfit(f"{patch.name} has no line `# {field}: ...`")
    form = found.get("form", "compiled")
    return Mutant(patch, found["breaks"], found["caught by"], form)


def copy_tree(target: Path) -> None:
    """Copy what tests need, the compiled modules included."""
    skip = shutil.ignore_patterns("__pycache__", "node_modules", "*.pyc")
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=skip)
        elif source.exists():
            shutil.copy(source, target / name)


def environment(tree: Path, form: str) -> dict[str, str]:
    """Let Python find the copy and leave nothing behind that outlives a patch."""
    path = os.pathsep.join((str(tree / "src"), str(tree)))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PENSTOCK_FORM": form,
    }


def run(tree: Path, form: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=environment(tree, form),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def run_tests(tree: Path, form: str, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a copy, in their order."""
    options = ("-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=line")
    return run(tree, form, "-m", "pytest", *options, *tests)


@contextmanager
def broken(tree: Path, mutant: Mutant) -> Iterator[None]:
    """Apply a patch, and put everything back afterwards."""
    text = mutant.patch.read_text()
    touched = [
        tree / name for name in re.findall(r"^\+\+\+ b/(\S+)", text, re.MULTILINE)
    ]
    kept = {file: file.read_bytes() for each in touched for file in _files_of(each)}
    try:
        _apply(tree, text)
        if mutant.form == "compiled":
            for file in touched:
                _compile(tree, file)
        yield
    finally:
        for file, content in kept.items():
            # The old file may be mapped into a process that is still ending.
            file.unlink()
            file.write_bytes(content)


def _files_of(module: Path) -> list[Path]:
    if not module.exists():
        raise Misfit(f"there is no {module.name}")
    return [module, *module.parent.glob(f"{module.stem}.*.so")]


def _apply(tree: Path, text: str) -> None:
    command = ["patch", "--batch", "--forward", "--fuzz=0", "--strip=1", "--silent"]
    done = subprocess.run(
        [*command, "--no-backup-if-mismatch", "--reject-file=-"],
        cwd=tree,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Misfit("it does not apply any more")


def _compile(tree: Path, module: Path) -> None:
    """Compile one module; those that know it stay, for its C types are the same."""
    if not module.with_suffix(".pxd").exists():
        return
    name = ".".join(module.relative_to(tree / "src").with_suffix("").parts)
    for old in module.parent.glob(f"{module.stem}.*.so"):
        old.unlink()  # mapped files are replaced, never written into
    done = run(tree, "compiled", "-c", BUILD, name, "-q", "build_ext", "--inplace")
    if done.returncode:
        raise Misfit(f"it does not compile: {(done.stdout + done.stderr)[-300:]}")


def judge(tree: Path, mutant: Mutant) -> str:
    """Give what is wrong with a mutant, nothing where its test is red."""
    try:
        with broken(tree, mutant):
            done = run_tests(tree, mutant.form, mutant.test)
    except Misfit as misfit:
        return str(misfit)
    except subprocess.TimeoutExpired:
        return "its test does not end"
    if done.returncode == FAILED:
        return ""
    if done.returncode == 0:
        return "NOT CAUGHT: its test stays green"
    return f"its test cannot run: {(done.stdout + done.stderr).strip()[-300:]}"


def judge_timed(trees: SimpleQueue[Path], mutant: Mutant) -> Result:
    """Judge in a copy that nobody else uses meanwhile."""
    tree, began = trees.get(), time.monotonic()
    try:
        fault = judge(tree, mutant)
    finally:
        trees.put(tree)
    return Result(mutant, fault, time.monotonic() - began)


def check_green(tree: Path, mutants: list[Mutant]) -> list[str]:
    """Name the tests that are red, skipped or missing without any patch."""
    faults = []
    for form in sorted({mutant.form for mutant in mutants}):
        tests = sorted({m.test for m in mutants if m.form == form})
        done = run_tests(tree, form, "-rs", *tests)
        said = (done.stdout + done.stderr).strip()
        if done.returncode or "skipped" in said.splitlines()[-1]:
            faults.append(f"without any patch ({form}):\n{said[-1500:]}")
    return faults


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def judge_all(trees: list[Path], mutants: list[Mutant]) -> list[Result]:
    """Judge all mutants, as many at a time as there are copies."""
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)
    results = []
    with ThreadPoolExecutor(len(trees)) as pool:
        todo = [pool.submit(judge_timed, free, mutant) for mutant in mutants]
        for number, done in enumerate(as_completed(todo), 1):
            result = done.result()
            results.append(result)
            told = result.fault or "caught"
            _say(f"{number:3}/{len(mutants)}  {result.mutant.name}: {told}")
    return sorted(results, key=lambda each: each.mutant.name)


def table(results: list[Result]) -> str:
    """Tell for each mutant what it breaks and whether its test caught it."""
    lines = ["", f"{'mutant':34} {'s':>4}  {'':10}  what is broken"]
    for result in results:
        told = "NOT CAUGHT" if result.fault else "caught"
        mutant = result.mutant
        lines.append(
            f"{mutant.name:34} {result.seconds:4.0f}  {told:10}  {mutant.breaks}"
        )
    return "\n".join(lines)


def chosen(words: list[str]) -> list[Mutant]:
    """Read the mutants whose names contain one of the words, or all."""
    mutants = [read_mutant(patch) for patch in sorted(HERE.glob("*.patch"))]
    return [m for m in mutants if not words or any(word in m.name for word in words)]


def main(words: list[str]) -> int:
    """Judge and tell."""
    mutants = chosen(words)
    with tempfile.TemporaryDirectory(prefix="penstock-mutants-") as name:
        trees = [Path(name) / str(number) for number in range(COPIES)]
        for tree in trees:
            tree.mkdir()
            copy_tree(tree)
        faults = check_green(trees[0], mutants)
        if faults:
            _say("\n".join(faults))
            return 1
        results = judge_all(trees, mutants)
    caught = sum(not result.fault for result in results)
    _say(table(results))
    _say(f"\n{caught} of {len(results)} mutants caught, each by its named test")
    return 0 if results and caught == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
