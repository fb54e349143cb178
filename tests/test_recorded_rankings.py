"""Rankings: ImageReward's data, and the authors' own functions of ImageReward, HPSv2, PickScore."""

from __future__ import annotations

import json
from itertools import combinations
from random import Random

import numpy as np
import pytest
from conftest import write_jsonl
from hypothesis import given
from hypothesis import strategies as st
from unieval.harness.judgements import CODES, Judgements
from unieval.harness.registry import tasks
from unieval.tasks.rewarding import mean_of_clusters, wholly_right

TIE = CODES["tie"]


@pytest.fixture(scope="module")
def vectors(shared) -> dict[str, list[dict]]:
    return json.loads((shared / "metric-vectors" / "metric_vectors.json").read_text())


def judged(labels: list[int], margins: list[float], clusters: list[int]) -> Judgements:
    """What a judge with these score differences says about pairs with these labels."""
    margin = np.array(margins, dtype=np.float64)
    codes = np.select([margin > 0, margin < 0], [CODES["first"], CODES["second"]], TIE)
    n = len(labels)
    return Judgements(
        label=np.array(labels, dtype=np.int8),
        verdict=codes.astype(np.int8).reshape(n, 1, 1),
        swapped=np.zeros((n, 1, 1), dtype=bool),
        margin=margin,
        cluster=np.array(clusters, dtype=np.int64),
        group=np.zeros(n, dtype=np.int32),
        groups=("",),
        protocol="official",
        ties=True,
    )


def ranked(rankings: list[list[float]], scores: list[list[float]]) -> Judgements:
    """Every pair of each ranking (lower is better), judged by scores (higher is better)."""
    labels, margins, clusters = [], [], []
    for number, (ranks, own) in enumerate(zip(rankings, scores, strict=True)):
        for a, b in combinations(range(len(ranks)), 2):
            labels.append(TIE if ranks[a] == ranks[b] else int(ranks[a] > ranks[b]))
            margins.append(own[a] - own[b])
            clusters.append(number)
    return judged(labels, margins, clusters)


def figure(task: str, judgements: Judgements, metric: str, **arguments: object) -> float:
    return tasks.get(task).create(arguments).measures(judgements)[metric].value


def test_imagereward_counts_pairs(vectors):
    for vector in vectors["imagereward_acc"]:
        found = ranked(vector["rankings"], vector["rewards"])
        assert figure("imagereward-test", found, "diff") == pytest.approx(vector["acc"])


def test_hpsv2_averages_imagereward_over_prompts(vectors):
    for vector in vectors["hps_calc_ImageReward"]:
        found = ranked([vector["gt_rank"]], [vector["pred_score"]])
        value = figure("imagereward-test", found, "diff_by_prompt")
        if vector["score"] is None:  # a division by zero there
            assert np.isnan(value)
        else:
            assert value == pytest.approx(vector["score"])


def test_hpdv2_counts_what_is_not_turned_round(vectors):
    for vector in vectors["hps_inversion_score"]:
        found = ranked([vector["gt_rank"]], [[-place for place in vector["pred_rank"]]])
        assert figure("hpdv2-test", found, "inversion") == pytest.approx(vector["score"])


def test_pickscore_gives_half_for_half_a_tie(vectors):
    labels = {1: CODES["first"], 0: CODES["second"], 0.5: TIE}
    for vector in vectors["pickscore_calc_acc"]:
        margins = [float(np.log(first / second)) for first, second in vector["probs"]]
        own = judged([labels[x] for x in vector["label_0"]], margins, list(range(len(margins))))
        tie = min(1, vector["threshold"] + 1e-9)
        value = figure("pickapic-test", own, "accuracy_half_ties", tie=tie)
        assert value == pytest.approx(vector["acc"])


def test_imagereward_test_set_with_any_scorer(shared, unieval, tmp_path):
    """Scores with noise: the micro and the macro average, counted in another way."""
    path = shared / "imagereward" / "test.json"
    dice = Random(7)
    rows, right, prompts = [], [], []
    for ranking in json.loads(path.read_text()):
        own = [-rank + dice.gauss(0, 2) for rank in ranking["ranking"]]
        hits = []
        for a, b in combinations(range(len(own)), 2):
            name = f"{ranking['id']}/{a}-{b}"
            rows.append({"item_id": name, "scores": [own[a], own[b]]})
            ahead = ranking["ranking"][b] - ranking["ranking"][a]
            if ahead:
                hits.append((own[a] - own[b]) * ahead > 0)
        right += hits
        prompts.append(np.mean(hits))
    scores = write_jsonl(tmp_path / "scores.jsonl", rows)
    done = unieval(
        *("run", "--judge", "replay", "--judge-arg", f"path={scores}", "--json"),
        *("--task", "imagereward-test", "--data", path, "--out", tmp_path / "run"),
        *("--protocol", "official"),
    )
    assert done.code == 0
    entry = done.json["tasks"]["imagereward-test"]
    metrics = entry["metrics"]
    assert (entry["n"], len(right), len(prompts)) == (7230, 6399, 466)
    assert metrics["diff"]["value"] == pytest.approx(np.mean(right))
    assert metrics["diff"]["n"] == 6399
    assert metrics["diff_by_prompt"]["value"] == pytest.approx(np.mean(prompts))
    assert metrics["diff_by_prompt"]["n"] == 466
    low, high = metrics["diff_by_prompt"]["ci95"]
    assert low < np.mean(prompts) < high
    assert metrics["human_tie_rate"]["value"] == pytest.approx(831 / 7230)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 4)), min_size=1, max_size=30)
)
def test_figures_over_clusters(rows):
    """Against plain loops."""
    right = np.array([[row[0]] for row in rows])
    counted = np.array([row[1] for row in rows])
    cluster = np.array([row[2] for row in rows], dtype=np.int64)
    every = [[row for row in rows if row[2] == c] for c in sorted({row[2] for row in rows})]
    shares = [
        np.mean([hit for hit, counts, _ in own if counts])
        for own in every
        if any(counts for _, counts, _ in own)
    ]
    found = mean_of_clusters(right, counted, cluster)
    assert found.n == len(shares)
    if shares:
        assert found.value == pytest.approx(np.mean(shares))
    whole = np.mean([all(hit for hit, _, _ in own) for own in every])
    assert wholly_right(right, cluster).value == pytest.approx(whole)
