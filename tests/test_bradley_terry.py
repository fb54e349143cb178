"""Strengths of judges: by hand, on data whose truth is known, and in a leaderboard's summary."""

from __future__ import annotations

import json
from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import pytest
from conftest import write_jsonl
from unieval.harness.registry import load_plugin
from unieval.harness.run import run
from unieval.leaderboard import build, render, summaries
from unieval.leaderboard.bradley_terry import Matches, strengths


def expit(x: float) -> float:
    return 1 / (1 + exp(-x))


def two(won: int, lost: int, n: int) -> Matches:
    first, second = np.zeros(n), np.zeros(n)
    first[:won], second[won : won + lost] = 1, 1
    first[won + lost + 1 :] = second[won + lost + 1 :] = 1  # all but one of the rest both right
    return Matches({"a": first, "b": second}, np.arange(n))


def test_two_judges_by_hand():
    """Six of twenty items won, two lost, and half an imaginary one each."""
    found = strengths([two(6, 2, 20)])
    own = log(6.5 / 2.5) / 2
    assert found["a"].chance == pytest.approx(expit(own), abs=1e-6)
    assert found["b"].chance == pytest.approx(1 - found["a"].chance, abs=1e-6)
    assert found["a"].items == 20
    p = 6.5 / 9
    told = np.r_[np.full(6, 1 - p), np.full(2, -p), np.zeros(12)] / 20
    error = sqrt(((told - told.mean()) ** 2).sum() * 20 / 19) / (2 * 9 / 20 * p * (1 - p))
    assert found["a"].low == pytest.approx(expit(own - 1.96 * error), abs=1e-4)
    assert found["a"].high == pytest.approx(expit(own + 1.96 * error), abs=1e-4)


def test_ties_and_the_number_of_items_do_not_weigh():
    """Each task counts the same; items on which both are alike tell nothing."""
    small, large = two(6, 2, 20), two(2, 6, 20)
    large = Matches({k: np.tile(v, 50) for k, v in large.right.items()}, np.arange(1000))
    assert strengths([small, large])["a"].chance == pytest.approx(0.5, abs=0.02)
    alone = [strengths([two(60, 20, n)])["a"].chance for n in (100, 1000)]
    assert alone[0] == pytest.approx(alone[1], abs=1e-6)


def test_equals_and_everywhere_better():
    same = Matches({name: np.ones(30) for name in "abc"}, np.arange(30))
    for strength in strengths([same]).values():
        assert strength.chance == pytest.approx(0.5)
    perfect = strengths([Matches({"a": np.ones(30), "b": np.zeros(30)}, np.arange(30))])
    assert 0.8 < perfect["a"].chance < 1


def test_judges_that_never_met_are_not_compared():
    def task(*names: str) -> Matches:
        return Matches({name: np.arange(10.0) % 2 for name in names}, np.arange(10))

    assert set(strengths([task("a", "b"), task("b", "c"), task("x", "y")])) == {"a", "b", "c"}
    assert strengths([task("a"), task("b")]) == {}
    assert strengths([]) == {}


def test_a_copy_of_every_item_makes_nobody_surer():
    """Clusters are what counts: the same items four times over have the same interval."""
    rng = np.random.default_rng(0)
    right = {name: (rng.random(200) < p).astype(float) for name, p in (("a", 0.7), ("b", 0.6))}
    once = strengths([Matches(right, np.arange(200))])["a"]
    more = {name: np.repeat(own, 4) for name, own in right.items()}
    again = strengths([Matches(more, np.repeat(np.arange(200), 4))])["a"]
    assert again.high - again.low == pytest.approx(once.high - once.low, rel=0.03)


def test_intervals_hold_the_truth():
    """In a Rasch world strengths are abilities; judges miss tasks, and items come in clusters."""
    rng = np.random.default_rng(11)
    ability = np.array([-0.6, 0.0, 0.2, 0.9])
    held = []
    for _ in range(150):
        tasks = []
        for present, n in (([0, 1, 2, 3], 240), ([0, 2], 120)):
            hard = np.repeat(rng.normal(0, 1, n // 3), 3)
            right = {
                str(i): (rng.random(n) < 1 / (1 + np.exp(hard - ability[i]))).astype(float)
                for i in present
            }
            tasks.append(Matches(right, np.repeat(np.arange(n // 3), 3)))
        found = strengths(tasks)
        truth = ability - ability.mean()
        held += [found[str(i)].low <= expit(truth[i]) <= found[str(i)].high for i in range(4)]
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_summary_has_them(tmp_path: Path):
    load_plugin(Path(__file__).parent / "wobbly.py")
    rows = [
        {
            "id": f"wild-{n}",
            "query": "?",
            "response": ["a", "b"],
            "human_ranking": [n % 2, 1 - n % 2],
        }
        for n in range(60)
    ]
    answers = write_jsonl(tmp_path / "answers.jsonl", rows)
    pictures = write_jsonl(
        tmp_path / "pictures.jsonl",
        [
            {"idx": n, "prompt": f"{n}", "left_image": "a.png", "right_image": "b.png",
             "vote_type": ("leftvote", "rightvote")[n % 2]}
            for n in range(60)
        ],
    )  # fmt: skip
    for rate in (0.1, 0.3, 0.5):
        for task, data in (("vl-rewardbench", answers), ("genai-bench-image", pictures)):
            own = {"rate": rate, "salt": int(10 * rate)}
            out = tmp_path / "runs" / f"{rate} {task}"
            run(judge="wobbly", judge_arguments=own, task=task, data=str(data), out=out)
    tables = build([tmp_path / "runs"], ties=True)
    (summary,) = summaries(tables)
    cells = [row.cells["", "bradley_terry"] for row in summary.rows]
    values = [cell.value for cell in cells]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.6 > 0.4 > values[-1]
    assert all(c.low < c.value < c.high and c.n == 120 for c in cells)
    assert any(note.startswith("bradley_terry: the chance") for note in summary.notes)
    shown = json.loads(render([summary], "json"))["rows"]
    assert {row["metric"] for row in shown if not row["group"]} == {
        *("bradley_terry", "mean_rank", "mean_win_rate"),
    }
    # Without records there are none.
    (plain,) = summaries(build([tmp_path / "runs"]))
    assert ("", "bradley_terry") not in plain.rows[0].cells
