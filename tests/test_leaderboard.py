"""Tables from hand-built run folders, their exports, and the published figures beside them."""

from __future__ import annotations

import copy
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from rich.console import Console
from unieval.harness.errors import UserError
from unieval.leaderboard import (
    PublishedFigure,
    Row,
    Table,
    build,
    figures,
    find_runs,
    print_tables,
    read_run,
    render,
)

Write = Callable[..., Path]


def value(share: float | None, n: int = 100, width: float = 0.0123) -> dict[str, Any]:
    interval = None if share is None else [share - width, share + width]
    return {"value": share, "ci95": interval, "n": n}


def part(n: int = 100, unparsed: int = 0, **metrics: float | None) -> dict[str, Any]:
    return {
        "n": n,
        "outputs": 2 * n,
        "unparsed": unparsed,
        "failed": 0,
        "metrics": {name: value(share, n) for name, share in metrics.items()},
    }


def task(
    headline: list[str],
    groups: dict[str, Any] | None = None,
    *,
    data: str = "hub:some/benchmark",
    fingerprint: str = "f" * 32,
    **content: Any,
) -> dict[str, Any]:
    entry = {
        "version": "1",
        "arguments": {},
        "data": {"name": data, "revision": None, "fingerprint": fingerprint},
        "statuses": {"ok": 200},
        "complete": True,
        "headline": headline,
        "groups": groups or {},
    }
    own = {key: content.pop(key) for key in list(content) if key in (*entry, "failed")}
    return entry | part(**content) | own


def image(tau: float = 0.5, diff: float = 0.6, **content: Any) -> dict[str, Any]:
    content.setdefault("human_tie_rate", 0.25)
    return task(["tau", "diff"], tau=tau, diff=diff, **content)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_run(folder: str, tasks: dict[str, Any], judge: str = "judge", **run: Any) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True)
        order = run.get("order", "both")
        results = {
            "schema": 1,
            "judge": {"name": judge, "arguments": run.pop("arguments", {})},
            "protocol": "robust",
            "order": order,
            "votes": 1,
            "seed": 0,
            "tasks": {name: {"order": order, **entry} for name, entry in tasks.items()},
            "timing": {"seconds": 1.5, "outputs_per_second": None},
        }
        (path / "results.json").write_text(json.dumps(results | run))
        return path

    return write_run


def columns(table: Table) -> list[tuple[str, str]]:
    return [column.place for column in table.columns]


def of_kind(table: Table, kind: str) -> list[Row]:
    return [row for row in table.rows if row.kind == kind]


