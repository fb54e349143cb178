"""MJ-Bench's stored scores: every prediction and every count of its authors follows from them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import write_jsonl
from unieval.harness.columns import WHOLE, Shape, load
from unieval.harness.judgements import CODES
from unieval.harness.registry import tasks
from unieval.harness.store import Store

SETS = ("blur", "human", "mpii", "object_indoor")
SIZES = (350, 100, 220, 100)
RIGHT = {
    "ImageReward": (325, 67, 149, 66),
    "aesthetics": (340, 96, 188, 76),
    "blipscore": (210, 29, 71, 22),
    "clipscore_v2": (289, 60, 78, 78),
    "hps_v2.1": (346, 98, 165, 98),
    "pickscore_v1": (334, 95, 175, 99),
}
PREDICTED = {"0": CODES["first"], "1": CODES["second"], "tie": CODES["tie"]}


def stored(shared: Path, scorer: str) -> list[dict]:
    return [
        {**row, "info": name}
        for name in SETS
        for row in json.loads((shared / "mj_bench/scores" / scorer / f"{name}.json").read_text())
    ]


@pytest.mark.parametrize("scorer", RIGHT)
def test_every_stored_prediction(scorer, shared, unieval, tmp_path):
    rows = stored(shared, scorer)
    items = [{name: row[name] for name in ("caption", "label", "info")} for row in rows]
    scores = [
        {"item_id": str(number), "scores": [row["score_0"], row["score_1"]]}
        for number, row in enumerate(rows)
    ]
    done = unieval(
        *("run", "--judge", "replay", "--task", "mj-bench-quality", "--protocol", "official"),
        *("--judge-arg", f"path={write_jsonl(tmp_path / 'scores.jsonl', scores)}"),
        *("--data", write_jsonl(tmp_path / "items.jsonl", items)),
        *("--out", tmp_path / "run", "--json"),
    )
    assert done.code == 0
    entry = done.json["tasks"]["mj-bench-quality"]
    with Store(tmp_path / "run") as store:
        task = tasks.get("mj-bench-quality").create({})
        said = load(store, task, Shape(1, 1), "official").dimensions[WHOLE].by_pass[:, 0]
    assert np.array_equal(said, [PREDICTED[row["pred"]] for row in rows])
    for name, size, right in zip(SETS, SIZES, RIGHT[scorer], strict=True):
        group = entry["groups"][name]
        assert group["n"] == size
        assert group["metrics"]["accuracy"]["value"] == pytest.approx(right / size)
    assert entry["metrics"]["accuracy"]["value"] == pytest.approx(sum(RIGHT[scorer]) / 770)


def test_a_tie_is_wrong_or_left_out(unieval, tmp_path):
    """Four pairs: right, wrong, tie, right."""
    items = [
        {"caption": f"caption {i}", "image0": "a.png", "image1": "b.png", "label": 0}
        for i in range(4)
    ]
    margins = (2.0, -1.0, 0.0, 0.5)
    scores = [{"item_id": str(i), "scores": [m, 0.0]} for i, m in enumerate(margins)]
    done = unieval(
        *("run", "--judge", "replay", "--task", "mj-bench-safety", "--protocol", "official"),
        *("--judge-arg", f"path={write_jsonl(tmp_path / 'scores.jsonl', scores)}"),
        *("--data", write_jsonl(tmp_path / "items.jsonl", items)),
        *("--out", tmp_path / "run", "--json"),
    )
    metrics = done.json["tasks"]["mj-bench-safety"]["metrics"]
    assert metrics["accuracy"]["value"] == 2 / 4
    assert metrics["accuracy_decided"]["value"] == pytest.approx(2 / 3)
    assert metrics["accuracy_decided"]["n"] == 3


def test_its_alignment_items_are_read(shared, unieval, tmp_path):
    sizes = {"actions": 117, "spatial": None}
    for name, size in sizes.items():
        path = shared / "mj_bench" / "alignment" / f"{name}_test.json"
        done = unieval(
            *("run", "--judge", "first", "--task", "mj-bench-alignment", "--json"),
            *("--data", path, "--out", tmp_path / name),
        )
        rows = json.loads(path.read_text())
        entry = done.json["tasks"]["mj-bench-alignment"]
        assert entry["n"] == len(rows) == (size or len(rows))
        assert entry["metrics"]["accuracy"]["value"] == 0.5
