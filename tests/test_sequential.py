"""Tests that may be looked at at any time: exact expectations, error rates, early decisions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unieval.harness.early_stop import decided, visiting_order
from unieval.harness.seeds import seed_for
from unieval.harness.sequential import SequentialGate


def stream(rng, lost, won, n):
    draws = rng.random(n)
    return np.where(draws < lost, -1.0, np.where(draws < lost + won, 1.0, 0.0))


def test_a_fortune_is_a_fair_game_at_the_margin():
    """Over all streams of four, weighted by their chance, each fortune is worth what it began."""
    chance = {-1.0: 0.3, 0.0: 0.5, 1.0: 0.2}
    margin = 0.1  # The mean is exactly -0.1.
    worth = np.zeros(2)
    for path in product(chance, repeat=4):
        gate = SequentialGate(margin)
        gate.update(path)
        worth += np.exp(gate.log_fortunes) * np.prod([chance[step] for step in path])
    assert worth == pytest.approx([1.0, 1.0])


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), max_size=60), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_batches_do_not_matter(path, size):
    whole, parts = SequentialGate(0.05, 0.8), SequentialGate(0.05, 0.8)
    whole.update(path)
    for start in range(0, len(path), size):
        parts.update(path[start : start + size])
    assert parts.state == whole.state
    assert parts.seen == whole.seen == len(path)
    assert parts.log_fortunes == pytest.approx(whole.log_fortunes)


def test_a_decision_stays():
    gate = SequentialGate(0.05)
    assert gate.update(np.full(200, -1.0)) == "fails"
    assert gate.update(np.full(5_000, 1.0)) == "fails"


@pytest.mark.parametrize(
    ("lost", "won", "wrong"), [(0.08, 0.03, "passes"), (0.05, 0.0, "passes"), (0.08, 0.03, "fails")]
)
def test_errors_under_optional_stopping(lost, won, wrong):
    """At the margin either answer is wrong; looked at after each of 1,500 items."""
    rng = np.random.default_rng(7)
    ended = []
    for _ in range(300):
        gate = SequentialGate(lost - won, 0.9)
        ended.append(gate.update(stream(rng, lost, won, 1_500)))
    assert ended.count(wrong) / 300 <= 0.1 + 3 * (0.1 * 0.9 / 300) ** 0.5


def test_clear_cases_end_early():
    rng = np.random.default_rng(3)
    ended = {"better": [], "worse": []}
    for name, lost, won in (("better", 0.03, 0.08), ("worse", 0.15, 0.02)):
        for _ in range(20):
            gate = SequentialGate(0.03)
            for item in stream(rng, lost, won, 4_000):
                if gate.update([item]) != "undecided":
                    break
            ended[name].append((gate.state, gate.seen))
    assert all(state == "passes" for state, _ in ended["better"])
    assert all(state == "fails" for state, _ in ended["worse"])
    assert np.mean([seen for _, seen in ended["worse"]]) < 500


def test_what_it_does_not_take():
    with pytest.raises(ValueError, match="margin is 1"):
        SequentialGate(1)
    with pytest.raises(ValueError, match="confidence is 1"):
        SequentialGate(0.1, 1)
    gate = SequentialGate(0.1)
    for differences, weights in (([1.5], None), ([float("nan")], None), ([0.0], np.array([2.0]))):
        with pytest.raises(ValueError, match="differences must be"):
            gate.update(differences, weights)
    assert gate.seen == 0


def test_visiting_order_is_the_same_whatever_else_there_is():
    names = [f"prompt {n}" for n in range(200)]
    order = visiting_order([*names, *names], 4)
    assert sorted(order) == sorted(names)
    assert order != visiting_order(names, 5)
    some = [name for name in order if name.endswith("7")]
    assert visiting_order(names[7::10], 4) == some


def test_only_the_finished_beginning_of_the_order_counts():
    names = {f"c{n}": 2 for n in range(50)}
    order = visiting_order(names, 0)
    codes = np.array([seed_for(name) for name in order for _ in range(2)])
    better = np.full(100, 1.0)
    assert decided(better, codes, names, margin=0.1).state == "passes"
    # The third cluster has one of its two items: what follows it does not count.
    kept = np.delete(np.arange(100), 5)
    held = decided(better[kept], codes[kept], names, margin=0.1)
    assert (held.state, held.clusters, held.items, held.of_clusters) == ("undecided", 2, 4, 50)
    assert held.difference == 1.0
    nothing = decided(np.full(100, np.nan), codes, names, margin=0.1)
    assert (nothing.state, nothing.items) == ("undecided", 0)


def test_large_clusters_weigh_more():
    """A stream of small wins and large losses has a mean over items of -0.4."""
    names = {**{f"s{n}": 1 for n in range(300)}, **{f"l{n}": 7 for n in range(100)}}
    codes = np.array([seed_for(name) for name, size in names.items() for _ in range(size)])
    better = np.array(
        [1.0 if n[0] == "s" else -1.0 for n, size in names.items() for _ in range(size)]
    )
    assert decided(better, codes, names, margin=0.1).state == "fails"
