"""MLVU's open questions: two files, two grades each, and what becomes of grades nobody can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asked_setup import answers_file, grading
from chat_server import serving
from unieval.harness.errors import UserError
from unieval.harness.registry import tasks
from unieval.harness.run import run
from unieval.harness.task import Data

SCENES = [
    {"video": f"s{i}.mp4", "question": "How?", "answer": "by foot", "scoring_points": ["walks"]}
    for i in range(3)
]
SUMMARIES = [{"video": "m.mp4", "question": "What is it about?", "answer": "a walk"}]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "8_sub_scene.json").write_text(json.dumps(SCENES))
    (folder / "9_summary.json").write_text(json.dumps(SUMMARIES))
    return folder


def items(path: Path):
    return list(tasks.get("mlvu-open").create({}).items(Data(path, str(path))))


def test_both_files_or_one_are_read(data):
    found = items(data)
    assert [item.id for item in found] == ["sub_scene-0", "sub_scene-1", "sub_scene-2", "summary-0"]
    assert found[0].context[0].name == "videos/s0.mp4"
    assert [item.group for item in items(data / "9_summary.json")] == ["summary"]
    with pytest.raises(UserError, match=r"expected 8_sub_scene.json or 9_summary.json"):
        items(data / "videos")
    (data / "8_sub_scene.json").write_text(json.dumps([{**SCENES[0], "scoring_points": []}]))
    with pytest.raises(UserError, match="row 0: no scoring_points"):
        items(data)


def test_a_grader_is_told_what_counts(data):
    task = tasks.get("mlvu-open").create({})
    scene, summary = items(data)[0], items(data)[-1]
    (asked,) = task.grading.item(scene, "he walks", "g").prompts
    assert "- walks" in asked
    assert "accuracy" in asked
    assert "he walks" in asked
    (asked,) = task.grading.item(summary, "", "g").prompts
    assert "A good answer: a walk" in asked
    assert "completeness" in asked
    assert "(nothing was said)" in asked


def graded(text: str) -> str:
    """Sums of 10, 4.5, and none for the scenes; 7.5 for the summary."""
    replies = {"told 0": "5 5\nwell", "told 1": "2 2.5", "told 2": "It is fine.", "told 3": "4 3.5"}
    return next(reply for said, reply in replies.items() if said in text)


@pytest.mark.parametrize(
    ("protocol", "score", "average"),
    [("robust", 22 / 3, (7.25 + 7.5) / 2), ("official", 22 / 4, (14.5 / 3 + 7.5) / 2)],
)
def test_scores_by_hand(data, tmp_path, protocol, score, average):
    names = [item.id for item in items(data)]
    answers = answers_file(
        tmp_path / "said.jsonl", {name: f"told {i}" for i, name in enumerate(names)}
    )
    with serving(usual=grading(graded)) as server:
        found = run(
            task="mlvu-open",
            out=tmp_path / "run",
            data=str(data),
            model="folder",
            model_arguments={"path": str(answers)},
            judge="openai",
            judge_arguments={"url": server.url, "path": "judge"},
            protocol=protocol,
        )
    entry = found["tasks"]["mlvu-open"]
    assert entry["grades"] == {"ok": 3, "unparsed": 1}
    assert entry["metrics"]["score"]["value"] == pytest.approx(score)
    assert entry["metrics"]["g_avg"]["value"] == pytest.approx(average)
    assert entry["metrics"]["coverage"]["value"] == 3 / 4
