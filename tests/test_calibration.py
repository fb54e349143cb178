"""Tie calibration against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from unieval.harness.calibration import (
    NO_TIES,
    CalibratedTau,
    accuracy_at,
    best_threshold,
    cross_fitted,
    official_with_ties,
)

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


def test_without_a_choice_there_is_no_bias():
    """All decided and all right: the best threshold is always the same."""
    human = np.array([1, -1] * 20)
    low, high = CalibratedTau(human, human * 2.0, np.arange(40)).interval()
    assert high == 1.0
    assert low == pytest.approx(0.025 ** (1 / 40), abs=1e-9)


def test_unscored_items_count_as_wrong():
    measure = CalibratedTau(np.array([1, -1]), np.array([1.0, -1.0]), np.arange(2), missing=2)
    assert (measure.value, measure.n) == (0.5, 4)
    assert np.isnan(CalibratedTau(np.zeros(0, int), np.zeros(0), np.zeros(0, int)).value)
