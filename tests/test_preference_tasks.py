"""A user's own preferences as tasks: rows of both kinds, and the demo sets of all four groups."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from conftest import write_jsonl
from unieval.harness.errors import UserError
from unieval.harness.items import PairItem, PointItem, Verdict
from unieval.harness.registry import tasks
from unieval.harness.run import Settings, execute, prepare
from unieval.harness.scores import SCORE_RANGES
from unieval.harness.task import Data
from unieval.harness.truth import read_truth
from unieval.reward_training.adapters import read
from unieval.tasks.shapes import pairs as pairs_module
from unieval.tasks.shapes import preferences as demo_module
from unieval.tasks.shapes.preferences import write_preference_pairs, write_preference_points

GROUPS = {"image-generation", "image-understanding", "video-generation", "video-understanding"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> dict[str, Path]:
    """Small demo sets, seed 2."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("pairs", "points")}
    write_preference_pairs(folders["pairs"], items=25, seed=2)
    write_preference_points(folders["points"], items=25, seed=2)
    return folders


def items(name: str, data: Path, **arguments) -> list:
    task = tasks.get(name).create(arguments)
    return list(task.items(Data(data, "here", media=True)))


def judged(judge: str, data: Path, out: Path, *names: str, **options) -> dict:
    settings = Settings(judge=judge, tasks=names, data=str(data), **options)
    return execute(prepare(settings), out, lambda line: None)["tasks"]


MINE = [
    {"id": "1", "candidates": ["a.png", "b.png"], "verdict": "first"},
    {"id": "2", "candidates": ["a.png", "b.png"], "verdict": "both_bad", "prompt": "other"},
    {"id": "2", "source": "theirs", "candidates": ["a.png"], "score": 4.5},
    {"id": "3", "candidates": ["c.png"], "score": 20, "score_range": [0, 20], "cluster": "own"},
    {
        "id": "4",
        "objective": "understanding",
        "prompt": "What is it?",
        "context": ["c.png"],
        "candidates": ["A cube.", "A ball."],
        "verdict": "second",
    },
    {
        "id": "5",
        "modality": "video",
        "objective": "understanding",
        "prompt": "What is it?",
        "context": ["v.mp4"],
        "candidates": ["A cube."],
        "score": 2,
    },
]


def own(rows, path: Path) -> Path:
    plain = {"source": "mine", "modality": "image", "objective": "generation", "prompt": "a cube"}
    return write_jsonl(path, [plain | row for row in rows])


@pytest.fixture
def mine(tmp_path) -> Path:
    return own(MINE, tmp_path / "mine.jsonl")


def test_rows_of_two_are_pairs_and_rows_of_one_are_points(mine):
    pairs, points = items("preference-pairs", mine), items("preference-points", mine)
    assert [(type(p), p.id, p.group, p.label) for p in pairs] == [
        (PairItem, "mine/1", "image-generation", Verdict.FIRST),
        (PairItem, "mine/2", "image-generation", Verdict.BOTH_BAD),
        (PairItem, "mine/4", "image-understanding", Verdict.SECOND),
    ]
    assert [(type(p), p.id, p.group, p.scores, p.score_range) for p in points] == [
        (PointItem, "theirs/2", "image-generation", 4.5, (1, 5)),
        (PointItem, "mine/3", "image-generation", 20, (0, 20)),
        (PointItem, "mine/5", "video-understanding", 2, (1, 5)),
    ]
    assert [p.cluster for p in pairs] == ["a cube", "other", "c.png"]
    assert [p.cluster for p in points] == ["a cube", "own", "v.mp4"]


def test_both_kinds_of_one_file_are_judged_and_counted_apart(mine, tmp_path):
    found = judged("random", mine, tmp_path / "run", "preferences")
    pairs, points = found["preference-pairs"], found["preference-points"]
    assert (pairs["n"], pairs["outputs"], pairs["order"]) == (3, 6, "both")
    assert (points["n"], points["outputs"], points["order"]) == (3, 3, "single")
    assert {name: part["n"] for name, part in points["groups"].items()} == {
        "image-generation": 2,
        "video-understanding": 1,
    }


def test_one_group_alone(mine, tmp_path, unieval):
    assert len(items("preference-pairs", mine, only="image-understanding")) == 1
    command = ("run", "--task", "preference-pairs", "--data", mine, "--json")
    refused = unieval(*command, "--judge", "longest", "--out", tmp_path / "all")
    assert "judge 'longest' does not judge generation, which preference-pairs needs" in refused.err
    only = ("--task-arg", "only=image-understanding")
    done = unieval(*command, "--judge", "longest", "--out", tmp_path / "one", *only)
    assert done.json["tasks"]["preference-pairs"]["n"] == 1
    wrong = unieval(*command, "--judge", "random", "--task-arg", "only=audio")
    assert "argument only='audio'" in wrong.err


def test_a_file_of_one_kind_serves_the_group_and_not_the_other_task(tmp_path, unieval):
    pairs = own(MINE[:2], tmp_path / "pairs.jsonl")
    command = ("run", "--judge", "random", "--data", pairs, "--json", "--task")
    done = unieval(*command, "preferences", "--out", tmp_path / "run")
    assert list(done.json["tasks"]) == ["preference-pairs"]
    refused = unieval(*command, "preference-points", "--out", tmp_path / "other")
    assert refused.err == "unieval: pairs.jsonl holds no items for preference-points\n"
    nothing = unieval(
        *command, "preferences", "--out", tmp_path / "none", "--task-arg", "only=video-generation"
    )
    assert "pairs.jsonl holds no items for preference-pairs" in nothing.err


