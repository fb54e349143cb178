"""Correlations: scipy's values on every resample, and what is not read never helps."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from unieval.harness.correlations import Correlation, Scatter
from unieval.harness.judgements import FAILED, UNREAD
from unieval.harness.metrics import scored
from unieval.harness.pointwise import Points, pointwise_measures
from unieval.harness.statistics import drawn_weights

SCIPY = {
    "spearman": stats.spearmanr,
    "kendall": stats.kendalltau,
    "pearson": stats.pearsonr,
}
NAN = float("nan")
LEVELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=40)


def scatter(judge, human, cluster=None, stratum=None) -> Scatter:
    return Scatter(
        np.array(judge, dtype=float),
        np.array(human, dtype=float),
        np.arange(len(judge)) if cluster is None else np.array(cluster),
        np.zeros(len(judge), np.int32) if stratum is None else np.array(stratum, np.int32),
    )


def by_scipy(kind: str, judge, human) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(SCIPY[kind](judge, human)[0])


def points(judge, human, **fields) -> Points:
    """Scores as shares of the range, one vote each unless ``judge`` has several."""
    votes = np.array(judge, dtype=float).reshape(len(human), -1)
    given = {
        "ended": np.where(np.isfinite(votes), 0, UNREAD).astype(np.int8),
        "written": True,
        "cluster": np.arange(len(human)),
        "group": np.zeros(len(human), np.int32),
        "groups": ("",),
        "protocol": "robust",
    }
    return Points(np.array(human, dtype=float), votes, **given | fields)


@pytest.mark.parametrize("kind", SCIPY)
@settings(deadline=None, max_examples=60)
@given(LEVELS)
def test_values_are_scipys(kind, scores):
    judge, human = map(np.array, zip(*scores, strict=True))
    found, expected = Correlation(scatter(judge, human), kind).value, by_scipy(kind, judge, human)
    if len(set(human)) == 1:
        assert np.isnan(found)  # people tell nothing apart: undefined
    elif len(set(judge)) == 1:
        assert found == 0.0  # the judge tells nothing apart
    else:
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kind", SCIPY)
def test_draws_are_scipys_on_each_resample(kind):
    """The draws are recomputed one by one: the same seed picks the same clusters."""
    dice = np.random.default_rng(3)
    human, cluster = dice.integers(0, 6, 60), np.sort(dice.integers(0, 25, 60))
    judge = human + dice.normal(size=60).round(1)
    one = scatter(judge, human, cluster)
    codes = np.unique(cluster, return_inverse=True)[1]
    weights = drawn_weights(codes, draws=2000, rng=np.random.default_rng(20_250_305))
    for draw in (0, 1, 777, 1999):
        items = np.repeat(np.arange(60), weights[draw])
        expected = by_scipy(kind, judge[items], human[items])
        assert one.drawn[kind, True][draw] == pytest.approx(expected, abs=1e-9)
    low, high = Correlation(one, kind).interval()
    sizes = np.bincount(codes)
    groups = sizes.sum() ** 2 / (sizes**2).sum()
    tail = stats.norm.cdf(-np.sqrt(groups / (groups - 1)) * stats.t.ppf(0.975, groups - 1))
    assert (low, high) == pytest.approx(np.quantile(one.drawn[kind, True], [tail, 1 - tail]))
    assert low < Correlation(one, kind).value < high


def test_by_hand():
    """Ranks of people 1 2 3 4, of the judge 2 1 3 4: rho = 1 - 6 * 2 / (4 * 15); one of six pairs
    is turned round: tau = (5 - 1) / 6."""
    found = pointwise_measures(points([0.2, 0.1, 0.7, 0.9], [0.0, 0.5, 0.6, 1.0]))
    assert found["spearman"].value == pytest.approx(0.8)
    assert found["kendall"].value == pytest.approx(4 / 6)
    assert found["mae"].value == pytest.approx((0.2 + 0.4 + 0.1 + 0.1) / 4)
    assert found["coverage"].value == 1.0
    assert not [name for name in found if name.endswith("_parsed")]
    assert "rank_accuracy" not in found  # no two items share a cluster


@pytest.mark.parametrize("kind", SCIPY)
@settings(deadline=None, max_examples=60)
@given(LEVELS, st.randoms(use_true_random=False))
def test_not_answering_never_raises_a_figure(kind, scores, dice):
    judge, human = (np.array(column, dtype=float) / 4 for column in zip(*scores, strict=True))
    judge[dice.sample(range(len(judge)), len(judge) // 3)] = NAN
    found = pointwise_measures(points(judge, human))
    main, parsed = found[kind].value, found.get(f"{kind}_parsed", found[kind]).value
    read = np.isfinite(judge)
    if not np.isnan(parsed):
        assert main == pytest.approx(min(parsed, parsed * read.mean()))
        assert found[kind].n == len(human)
        if not read.all():
            assert found[f"{kind}_parsed"].n == read.sum()
    assert np.isnan(main) == np.isnan(parsed)


def test_unread_and_failed_by_hand():
    """Two of four read: the correlation is halved, the error is the worst the scale allows."""
    ended = np.array([[0], [0], [UNREAD], [FAILED]], dtype=np.int8)
    human, cluster = [0.2, 0.8, 0.3, 0.9], np.array([1, 1, 1, 2])
    one = points([0.1, 0.9, NAN, NAN], human, ended=ended, cluster=cluster)
    found = pointwise_measures(one)
    for kind in SCIPY:
        assert found[kind].value == pytest.approx(0.5)
        assert found[f"{kind}_parsed"].value == pytest.approx(1.0)
    assert found["mae"].value == pytest.approx((0.1 + 0.1 + 0.7 + 0.9) / 4)
    assert found["mae_parsed"].value == pytest.approx(0.1)
    assert found["rank_accuracy"].value == pytest.approx(1 / 3)  # three pairs, one read
    assert found["rank_accuracy_parsed"].value == 1.0
    assert found["coverage"].value == 0.5


def test_a_judge_that_reads_nothing_gets_nothing():
    found = pointwise_measures(points([NAN] * 4, [0.1, 0.2, 0.3, 0.4]))
    assert [found[kind].value for kind in SCIPY] == [0.0, 0.0, 0.0]
    scores = scored(found, np.arange(4))
    assert scores["spearman_parsed"].as_json() == {"value": None, "ci95": None, "n": 0}
    assert scores["coverage"].value == 0.0
    assert scores["mae"].value == pytest.approx((0.9 + 0.8 + 0.7 + 0.6) / 4)


def test_votes_are_averaged_where_most_were_read():
    one = points([[0.2, 0.4, NAN], [0.5, NAN, NAN], [0.9, 0.9, 0.6]], [0.0, 0.5, 1.0])
    assert one.judge[[0, 2]] == pytest.approx([0.3, 0.8])
    assert np.isnan(one.judge[1])
    assert pointwise_measures(one)["coverage"].value == pytest.approx(6 / 9)


def test_numbers_of_a_scorer_have_no_scale():
    found = pointwise_measures(points([10.0, 30.0, 20.0], [0.0, 0.5, 1.0], written=False))
    assert "mae" not in found
    assert found["spearman"].value == pytest.approx(0.5)


def test_pairs_of_a_cluster():
    """Cluster 1 has three pairs, one of them tied by people; the judge's tie is not right."""
    one = points([0.1, 0.5, 0.5, 0.9], [0.2, 0.6, 0.8, 0.1], cluster=np.array([1, 1, 1, 2]))
    assert pointwise_measures(one)["rank_accuracy"].value == pytest.approx(2 / 3)
    tied = points([0.1, 0.5, 0.4], [0.2, 0.6, 0.6], cluster=np.array([7, 7, 7]))
    found = scored(pointwise_measures(tied), tied.cluster)["rank_accuracy"]
    assert (found.value, found.n) == (1.0, 1)


