"""Leaderboards as LaTeX, HTML, sites and mergeable files; summaries, ties and selections."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from report_setup import make_runs
from unieval.harness.errors import UserError
from unieval.leaderboard import Table, build, render, summaries, write_site
from unieval.leaderboard.compare import compare
from unieval.leaderboard.selection import Selection, read_selection
from unieval.leaderboard.ties import LEVEL, holm

HOSTILE = r'a\b{c}$d&e%f#g_h^i~j<script>alert(1)</script>|"k`l[m*n--o'
Write = Callable[..., Path]


def image(tau: float, diff: float, n: int = 100, **changed: Any) -> dict[str, Any]:
    figures = {"tau": tau, "diff": diff, "flip_rate": 0.1}
    return {
        "version": "1",
        "arguments": {},
        "complete": True,
        "headline": ["tau", "diff"],
        "n": n,
        "unparsed": 1,
        "failed": 2,
        "order": "both",
        "groups": {},
        "data": {"name": "hub:some/set", "revision": None, "fingerprint": "f" * 32},
        "metrics": {
            k: {"value": v, "ci95": [v - 0.1, v + 0.1], "n": n} for k, v in figures.items()
        },
        **changed,
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_run(folder: str, judge: str, tasks: dict[str, Any], **run: Any) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True)
        who = {"name": judge, "arguments": run.pop("arguments", {})}
        content = {"schema": 1, "judge": who, "protocol": "robust", "votes": 1, "tasks": tasks}
        (path / "results.json").write_text(json.dumps(content | run))
        return path

    return write_run


def judges(table: Table) -> list[str]:
    return [row.judge for row in table.rows if row.kind == "run"]


# LaTeX


def balanced(source: str) -> bool:
    """Whether braces and environments close in the order in which they open."""
    opened: list[str] = []
    for match in re.finditer(r"\\begin\{(\w+)\}|\\end\{(\w+)\}|\\.|[{}]", source):
        begun, ended = match.groups()
        if begun:
            opened.append(begun)
        elif ended:
            if not opened or opened.pop() != ended:
                return False
        elif match[0] == "{":
            opened.append("{")
        elif match[0] == "}" and (not opened or opened.pop() != "{"):
            return False
    return not opened


def shown(cell: str) -> str:
    """What a cell of figures shows."""
    return re.sub(r"\\(textbf|scriptsize)|[{}$]", "", cell).strip()


def test_latex_reads_back(write: Write) -> None:
    runs = [
        write("a", HOSTILE, {"t": image(0.75, 0.5)}),
        write("b", "plain", {"t": image(0.5, -0.25)}),
    ]
    source = render(build(runs), "latex")
    assert balanced(source)
    assert "script>" not in source
    body = source.split(r"\midrule")[1].split(r"\bottomrule")[0]
    rows = [
        re.split(r"(?<!\\)&", line) for line in body.strip().removesuffix(r"\\").split("\\\\\n")
    ]
    assert {len(row) for row in rows} == {6}
    assert shown(rows[0][1]) == "75.00  [65.0, 85.0]"
    assert shown(rows[1][2]) == "-25.00  [-35.0, -15.0]"
    assert r"\textbf{75.00}" in rows[0][1]
    name = rows[0][0].strip()
    for character, written in (("&", r"\&"), ("_", r"\_"), ("%", r"\%"), ("[", "{[}")):
        assert character in HOSTILE
        assert written in name
    assert "--" not in name, "two hyphens would become a dash"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(write: Write, tmp_path: Path) -> None:
    runs = [
        write("a", HOSTILE, {"t": image(0.75, 0.5), "u": image(0.5, 0.5)}),
        write("b", "plain", {"t": image(0.5, -0.25), "u": image(0.6, 0.5)}),
    ]
    tables = build(runs, published=True)
    body = render([*summaries(tables), *tables], "latex")
    head = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
    (tmp_path / "paper.tex").write_text(f"{head}{body}\\end{{document}}\n", "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")


# HTML


class Cells(HTMLParser):
    """The text of every table cell, and the scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.scripts = 0
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.scripts += tag == "script"
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def test_html_reads_back_and_runs_nothing_else(write: Write) -> None:
    runs = [write("a", HOSTILE, {"t": image(0.75, 0.5)}), write("b", "b", {"t": image(0.5, 0.25)})]
    read = Cells(render(build(runs), "html"))
    assert read.rows[0] == ["judge", "tau", "diff", "n", "unparsed", "failed"]
    assert read.rows[1] == [HOSTILE, "75.00[65.0, 85.0]", "50.00[40.0, 60.0]", "100", "1", "2"]
    assert read.scripts == 1


