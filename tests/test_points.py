"""Single candidates end to end: planned, judged, stored, resumed, scored again, refused."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from conftest import write_jsonl
from unieval.harness.errors import UserError
from unieval.harness.items import SCORE, PointItem, Request
from unieval.harness.judge import ScoreDifference, Supports
from unieval.harness.plan import Plan
from unieval.harness.registry import load_plugin
from unieval.harness.task import Data

PLUGIN = Path(__file__).parent / "planted.py"
N = 200


@pytest.fixture(autouse=True)
def planted():
    load_plugin(PLUGIN)


def point_rows(n=N, **columns):
    """Scores 1.0 to 5.0 in a pattern; four in a row share a prompt."""
    return [
        {
            "id": str(i),
            "source": "own",
            "modality": "image",
            "objective": "generation",
            "prompt": f"prompt {i // 4}",
            "candidates": [f"{i}.png"],
            "score": 1 + i * 7 % 41 / 10,
            **columns,
        }
        for i in range(n)
    ]


@pytest.fixture
def points(tmp_path):
    return write_jsonl(tmp_path / "points.jsonl", point_rows())


@pytest.fixture
def command(points, tmp_path):
    base = ("run", "--plugin", PLUGIN, "--task", "preference-points", "--data", points)
    return (*base, "--out", tmp_path / "run", "--json")


def entry(done):
    return done.json["tasks"]["preference-points"]


def records(folder: Path) -> list[tuple]:
    columns = "item, ord, vote, key, status, verdict, score_a, score_b, raw, error"
    with sqlite3.connect(folder / "records.sqlite") as database:
        return database.execute(f"SELECT {columns} FROM records ORDER BY position, vote").fetchall()


def test_every_ending_is_recorded_counted_and_never_helps(unieval, command, tmp_path):
    done = unieval(*command, "--judge", "rates")
    assert done.code == 3
    found = entry(done)
    counts = {"ambiguous": 10, "ok": 150, "out_of_range": 10, "request_failed": 10}
    assert found["statuses"] == counts | {"truncated": 10, "unparsed": 10}
    assert (found["n"], found["outputs"], found["complete"]) == (N, N, True)
    assert (found["unparsed"], found["failed"], found["order"]) == (40, 10, "single")
    group = found["groups"]["image-generation"]
    assert (group["n"], group["unparsed"], group["failed"]) == (N, 40, 10)
    for metric in ("spearman", "kendall", "pearson"):
        figure = found["metrics"][metric]
        assert figure["value"] == pytest.approx(0.75)
        assert figure["n"] == N
        assert figure["ci95"][0] < 0.75 < figure["ci95"][1]
        assert found["metrics"][f"{metric}_parsed"]["value"] == pytest.approx(1.0)
        assert found["metrics"][f"{metric}_parsed"]["n"] == 150
    assert found["metrics"]["coverage"]["value"] == 0.75
    assert found["metrics"]["mae"]["value"] > 0.1
    assert found["metrics"]["mae_parsed"]["value"] == pytest.approx(0.0)
    stored = {row[0]: row for row in records(tmp_path / "run")}
    assert {row[1] for row in stored.values()} == {"ab"}
    assert stored["own/6"][4:9] == ("ok", None, 1.1, None, "Final Score: 1.1")
    assert stored["own/3"][4:9] == ("out_of_range", None, None, None, "Final Score: 7")
    assert stored["own/5"][9] == "RuntimeError: cannot take this one"


def test_a_broken_run_ends_as_an_unbroken_one(unieval, command, tmp_path):
    log = tmp_path / "judged.log"
    whole = unieval(*command, "--judge", "rates", "--judge-arg", f"log={log}", "--votes", "2")
    unbroken = records(tmp_path / "run")
    assert len(unbroken) == 2 * N
    with sqlite3.connect(tmp_path / "run" / "records.sqlite") as database:
        database.execute("DELETE FROM records WHERE position % 3 = 0")
    log.unlink()
    again = unieval(*command, "--judge", "rates", "--judge-arg", f"log={log}", "--votes", "2")
    assert again.json["tasks"] == whole.json["tasks"]
    assert records(tmp_path / "run") == unbroken
    judged = {json.loads(line)[0] for line in log.open()}
    lost = {f"own/{i}" for i in range(0, N, 3)} | {f"own/{i}" for i in range(5, N, 20)}
    assert judged == lost  # what was lost, and what had failed


def test_stored_texts_are_read_again(unieval, command, tmp_path):
    done = unieval(*command, "--judge", "rates")
    before = records(tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "records.sqlite") as database:
        database.execute("UPDATE records SET score_a = 99, status = 'unparsed' WHERE raw NOT NULL")
    again = unieval("rescore", tmp_path / "run", "--plugin", PLUGIN, "--json")
    assert again.json["tasks"] == done.json["tasks"]
    assert records(tmp_path / "run") == before


def test_a_judge_that_scores_serves_points_directly(unieval, command, tmp_path):
    done = unieval(*command, "--judge", "counts-letters")
    found = entry(done)
    assert done.code == 0, done.err
    assert "mae" not in found["metrics"]  # its numbers have no scale
    assert found["metrics"]["spearman"]["value"] != 0
    assert records(tmp_path / "run")[7][6:9] == (-700.0, None, None)
    again = unieval("rescore", tmp_path / "run", "--plugin", PLUGIN, "--json")
    assert again.json["tasks"] == done.json["tasks"]


def test_the_adapter_gives_a_scorer_the_tasks_own_item():
    seen = []

    class Scorer:
        supports = Supports()

        def score(self, batch):
            seen.extend(batch)
            return [1.5] * len(batch)

    item = PointItem("1", "image", "understanding", "p", "yes", (), 3, (1, 5))
    judge = ScoreDifference(Scorer())
    assert judge.judge([Request("t", item, "ab", 0, 0, SCORE)] * 2)[1].scores == (1.5,)
    assert seen == [item]
    assert judge.supports.pointwise
    assert judge.supports.order_free


def test_the_plan_counts_one_request_an_item(unieval, command, tmp_path):
    shown = unieval(*command[:-3], "--judge", "random", "--dry-run", "--order", "both").out
    assert [word for word in shown.split() if word == "200"] == [
        "200"
    ] * 3  # items, requests, media
    assert "single" in shown


def test_another_range_is_another_question(unieval, command, points):
    assert unieval(*command, "--judge", "random").code == 0
    write_jsonl(points, point_rows(score_range=[0, 10]))
    refused = unieval(*command, "--judge", "random")
    assert refused.code == 2
    assert "data.fingerprint" in refused.err


def test_random_draws_from_the_range_by_the_item(unieval, command, points, tmp_path):
    write_jsonl(points, point_rows(score_range=[0, 10]))
    first = unieval(*command, "--judge", "random", "--batch-size", "7")
    scores = [row[6] for row in records(tmp_path / "run")]
    assert 0 <= min(scores) < 1
    assert 9 < max(scores) <= 10
    assert entry(first)["metrics"]["mae"]["value"] < 0.6
    again = unieval(*(*command[:-2], tmp_path / "other", "--json"), "--judge", "random")
    assert entry(again) == entry(first)


@pytest.mark.parametrize("judge", ["first", "tie", "longest"])
def test_judges_of_pairs_refuse_points(unieval, command, judge):
    refused = unieval(*command, "--judge", judge)
    assert refused.code == 2
    assert (
        f"judge '{judge}' does not score single candidates, which preference-points" in refused.err
    )
    assert "a task of pairs" in refused.err


def test_judges_of_points_refuse_pairs(unieval, genai_items, tmp_path):
    refused = unieval(
        *("run", "--plugin", PLUGIN, "--judge", "rates", "--task", "genai-bench-image"),
        *("--data", genai_items(4), "--out", tmp_path / "run"),
    )
    assert refused.code == 2
    assert "judge 'rates' does not compare pairs, which genai-bench-image needs" in refused.err


def test_stored_answers_serve_points(unieval, command, tmp_path):
    answers = [{"item_id": f"own/{i}", "response": f"Final Score: {1 + i % 5}"} for i in range(N)]
    file = write_jsonl(tmp_path / "answers.jsonl", answers)
    replay = ("--judge", "replay", "--judge-arg", f"path={file}")
    done = unieval(*command, *replay)
    assert done.code == 0, done.err
    assert entry(done)["statuses"] == {"ok": N}
    numbers = [{"item_id": f"own/{i}", "score": i} for i in range(N)]
    write_jsonl(file, numbers)
    free = unieval(*(*command[:-2], tmp_path / "free", "--json"), *replay)
    assert "mae" not in entry(free)["metrics"]
    write_jsonl(file, [{"item_id": "own/0", "score": "good"}])
    refused = unieval(*command, *replay)
    assert "line 1: score is 'good'; expected a number" in refused.err


class Task:
    name, choices = "t", SCORE

    def __init__(self, *items):
        self._items = items

    def items(self, data):
        yield from self._items


def point(scores, score_range):
    return PointItem("7", "image", "understanding", "p", "yes", (), scores, score_range)


@pytest.mark.parametrize(
    ("scores", "score_range", "message"),
    [
        (None, (1, 5), "item '7' has no human score, or no range for it"),
        (3, None, "item '7' has no human score, or no range for it"),
        (6, (1, 5), "item '7' has the score 6, which must lie in its range 1 to 5"),
        (float("nan"), (1, 5), "item '7' has the score nan"),
        (3, (3, 3), "must lie in its range 3 to 3"),
        ({"VQ": 3, "TA": 0}, (1, 5), "item '7' has the score 0"),
    ],
)
def test_items_without_a_proper_score_are_refused(scores, score_range, message):
    task = Task(point(scores, score_range))
    with pytest.raises(UserError, match=message):
        Plan(task, Data(None, "here"), "single", 1, 0, None).survey()


def test_items_of_the_other_kind_are_refused():
    task = Task(point(3, (1, 5)))
    task.choices = ("first", "second")
    with pytest.raises(UserError, match="item '7' is a point, but the task's `choices` are for a"):
        Plan(task, Data(None, "here"), "both", 1, 0, None).survey()


def test_a_task_may_have_scores_in_several_dimensions(tmp_path, unieval):
    plugin = tmp_path / "looks.py"
    plugin.write_text(
        "from unieval import SCORE, PointItem, pointwise_measures, rows, task\n"
        "@task('looks')\n"
        "class Looks:\n"
        "    name = 'looks'\n"
        "    version, choices, headline = '1', SCORE, ('spearman',)\n"
        "    modality, objective, source = 'image', 'understanding', None\n"
        "    columns = {}\n"
        "    def items(self, data):\n"
        "        for i in range(20):\n"
        "            scores = {'up': i, 'down': 19 - i}\n"
        "            yield PointItem(str(i), 'image', 'understanding', 'p', 'x' * (i + 1), (),\n"
        "                            scores, (0, 19))\n"
        "    def across(self, dimensions):\n"
        "        return pointwise_measures(dimensions['up'])\n"
    )
    scorer = tmp_path / "long.py"
    scorer.write_text(
        "from unieval import Supports, judge\n"
        "@judge('long')\n"
        "class Long:\n"
        "    supports = Supports(needs_media=False)\n"
        "    def score(self, batch):\n"
        "        return [len(p.candidate) for p in batch]\n"
    )
    done = unieval(
        *("run", "--plugin", plugin, "--plugin", scorer, "--judge", "long", "--task", "looks"),
        *("--data", tmp_path, "--out", tmp_path / "run", "--json"),
    )
    assert done.code == 0, done.err
    found = done.json["tasks"]["looks"]
    assert found["groups"]["up"]["metrics"]["kendall"]["value"] == pytest.approx(1.0)
    assert found["groups"]["down"]["metrics"]["kendall"]["value"] == pytest.approx(-1.0)
    assert found["metrics"]["spearman"]["value"] == pytest.approx(1.0)
