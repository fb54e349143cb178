"""Intervals and tests against hand-computed or independently computed values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from unieval.harness.paired import Measured, Pair
from unieval.harness.percentiles import effective_number, exact_binomial, two_sided_p
from unieval.harness.statistics import Figure, intervals, mcnemar_exact, paired_difference


def interval(right, clusters=None, **options):
    right = np.asarray(right, dtype=float)
    clusters = np.arange(len(right)) if clusters is None else np.asarray(clusters)
    figure = Figure.ratio(right, np.ones(len(right)))
    return intervals({"x": figure}, clusters, **options)["x"]


def test_interval_of_a_coin_matches_the_binomial():
    """Resampling n coin flips is a binomial draw, whose quantiles are known exactly."""
    right = np.r_[np.ones(60), np.zeros(40)]
    low, high = interval(right, draws=200_000)
    tail = stats.norm.cdf(-np.sqrt(100 / 99) * stats.t.ppf(0.975, 99))
    exact = stats.binom(100, 0.6).ppf([tail, 1 - tail]) / 100
    assert (low, high) == pytest.approx(exact, abs=0.011)


@pytest.mark.parametrize("number", [12, 24, 200])
def test_interval_and_p_of_a_mean_are_students(number):
    """Expanded percentiles of a well-behaved mean are Student's interval, and so is p."""
    values = stats.norm.ppf((np.arange(number) + 0.5) / number) + 1.5 / np.sqrt(number)
    base = Figure.ratio(np.zeros(number), np.ones(number))
    other = Figure.ratio(values, np.ones(number))
    found = paired_difference(base, other, np.arange(number), draws=20_000)
    exact = stats.ttest_1samp(values, 0.0)
    ends = exact.confidence_interval(0.95)
    width = ends.high - ends.low
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), abs=0.03 * width)
    assert found.p_value == pytest.approx(exact.pvalue, abs=0.01)
    assert intervals({"x": other}, np.arange(number), draws=20_000)["x"] == pytest.approx(
        (found.low, found.high)
    )


def test_p_is_the_level_at_which_zero_is_at_the_edge():
    """Of 40 draws one is below 0: the middle 95% of them begin there, with clusters enough."""
    drawn = np.r_[-1.0, np.linspace(0.1, 1.0, 39)]
    assert two_sided_p(drawn, 10**9) == pytest.approx(0.05)
    tail = stats.norm.cdf(-np.sqrt(8 / 7) * stats.t.ppf(1 - two_sided_p(drawn, 8) / 2, 7))
    assert tail == pytest.approx(1 / 40)
    assert two_sided_p(np.abs(drawn), 10**9) == pytest.approx(1 / 40)  # at least half a draw


def test_one_cluster_tells_no_error():
    assert np.isnan(interval([1, 0, 1], clusters=[5, 5, 5])).all()
    assert interval([1, 1], clusters=[5, 5]) == pytest.approx((0.025, 1.0))  # one trial, right
    base, other = (Figure.ratio(np.array(right), np.ones(3)) for right in ([1, 0, 0], [1, 1, 0]))
    sides = Measured(base, base), Measured(other, other)
    assert Pair("diff", *sides, np.array([5, 5, 5])).difference is None
    assert Pair("diff", *sides, np.array([5, 5, 6])).difference is not None


def test_clusters_of_unequal_size_are_worth_fewer():
    """By hand: 10^2 / (7^2 + 1 + 1 + 1) = 100 / 52; of equal ones each counts."""
    assert effective_number(np.array([7, 1, 1, 1])) == pytest.approx(100 / 52)
    assert effective_number(np.array([3, 3, 3])) == pytest.approx(3)
    assert effective_number(np.array([5, 0])) == 1.0
    assert effective_number(np.array([0])) == 0.0


def test_clusters_widen_the_interval():
    """Ten identical copies of each flip carry no more information than one."""
    flips = np.r_[np.ones(60), np.zeros(40)]
    alone = interval(flips, draws=50_000)
    copies = interval(np.repeat(flips, 10), np.repeat(np.arange(100), 10), draws=50_000)
    assert copies == pytest.approx(alone, abs=0.011)


