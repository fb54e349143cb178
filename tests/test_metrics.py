"""Judges with known faults give the figures that theory says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from unieval.harness.judgements import CODES, FAILED, UNREAD, Judgements
from unieval.harness.metrics import pairwise_measures, scored

N = 4000
PLUGIN = Path(__file__).parent / "planted.py"


@pytest.fixture
def figures(unieval, genai_items, tmp_path):
    """Runs a planted judge and returns its task entry."""
    items = genai_items(N)

    def run(judge, *arguments):
        done = unieval(
            *("run", "--plugin", PLUGIN, "--judge", judge, "--task", "genai-bench-image"),
            *("--data", items, "--out", tmp_path / "run", "--json", *arguments),
        )
        assert done.code == 0, done.err
        return done.json["tasks"]["genai-bench-image"]

    return run


def close(entry, metric, expected):
    """Within the figure's own interval, widened to make a false alarm rare."""
    figure = entry["metrics"][metric]
    low, high = figure["ci95"]
    slack = 1.5 * max(high - low, 1e-9)
    assert abs(figure["value"] - expected) <= slack, (metric, figure, expected)


def exactly(entry, metric, expected):
    assert entry["metrics"][metric]["value"] == pytest.approx(expected), metric


def test_always_first(figures):
    entry = figures("first")
    exactly(entry, "diff", 0.5)
    exactly(entry, "diff_consistent", 0.0)
    exactly(entry, "flip_rate", 1.0)
    exactly(entry, "first_position_rate", 1.0)
    exactly(entry, "coverage", 1.0)
    exactly(entry, "tau", 0.25)
    exactly(entry, "tau_flips_as_ties", 0.5)  # every flip is a tie, and half the labels are ties


def test_always_tie(figures):
    entry = figures("tie")
    exactly(entry, "tau", 0.5)
    exactly(entry, "diff", 0.0)
    exactly(entry, "accuracy_4way", 0.5)
    exactly(entry, "flip_rate", 0.0)
    exactly(entry, "human_tie_rate", 0.5)
    assert entry["metrics"]["first_position_rate"]["value"] is None


def test_random(figures):
    entry = figures("random")
    close(entry, "accuracy_4way", 0.25)
    close(entry, "diff", 0.25)
    close(entry, "diff_decided", 0.5)
    close(entry, "first_position_rate", 0.5)
    close(entry, "flip_rate", 1 - (0.25**2 + 0.25**2 + 0.5**2))


def test_right_with_probability(figures):
    entry = figures("right-with-probability", "--judge-arg", "p=0.8")
    close(entry, "diff", 0.8)
    close(entry, "diff_consistent", 0.64)
    exactly(entry, "tau", entry["metrics"]["diff"]["value"] / 2 + 0.5)  # ties are always right
    close(entry, "first_position_rate", 0.5)


def test_flips_with_probability(figures):
    entry = figures("flips-with-probability", "--judge-arg", "q=0.3")
    close(entry, "flip_rate", 0.3 / 2)  # half of the items are ties, which cannot flip
    close(entry, "diff", 1 - 0.3 / 2)
    close(entry, "diff_consistent", 0.7)


def test_likes_first_with_probability(figures):
    entry = figures("likes-first-with-probability", "--judge-arg", "p=0.4")
    # Decided outputs: all of the decided labels, and 0.4 of the ties.
    share = (0.5 * (0.4 + 0.6 / 2) + 0.5 * 0.4) / (0.5 + 0.5 * 0.4)
    close(entry, "first_position_rate", share)
    close(entry, "diff", 0.8)


@pytest.mark.parametrize("order", ["random", "both"])
def test_garbage(figures, order):
    entry = figures("garbage-with-probability", "--judge-arg", "p=0.2", "--order", order)
    outputs = N * (2 if order == "both" else 1)
    assert entry["outputs"] == outputs
    assert entry["unparsed"] == pytest.approx(0.2 * outputs, rel=0.1)
    close(entry, "coverage", 0.8)
    close(entry, "diff", 0.8)
    exactly(entry, "diff_parsed", 1.0)
    exactly(entry, "diff_upper", 1.0)
    exactly(entry, "diff_lower", entry["metrics"]["diff"]["value"])
    exactly(entry, "coverage", 1 - entry["unparsed"] / outputs)


