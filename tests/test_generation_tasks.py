"""Prompt sets: mean scores and win rates of what a model made, each by hand."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_jsonl
from PIL import Image
from unieval import load_image
from unieval.harness.errors import UserError
from unieval.harness.items import Output
from unieval.harness.judge import Supports
from unieval.harness.registry import judge, tasks
from unieval.harness.run import rescore, run
from unieval.harness.task import Data
from unieval.tasks.shapes.prompt_demo import write_image_wins

N = 8


def value(entry: dict[str, Any], name: str) -> float:
    return entry["metrics"][name]["value"]


def prompts(folder: Path) -> Path:
    return write_jsonl(folder / "prompts.jsonl", [{"prompt": f"grey {i}"} for i in range(N)])


def greys(folder: Path, levels: dict[str, int]) -> Path:
    folder.mkdir()
    for name, level in levels.items():
        Image.new("L", (8, 8), level).save(folder / f"{name}.png")
    return folder


@judge("planted-grey")
class Grey:
    """Scores a picture by how light it is."""

    supports = Supports(objectives=frozenset({"generation"}), modalities=frozenset({"image"}))

    def score(self, batch):
        return [float(np.asarray(load_image(point.candidate)).mean()) for point in batch]


@judge("planted-lighter")
class Lighter:
    """Prefers the lighter picture; where they are alike, what it sees first; level 99 baffles."""

    supports = Supports(objectives=frozenset({"generation"}), modalities=frozenset({"image"}))
    grammar = "plain"

    def judge(self, batch):
        return [Output(text=self._said(*request.shown)) for request in batch]

    def _said(self, first, second):
        one, two = (float(np.asarray(load_image(shown)).mean()) for shown in (first, second))
        if 99 in (one, two):
            return "who knows"
        return "tie" if abs(one - two) == 1 else "first" if one >= two else "second"


def made(path: Path) -> dict[str, Any]:
    return {"model": "folder", "model_arguments": {"path": str(path)}}


def test_the_score_is_the_mean_over_prompts_of_the_mean_over_pictures(tmp_path):
    levels = {f"{i}_{vote}": 10 * i + vote for i in range(N) for vote in (0, 1)}
    del levels["3_1"], levels["5_0"], levels["5_1"]
    found = run(
        task="image-prompts",
        judge="planted-grey",
        data=str(prompts(tmp_path)),
        out=tmp_path / "run",
        votes=2,
        **made(greys(tmp_path / "made", levels)),
    )
    entry = found["tasks"]["image-prompts"]
    means = [10 * i + 0.5 for i in range(N) if i not in (3, 5)] + [30]
    assert value(entry, "score") == pytest.approx(np.mean(means))
    assert entry["metrics"]["score"]["n"] == N - 1
    assert (
        entry["metrics"]["score"]["ci95"][0] < np.mean(means) < entry["metrics"]["score"]["ci95"][1]
    )
    assert value(entry, "made") == pytest.approx((2 * N - 3) / (2 * N))
    assert (entry["n"], entry["failed"]) == (N, 3)
    assert rescore(tmp_path / "run")["tasks"] == found["tasks"]


def test_wins_by_verdicts_in_both_orders(tmp_path):
    #        wins, loses, tie, alike (flips), unread, not made, wins, wins
    ours = [50, 50, 50, 50, 99, None, 60, 60]
    theirs = [40, 60, 51, 50, 10, 10, 10, 10]
    mine = greys(tmp_path / "mine", {str(i): v for i, v in enumerate(ours) if v is not None})
    other = greys(tmp_path / "other", {str(i): v for i, v in enumerate(theirs)})
    common = {"task": "image-wins", "judge": "planted-lighter", "data": str(prompts(tmp_path))}
    common |= {"task_arguments": {"against": str(other)}, **made(mine)}
    entry = run(out=tmp_path / "run", **common)["tasks"]["image-wins"]
    points = [1, 0, 0.5, 0.5, 0, 1, 1]  # of the prompts that were judged, or lost by default
    cells = [2, 2, 2, 2, 2, 2, 2]
    assert value(entry, "win_rate") == pytest.approx(np.average(points, weights=cells))
    assert value(entry, "win_rate_lower") == pytest.approx(sum(points) / N)
    assert value(entry, "win_rate_upper") == pytest.approx((sum(points) + 1) / N)
    assert value(entry, "tie_rate") == pytest.approx(1 / 6)
    assert value(entry, "flip_rate") == pytest.approx(1 / 6)
    assert (entry["unparsed"], entry["failed"]) == (2, 1)
    assert entry["grades"] == {"ok": 12, "unparsed": 2}
    other.rename(tmp_path / "moved")  # what is stored is enough to score again
    assert rescore(tmp_path / "run")["tasks"]["image-wins"] == entry
    (tmp_path / "moved").rename(other)
    official = run(out=tmp_path / "official", protocol="official", **common)["tasks"]["image-wins"]
    # one order: what is alike counts for the first; what was not made is left out
    assert value(official, "win_rate") == pytest.approx(np.mean([1, 0, 0.5, 1, 1, 1]))


def test_wins_by_scores_over_a_stored_run(tmp_path):
    first = {str(i): 10 * i for i in range(N)}
    second = {str(i): 35 for i in range(N)} | {"2": 20}
    data = str(prompts(tmp_path))
    told = {"judge": "planted-grey", "data": data}
    base = greys(tmp_path / "base", second)
    run(task="image-prompts", out=tmp_path / "base-run", **told, **made(base))
    before = {"against": str(tmp_path / "base-run")}
    wins = {"task": "image-wins", **told, "task_arguments": before}
    entry = run(out=tmp_path / "run", **wins, **made(greys(tmp_path / "mine", first)))
    expected = np.mean([0, 0, 0.5, 0, 1, 1, 1, 1])
    assert value(entry["tasks"]["image-wins"], "win_rate") == pytest.approx(expected)
    # the stored pictures are a model too, here the model that stands against itself
    again = run(out=tmp_path / "same", **wins, **made(tmp_path / "base-run"))
    assert value(again["tasks"]["image-wins"], "tie_rate") == 1
    grader = again["tasks"]["image-wins"]["arguments"]["grader_id"]
    assert grader == entry["tasks"]["image-wins"]["arguments"]["grader_id"]
    others = wins | {"task_arguments": {"against": str(base)}}
    third = run(out=tmp_path / "other", **others, **made(base))["tasks"]["image-wins"]
    assert third["arguments"]["grader_id"] != grader  # another opponent is another figure


def test_what_does_not_fit_is_told(tmp_path):
    data, mine = str(prompts(tmp_path)), greys(tmp_path / "mine", {"0": 1})
    told = {"task": "image-wins", "data": data, "out": tmp_path / "run", **made(mine)}
    with pytest.raises(UserError, match="say --task-arg against=PATH"):
        run(judge="planted-grey", **told)
    with pytest.raises(UserError, match=r"holds nothing for item '1' \('grey 1'\)"):
        run(judge="planted-grey", task_arguments={"against": str(mine)}, **told)
    with pytest.raises(UserError, match="no such folder"):
        run(judge="planted-grey", task_arguments={"against": str(tmp_path / "none")}, **told)
    films = {**told, "task": "video-prompts"}
    with pytest.raises(UserError, match="does not take videos"):
        run(judge="planted-grey", **films)


def read(name: str, path: Path, **arguments: object) -> list[str]:
    items = tasks.get(name).create(arguments).items(Data(path, path.name))
    return [item.prompt for item in items]


def test_prompts_are_read_as_they_are_published(tmp_path):
    text = tmp_path / "set.txt"
    text.write_text("two boys\n\nsix airplanes\n", encoding="utf-8")
    assert read("image-prompts", text) == ["two boys", "six airplanes"]
    csv = tmp_path / "eval.csv"
    csv.write_text('prompt,prompt_shorter\n"A long, long text",short\n', encoding="utf-8")
    assert read("video-prompts", csv) == ["A long, long text"]
    assert read("video-prompts", csv, column="prompt_shorter") == ["short"]
    info = tmp_path / "VBench_full_info.json"
    rows = [{"prompt_en": f"p{i}", "dimension": ["color", "scene"][: i + 1]} for i in range(2)]
    info.write_text(json.dumps(rows), encoding="utf-8")
    assert read("video-prompts", info) == ["p0", "p1"]
    assert read("video-prompts", info, dimension="scene") == ["p1"]
    with pytest.raises(UserError, match=r"dimension=depth.*known: color, scene"):
        read("video-prompts", info, dimension="depth")
    with pytest.raises(UserError, match=r"no column caption.*column=NAME"):
        read("image-prompts", csv, column="caption")
    empty = write_jsonl(tmp_path / "empty.jsonl", [{"prompt": " "}])
    with pytest.raises(UserError, match="row 0: prompt is ' ', no prompt"):
        read("image-prompts", empty)


def test_recorded_prompt_sets_are_read(shared):
    counts = {
        "prompts/numeracy_val.txt": 300,
        "prompts/videogen_eval.csv": 400,
        "prompts/TA_hard.csv": 72,
        "imagereward/benchmark-prompts.json": 100,
        "vbench/VBench_full_info.json": 946,
    }
    for name, count in counts.items():
        found = len(read("image-prompts", shared / name))
        assert abs(found - count) <= 1, (name, found)
    info = shared / "vbench" / "VBench_full_info.json"
    assert len(read("video-prompts", info, dimension="temporal_flickering")) == 75


def test_truth_of_the_shapes_world_is_a_judge_of_what_was_made(tmp_path):
    folder = tmp_path / "demo"
    write_image_wins(folder, items=6)
    told = {"task": "image-wins", "data": str(folder), "judge": "shapes-reader"}
    entry = run(out=tmp_path / "run", **told, **made(folder / "against"))["tasks"]["image-wins"]
    assert (value(entry, "tie_rate"), value(entry, "win_rate"), entry["failed"]) == (1, 0.5, 0)
    blank = tmp_path / "blank"
    blank.mkdir()
    buffer = BytesIO()
    Image.new("RGB", (64, 64), (30, 30, 30)).save(buffer, "PNG")
    for i in range(6):
        (blank / f"{i}.png").write_bytes(buffer.getvalue())
    lost = run(out=tmp_path / "lost", **told, **made(blank))["tasks"]["image-wins"]
    assert value(lost, "win_rate") < 0.2