def printed(tables: list[Table], width: int) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    print_tables(tables, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


# Reading run folders


def test_a_folder_of_run_folders_stands_for_all_of_them(write: Write, tmp_path: Path) -> None:
    write("set/one", {"t": image()})
    write("set/two", {"t": image()})
    single = write("single", {"t": image()})
    found = find_runs([tmp_path / "set", single, tmp_path / "set" / "one"])
    assert [path.name for path in found] == ["one", "two", "single"]


def test_without_paths_everything_under_runs_is_read(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no finished runs under runs/.*unieval run"):
        build([])
    write("runs/a", {"t": image()}, judge="a")
    write("runs/set/b", {"t": image()}, judge="b")
    (table,) = build([])
    assert {row.judge for row in of_kind(table, "run")} == {"a", "b"}


def broken(write: Write, change: Callable[[dict[str, Any]], Any]) -> Path:
    path = write("broken", {"t": image()})
    file = path / "results.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(change(content) or content))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(schema=2), r"results.json has schema 2.*unieval rescore"),
        (lambda c: ["a list"], r"results.json has schema None"),
        (
            lambda c: c.pop("votes") and None,
            r"results.json: votes: Field required.*unieval rescore",
        ),
        (lambda c: c.update(protocol="other"), r"results.json: protocol: "),
        (
            lambda c: c["tasks"]["t"]["metrics"]["tau"].update(value="high"),
            r"tasks\.t\.metrics\.tau\.value: .*number",
        ),
    ],
)
def test_results_of_the_wrong_shape_are_refused(
    write: Write, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        build([broken(write, change)])


def test_paths_that_are_no_run_folders_are_refused(write: Write, tmp_path: Path) -> None:
    run = write("run", {"t": image()})
    with pytest.raises(UserError, match=r"absent does not exist"):
        build([tmp_path / "absent"])
    with pytest.raises(UserError, match=r"is a file, not a run folder; name the folder"):
        build([run / "results.json"])
    (tmp_path / "empty").mkdir()
    for read in (read_run, lambda path: build([path])):
        with pytest.raises(UserError, match=r"holds no results.json; .*--out .*empty"):
            read(tmp_path / "empty")
    (run / "results.json").write_text('{"schema": 1,')
    with pytest.raises(UserError, match=r"results.json cannot be read .*unieval rescore"):
        build([run])


def test_not_a_number_means_undefined(write: Write) -> None:
    path = write("run", {"t": image()})
    file = path / "results.json"
    file.write_text(file.read_text().replace('"value": 0.5,', '"value": NaN,'))
    (table,) = build([path])
    assert table.rows[0].cells["", "tau"].value is None


# What may share a table


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "official"},
        {"order": "given"},
        {"votes": 3},
        {"version": "2"},
        {"arguments": {"grouping": "unifiedreward"}},
        {"data": {"name": "hub:some/benchmark", "revision": None, "fingerprint": "e" * 32}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_asked_differently_is_never_mixed(write: Write, change: dict[str, Any]) -> None:
    of_task = image() | {k: v for k, v in change.items() if k in ("version", "arguments", "data")}
    of_run = {k: v for k, v in change.items() if k in ("protocol", "order", "votes")}
    paths = [
        write("a", {"t": image()}, judge="a"),
        write("b", {"t": of_task}, judge="b", **of_run),
        write("c", {"t": image()}, judge="c"),
    ]
    tables = build(paths)
    judges = [[row.judge for row in of_kind(table, "run")] for table in tables]
    assert sorted(judges) == [["a", "c"], ["b"]]
    titles = {table.title + table.subtitle for table in tables}
    assert len(titles) == 2, "the titles say what differs"


def test_the_same_items_under_another_name_share_a_table(write: Write) -> None:
    paths = [
        write("a", {"t": image()}, judge="a"),
        write("b", {"t": image(data="/data/copy")}, judge="b"),
    ]
    (table,) = build(paths)
    assert "hub:some/benchmark = /data/copy" in table.subtitle


def test_titles_speak_in_words(write: Write) -> None:
    entry = image(arguments={"grouping": "unifiedreward"})
    (table,) = build([write("a", {"t": entry}, order="random", votes=3)])
    assert table.title == "t: robust protocol, random order, 3 votes"
    assert "grouping=unifiedreward" in table.subtitle
    assert "hub:some/benchmark" in table.subtitle
    assert "f" * 12 in table.subtitle


# Rows and columns


def test_rows_are_ranked_by_the_first_headline_then_by_name(write: Write) -> None:
    scores = {"b": 0.5, "a": 0.5, "low": 0.3, "top": 0.7, "none": None}
    paths = [write(name, {"t": image(tau)}, judge=name) for name, tau in scores.items()]
    orders = [[row.judge for row in build(p)[0].rows] for p in (paths, paths[::-1])]
    assert orders[0] == ["top", "a", "b", "low", "none", "always tie (floor)"]
    assert orders[0] == orders[1]


def test_judges_of_one_name_are_told_apart_by_what_differs(write: Write) -> None:
    def replay(file: str) -> dict[str, str]:
        return {"path": file, "format": "genai-bench"}

    paths = [
        write("a", {"t": image()}, judge="replay", arguments=replay("/x/gpt4o.jsonl")),
        write("b", {"t": image()}, judge="replay", arguments=replay("/x/blip2.jsonl")),
        write("c", {"t": image()}, judge="random"),
        write("d", {"t": image()}, judge="random"),
    ]
    (table,) = build(paths)
    assert {row.judge for row in of_kind(table, "run")} == {
        "replay (path=gpt4o.jsonl)",
        "replay (path=blip2.jsonl)",
        f"random [{paths[2]}]",
        f"random [{paths[3]}]",
    }


def test_the_floor_is_what_always_saying_tie_gets(write: Write) -> None:
    groups = {"VQ": part(tau=0.5, diff=0.6, human_tie_rate=0.47)}
    (table,) = build([write("a", {"t": image(groups=groups)})])
    (floor,) = of_kind(table, "floor")
    assert {place: cell.value for place, cell in floor.cells.items()} == {
        ("", "tau"): 0.25,
        ("", "diff"): 0.0,
        ("VQ", "tau"): 0.47,
        ("VQ", "diff"): 0.0,
    }
    means = {"VQ": part(human_tie_rate=0.4), "MQ": part(human_tie_rate=0.5)}
    (macro,) = build([write("c", {"t": task(["tau_macro"], means, tau_macro=0.5)})])
    assert of_kind(macro, "floor")[0].cells["", "tau_macro"].value == pytest.approx(0.45)
    (other,) = build([write("b", {"t": task(["accuracy"], accuracy=0.5)})])
    assert not of_kind(other, "floor")


def test_only_a_real_best_is_marked(write: Write) -> None:
    entries = {
        "good": image(0.6, 0.9),
        "equal": image(0.6, 0.8),
        "partial": image(0.9, 0.95, complete=False),
    }
    paths = [write(name, {"t": entry}, judge=name) for name, entry in entries.items()]
    (table,) = build(paths)
    best = {row.judge: {metric for _, metric in row.best} for row in table.rows if row.best}
    assert best == {"good": {"diff"}}, "tau is equal, and an incomplete run does not compete"

    below = [write(f"low{i}", {"u": image(0.1 + i / 100, 0.5)}, judge=f"j{i}") for i in range(2)]
    (table,) = build(below)
    assert not any(row.best for row in table.rows), "nobody beats the floor"


def test_an_incomplete_run_says_so_everywhere(write: Write) -> None:
    short = image(fingerprint="f" * 32)
    short["data"]["items"] = 150
    paths = [
        write("a", {"t": image(complete=False)}, judge="stopped"),
        write("b", {"t": short}, judge="short"),
    ]
    tables = build(paths)
    for text in (printed(tables, 100), render(tables, "markdown")):
        assert "stopped (incomplete)" in text
        assert "short (incomplete)" in text
    assert all("incomplete" in r["variant"] for r in rows_of(tables) if r["judge"] == "short")


def vl_rewardbench(**content: Any) -> dict[str, Any]:
    shares = {"general": 0.5, "hallucination": 0.6, "reasoning": 0.7}
    groups = {name: part(accuracy=share, coverage=1.0) for name, share in shares.items()}
    return task(["overall", "macro"], groups, overall=0.61, macro=0.6, **content)


def videogen(*dimensions: str, **content: Any) -> dict[str, Any]:
    groups = {name: part(tau=0.5, diff=0.6, human_tie_rate=0.4) for name in dimensions}
    top = {"tau": 0.5, "diff": 0.6} if "Overall" in dimensions else {}
    headline = ["tau", "diff", "tau_macro", "diff_macro"]
    return task(headline, groups, **top, tau_macro=0.55, diff_macro=0.65, **content)


def test_columns_are_headline_metrics_then_those_of_groups(write: Write) -> None:
    tasks = {"a": vl_rewardbench(), "b": videogen("VQ", "MQ", "Overall"), "c": videogen("VQ", "MQ")}
    first, second, third = build([write("run", tasks)])
    assert columns(first) == [
        *(("", "overall"), ("", "macro")),
        *((group, "accuracy") for group in ("general", "hallucination", "reasoning")),
    ]
    groups = [("VQ", "tau"), ("MQ", "tau"), ("VQ", "diff"), ("MQ", "diff")]
    means = [("", "tau_macro"), ("", "diff_macro")]
    assert columns(second)[:2] == [("", "tau"), ("", "diff")]
    assert columns(second)[2:] == [*means, *groups], "Overall stands at the top level"
    assert columns(third) == [*means, *groups]


def test_metrics_can_be_chosen_under_either_name(write: Write) -> None:
    path = write("run", {"t": image(flip_rate=0.1), "u": vl_rewardbench()})
    (table,) = build([path], metrics=["flip_rate", "acc_with_ties", "tau"])
    assert columns(table) == [("", "flip_rate"), ("", "tau")]
    assert {row["metric"] for row in rows_of([table])} == {"flip_rate", "tau"}
    with pytest.raises(UserError, match=r"metric 'flip_rat' not found; did you mean 'flip_rate'"):
        build([path], metrics=["flip_rat"])
    with pytest.raises(UserError, match="no metric is named"):
        build([path], metrics=[])


# Exports


def rows_of(tables: list[Table]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(render(tables, "json"))["rows"]
    return rows


def test_csv_reads_back_exactly(write: Write) -> None:
    tau = 0.1 + 0.2
    entry = image(tau, 2 / 3, groups={"VQ": part(7, unparsed=3, tau=1 / 7)}, unparsed=12)
    path = write("run", {"t": entry}, votes=3)
    frame = pd.read_csv(io.StringIO(render(build([path]), "csv")), engine="python")
    assert ",".join(frame.columns) == (
        "task,protocol,order,votes,variant,data,judge,group,metric,value,low,high,n,"
        "unparsed,failed,best,tied,published,source"
    )
    frame = frame[frame.judge == "judge"]
    top = frame[frame.group.isna()].set_index("metric")
    assert top.value["tau"] == tau
    assert (top.low["tau"], top.high["tau"]) == (tau - 0.0123, tau + 0.0123)
    assert top.value["diff"] == 2 / 3
    assert "human_tie_rate" in top.index, "metrics without a column are exported too"
    (dimension,) = frame[frame.group == "VQ"].to_dict("records")
    assert dimension["value"] == 1 / 7
    assert (dimension["n"], dimension["unparsed"], top.unparsed["tau"]) == (7, 3, 12)
    assert (top.order["tau"], top.votes["tau"]) == ("both", 3)
    assert top.variant["tau"] == "version=1"
    assert not frame.published.any()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_names_do_not_become_spreadsheet_formulas(write: Write, start: str) -> None:
    name = f'{start}HYPERLINK("http://x","y"),\n2'
    tables = build([write("run", {"t": image(-0.25)}, judge=name)])
    frame = pd.read_csv(io.StringIO(render(tables, "csv"), newline=""))
    assert frame.judge[0].replace("\r", "\n") == f"'{name}".replace("\r", "\n")
    assert frame.value[0] == -0.25, "numbers stay numbers"
    assert rows_of(tables)[0]["judge"] == name, "JSON needs no such care"


def test_json_says_what_csv_says(write: Write) -> None:
    tables = build([write("run", {"genai-bench-image": image(None)})], published=True)
    frame = pd.read_csv(io.StringIO(render(tables, "csv")), engine="python")
    expected = pd.DataFrame(rows_of(tables))
    assert json.loads(render(tables, "json"))["schema"] == 1
    assert list(frame.columns) == list(expected.columns)
    for name in frame.columns:
        both = zip(frame[name], expected[name], strict=True)
        assert all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in both), name


def parsed_markdown(text: str) -> list[list[str]]:
    tokens = MarkdownIt().enable("table").parse(text)
    rows: list[list[str]] = []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            rows[-1].append("".join(t.content for t in token.children or ()))
    return rows


def test_markdown_survives_hostile_names(write: Write) -> None:
    name = "a|b\n<script>`*x*_[y](z)\\"
    tables = build([write("r", {"t": image(0.51, 0.61, flip_rate=0.2)}, judge=name)])
    rows = parsed_markdown(render(tables, "markdown"))
    assert rows[0] == ["judge", "tau", "diff", "n", "unparsed", "failed"]
    assert rows[1] == [
        *("a|b <script>`*x*_[y](z)\\", "51.00 [49.8, 52.2]", "61.00 [59.8, 62.2]"),
        *("100", "0", "0"),
    ]
    assert rows[2] == ["always tie (floor)", "25.00", "0.00", "", "", ""]
    assert "<script>" not in MarkdownIt().enable("table").render(render(tables, "markdown"))


def test_markdown_puts_the_best_in_bold_and_quotes_below(write: Write) -> None:
    tasks = [{"genai-bench-image": image(0.55, 0.7)}, {"genai-bench-image": image(0.5, 0.6)}]
    paths = [write(f"r{i}", entry, judge=f"j{i}") for i, entry in enumerate(tasks)]
    text = render(build(paths, published=True), "markdown")
    assert "| j0 | **55.00** [53.8, 56.2] | **70.00** [68.8, 71.2] |" in text
    rows = parsed_markdown(text)
    rule = rows.index(["published", "", "", "", "", ""])
    assert [row[0] for row in rows[1:rule]] == ["j0", "j1", "always tie (floor)"]
    assert rows[rule + 1] == ["UnifiedReward [1,a,b]", "54.8", "70.9", "", "", ""]
    assert "**" not in "".join(text.splitlines()[rule:]).split("*published*")[1]
    assert r"- \[1\] Unified Reward Model for Multimodal Understanding" in text
    assert "Published rows are quoted, not measured here" in text


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_terminal_table_fits_its_width(write: Write, width: int) -> None:
    tasks = {
        "genai-bench-image": image(),
        "videogen-rewardbench": videogen("VQ", "MQ", "TA", "Overall"),
        "vl-rewardbench": vl_rewardbench(),
    }
    long = {"model": "an-organisation/a-model-with-a-rather-long-name-7b-instruct"}
    paths = [
        write("a", tasks, judge="openai", arguments=long),
        write("b", copy.deepcopy(tasks), judge="openai", arguments={"model": "short"}),
    ]
    text = printed(build(paths, published=True), width)
    assert max(map(len, text.splitlines())) <= width
    for shown in ("50.00", "[48.8, 51.2]", "hallucination", "66.6", "[1]", "unparsed"):
        assert shown in text
    assert "\x1b" not in printed(build([write("c", {"t": image()}, judge="a\x1b[2Jb")]), width)


def test_an_unknown_format_lists_the_known(write: Write) -> None:
    with pytest.raises(UserError, match=r"format 'cvs' not found; did you mean 'csv'\?.*markdown"):
        render(build([write("r", {"t": image()})]), "cvs")


# Published figures


def shares(task: str, metric: str, group: str = "") -> dict[tuple[str, str], float]:
    """Figures of one metric by (judge, arXiv id)."""
    return {
        (figure.judge, figure.source.arxiv or ""): figure.value
        for figure in figures(task)
        if (figure.metric, figure.group) == (metric, group)
    }


TASKS = {
    "image_generation": "genai-bench-image",
    "image_edition": "genai-bench-edit",
    "video_generation": "genai-bench-video",
}


def test_every_figure_is_sourced_and_stands_once() -> None:
    everything = [
        f for t in (*TASKS.values(), "videogen-rewardbench", "vl-rewardbench") for f in figures(t)
    ]
    assert len(everything) > 150
    assert all(f.source.title and f.source.url.startswith("https://") for f in everything)
    keys = [(f.task, f.judge, f.metric, f.group, f.source) for f in everything]
    assert len(keys) == len(set(keys))
    assert figures("no-such-task") == []


def test_genai_bench_figures_are_those_its_authors_publish() -> None:
    default = Path(__file__).parents[2] / "shared"
    file = Path(os.environ.get("UNIEVAL_SHARED", default)) / "data/genai-bench/published.json"
    if not file.exists() and os.environ.get("CI") != "true":
        pytest.skip(f"{file} is not here; set UNIEVAL_SHARED to the folder of recorded data")
    for subset, accuracies in json.loads(file.read_text()).items():
        ours = shares(TASKS[subset], "accuracy_4way")
        for judge, percent in accuracies.items():
            assert ours[judge, "2406.04485"] == pytest.approx(percent / 100, abs=1e-12)


def test_genai_bench_figures_agree_with_the_counts_behind_them() -> None:
    counts = {
        "gpt4o": (791, 492, 518),
        "gemini-1.5-pro": (775, 514, 494),
        "llava": (642, 240, 325),
        "idefics2": (733, 251, 176),
        "random": (440, 238, 269),
    }
    for judge, correct in counts.items():
        for name, right, n in zip(TASKS.values(), correct, (1735, 919, 1069), strict=True):
            percent = round(100 * right / n, 2)
            found = shares(name, "accuracy_4way")[judge, "2406.04485"]
            assert found == pytest.approx(percent / 100, abs=1e-12)
    assert shares("genai-bench-image", "accuracy_4way")["gpt4o", "2406.04485"] == 0.4559


def test_figures_of_the_paper_are_transcribed() -> None:
    paper = "2503.05236"
    expected = {
        ("genai-bench-image", ""): (0.548, 0.709),
        ("genai-bench-video", ""): (0.607, 0.772),
        ("videogen-rewardbench", "Overall"): (0.666, 0.793),
    }
    for (name, group), both in expected.items():
        found = [shares(name, metric, group)["UnifiedReward", paper] for metric in ("tau", "diff")]
        assert tuple(found) == both
    assert shares("genai-bench-image", "tau")["PickScore", paper] == 0.532
    assert shares("vl-rewardbench", "macro")["UnifiedReward", paper] == 0.665


def test_the_videogen_leaderboard_follows_from_its_columns() -> None:
    dimensions = ("Overall", "VQ", "MQ", "TA")
    averages = shares("videogen-rewardbench", "average")
    assert averages["VideoReward", "2501.13918"] == 0.6712
    for (judge, arxiv), average in averages.items():
        means = {
            metric: sum(shares("videogen-rewardbench", metric, d)[judge, arxiv] for d in dimensions)
            / 4
            for metric in ("tau", "diff")
        }
        assert average == pytest.approx((means["tau"] + means["diff"]) / 2, abs=5.1e-5)
        for metric, mean in means.items():
            reported = shares("videogen-rewardbench", f"{metric}_macro")[judge, arxiv]
            assert reported == pytest.approx(mean, abs=5.1e-5)


def test_macro_accuracy_is_the_mean_of_the_groups() -> None:
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for f in figures("vl-rewardbench"):
        rows.setdefault((f.judge, f.source.url), {})[f.group or f.metric] = f.value
    assert len(rows) == 11
    for row in rows.values():
        mean = (row["general"] + row["hallucination"] + row["reasoning"]) / 3
        assert row["macro"] == pytest.approx(mean, abs=5.1e-4)


def quoted(tables: list[Table], place: tuple[str, str]) -> dict[str, float | None]:
    (table,) = tables
    return {
        row.judge: row.cells[place].value
        for row in of_kind(table, "published")
        if place in row.cells
    }


def test_published_rows_have_no_interval_and_are_never_best(write: Write) -> None:
    paths = [write(f"r{i}", {"genai-bench-image": image(0.3 + i / 100)}) for i in range(2)]
    (table,) = build(paths, published=True)
    rows = of_kind(table, "published")
    assert table.rows[-len(rows) :] == tuple(rows)
    assert all(cell.low is None for row in rows for cell in row.cells.values())
    assert not any(row.best or row.counts for row in rows)
    assert not of_kind(build(paths)[0], "published"), "only when asked"


def test_four_way_accuracy_stands_beside_official_runs_only(write: Write) -> None:
    official = task(["accuracy_4way", "tau", "diff"], tau=0.4, diff=0.5, accuracy_4way=0.45)
    robust = image(accuracy_4way=0.4)
    place = ("", "accuracy_4way")
    beside = build(
        [write("a", {"genai-bench-image": official}, protocol="official")], published=True
    )
    assert quoted(beside, place)["gpt4o"] == 0.4559
    path = write("b", {"genai-bench-image": robust})
    for metrics in (None, ["accuracy_4way"]):
        assert not quoted(build([path], published=True, metrics=metrics), place)
    without = copy.deepcopy(official)
    del without["metrics"]["accuracy_4way"]
    path = write("c", {"genai-bench-image": without}, protocol="official")
    (table,) = build([path], published=True)
    assert place in columns(table), "a headline of the protocol gets its column"


def test_splits_are_kept_apart(write: Write) -> None:
    entry = task(["accuracy_4way"], accuracy_4way=0.45)
    found = {}
    for split in ("test", "test_v1"):
        own = {"genai-bench-image": entry | {"arguments": {"split": split}}}
        path = write(split, own, protocol="official")
        found[split] = quoted(build([path], published=True), ("", "accuracy_4way"))
    assert not found["test"]
    assert found["test_v1"]["gpt4o"] == 0.4559


def test_groupings_are_kept_apart(write: Write) -> None:
    paths = [
        write("a", {"vl-rewardbench": vl_rewardbench()}),
        write("b", {"vl-rewardbench": vl_rewardbench(arguments={"grouping": "unifiedreward"})}),
    ]
    own, other = (build([path], published=True) for path in paths)
    for place in (("", "macro"), ("general", "accuracy")):
        assert set(quoted(own, place)) == {"GPT-4o", "Gemini-1.5-Pro", "OV-7B"}
        assert {"UnifiedReward", "LLaVA-Critic"} <= set(quoted(other, place))
        assert "GPT-4o" not in quoted(other, place)
    assert quoted(own, ("", "overall"))["UnifiedReward-Think"] == 0.738, "grouping does not matter"
    assert any("grouping=unifiedreward" in note for note in own[0].notes)


def test_published_overall_stands_in_the_top_column_where_runs_have_it(write: Write) -> None:
    name = "videogen-rewardbench"
    whole = build([write("a", {name: videogen("VQ", "MQ", "TA", "Overall")})], published=True)
    assert quoted(whole, ("", "tau"))["LiFT"] in (0.3908, 0.406)
    assert quoted(whole, ("VQ", "diff"))["VideoReward"] == 0.7566
    parts = build([write("b", {name: videogen("VQ", "MQ", "TA")})], published=True)
    assert not quoted(parts, ("", "tau"))
    assert quoted(parts, ("MQ", "tau"))["VideoReward"] == 0.6603
    assert quoted(whole, ("", "tau_macro"))["VideoReward"] == 0.6019
    assert not quoted(parts, ("", "tau_macro")), "a mean over other dimensions"


def test_demo_data_are_said_to_be_no_yardstick(write: Write) -> None:
    paths = {d: write(d, {"genai-bench-image": image(data=d)}) for d in ("demo", "hub:x")}
    notes = {d: " ".join(build([p], published=True)[0].notes) for d, p in paths.items()}
    assert "no yardstick" in notes["demo"]
    assert "yardstick" not in notes["hub:x"]


def test_notes_of_a_figure_reach_every_format(write: Write) -> None:
    tables = build([write("a", {"genai-bench-image": image()})], published=True)
    note = "the rule that makes ties of its scores is not published"
    pickscore = next(r for r in rows_of(tables) if r["judge"] == "PickScore")
    assert note in pickscore["variant"]
    assert "arXiv:2503.05236" in pickscore["source"]
    assert pickscore["published"] is True
    assert note in render(tables, "markdown")
    assert note in printed(tables, 100)


def test_a_figure_follows_the_arguments_it_names() -> None:
    figure = figures("vl-rewardbench")[0]
    assert isinstance(figure, PublishedFigure)
    assert figure.follows({})
    assert figure.follows({"grouping": "official", "other": "x"})
    assert not figure.follows({"grouping": "unifiedreward"})


def test_the_leaderboard_imports_no_model_code(write: Write) -> None:
    path = write("a", {"genai-bench-image": image()})
    program = f"""
import sys
from pathlib import Path
from unieval import leaderboard
started = {{"numpy", "pydantic", "rich"}} & set(sys.modules)
tables = leaderboard.build([Path({str(path)!r})], published=True, metrics=["acc_with_ties"])
for format in ("csv", "json", "markdown", "latex", "html"):
    leaderboard.render(tables, format)
heavy = {{"torch", "transformers", "datasets", "pandas", "pyarrow", "av", "PIL"}} & set(sys.modules)
print(sorted(started), sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[] []", done.stderr