def test_a_site_can_be_merged_with_other_runs(write: Write, tmp_path: Path) -> None:
    ours = write(
        "ours", "ours", {"t": image(0.75, 0.5)}, arguments={"path": "/secret/place/x.jsonl"}
    )
    theirs = write("theirs", "theirs", {"t": image(0.5, 0.25)})
    page = write_site(build([ours]), tmp_path / "site")
    assert sorted(path.name for path in page.parent.iterdir()) == [
        *("index.html", "leaderboard.csv", "leaderboard.json"),
    ]
    board = page.parent / "leaderboard.json"
    for file in page.parent.iterdir():
        assert "/secret" not in file.read_text()
    (table,) = build([str(board), str(theirs), str(ours)])
    assert judges(table) == ["ours", "theirs"], "what is there already is not added again"
    assert [row.best for row in table.rows[:2]][1] == frozenset()
    write_site([table], page.parent)
    (again,) = build([board])
    assert judges(again) == ["ours", "theirs"]
    assert [row.cells for row in again.rows] == [row.cells for row in table.rows]


def test_other_folders_and_files_are_refused(write: Write, tmp_path: Path) -> None:
    run = write("run", "a", {"t": image(0.5, 0.5)})
    with pytest.raises(UserError, match="holds something else than a site"):
        write_site(build([run]), run)
    (tmp_path / "other.json").write_text('{"schema": 1}')
    with pytest.raises(UserError, match=r"other.json is no exported leaderboard; export it again"):
        build([tmp_path / "other.json"])


def test_runs_are_read_from_any_file_system(write: Write) -> None:
    import fsspec

    local = write("one", "near", {"t": image(0.5, 0.5)})
    memory = fsspec.filesystem("memory")
    far = (local / "results.json").read_text().replace('"near"', '"far"').replace("0.5,", "0.6,")
    memory.pipe("/leaderboard-test/set/far/results.json", far.encode())
    (table,) = build([local.as_uri(), "memory://leaderboard-test"])
    assert judges(table) == ["far", "near"]
    with pytest.raises(UserError, match=r"memory://.*absent holds no results.json"):
        build(["memory://absent"])
    with pytest.raises(UserError, match="no-such-protocol://x"):
        build(["no-such-protocol://x"])


# Over tasks


def test_ranks_and_win_rates_by_hand(write: Write) -> None:
    def named(tau: float) -> dict[str, Any]:
        return image(tau, 0.5)

    paths = [
        write("a", "a", {"t": named(0.9), "u": named(0.5)}),
        write("b", "b", {"t": named(0.7), "u": named(0.5)}),
        write("c", "c", {"t": named(0.8), "u": named(0.4)}),
        write("d", "d", {"t": named(0.6)}),
    ]
    tables = build(paths)
    (summary,) = summaries(tables)
    found = {row.judge: row for row in summary.rows}
    assert [row.judge for row in summary.rows] == ["a", "b", "c", "d"]
    ranks = {
        name: cell.value
        for name, row in found.items()
        if (cell := row.cells.get(("", "mean_rank")))
    }
    assert ranks == {"a": 1.25, "b": 2.25, "c": 2.5}
    wins = {name: row.cells["", "mean_win_rate"].value for name, row in found.items()}
    assert wins == pytest.approx(
        {"a": (1 + 0.75) / 2, "b": (1 / 3 + 0.75) / 2, "c": (2 / 3 + 0) / 2, "d": 0.0}
    )
    assert found["d"].notes == ("1 of 2 tasks: no rank",)
    assert not found["d"].complete
    assert found["a"].cells["t", "tau"].value == 0.9
    assert not summaries(tables[:1]), "one task needs no summary"
    rows = json.loads(render([summary], "json"))["rows"]
    assert {row["metric"] for row in rows} == {"mean_rank", "mean_win_rate"}


def test_less_is_better_where_it_is(write: Write) -> None:
    def rated(bad: float) -> dict[str, Any]:
        figures = {"hallucination_rate": {"value": bad, "ci95": None, "n": 9}}
        return image(0.5, 0.5, headline=["hallucination_rate"], metrics=figures)

    paths = [write(str(bad), str(bad), {"t": rated(bad)}) for bad in (0.4, 0.1, 0.2)]
    (table,) = build(paths)
    assert judges(table) == ["0.1", "0.2", "0.4"]
    assert [bool(row.best) for row in table.rows] == [True, False, False]