def test_within_groups_a_correlation_is_the_mean_of_the_groups():
    """Over both groups at once the scores look aligned; within each they are not."""
    judge, human = [0.0, 0.1, 0.8, 0.9], [0.1, 0.0, 0.9, 0.8]
    one = points(judge, human, group=np.array([0, 0, 1, 1], np.int32), groups=("a", "b"))
    assert pointwise_measures(one)["spearman"].value == pytest.approx(0.6)
    assert pointwise_measures(one, within_groups=True)["spearman"].value == pytest.approx(-1.0)


def test_intervals_widen_with_clusters_and_are_honest_about_no_spread():
    dice = np.random.default_rng(0)
    human = np.repeat(dice.normal(size=40), 10)
    judge = human + np.repeat(dice.normal(size=40), 10)
    alone = Correlation(scatter(judge, human), "spearman").interval()
    together = Correlation(scatter(judge, human, np.arange(400) // 10), "spearman").interval()
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    perfect = scatter([1, 2, 3], [1, 2, 3])
    assert Correlation(perfect, "pearson").value == pytest.approx(1.0)
    assert np.isnan(Correlation(perfect, "pearson").interval()).all()


def test_intervals_cover_the_truth():
    dice, hits, rounds = np.random.default_rng(1), 0, 60
    for _ in range(rounds):
        human = dice.normal(size=80)
        judge = 0.8 * human + 0.6 * dice.normal(size=80)
        low, high = Correlation(scatter(judge, human), "kendall").interval()
        hits += low <= 2 / np.pi * np.arcsin(0.8) <= high
    assert hits >= 50  # 57 expected; fewer than 50 has a chance below one in a thousand
