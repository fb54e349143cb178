"""A run that is held against a baseline while it goes on: when it stops, and what it says then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import write_jsonl
from unieval.harness.early_stop import FIRST_ROUND, decided, rounds, visiting_order
from unieval.harness.seeds import seed_for
from unieval.leaderboard import read_run

PLUGIN = Path(__file__).parent / "wobbly.py"
PREFIXES = ("wild", "rlhf-v", "mmmu")
ITEMS = 600


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """VL-RewardBench items without images, sorted by group as data files often are."""
    rows = [
        {
            "id": f"{PREFIXES[n * 3 // ITEMS]}-{n}",
            "query": f"How many in picture {n}?",
            "response": ["one", "two"],
            "human_ranking": [n % 2, 1 - n % 2],
        }
        for n in range(ITEMS)
    ]
    return write_jsonl(tmp_path / "answers.jsonl", rows)


@pytest.fixture
def start(unieval, tmp_path: Path, answers: Path) -> Callable:
    def run(name: str, *more: object, task: str = "vl-rewardbench", data=answers, **own: object):
        arguments = [part for k, v in own.items() for part in ("--judge-arg", f"{k}={v}")]
        return unieval(
            *("run", "--plugin", PLUGIN, "--judge", "wobbly", "--task", task, "--data", data),
            *("--out", tmp_path / name, "--json", *arguments, *more),
        )

    return run


@pytest.fixture
def baseline(start, tmp_path: Path) -> Path:
    assert start("base", rate=0.1).code == 0
    return tmp_path / "base"


def test_rounds_are_the_order_in_growing_portions():
    order = [f"c{n}" for n in range(1000)]
    portions = list(rounds(order))
    assert len(portions[0]) == FIRST_ROUND
    ends = np.cumsum([len(portion) for portion in portions])
    assert ends[-1] == 1000
    assert [set(order[a:b]) for a, b in zip([0, *ends[:-1]], ends, strict=True)] == portions
    assert (ends[1:-1] <= 1.25 * ends[:-2]).all()
    assert len(portions) < 20
    assert list(rounds(order[:3])) == [frozenset(order[:3])]
    assert list(rounds([])) == []


def test_looking_after_rounds_is_wrong_no_more_often_than_stated():
    """At the margin either answer is wrong; a look sees what is finished, and changes nothing."""
    names = {f"c{n}": 1 + n % 3 for n in range(100)}
    codes = np.array([seed_for(name) for name, size in names.items() for _ in range(size)])
    rng, ended = np.random.default_rng(5), []
    for seed in range(60):
        draws = rng.random(len(codes))
        better = np.where(draws < 0.15, -1.0, np.where(draws < 0.2, 1.0, 0.0))  # mean -0.1
        own = {"margin": 0.1, "confidence": 0.8, "seed": seed}
        ended.append(decided(better, codes, names, **own).state)
        if seed >= 3:
            continue
        looks, done = [], []
        for portion in rounds(visiting_order(names, seed)):
            done += [seed_for(name) for name in portion]
            seen = np.isin(codes, done)
            looks.append(decided(better[seen], codes[seen], names, **own).state)
        first = next((state for state in looks if state != "undecided"), "undecided")
        assert first == looks[-1] == ended[-1]
    assert ended.count("undecided") < 60
    for answer in ("passes", "fails"):
        assert ended.count(answer) / 60 <= 0.2 + 3 * (0.2 * 0.8 / 60) ** 0.5


def test_a_bad_candidate_ends_early_and_the_run_can_go_on(start, baseline, tmp_path):
    done = start("bad", "--baseline", baseline, rate=0.35, salt=1)
    assert done.code == 1, done.err
    told = done.json["baseline"]
    judged, planned = told["items"]["vl-rewardbench"]
    assert judged < planned == ITEMS
    assert (told["run"], told["outcome"]) == ("base", "fail")
    (gate,) = told["gates"]
    assert (gate["gate"], gate["rule"], gate["limit"]) == (
        "vl-rewardbench.overall",
        "max_drop",
        0.02,
    )
    assert gate["value"] < -0.02
    assert f"stopped early after {judged:,} of 600 items" in done.err
    assert told["stopped"] in (tmp_path / "bad" / "log.txt").read_text()
    # Items come from all over the sorted file.
    groups = done.json["tasks"]["vl-rewardbench"]["groups"]
    assert min(part["n"] for part in groups.values()) > judged / 6
    assert not read_run(tmp_path / "bad").tasks["vl-rewardbench"].whole
    # The same again judges nothing more; without the baseline it is finished.
    again = start("bad", "--baseline", baseline, rate=0.35, salt=1)
    assert (again.code, again.json["timing"]["outputs"]) == (1, 0)
    assert again.json["baseline"] == told
    assert start("bad", rate=0.35, salt=1).json["tasks"]["vl-rewardbench"]["n"] == ITEMS
    assert start("whole", rate=0.35, salt=1).code == 0
    figures = [
        json.loads((tmp_path / name / "results.json").read_text())["tasks"]["vl-rewardbench"]
        for name in ("bad", "whole")
    ]
    assert figures[0] == figures[1]


def test_a_good_candidate_ends_early_too(start, unieval, baseline, tmp_path):
    done = start("good", "--baseline", baseline, rate=0.0)
    assert done.code == 0, done.err
    assert done.json["baseline"]["stopped"].endswith("passes (max_drop 0.02)")
    assert done.json["tasks"]["vl-rewardbench"]["n"] < ITEMS
    assert unieval("rescore", tmp_path / "good", "--json").json["baseline"] == done.json["baseline"]


def test_few_items_cannot_decide(start, tmp_path, answers):
    few = write_jsonl(tmp_path / "few.jsonl", map(json.loads, answers.open().readlines()[:40]))
    assert start("base", data=few, rate=0.2).code == 0
    done = start("other", "--baseline", tmp_path / "base", data=few, rate=0.2, salt=1)
    assert done.code == 4, done.err
    assert done.json["baseline"]["stopped"] is None
    assert "These are all" in done.json["baseline"]["gates"][0]["reason"]
    # A judge that says the same has not become worse, however few the items.
    same = start("same", "--baseline", tmp_path / "base", data=few, rate=0.2)
    assert (same.code, same.json["baseline"]["gates"][0]["reason"]) == (0, "no output differs")


def test_a_group_that_has_no_item_yet(start, tmp_path, answers):
    """Of 120 items one is of the group; it may well not be in the first round."""
    rows = [json.loads(line) for line in answers.open().readlines()[:120]]
    rows[60]["id"] = "mmmu-60"
    data = write_jsonl(tmp_path / "rare.jsonl", rows)
    gates = tmp_path / "gates.yaml"
    gates.write_text("vl-rewardbench.reasoning.accuracy: {max_drop: 0.02}\n")
    for seed in (0, 1):
        base = tmp_path / f"base {seed}"
        assert start(base.name, "--seed", seed, data=data).code == 0
        more = ("--baseline", base, "--gate", gates, "--seed", seed)
        done = start(f"new {seed}", *more, data=data, rate=0.1)
        assert done.code == 4, done.err
        assert "over 1 items" in done.json["baseline"]["gates"][0]["reason"]


def test_other_rules_need_every_item(start, baseline, tmp_path):
    gates = tmp_path / "gates.yaml"
    gates.write_text("vl-rewardbench.overall: {max_drop: 0.05, min: 0.5}\n")
    done = start("good", "--baseline", baseline, "--gate", gates, rate=0.0)
    assert done.code == 0, done.err
    assert done.json["tasks"]["vl-rewardbench"]["n"] == ITEMS
    outcomes = {gate["rule"]: gate["outcome"] for gate in done.json["baseline"]["gates"]}
    assert outcomes == {"max_drop": "pass", "min": "pass"}
    # A drop that has failed ends the run all the same; nobody knows of the rest.
    done = start("bad", "--baseline", baseline, "--gate", gates, rate=0.5, salt=1)
    assert done.code == 1, done.err
    rules = {gate["rule"]: gate for gate in done.json["baseline"]["gates"]}
    assert (rules["max_drop"]["outcome"], rules["min"]["outcome"]) == ("fail", "inconclusive")
    assert "needs all items" in rules["min"]["reason"]


def test_a_calibrated_figure_is_decided_at_the_end(start, genai_items, tmp_path):
    data, task = genai_items(120), "genai-bench-image"
    gates = tmp_path / "gates.yaml"
    gates.write_text(f"{task}.tau: {{max_drop: 0.05}}\n")
    base = ("--baseline", tmp_path / "base")
    assert start("base", task=task, data=data, scores=True).code == 0
    done = start("bad", *base, "--gate", gates, task=task, data=data, scores=True, rate=0.6, salt=1)
    assert done.code == 1, done.err
    assert (done.json["tasks"][task]["n"], done.json["baseline"]["stopped"]) == (120, None)
    # By default it is the first figure that can be looked at early.
    done = start("worse", *base, task=task, data=data, scores=True, rate=0.6, salt=1)
    assert done.json["baseline"]["gates"][0]["gate"] == f"{task}.diff"
    assert done.json["tasks"][task]["n"] < 120


def test_a_failure_ends_the_tasks_that_follow(unieval, tmp_path):
    both = ("--task", "vl-rewardbench", "--task", "genai-bench-image", "--data", "demo")
    command = ("run", "--plugin", PLUGIN, "--judge", "wobbly", *both, "--limit", 60, "--json")
    done = unieval(*command, "--out", tmp_path / "base")
    assert done.code == 0, done.err
    bad = ("--judge-arg", "rate=0.7", "--baseline", tmp_path / "base", "--out", tmp_path / "bad")
    done = unieval(*command, *bad)
    assert done.code == 1, done.err
    assert done.json["baseline"]["items"]["genai-bench-image"] == [0, 60]
    assert "no item of genai-bench-image" in done.json["baseline"]["gates"][1]["reason"]
    assert unieval("rescore", tmp_path / "bad").code == 0
    assert unieval("leaderboard", tmp_path / "bad", tmp_path / "base").code == 0


def test_what_is_refused(unieval, start, baseline, tmp_path):
    gates = tmp_path / "gates.yaml"
    gates.write_text("vl-rewardbench.nope: {max_drop: 0.02}\n")
    for more, said in [
        (("--gate", gates), "--gate needs --baseline"),
        (("--baseline", tmp_path / "none"), "is no run folder"),
        (("--baseline", baseline, "--seed", 3), "seed: 0 then, 3 now"),
        (("--baseline", baseline, "--limit", 10), "fingerprint"),
        (("--baseline", baseline, "--gate", gates), "vl-rewardbench metric 'nope' not found"),
    ]:
        done = start("new", *more)
        assert done.code == 2, done.out
        assert said in done.err
        assert not (tmp_path / "new").exists()
    assert start("bad", "--baseline", baseline, rate=0.5, salt=1).code == 1
    done = start("new", "--baseline", tmp_path / "bad")
    assert done.code == 2
    assert "is not finished" in done.err
