"""Other people's recorded data: published figures must come out of stored answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from unieval.harness.calibration import best_threshold, official_with_ties

CONFIGS = {
    "image_generation": "genai-bench-image",
    "image_edition": "genai-bench-edit",
    "video_generation": "genai-bench-video",
}
MODELS = ("blip2", "gpt4o", "llavanext", "minicpm-V-2.5", "otterimage", "random")
# Answers with no verdict by the authors' own rule, counted with their regular expression.
UNPARSED = {
    "image_generation": (504, 11, 83, 2, 1735, 0),
    "image_edition": (9, 0, 10, 0, 919, 0),
    "video_generation": (518, 0, 234, 719, 1069, 0),
}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("model", MODELS)
def test_genai_bench_published_accuracy(config, model, shared, unieval, tmp_path):
    folder = shared / "genai-bench"
    published = json.loads((folder / "published.json").read_text())[config][model]
    task = CONFIGS[config]
    done = unieval(
        *("run", "--judge", "replay", "--task", task, "--protocol", "official", "--json"),
        *("--judge-arg", f"path={folder / f'{config}.{model}.responses.jsonl.gz'}"),
        *("--judge-arg", "format=genai-bench"),
        *("--data", folder / f"{config}.items.jsonl.gz", "--out", tmp_path / "run"),
    )
    assert done.code == 0
    entry = done.json["tasks"][task]
    assert round(100 * entry["metrics"]["accuracy_4way"]["value"], 2) == published
    assert entry["unparsed"] == UNPARSED[config][MODELS.index(model)]
    assert {"tau", "diff"} <= entry["metrics"].keys()
    again = unieval("rescore", tmp_path / "run", "--json")
    assert again.json["tasks"] == done.json["tasks"]


def test_genai_bench_tau_and_diff_of_gpt4o(shared, unieval, tmp_path):
    """Computed independently from the same answers, in the reference notes."""
    folder = shared / "genai-bench"
    expected = {
        "image_generation": (47.95, 55.44),
        "image_edition": (53.97, 72.17),
        "video_generation": (49.77, 68.86),
    }
    for config, pair in expected.items():
        done = unieval(
            *("run", "--judge", "replay", "--task", CONFIGS[config], "--protocol", "official"),
            *("--judge-arg", f"path={folder / f'{config}.gpt4o.responses.jsonl.gz'}", "--json"),
            *("--judge-arg", "format=genai-bench", "--out", tmp_path / config),
            *("--data", folder / f"{config}.items.jsonl.gz"),
        )
        metrics = done.json["tasks"][CONFIGS[config]]["metrics"]
        assert tuple(round(100 * metrics[m]["value"], 2) for m in ("tau", "diff")) == pair


def test_genai_bench_video_as_unifiedreward_keeps_it(shared, unieval, tmp_path):
    """The other collection (1,889 rows); a judge that always says tie reaches 619 of them."""
    path = shared / "genai-bench-video" / "data.json.gz"
    done = unieval(
        *("run", "--judge", "tie", "--task", "genai-bench-video", "--data", path),
        *("--out", tmp_path / "run", "--json"),
    )
    entry = done.json["tasks"]["genai-bench-video"]
    assert entry["n"] == 1889
    assert entry["metrics"]["tau"]["value"] == pytest.approx(619 / 1889)
    assert entry["metrics"]["diff"]["value"] == 0


def vlrb(shared: Path, unieval, out: Path, *arguments: str):
    path = shared / "vl-rewardbench" / "data.json.gz"
    return unieval(
        *("run", "--task", "vl-rewardbench", "--data", path, "--out", out, "--json", *arguments)
    )


@pytest.mark.parametrize("judge", ["random", "longest"])
def test_vl_rewardbench_groups(judge, shared, unieval, tmp_path):
    done = vlrb(shared, unieval, tmp_path / "run", "--judge", judge)
    entry = done.json["tasks"]["vl-rewardbench"]
    counts = {name: group["n"] for name, group in entry["groups"].items()}
    assert counts == {"general": 183, "hallucination": 749, "reasoning": 318}
    assert entry["n"] == 1250
    assert entry["outputs"] == 2500
    for name in ("overall", "macro"):
        low, high = entry["metrics"][name]["ci95"]
        assert low < entry["metrics"][name]["value"] < high
    assert "warning" not in done.err


def test_vl_rewardbench_unifiedreward_grouping(shared, unieval, tmp_path):
    done = vlrb(
        shared,
        unieval,
        tmp_path / "run",
        *("--judge", "random", "--task-arg", "grouping=unifiedreward"),
    )
    groups = done.json["tasks"]["vl-rewardbench"]["groups"]
    assert [groups[g]["n"] for g in ("general", "hallucination", "reasoning")] == [631, 301, 318]


def test_vl_rewardbench_longest_in_the_given_order(shared, unieval, tmp_path):
    done = vlrb(shared, unieval, tmp_path / "run", *("--judge", "longest", "--order", "given"))
    entry = done.json["tasks"]["vl-rewardbench"]
    right = {
        name: group["metrics"]["accuracy"]["value"] * group["n"]
        for name, group in entry["groups"].items()
    }
    assert right == pytest.approx({"general": 70, "hallucination": 306, "reasoning": 168})
    assert entry["metrics"]["overall"]["value"] == pytest.approx(544 / 1250)
    assert entry["metrics"]["macro"]["value"] == pytest.approx(
        (70 / 183 + 306 / 749 + 168 / 318) / 3
    )


def test_vl_rewardbench_first_wins_the_given_order_and_is_told_so(shared, unieval, tmp_path):
    done = vlrb(shared, unieval, tmp_path / "run", *("--judge", "first", "--order", "given"))
    assert done.json["tasks"]["vl-rewardbench"]["metrics"]["overall"]["value"] == 1245 / 1250
    assert "preferred answer first in 1245 of 1250" in done.err
    assert "meaningless" in done.err


def test_vl_rewardbench_official_order_is_random_by_item(shared, unieval, tmp_path):
    done = vlrb(shared, unieval, tmp_path / "run", *("--judge", "first", "--protocol", "official"))
    assert done.json["order"] == "random"
    low, high = done.json["tasks"]["vl-rewardbench"]["metrics"]["overall"]["ci95"]
    assert low < 0.5 < high


def test_vl_rewardbench_warns_when_rows_are_missing(shared, unieval, tmp_path):
    import gzip

    whole = (shared / "vl-rewardbench" / "data.json.gz").read_bytes()
    rows = json.loads(gzip.decompress(whole))[:-1]
    part = tmp_path / "part.json"
    part.write_text(json.dumps(rows))
    done = unieval(
        *("run", "--task", "vl-rewardbench", "--data", part, "--judge", "random"),
        *("--out", tmp_path / "run", "--json"),
    )
    assert "the data differ from the full benchmark" in done.err


def test_calibration_vectors_of_videoalign(shared):
    path = shared / "videogen-rewardbench" / "calc_accuracy_vectors.json"
    vectors = json.loads(path.read_text())
    assert len(vectors) == 37
    for vector in vectors:
        human = np.array(vector["h"], dtype=np.int64)
        margin = np.array(vector["m"], dtype=np.float64)
        if human.size == 0:
            assert np.isnan(official_with_ties(human, margin))
            continue
        assert official_with_ties(human, margin) == pytest.approx(vector["with_ties"]), vector
        decided = human != 0
        if vector["without_ties"] is not None:
            right = (human * margin > 0)[decided].mean()
            assert right == pytest.approx(vector["without_ties"]), vector
        assert best_threshold(human, margin)[1] >= (human * margin > 0).mean()


def test_calibration_vectors_through_the_command_line(shared, unieval, tmp_path):
    """Scores replayed through ``videogen-rewardbench`` give the authors' own figures."""
    words = {1: "A", -1: "B", 0: "same"}
    vectors = json.loads(
        (shared / "videogen-rewardbench" / "calc_accuracy_vectors.json").read_text()
    )
    vector = max(vectors, key=lambda v: len(v["h"]))
    items, answers = tmp_path / "items.csv", tmp_path / "scores.jsonl"
    lines = [f"a{i}.mp4,b{i}.mp4,p{i},{words[h]}" for i, h in enumerate(vector["h"])]
    items.write_text("\n".join(["path_A,path_B,prompt,Overall", *lines]) + "\n")
    answers.write_text(
        "".join(
            json.dumps({"item_id": str(i), "scores": [m, 0.0]}) + "\n"
            for i, m in enumerate(vector["m"])
        )
    )
    done = unieval(
        *("run", "--judge", "replay", "--judge-arg", f"path={answers}", "--json"),
        *("--task", "videogen-rewardbench", "--task-arg", "calibration=official"),
        *("--data", items, "--out", tmp_path / "run"),
    )
    metrics = done.json["tasks"]["videogen-rewardbench"]["metrics"]
    assert metrics["tau"]["value"] == pytest.approx(vector["with_ties"])
    assert metrics["diff"]["value"] == pytest.approx(vector["without_ties"])
    assert unieval("rescore", tmp_path / "run", "--json").json["tasks"] == done.json["tasks"]