def test_random_order_is_a_fair_coin_of_the_item(figures):
    entry = figures("first", "--order", "random")
    close(entry, "diff", 0.5)
    exactly(entry, "first_position_rate", 1.0)
    assert "flip_rate" not in entry["metrics"]


def test_votes_take_the_majority(figures):
    entry = figures(
        *("right-with-probability", "--judge-arg", "p=0.8", "--votes", "3"),
        *("--order", "random"),
    )
    assert entry["outputs"] == 3 * N
    close(entry, "diff", 0.8**3 + 3 * 0.8**2 * 0.2)


def test_scores_become_pairs_with_a_calibrated_tie(figures):
    entry = figures("noisy-scores")
    assert entry["outputs"] == N  # scores do not depend on the order: one pass
    metrics = entry["metrics"]
    assert metrics["tau"]["value"] >= max(metrics["tau_crossfit"]["value"] - 0.02, 0.5)
    close(entry, "diff", 0.5)
    assert {"tie_threshold", "tau_no_threshold", "coverage"} <= metrics.keys()


def judgements(label, verdict, *, swapped=None, protocol="robust", ties=True):
    label = np.array([CODES[w] for w in label], dtype=np.int8)
    verdict = np.array(verdict, dtype=np.int8).reshape(len(label), -1, 1)
    swapped = np.zeros(verdict.shape, bool) if swapped is None else np.array(swapped)
    return Judgements(
        *(label, verdict, swapped.reshape(verdict.shape), None, np.arange(len(label))),
        *(np.zeros(len(label), np.int32), ("",), protocol, ties),
    )


def test_by_hand():
    """first/second/tie/both_bad labels; right, unread, right tie, failed."""
    found = judgements(
        ["first", "second", "tie", "both_bad"],
        [CODES["first"], UNREAD, CODES["tie"], FAILED],
    )
    scores = scored(pairwise_measures(found), found.cluster)
    values = {name: score.value for name, score in scores.items()}
    assert values["tau"] == 0.5
    assert values["diff"] == 0.5
    assert values["tau_parsed"] == 1.0
    assert values["tau_upper"] == 1.0
    assert values["coverage"] == 0.5
    assert values["diff_decided"] == 1.0
    assert (scores["tau"].n, scores["diff"].n) == (4, 2)


def test_votes_without_majority_are_unread_and_kinds_of_tie_agree():
    label = np.array([0, 0, 2], dtype=np.int8)
    verdict = np.array([[[0, 1, -1]], [[0, 0, 1]], [[3, 4, 0]]], dtype=np.int8)
    found = Judgements(
        *(label, verdict, np.zeros(verdict.shape, bool), None, np.arange(3)),
        *(np.zeros(3, np.int32), ("",), "robust", True),
    )
    assert found.by_pass[:, 0].tolist() == [UNREAD, CODES["first"], CODES["tie"]]


def test_vl_rewardbench_official_leaves_out_what_has_no_verdict(unieval, tmp_path):
    """cal.py: agree / (agree + reject); the robust protocol counts the rest as wrong."""
    import json

    rows = [
        {"id": f"RLHF-{i}", "query": "q", "response": ["a", "b"], "human_ranking": [0, 1]}
        for i in range(4)
    ]
    items = tmp_path / "items.json"
    items.write_text(json.dumps(rows))
    answers = ["Answer 1 is better", "Answer 2 is better", "no idea", "Answer 1 is better"]
    responses = tmp_path / "responses.jsonl"
    responses.write_text(
        "".join(
            json.dumps({"item_id": f"RLHF-{i}#{i}", "response": a}) + "\n"
            for i, a in enumerate(answers)
        )
    )
    for protocol, expected in (("official", 2 / 3), ("robust", 0.5)):
        done = unieval(
            *("run", "--judge", "replay", "--judge-arg", f"path={responses}", "--json"),
            *("--task", "vl-rewardbench", "--data", items, "--order", "given"),
            *("--protocol", protocol, "--out", tmp_path / protocol),
        )
        metrics = done.json["tasks"]["vl-rewardbench"]["metrics"]
        assert metrics["overall"]["value"] == pytest.approx(expected)
        assert metrics["coverage"]["value"] == 0.75