def test_bad_rows_and_missing_data_are_named(tmp_path, unieval):
    bad = own([*MINE, {"id": "6", "candidates": ["a.png"], "score": 7}], tmp_path / "bad.jsonl")
    command = ("run", "--judge", "random", "--task", "preferences", "--out", tmp_path / "run")
    refused = unieval(*command, "--data", bad)
    assert refused.code == 2
    assert "bad.jsonl, row 6, column 'score': must lie within 1 to 5" in refused.err
    hub = unieval(*command)
    assert "preference-pairs has no data on the hub; give --data PATH" in hub.err


def test_demo_sets_have_all_groups_scales_and_truths(demo):
    for name, folder in demo.items():
        found = items(f"preference-{name}", folder)
        assert Counter(item.group for item in found) == dict.fromkeys(GROUPS, 25)
        assert all(Path(m.uri).is_file() for item in found for m in item.media)
        assert all(read_truth(m).prompt == item.prompt for item in found for m in item.media)
    for point in items("preference-points", demo["points"]):
        assert point.score_range == SCORE_RANGES[point.modality, point.objective]
    labels = Counter(p.label for p in items("preference-pairs", demo["pairs"]))
    assert min(labels[Verdict.FIRST], labels[Verdict.SECOND]) > 25
    assert labels[Verdict.BOTH_GOOD] + labels[Verdict.BOTH_BAD] > 0


def test_demo_sets_are_training_data_as_they_are(demo):
    for name, folder in demo.items():
        found = list(read("jsonl", folder / "preferences.jsonl"))
        assert {(p.kind, p.source) for p in found} == {(name.removesuffix("s"), "shapes")}
        assert len({p.id for p in found}) == len(found) == 100


def test_a_seed_names_a_demo_set(tmp_path):
    tables = []
    for number, seed in enumerate((0, 0, 1)):
        folder = tmp_path / str(number)
        write_preference_points(folder, items=3, seed=seed)
        tables.append((folder / "preferences.jsonl").read_bytes())
    assert tables[0] == tables[1] != tables[2]
    assert (tmp_path / "0/media/video-1.mp4").read_bytes() == (
        tmp_path / "1/media/video-1.mp4"
    ).read_bytes()


def test_demo_media_are_met_in_no_stream_and_no_other_set(monkeypatch, tmp_path):
    """Whatever a set is drawn from is named by dice that no training stream has."""
    named = []
    dice = demo_module.Dice

    def noted(*parts):
        named.append(parts)
        return dice(*parts)

    for module in (demo_module, pairs_module):
        monkeypatch.setattr(module, "Dice", noted)
    write_preference_points(tmp_path, items=2)
    write_preference_pairs(tmp_path, items=2)
    kinds = {parts[1] for parts in named}
    assert len(kinds) == 8 + 2  # four of each set, and two sorts of voters
    assert all(str(kind).startswith(("preference ", "score", "answer score")) for kind in kinds)


def test_the_oracle_is_the_ceiling_of_all_four_groups(demo, tmp_path):
    pairs = judged("oracle", demo["pairs"], tmp_path / "pairs", "preferences")["preference-pairs"]
    points = judged("oracle", demo["points"], tmp_path / "points", "preferences")
    points = points["preference-points"]
    assert pairs["failed"] == points["failed"] == 0
    for group in GROUPS:
        assert pairs["groups"][group]["metrics"]["diff"]["value"] > 0.8
        figures = points["groups"][group]["metrics"]
        assert figures["spearman"]["value"] > 0.6
        assert figures["mae"]["value"] < 0.15
        assert figures["rank_accuracy"]["value"] > 0.7
    each = [points["groups"][group]["metrics"]["kendall"]["value"] for group in GROUPS]
    assert points["metrics"]["kendall"]["value"] == pytest.approx(sum(each) / 4)
    low, high = points["metrics"]["kendall"]["ci95"]
    assert low < points["metrics"]["kendall"]["value"] < high


def test_the_oracle_fails_where_there_is_no_truth(demo, tmp_path):
    rows = [{"id": "1", "candidates": ["x.png"], "score": 3}] * 2
    rows += [
        {
            "id": "2",
            "objective": "understanding",
            "prompt": "?",
            "context": ["x.png"],
            "candidates": ["yes"],
            "score": 3,
        }
    ]
    (tmp_path / "x.png").write_bytes(next(demo["points"].glob("media/image-*.png")).read_bytes())
    data = own(rows, tmp_path / "mine.jsonl")
    with pytest.raises(UserError, match=r"every sample failed.*made for another prompt"):
        judged("oracle", data, tmp_path / "run", "preference-points")


def test_listing_and_description(unieval):
    shown = unieval("tasks", "--json").json
    lines = {line["task"]: line for line in shown}
    assert lines["preference-points"]["judges"] == "points"
    assert lines["preference-pairs"]["group"] == "preferences"
    assert lines["genai-bench-video"]["judges"] == "video generation pairs"
    about = unieval("tasks", "preference-points", "--json").json
    assert about["answers"] == ["a score in the item's range"]
    assert about["data set"] == "your own, --data PATH"
    assert "only" in about["arguments"]


def test_tables_show_correlations_as_they_are(demo, tmp_path, unieval):
    judged("oracle", demo["points"], tmp_path / "run", "preference-points")
    text = unieval("leaderboard", tmp_path / "run", "--format", "markdown").out
    assert "one candidate at a time" in text
    assert "| judge | spearman | image-generation spearman |" in text
    assert "Correlations from -1 to 1, with 95% intervals." in text
    assert "| oracle | 0." in text
    mixed = ("--metric", "mae", "--metric", "pearson")
    text = unieval("leaderboard", tmp_path / "run", "--format", "markdown", *mixed).out
    assert "Figures in percent, correlations from -1 to 1, with 95% intervals." in text
