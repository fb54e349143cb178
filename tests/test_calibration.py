"""Tie calibration against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from unieval.harness.calibration import (
    NO_TIES,
    CalibratedTau,
    CrossFittedTau,
    accuracy_at,
    best_threshold,
    cross_fitted,
    official_with_ties,
)
from unieval.harness.statistics import Figure

labelled = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        arrays(np.int64, n, elements=st.integers(-1, 1)),
        st.one_of(
            arrays(np.float64, n, elements=st.floats(-3, 3, allow_nan=False)),
            arrays(np.float64, n, elements=st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0])),
        ),
    )
)


def brute_force(human, margin):
    """Every threshold one by one, straight from the definition."""
    best = (NO_TIES, -1.0)
    for epsilon in [NO_TIES, *sorted(set(abs(margin)))]:
        right = 0
        for h, m in zip(human, margin, strict=True):
            if abs(m) <= epsilon:
                right += h == 0
            else:
                right += m != 0 and h == (1 if m > 0 else -1)
        if right / len(human) > best[1] + 1e-12:
            best = (float(epsilon), right / len(human))
    return best


@given(labelled)
@settings(max_examples=300, deadline=None)
def test_sweep_equals_brute_force(pair):
    human, margin = pair
    epsilon, value = best_threshold(human, margin)
    assert (epsilon, value) == pytest.approx(brute_force(human, margin))
    assert accuracy_at(human, margin, epsilon).mean() == pytest.approx(value)


@given(labelled, st.randoms())
@settings(max_examples=100, deadline=None)
def test_sweep_does_not_depend_on_row_order(pair, random):
    human, margin = pair
    order = list(range(len(human)))
    random.shuffle(order)
    assert best_threshold(human[order], margin[order]) == best_threshold(human, margin)


def test_the_official_figure_does_depend_on_row_order():
    """The reason for an exact sweep: the same rows in another order, 1.0 or 0.5."""
    human, margin = np.array([0, 0, 1, 1]), np.array([1.0, -1.0, 1.0, 1.0])
    assert official_with_ties(human, margin) == 1.0
    assert official_with_ties(human[::-1], margin[::-1]) == 0.5
    assert best_threshold(human, margin)[1] == 0.5


def test_no_ties_is_a_threshold():
    assert best_threshold(np.array([1, 1]), np.array([1.0, 2.0])) == (NO_TIES, 1.0)
    assert official_with_ties(np.array([1, 1]), np.array([1.0, 2.0])) == 0.5


def test_cross_fitting_never_sees_its_own_fold():
    """Every cluster wants a threshold of its own, so held-out accuracy must suffer."""
    rng = np.random.default_rng(0)
    human = rng.integers(-1, 2, 60)
    margin = rng.normal(size=60)
    clusters = np.arange(60)
    right = cross_fitted(human, margin, clusters)
    assert right.mean() < best_threshold(human, margin)[1]
    assert np.array_equal(right, cross_fitted(human, margin, clusters))
    assert cross_fitted(human[:3], margin[:3], np.zeros(3, dtype=np.int64)) is None


def test_the_interval_is_lower_than_the_optimistic_figure():
    """No threshold helps a judge that scores at random, so what it gains is bias alone."""
    rng = np.random.default_rng(3)
    human = rng.integers(-1, 2, 90)
    measure = CalibratedTau(human, rng.normal(size=90), np.arange(90) // 2)
    low, high = measure.interval()
    assert low < 1 / 3 < high
    assert low + high < 2 * measure.value
    assert (low, high) == measure.interval()


def scored_pairs(rng, n):
    """Pairs that people and a judge see through noise; near ones are ties."""
    quality = rng.normal(size=n)
    felt = quality + 0.5 * rng.normal(size=n)
    human = np.where(np.abs(felt) < 0.36, 0, np.sign(felt)).astype(np.int64)
    return human, quality + 0.7 * rng.normal(size=n)


def test_the_interval_from_its_definition():
    """Cluster by cluster, with other draws: the chosen threshold's interval less what it gained."""
    rng = np.random.default_rng(5)
    human, margin = scored_pairs(rng, 90)
    clusters = np.repeat(np.arange(45), 2)
    epsilon, share = best_threshold(human, margin)
    chosen, gained = [], []
    for _ in range(4_000):
        items = 2 * np.repeat(rng.integers(0, 45, 45), 2) + np.tile([0, 1], 45)
        chosen.append(accuracy_at(human[items], margin[items], epsilon).mean())
        gained.append(best_threshold(human[items], margin[items])[1] - chosen[-1])
    tail = stats.norm.cdf(-np.sqrt(45 / 44) * stats.t.ppf(0.975, 44))
    own, of_gain = (np.quantile(each, [tail, 1 - tail]) for each in (chosen, gained))
    centre = share - np.mean(gained) / (2 ** (2 / 3) - 1)
    low = centre - np.hypot(share - own[0], of_gain[1] - np.mean(gained))
    high = centre + np.hypot(own[1] - share, np.mean(gained) - of_gain[0])
    assert CalibratedTau(human, margin, clusters).interval() == pytest.approx((low, high), abs=0.02)


def test_what_choosing_gains_is_taken_off():
    """Over many sets the figure is too high; most of that is gone in the interval's middle."""
    rng = np.random.default_rng(11)
    _, truth = best_threshold(*scored_pairs(rng, 400_000))
    measures = [CalibratedTau(*scored_pairs(rng, 100), np.arange(100)) for _ in range(150)]
    too_high = np.mean([measure.value for measure in measures]) - truth
    ends = np.array([measure.interval() for measure in measures])
    assert too_high > 0.02
    assert abs(ends.mean() - truth) < too_high / 2
    assert ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean() > 0.9


def test_cross_fitted_tau_has_the_interval_of_tau():
    human, margin = scored_pairs(np.random.default_rng(2), 80)
    tau = CalibratedTau(human, margin, np.arange(80))
    right = cross_fitted(human, margin, tau.cluster)
    held_out = CrossFittedTau(Figure.ratio(right, np.ones(80)), tau)
    assert (held_out.value, held_out.n) == (right.mean(), 80)
    low, high = held_out.interval()
    assert (low, high) == tau.interval()
    assert low < held_out.value < tau.value < high


def test_without_a_choice_there_is_no_bias():
    """All decided and all right: the best threshold is always the same."""
    human = np.array([1, -1] * 20)
    low, high = CalibratedTau(human, human * 2.0, np.arange(40)).interval()
    assert high == 1.0
    assert low == pytest.approx(0.025 ** (1 / 40), abs=1e-9)


def test_one_cluster_has_no_interval():
    human = np.array([1, -1, 0, 1])
    measure = CalibratedTau(human, np.array([1.0, 2.0, 0.1, 3.0]), np.zeros(4, dtype=np.int64))
    assert np.isnan(measure.interval()).all()


def test_unscored_items_count_as_wrong():
    measure = CalibratedTau(np.array([1, -1]), np.array([1.0, -1.0]), np.arange(2), missing=2)
    assert (measure.value, measure.n) == (0.5, 4)
    assert np.isnan(CalibratedTau(np.zeros(0, int), np.zeros(0), np.zeros(0, int)).value)
