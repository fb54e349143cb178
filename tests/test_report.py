"""The report's folder: data, media, plots and refusals. What the page does is tested elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from report_setup import (
    FAILED,
    FLIPPED,
    HOSTILE,
    LABELS,
    LOST_MEDIA,
    UNPARSED,
    N,
    make_runs,
    read_script,
)
from unieval.harness.errors import UserError
from unieval.leaderboard import find_runs, read_run
from unieval.leaderboard.report import write_report
from unieval.leaderboard.report.itemsets import item_sets, opened


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_runs(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def report(made, tmp_path_factory):
    runs, data = made
    said: list[str] = []
    out = tmp_path_factory.mktemp("out") / "report"
    write_report([runs], out, data=data, say=said.append)
    return out, said


def sets_of(runs):
    judged = opened([read_run(path) for path in find_runs([runs])])
    return judged, item_sets(judged)


# --- what is written -----------------------------------------------------------------------------


def test_the_index_has_labels_and_verdicts_of_every_sample(report):
    out, _ = report
    meta = read_script(out / "data/meta.js")
    sure = ["report-sure [report-sure]", "report-sure [report-sure-films]"]
    assert meta["runs"] == ["report-scores", *sure, "report-talkative"]
    titles = [each["title"] for each in meta["sets"]]
    assert titles == ["genai-bench-image", "genai-bench-video"]
    index = read_script(out / "data/index-0.js")
    assert index["ids"] == [str(i) for i in range(N)]
    assert index["prompts"][0] == HOSTILE
    (dimension,) = index["dimensions"]
    assert dimension["label"] == "12gb" * (N // 4)
    talkative = dimension["said"][str(meta["runs"].index("report-talkative"))]["verdicts"]
    there, back = (list(dimension["label"]) for _ in range(2))
    for order in (there, back):
        order[UNPARSED], order[FAILED] = "u", "x"
    there[FLIPPED], back[FLIPPED] = "1", "2"
    assert talkative == ["".join(there), "".join(back)]
    scores = dimension["said"][str(meta["runs"].index("report-scores"))]["verdicts"]
    assert scores == ["11tt" * (N // 4)]  # the threshold that suits it best


def test_details_hold_every_answer_of_both_orders(report):
    out, _ = report
    meta = read_script(out / "data/meta.js")
    details = read_script(out / "data/detail-0.js")
    assert len(details) == N + 2
    first = next(r for r in details[0]["runs"] if meta["runs"][r["run"]] == "report-talkative")
    assert [(a["order"], a["status"], a["raw"]) for a in first["answers"]] == [
        ("ab", "unparsed", HOSTILE),
        ("ba", "unparsed", HOSTILE),
    ]
    lost = next(r for r in details[FAILED]["runs"] if meta["runs"][r["run"]] == "report-talkative")
    assert HOSTILE in lost["answers"][0]["error"]
    sure = next(r for r in details[1]["runs"] if meta["runs"][r["run"]].startswith("report-sure"))
    assert sure["answers"][0]["shares"] == [["first", 0.8], ["second", 0.2]]


def test_media_are_copied_once_and_what_is_missing_says_so(report):
    out, _ = report
    details = read_script(out / "data/detail-0.js")
    left, right = details[1]["candidates"]
    assert left["kind"] == right["kind"] == "image"
    assert Image.open(out / left["at"][0]).size == (48, 32)
    assert details[LOST_MEDIA]["candidates"][0]["kind"] == "missing"
    assert "no such file" in details[LOST_MEDIA]["candidates"][0]["why"]
    films = [each["candidates"] for each in details[N:]]
    assert films[0] == films[1]
    assert films[0][0]["kind"] == "video"
    assert len(list((out / "media").glob("*.mp4"))) == 1  # equal content is one file


def test_the_page_runs_its_own_program_alone(report):
    out, _ = report
    page = (out / "index.html").read_text("utf-8")
    (program,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    policy = re.search(r'Policy" content="(.*?)"', page)
    assert policy
    allowed = policy[1].replace("&#39;", "'")
    for text, kind in ((program, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in allowed
    assert "unsafe" not in allowed
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert not re.search(r"\son\w+=", page)
    assert "window.hacked" not in page
    assert "innerHTML" not in program


def test_plots_are_there(report):
    out, _ = report
    page = (out / "index.html").read_text("utf-8")
    images = page[page.index('data-task="genai-bench-image"') :]
    images = images[: images.index('data-task="genai-bench-video"')]
    assert re.findall(r'data-panel="(\w+)"', images) == [
        *("figures", "endings", "bias", "confusion", "agreement", "difficulty", "scores"),
        *("calibration", "cost"),
    ]
    # The sure judge says "first" with 0.8 in both orders: right on a quarter of the answers.
    assert "ECE 55.0% over 24 answers" in images


def test_verdicts_of_the_report_give_the_figures_of_the_runs(made):
    runs, _ = made
    judged, sets = sets_of(runs)
    for items in sets:
        for said in items.main.said:
            right = np.minimum(said.verdict, 2) == np.minimum(items.main.label, 2)[:, None]
            tau = judged[said.run].run.tasks[items.task].metrics["tau"].value
            assert right.mean() == pytest.approx(tau)


def test_a_run_is_left_as_it_was(made, tmp_path):
    runs, data = made
    before = {p: p.stat().st_mtime_ns for p in runs.rglob("*")}
    write_report([runs / "report-sure"], tmp_path / "report", data=data)
    assert {p: p.stat().st_mtime_ns for p in runs.rglob("*")} == before


def test_some_samples_of_each_task_and_no_media(made, tmp_path):
    runs, data = made
    write_report([runs], tmp_path / "report", samples=5, media="none", data=data)
    ids = read_script(tmp_path / "report/data/index-0.js")["ids"]
    assert len(ids) == 5
    assert ids == sorted(ids, key=int)
    assert not (tmp_path / "report/media").exists()
    again = write_report([runs], tmp_path / "again", samples=5, media="none", data=data)
    assert read_script(again.parent / "data/index-0.js")["ids"] == ids
    assert "7 of 14 samples" in again.read_text("utf-8")


def test_without_the_data_everything_but_media_is_shown(made, tmp_path, monkeypatch):
    runs, _ = made
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    write_report([runs / "report-sure"], tmp_path / "report", say=said.append)
    assert len(said) == 1
    assert "give --data PATH" in said[0]
    details = read_script(tmp_path / "report/data/detail-0.js")
    assert details[1]["candidates"][0] == {"kind": "missing", "why": "1-left.png is not at hand"}
    assert said[0] in (tmp_path / "report/index.html").read_text("utf-8").replace("&#39;", "'")


def test_media_of_other_data_are_not_shown(made, tmp_path):
    runs, _ = made
    other = tmp_path / "other"
    other.mkdir()
    row = {"idx": 0, "prompt": "another", "left_image": "a.png", "right_image": "b.png"}
    (other / "items.jsonl").write_text(json.dumps({**row, "vote_type": "leftvote"}) + "\n")
    said: list[str] = []
    write_report([runs / "report-sure"], tmp_path / "report", data={"": other}, say=said.append)
    assert "1 items differ" in said[0]


def test_an_earlier_report_is_replaced_and_nothing_else(made, tmp_path):
    runs, data = made
    out = tmp_path / "report"
    write_report([runs / "report-sure"], out, data=data)
    (out / "media" / "stale.png").write_bytes(b"old")
    write_report([runs / "report-sure"], out, data=data)
    assert not (out / "media" / "stale.png").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["report"]
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep")
    with pytest.raises(UserError, match="holds something else"):
        write_report([runs], tmp_path / "notes")
    with pytest.raises(UserError, match="is a file"):
        write_report([runs], tmp_path / "notes" / "mine.txt")
    assert (tmp_path / "notes" / "mine.txt").read_text() == "keep"


def test_the_command(made, tmp_path, unieval):
    runs, data = made
    images = f"genai-bench-image={data['genai-bench-image']}"
    done = unieval("report", runs / "report-sure", "--out", tmp_path / "r", "--data", images)
    assert done.code == 0
    assert done.out.strip() == str(tmp_path / "r" / "index.html")
    assert (tmp_path / "r" / "media").is_dir()
    bad = unieval("report", runs, "--out", tmp_path / "s", "--data", "genai-bench-image=nowhere")
    assert bad.code == 2
    assert "no such file" in bad.err
    assert unieval("report", tmp_path / "none", "--out", tmp_path / "s").code == 2


def test_reports_import_no_model_code():
    script = (
        "import sys, unieval.leaderboard.report\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'torch', 'transformers',"
        " 'diffusers', 'datasets'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_labels_are_those_of_the_data(made):
    runs, _ = made
    _, sets = sets_of(runs)
    words = [LABELS[i % 4] for i in range(N)]
    codes = {"first": 0, "second": 1, "both_good": 3, "both_bad": 4}
    assert sets[0].main.label.tolist() == [codes[word] for word in words]
