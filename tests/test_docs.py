"""What the documentation says is so: links lead somewhere, examples run, lists are
complete."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import greenstalk
import pytest

from penstock import config
from penstock.testing.server import RunningServer, running_server
from tests.cli.command_line import flags_of_verbs
from tests.differential.differences import RULES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PROTOCOL = ROOT / "docs" / "protocol" / "beanstalk.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WITH_PYTHON = [README, ROOT / "docs" / "guide" / "first-job.md"]

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(
    r"^```python\n(.*?)^```$\n*(?:It prints `([^`]+)`)?", re.MULTILINE | re.DOTALL
)
COMMAND = re.compile(
    r"penstock (serve|ping|check|dump|explain|repair|import [a-z-]+)\b([^\n`|#]*)"
)
DIFFERS = re.compile(r"^== (.+)\ndiffers:", re.MULTILINE)
VERB = re.compile(r'line\.starts\(b"([a-z-]+) ?"\)')

# A rule of the differential tests, or a scenario of a transcript, and the words that
# the page of differences has for it.
TOLD_AS = {
    "quoted names": "in double quotes",
    "further fields": "fields of its own after the last one",
    "odd timeout": "waits for ever, or cuts the number to 32 bits",
    "no number": "with no number at all",
    "no digit after the sign": "with no number at all",
    "a negative number": "with a minus sign",
    "a number over 31 bits": "2147483648 and more",
    "line of 225": "exactly 225 bytes",
    "a line of 225 bytes is too long": "exactly 225 bytes",
    "bare CR": "A carriage return inside a line",
    "a carriage return alone ends no line": "A carriage return inside a line",
    "peek at an upload": "whose body is still on its way",
    "put beside an upload": "given when the body is complete",
    "ids ascend in the order of the answers": "given when the body is complete",
    "a connection that goes in the middle of a body leaves nothing": "costs no id",
    "kick for a waiter": "`kick` while a client waits",
    "a waiting client gets the most urgent of the kicked jobs": "`kick` while a client",
    "delayed in one turn": "jobs released with the same delay in one packet",
    "four waiters are served in their order": "first come, first served",
}


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def anchor(heading: str) -> str:
    """How a heading is called in a link."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, place = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    text = BLOCK.sub("", target.read_text()) if place else ""
    return not place or place in map(anchor, HEADING.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not leads_somewhere(page, link)] == []


def test_every_page_can_be_reached_from_the_readme():
    reached, ahead = set(), [README]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        links = [link.partition("#")[0] for link in LINK.findall(page.read_text())]
        pages = {(page.parent / link).resolve() for link in links if link[-3:] == ".md"}
        ahead += [page for page in pages - reached if page.exists()]
    assert [name(page) for page in PAGES if page not in reached] == []


# Lists that have to be complete.


def reference() -> str:
    pages = (ROOT / "docs" / "reference").glob("*.md")
    return "".join(page.read_text() for page in pages)


def test_every_verb_and_flag_is_in_the_reference():
    text = reference()
    for verb, flags in flags_of_verbs().items():
        assert f"penstock {verb}" in text
        assert [flag for flag in flags if flag[:2] == "--" and flag not in text] == []


def test_every_setting_is_in_the_reference():
    text = reference()
    assert [key for key in config.Settings.model_fields if f"`{key}`" not in text] == []


def test_every_field_that_the_server_sends_is_on_the_protocol_page(server):
    sections = re.split(r"^### ", PROTOCOL.read_text(), flags=re.MULTILINE)
    told = {section.split("\n")[0]: section for section in sections}
    with greenstalk.Client((server.host, server.port)) as client:
        fields = {
            "stats-job": client.stats_job(client.put("x")),
            "stats-tube": client.stats_tube("default"),
            "stats": client.stats(),
        }
    for title, sent in fields.items():
        assert len(sent) >= 14
        assert [field for field in sent if f"`{field}`" not in told[title]] == []


def test_every_verb_of_the_parser_is_on_the_protocol_page():
    wire = ROOT / "src" / "penstock" / "core" / "wire" / "verbs.py"
    verbs = VERB.findall(wire.read_text())
    assert "put" in verbs
    text = PROTOCOL.read_text()
    assert [verb for verb in verbs if not re.search(rf"`{verb}[ `]", text)] == []


def scenarios_that_differ() -> set[str]:
    folder = ROOT / "tests" / "conformance" / "beanstalk"
    texts = (page.read_text() for page in folder.glob("*.txt"))
    return {title for text in texts for title in DIFFERS.findall(text)}


def test_every_difference_that_the_tests_know_is_on_its_page():
    text = (ROOT / "docs" / "differences.md").read_text()
    known = {rule.name for rule in RULES} | scenarios_that_differ()
    assert known == set(TOLD_AS)
    assert [words for words in TOLD_AS.values() if words not in text] == []


# Examples that have to work.


@pytest.mark.skipif(shutil.which("nc") is None, reason="nc is not installed")
def test_the_first_job_with_nc(server):
    (lines,) = blocks(README, "sh")
    (answers,) = blocks(README, "text")
    assert len(lines.splitlines()) == 3
    told = subprocess.run(
        ["sh", "-e"],
        input=lines.replace("127.0.0.1 11300", f"{server.host} {server.port}"),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert told.stdout.splitlines() == answers.splitlines()


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name)
def test_examples_in_python(page, server):
    examples = PYTHON.findall(page.read_text())
    assert examples
    for example, printed in examples:
        place = f'"{server.host}", {server.port}'
        told = subprocess.run(
            [sys.executable, "-"],
            input=example.replace('"127.0.0.1", 11300', place),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert told.stdout.strip() == printed if printed else told.stdout


def test_the_settings_of_the_readme_are_allowed(tmp_path):
    (text,) = blocks(README, "toml")
    file = tmp_path / "penstock.toml"
    file.write_text(text)
    settings = config.load({}, file, {})
    assert settings.model_fields_set == set(re.findall(r"^(\w+) =", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_have_flags_that_exist(page):
    for verb, rest in COMMAND.findall(page.read_text()):
        used = set(re.findall(r"--[a-z-]+", rest))
        assert used <= flags_of_verbs()[verb], verb


def test_targets_of_make_exist():
    makefile = (ROOT / "Makefile").read_text()
    for page in PAGES:
        for target in re.findall(
            r"(?:^|`)make ([a-z]+)\b", page.read_text(), re.MULTILINE
        ):
            assert f".PHONY: {target}\n" in makefile, name(page)
