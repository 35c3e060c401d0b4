"""The repository checks itself: size, names, twins, and what must not be committed."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "penstock"
TESTS = ROOT / "tests"

LONGEST_FUNCTION = 60
LONGEST_CORE_MODULE = 350

# The parser's dispatch is one long choice by nature: "module:function".
LONG_BY_NATURE = {"src/penstock/core/wire/verbs.py:_dispatch"}

# Modules whose tests live under another name, with the reason.
TESTED_ELSEWHERE: dict[str, str] = {}

SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "managers"}
FRAGMENT = re.compile(r"\+[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md")

# Put together here so that this file does not contain what it forbids.
MARKS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
REGISTRIES = re.compile(
    "|".join(
        (
            r"pypi\." + "org",
            r"pythonhosted\." + "org",
            r"registry\." + r"(npmjs|yarnpkg)\.(org|com)",
            "--(extra-)?index" + "-url[= ]h",
        )
    )
)
SLEEP = re.compile(r"\btime\." + r"sleep\(")
CIMPORT = re.compile(r"^\s*from (penstock[\w.]*) cimport (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """A function of the server and how many lines it takes."""

    place: str
    lines: int


@cache
def committed() -> list[Path]:
    """What is committed, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = (ROOT / name for name in listed.split("\0") if name)
    return sorted(file for file in set(files) if file.is_file())


def text_of(file: Path) -> str:
    """The text of a file; bytes that are none become marks nobody searches for."""
    return file.read_text(encoding="utf-8", errors="replace")


def inner_name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def functions() -> list[Function]:
    """Every function and method of the server."""
    return [
        Function(f"{inner_name(file)}:{node.name}", node.end_lineno - node.lineno + 1)
        for file in modules()
        for node in ast.walk(ast.parse(text_of(file)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
    ]


def has_code(file: Path) -> bool:
    """Whether there is more than a docstring, imports and plain names."""
    body = ast.parse(text_of(file)).body
    plain = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    return any(not isinstance(node, plain) for node in body)


def lines_matching(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{inner_name(file)}:{number}: {line.strip()[:100]}"
        for file in files
        for number, line in enumerate(text_of(file).splitlines(), 1)
        if pattern.search(line)
    ]


def test_every_module_has_its_test_module():
    untested = []
    for file in modules():
        inner = file.relative_to(PACKAGE)
        twin = TESTS / inner.parent / f"test_{inner.stem.strip('_')}.py"
        name = inner.as_posix()
        if not twin.exists() and has_code(file) and name not in TESTED_ELSEWHERE:
            untested.append(name)
    assert untested == []


def test_reviewed_lists_name_only_what_exists():
    gone = [name for name in TESTED_ELSEWHERE if not (PACKAGE / name).exists()]
    gone += sorted(LONG_BY_NATURE - {function.place for function in functions()})
    assert gone == []


def test_no_function_is_longer_than_a_screen():
    long = [f for f in functions() if f.lines > LONGEST_FUNCTION]
    assert [f for f in long if f.place not in LONG_BY_NATURE] == []


def test_half_of_the_functions_are_under_ten_lines_and_nine_in_ten_under_forty():
    sizes = sorted(f.lines for f in functions())
    assert statistics.median(sizes) < 10
    assert statistics.quantiles(sizes, n=10)[-1] < 40


def test_no_core_module_is_longer_than_it_may_be():
    sizes = {
        inner_name(file): len(text_of(file).splitlines())
        for file in modules()
        if "core" in file.relative_to(PACKAGE).parts
    }
    assert {k: n for k, n in sizes.items() if n > LONGEST_CORE_MODULE} == {}


def test_no_module_has_a_name_that_says_nothing():
    python = [file for file in committed() if file.suffix in {".py", ".pyi", ".pxd"}]
    words = {
        inner_name(file): set(re.split(r"[/_.]", inner_name(file).lower()))
        for file in python
    }
    assert [name for name, parts in words.items() if parts & SAYS_NOTHING] == []


def imported_by(file: Path) -> set[tuple[str, str]]:
    """Every (module, name) that a module imports."""
    nodes = ast.walk(ast.parse(text_of(file)))
    froms = (node for node in nodes if isinstance(node, ast.ImportFrom))
    # C declarations without a module of their own have no other name to go by.
    return {
        ((node.module or "").removeprefix("cython.cimports."), alias.name)
        for node in froms
        for alias in node.names
    }


def cimported_by(types: Path) -> set[tuple[str, str]]:
    """Every (module, name) of ours that C types take from other C types."""
    one_line = re.sub(r"\(([^)]*)\)", lambda m: " ".join(m[1].split()), text_of(types))
    return {
        (module, name.split(" as ")[0].strip())
        for module, names in CIMPORT.findall(one_line)
        for name in names.split("#")[0].split(",")
        if name.strip()
    }


def test_every_cimport_of_ours_has_its_import_twin():
    lonely = [
        f"{inner_name(types)}: {module} cimport {name}"
        for types in PACKAGE.rglob("*.pxd")
        if types.with_suffix(".py").exists()
        for module, name in sorted(
            cimported_by(types) - imported_by(types.with_suffix(".py"))
        )
    ]
    assert lonely == []


def test_our_own_modules_are_never_imported_through_cython():
    """C declarations, which have no module of their own, come no other way."""
    through = re.compile(r"cython\.cimports\.(penstock[\w.]*)")
    named = {name for file in modules() for name in through.findall(text_of(file))}
    sources = [PACKAGE.parent / (name.replace(".", "/") + ".py") for name in named]
    assert [source for source in sources if source.exists()] == []


def test_no_task_is_started_and_forgotten():
    forgotten = [
        f"{inner_name(file)}:{node.lineno}"
        for file in modules()
        for node in ast.walk(ast.parse(text_of(file)))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "create_task"
    ]
    assert forgotten == []


def test_changelog_fragments_have_valid_names():
    kept = {".gitignore", "README.md"}
    names = {file.name for file in (ROOT / "changelog.d").iterdir()} - kept
    assert [name for name in sorted(names) if not FRAGMENT.fullmatch(name)] == []


def test_no_mark_of_unfinished_work_is_left():
    assert lines_matching(MARKS, committed()) == []


def test_no_test_sleeps():
    tests = [file for file in committed() if TESTS in file.parents]
    python = [file for file in tests if file.suffix == ".py"]
    assert lines_matching(SLEEP, python) == []


def test_no_committed_file_names_a_registry():
    assert lines_matching(REGISTRIES, committed()) == []


def test_every_locked_package_is_pinned_with_hashes():
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        entries = re.split(r"\n(?=\S)", text_of(lock).strip())
        loose = [e for e in entries if "==" not in e or "--hash=sha256:" not in e]
        assert (lock.name, loose) == (lock.name, [])


def test_c_types_belong_to_a_module_or_declare_what_is_c():
    typed = sorted(PACKAGE.rglob("*.pxd"))
    assert typed
    orphans = [t for t in typed if not t.with_suffix(".py").exists()]
    declarations = [t for t in orphans if "cdef extern" in text_of(t)]
    assert [t for t in orphans if t not in declarations] == []