def test_same_draws_as_resampling_clusters_one_by_one():
    """The multinomial shortcut has the distribution of the plain cluster bootstrap."""
    rng = np.random.default_rng(1)
    clusters = rng.integers(0, 40, 200)
    right = rng.random(200) < 0.3 + 0.4 * (clusters % 2)
    fast = interval(right, clusters, draws=40_000)
    members = [np.flatnonzero(clusters == c) for c in np.unique(clusters)]
    slow = []
    number = 200**2 / sum(len(rows) ** 2 for rows in members)
    tail = stats.norm.cdf(-np.sqrt(number / (number - 1)) * stats.t.ppf(0.975, number - 1))
    for _ in range(4_000):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        slow.append(right[rows].mean())
    assert fast == pytest.approx(tuple(np.quantile(slow, [tail, 1 - tail])), abs=0.012)


def test_macro_is_the_mean_of_its_parts():
    right = np.array([1, 0, 1, 1, 0, 0, 1, 1], dtype=float)
    group = np.array([0, 0, 1, 1, 1, 1, 2, 2])
    parts = [Figure.ratio(right * (group == g), group == g) for g in range(3)]
    macro = Figure.macro(parts)
    assert macro.value == pytest.approx((1 / 2 + 2 / 4 + 2 / 2) / 3)
    assert macro.n == 8
    low, high = intervals({"m": macro}, np.arange(8))["m"]
    assert low < macro.value < high


def test_all_right_has_the_exact_interval():
    low, high = interval(np.ones(20))
    assert high == 1.0
    assert low == pytest.approx(stats.beta.ppf(0.025, 20, 1))
    assert exact_binomial(0.0, 20)[1] == pytest.approx(stats.beta.ppf(0.975, 1, 20))


def test_no_spread_away_from_the_ends_has_no_interval_to_widen():
    assert interval(np.full(30, 0.5)) == (0.5, 0.5)


def test_undefined_figures_are_nan():
    nothing = Figure.ratio(np.zeros(3), np.zeros(3))
    assert np.isnan(nothing.value)
    assert all(np.isnan(intervals({"x": nothing}, np.arange(3))["x"]))
    empty = Figure.ratio(np.zeros(0), np.zeros(0))
    assert all(np.isnan(intervals({"x": empty}, np.zeros(0, dtype=np.int64))["x"]))


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_interval_holds_the_value_and_is_seeded(right, spread):
    clusters = np.arange(len(right)) // (spread + 1)
    first = interval(right, clusters, draws=300)
    assert first == interval(right, clusters, draws=300)
    assert first[0] - 1e-12 <= np.mean(right) <= first[1] + 1e-12 or len(set(clusters)) < 4


def test_paired_difference_is_narrower_than_unpaired():
    rng = np.random.default_rng(0)
    hard = rng.random(500)
    base = (hard < 0.6).astype(float)
    better = (hard < 0.65).astype(float)
    ones = np.ones(500)
    found = paired_difference(Figure.ratio(base, ones), Figure.ratio(better, ones), np.arange(500))
    assert found.value == pytest.approx(better.mean() - base.mean())
    assert 0 < found.low < found.value < found.high
    assert found.p_value < 0.01
    same = paired_difference(Figure.ratio(base, ones), Figure.ratio(base, ones), np.arange(500))
    assert (same.value, same.low, same.high, same.p_value) == (0, 0, 0, 1.0)


def test_paired_figures_must_match():
    with pytest.raises(ValueError, match="same items"):
        paired_difference(
            Figure.ratio(np.ones(3), np.ones(3)),
            Figure.ratio(np.ones(4), np.ones(4)),
            np.arange(3),
        )


def test_mcnemar_by_hand():
    """7 and 1 discordant pairs: 2 * (C(8,0) + C(8,1)) / 2^8 = 18/256."""
    base = np.array([True] * 7 + [False] + [True] * 5)
    other = np.array([False] * 7 + [True] + [True] * 5)
    assert mcnemar_exact(base, other) == pytest.approx(18 / 256)
    assert mcnemar_exact(base, base) == 1.0