# Ties


def test_holm_by_hand() -> None:
    adjusted = holm({1: 0.01, 2: 0.04, 3: 0.03, 4: 0.6})
    assert adjusted == pytest.approx({1: 0.04, 3: 0.09, 2: 0.09, 4: 0.6})
    assert holm({1: 0.7, 2: 0.8}) == {1: 1.0, 2: 1.0}
    assert holm({}) == {}


def test_ties_agree_with_pairwise_comparisons(tmp_path: Path) -> None:
    runs, _ = make_runs(tmp_path)
    table = next(t for t in build([runs], ties=True) if t.task == "genai-bench-image")
    rows = {row.judge: row for row in table.rows if row.kind == "run"}
    assert any(row.best for row in rows.values())
    for column in table.columns:
        best = next((name for name, row in rows.items() if column.place in row.best), None)
        others = [name for name in rows if best and column.place not in rows[name].best]
        p_values = {}
        for number, name in enumerate(others):
            found = compare(runs / str(best), runs / name, allowed=["order"]).tasks[0].changes
            change = next(c for c in found if (c.group, c.metric) == column.place)
            assert change.difference is not None
            p_values[number] = change.difference.p_value
        tied = {others[number] for number, p in holm(p_values).items() if p >= LEVEL}
        assert tied == {name for name, row in rows.items() if column.place in row.tied}
    assert any("Holm" in note for note in table.notes)


def test_runs_without_records_are_said_not_to_be_compared(write: Write) -> None:
    paths = [write(name, name, {"t": image(tau, 0.5)}) for name, tau in (("a", 0.5), ("b", 0.6))]
    (table,) = build(paths, ties=True)
    assert not any(row.tied for row in table.rows)
    assert table.notes == ("Not compared with the best, for want of records: a, b.",)


def test_what_differs_within_a_table_is_noted(write: Write) -> None:
    paths = []
    for name, decode in (("a", "choose"), ("b", "generate"), ("c", "")):
        path = write(name, name, {"t": image(0.5, 0.5)})
        identity = {"judge": {"name": name, "decoding": {"decode": decode}}}
        (path / "manifest.json").write_text(json.dumps({"schema": 1, "identity": identity}))
        paths.append(path)
    (table,) = build(paths)
    assert {row.judge: row.notes for row in table.rows} == {
        "a": ("Answers by decode=choose",),
        "b": ("Answers by decode=generate",),
        "c": (),
    }
    assert "a \\[a\\]" in render([table], "markdown")
    assert not build(paths[:1])[0].rows[0].notes


# A team's own selection


@pytest.fixture
def three(write: Write) -> list[Path]:
    scores = {"small": 0.5, "middle": 0.6, "large": 0.7}
    return [write(n, n, {"t": image(x, x / 2), "u": image(x, x)}) for n, x in scores.items()]


def test_a_selection_chooses_orders_and_names(three: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "leaderboard.yaml"
    file.write_text(
        "title: Ours\nruns: [small, large, middle]\ntasks: [u, t]\ncolumns: [diff, t.flip_rate]\n"
        "judges: [small, m*]\nnames: {small: Tiny}\norder: given\n"
    )
    selection = read_selection(file)
    first, second = build(selection.runs, selection=selection)
    assert (first.task, second.task) == ("u", "t")
    assert [column.metric for column in first.columns] == ["diff"]
    assert [column.metric for column in second.columns] == ["diff", "flip_rate"]
    assert judges(first) == ["Tiny", "middle"]
    assert [bool(row.best) for row in first.rows] == [False, True], "of the rows that are shown"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("titel: x", r"leaderboard.yaml: setting 'titel' not found; did you mean 'title'"),
        ("order: up", r"leaderboard.yaml: order: Input should be 'rank' or 'given'"),
        ("- a", r"must hold settings: title"),
        ("a: [", r"is no YAML file"),
    ],
)
def test_selections_that_do_not_fit_are_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "leaderboard.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        read_selection(file)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"tasks": ("v",)}, r"task 'v' not found"),
        ({"judges": ("larg",)}, r"judge 'larg' not found; did you mean 'large'"),
        ({"columns": ("tua",)}, r"column 'tua' not found; did you mean 'tau'"),
        ({"names": {"small": "x", "large": "x"}}, r"two rows would be called 'x'"),
    ],
)
def test_names_that_nothing_has_are_refused(
    three: list[Path], chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        build(three, selection=Selection(**chosen))
