"""The benchmark's command line: what it lists, refuses and publishes."""

from __future__ import annotations

import pytest

from bench.cli import BEGIN, END, main
from bench.measure import Pace, Result
from bench.results import save
from bench.rows import ROWS


def measured(row):
    sample = {"ops_per_s": 7.0, "p99_us": 5.0, "server_us_per_op": 2.0}
    return Result(row, {side.name: [sample] for side in row.sides})


def test_the_list_names_every_row_and_its_bars(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [row.name for row in ROWS]
    assert "per second >= 1.05" in next(x for x in lines if x.startswith("put-50"))


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--rows", "nonsense"], "no row 'nonsense'"),
        (["--rounds", "0"], "--rounds must be at least 1"),
        (["--quick", "--publish"], "a quick look is not for publishing"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(capsys, argv, complaint):
    assert main(argv) == 2
    said = capsys.readouterr().err.strip()
    assert complaint in said
    assert len(said.splitlines()) == 1


def test_figures_are_published_between_their_marks(tmp_path, monkeypatch, capsys):
    page, chart = tmp_path / "page.md", tmp_path / "chart.svg"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    monkeypatch.setattr("bench.cli.PAGE", page)
    monkeypatch.setattr("bench.cli.CHART", chart)
    figures = tmp_path / "figures.json"
    save([measured(ROWS[0])], Pace(), figures)
    assert main(["--render", str(figures), "--publish"]) == 0
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert capsys.readouterr().out in text
    assert "(chart.svg)" in text
    assert chart.read_text().startswith("<svg ")


def test_a_page_without_marks_is_not_touched(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("no place\n")
    monkeypatch.setattr("bench.cli.PAGE", page)
    figures = tmp_path / "figures.json"
    save([measured(ROWS[0])], Pace(), figures)
    assert main(["--render", str(figures), "--publish"]) == 2
    assert "no place for the figures" in capsys.readouterr().err
    assert page.read_text() == "no place\n"


def test_a_row_that_was_not_measured_is_told_to_the_shell(tmp_path, capsys):
    figures = tmp_path / "figures.json"
    save([Result(ROWS[0], skipped="not installed")], Pace(), figures)
    assert main(["--render", str(figures)]) == 1
    assert "not installed" in capsys.readouterr().out
