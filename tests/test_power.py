"""One-sided bounds and numbers of items, against published formulas and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from unieval.harness.bounds import DIFFERENCE, SHARE, Estimate, estimate, paired_estimate
from unieval.harness.power import design_effect, power, units_needed
from unieval.harness.statistics import Figure


def differences(lost: int, won: int, n: int) -> np.ndarray:
    return np.r_[-np.ones(lost), np.ones(won), np.zeros(n - lost - won)]


def test_bonett_and_price_by_hand():
    """10 lost, 6 won of 100: centre (6 - 10) / 102, variance with one more of each."""
    found = Estimate.of(differences(10, 6, 100), DIFFERENCE)
    centre = -4 / 102
    variance = (18 / 102 - centre**2) * 102 / 101 / 102
    t = stats.t(101).ppf(0.95)
    assert found.value == pytest.approx(-0.04)
    assert found.lower(0.95) == pytest.approx(centre - t * variance**0.5)
    assert found.upper(0.95) == pytest.approx(centre + t * variance**0.5)
    assert found.lower(0.5) == found.upper(0.5) == found.value


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_one_sided_losses_have_at_least_wilsons_bound(lost):
    """Judges that differ to one side only: the drop is a plain share."""
    found = Estimate.of(differences(lost, 0, 200), DIFFERENCE)
    confidence = 2 * stats.norm.cdf(stats.t(201).ppf(0.95)) - 1
    wilson = stats.binomtest(lost, 200).proportion_ci(confidence, method="wilson")
    assert -found.lower(0.95) >= wilson.high - 1e-12


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from([0.6, 0.8, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_bounds_mirror_and_hold_the_value(lost, won, confidence):
    one = Estimate.of(differences(lost, won, 80), DIFFERENCE)
    other = Estimate.of(-differences(lost, won, 80), DIFFERENCE)
    assert one.lower(confidence) == pytest.approx(-other.upper(confidence))
    assert one.lower(confidence) <= one.value + 0.02
    assert one.lower(confidence) < one.upper(confidence)


def test_share_is_that_of_agresti_and_coull():
    found = estimate(Figure.ratio(np.r_[np.ones(18), np.zeros(2)], np.ones(20)), np.arange(20))
    centre = 20 / 24
    error = (centre * (1 - centre) / 23) ** 0.5
    assert found.imaginary == SHARE
    assert found.lower(0.9) == pytest.approx(centre - stats.t(23).ppf(0.9) * error)


def test_copies_of_items_tell_no_more():
    rng = np.random.default_rng(0)
    base, other = rng.random((2, 60)) < 0.7
    alone = paired_estimate(*(Figure.ratio(r, np.ones(60)) for r in (base, other)), np.arange(60))
    copied = [Figure.ratio(np.repeat(r, 5), np.ones(300)) for r in (base, other)]
    assert paired_estimate(*copied, np.repeat(np.arange(60), 5)) == pytest.approx(alone)


def test_a_macro_average_weights_small_groups():
    """Group of 10 with one loss, group of 1,000 without: the macro figure drops by 1/20."""
    group = np.r_[np.zeros(10), np.ones(1000)]
    lost = np.r_[1.0, np.zeros(1009)]
    parts = [
        [Figure.ratio(r * (group == g), group == g) for g in (0, 1)]
        for r in (1 - 0 * lost, 1 - lost)
    ]
    found = paired_estimate(*(Figure.macro(part) for part in parts), np.arange(1010))
    assert found.value == pytest.approx(-0.05)
    # One of 10 items with a standard deviation of sqrt(.1 * .9 * 10 / 9), halved by the average.
    assert found.deviation / 1010**0.5 == pytest.approx(0.3 * 0.5 / 10**0.5, rel=0.02)


def test_design_effect():
    d = np.random.default_rng(1).normal(size=400)
    assert design_effect(np.repeat(d, 4), np.repeat(np.arange(400), 4)) == pytest.approx(
        4, rel=0.01
    )
    assert design_effect(d, np.arange(400)) == pytest.approx(1)
    assert design_effect(np.zeros(9), np.arange(9) // 3) == 1.0


@pytest.mark.parametrize(
    ("differing", "margin", "drop"), [(0.05, 0.03, 0.0), (0.2, 0.06, 0.01), (0.02, 0.04, 0.01)]
)
def test_power_is_what_simulation_says(differing, margin, drop):
    deviation = (differing - drop**2) ** 0.5
    n = units_needed(margin=margin, deviation=deviation, difference=-drop)
    assert power(n, margin=margin, deviation=deviation, difference=-drop) >= 0.8
    assert power(n - 1, margin=margin, deviation=deviation, difference=-drop) < 0.8
    rng = np.random.default_rng(n)
    lost, won = (differing + drop) / 2, (differing - drop) / 2
    draws = rng.multinomial(n, [lost, won, 1 - lost - won], size=1500)
    passes = np.mean(
        [Estimate.of(differences(a, b, n), DIFFERENCE).lower(0.95) >= -margin for a, b, _ in draws]
    )
    assert passes == pytest.approx(0.8, abs=0.07)


def test_nothing_is_to_be_shown_at_the_margin():
    assert units_needed(margin=0.02, deviation=0.3, difference=-0.02) is None
    assert units_needed(margin=0.0, deviation=0.3) is None


def test_large_samples_agree_with_the_textbook():
    """n = (z_0.95 + z_0.8)^2 variance / margin^2 (for example Chow, Shao and Wang 2008)."""
    z = stats.norm.ppf([0.95, 0.8]).sum()
    assert units_needed(margin=0.01, deviation=0.4) == pytest.approx((z * 40) ** 2, rel=0.01)


def test_error_rates_of_the_bound():
    """At a drop equal to the margin at most 5% pass, also where few items differ."""
    rng = np.random.default_rng(5)
    for n, lost, won in ((50, 0.02, 0.0), (200, 0.02, 0.0), (300, 0.1, 0.07), (300, 0.2, 0.1)):
        margin = lost - won
        draws = rng.multinomial(n, [lost, won, 1 - lost - won], size=2000)
        bounds = {
            (a, b): Estimate.of(differences(a, b, n), DIFFERENCE).lower(0.95)
            for a, b in {(int(a), int(b)) for a, b, _ in draws}
        }
        wrong = np.mean([bounds[int(a), int(b)] >= -margin for a, b, _ in draws])
        assert wrong <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5
