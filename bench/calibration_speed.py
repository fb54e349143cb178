"""How fast are tie calibration and the bootstrap, beside the way they are usually written?

    python bench/calibration_speed.py

Tie calibration: the exact sweep over every threshold in O(n log n) against a loop that computes
the accuracy anew at every threshold, O(n^2). Bootstrap: one multinomial count over the distinct
contributions a draw against drawing item indices. What is too slow to run in full is run at a
smaller size and extrapolated, and the table says so. Prints ratios and asserts no timing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from unieval.harness.calibration import NO_TIES, CalibratedTau, accuracy_at, best_threshold
from unieval.harness.statistics import Figure, Floats, Ints, intervals

console = Console(width=None if sys.stdout.isatty() else 110)


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Median wall time of a few calls."""
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def pairs(n: int) -> tuple[Ints, Floats]:
    """Human labels with a quarter of ties, and score differences, all different."""
    rng = np.random.default_rng(3)
    quality = rng.normal(size=n)
    human = np.where(np.abs(quality) < 0.32, 0, np.sign(quality)).astype(np.int64)
    return human, quality + rng.normal(size=n)


def naive_threshold(human: Ints, margin: Floats) -> tuple[float, float]:
    """The best threshold by trying them one after the other, each over all items."""
    best = (NO_TIES, float(accuracy_at(human, margin, NO_TIES).mean()))
    for epsilon in np.unique(np.abs(margin)):
        reached = float(accuracy_at(human, margin, epsilon).mean())
        if reached > best[1]:
            best = (float(epsilon), reached)
    return best


def calibration(n: int, naive_n: int) -> Table:
    """Tie calibration at ``n`` pairs, and the naive loop at ``naive_n``."""
    human, margin = pairs(naive_n)
    exact = seconds(lambda: best_threshold(human, margin))
    naive = seconds(lambda: naive_threshold(human, margin), 1)
    ours, theirs = best_threshold(human, margin), naive_threshold(human, margin)
    if not np.allclose(ours, theirs):
        raise SystemExit(f"the sweep finds {ours} and the loop {theirs}")
    human, margin = pairs(n)
    large = seconds(lambda: best_threshold(human, margin))
    extrapolated = naive * (n / naive_n) ** 2
    table = Table(title="Tie calibration, every |m| a threshold")
    for name in ("pairs", "sweep s", "loop over thresholds s", "ratio"):
        table.add_column(name, justify="right")
    table.add_row(f"{naive_n:,}", f"{exact:.4f}", f"{naive:.2f}", f"{naive / exact:,.0f}")
    table.add_row(
        f"{n:,}",
        f"{large:.4f}",
        f"{extrapolated:.0f} (extrapolated, n²)",
        f"{extrapolated / large:,.0f} (extrapolated)",
    )
    return table


def by_indices(right: Floats, draws: int, block: int = 50) -> tuple[float, float]:
    """The same interval by drawing item indices with NumPy, some draws at a time."""
    rng = np.random.default_rng(5)
    n = len(right)
    means = np.concatenate(
        [
            right[rng.integers(0, n, size=(min(block, draws - start), n))].mean(axis=1)
            for start in range(0, draws, block)
        ]
    )
    return tuple(np.quantile(means, [0.025, 0.975]))


def by_choice(right: Floats, draws: int) -> tuple[float, float]:
    """The same interval by a Python loop of ``np.random.choice``."""
    generator = np.random.RandomState(5)
    means = [generator.choice(right, size=len(right)).mean() for _ in range(draws)]
    return tuple(np.quantile(means, [0.025, 0.975]))


def bootstrap(n: int, draws: int, loop_draws: int) -> Table:
    """Intervals of one accuracy over ``n`` items by three ways of drawing."""
    rng = np.random.default_rng(9)
    right: NDArray[np.float64] = (rng.random(n) < 0.7).astype(np.float64)
    figure, items = Figure.ratio(right, np.ones(n)), np.arange(n)
    threes = np.repeat(np.arange(n // 3 + 1), 3)[:n]
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "multinomial counts (ours)": (lambda: intervals({"": figure}, items, draws=draws), draws),
        "ours, clusters of 3": (lambda: intervals({"": figure}, threes, draws=draws), draws),
        "item indices in NumPy": (lambda: by_indices(right, draws), draws),
        "loop of np.random.choice": (lambda: by_choice(right, loop_draws), loop_draws),
    }
    table = Table(title=f"Bootstrap interval of one accuracy, {n:,} items, {draws:,} draws")
    for name in ("way", "seconds", "times ours"):
        table.add_column(name, justify="left" if name == "way" else "right")
    ours = None
    for name, (way, drawn) in ways.items():
        took = seconds(way) * draws / drawn
        ours = ours or took
        note = "" if drawn == draws else f" (from {drawn} draws)"
        table.add_row(name, f"{took:.4f}{note}", f"{took / ours:,.0f}")
    edges = [intervals({"": figure}, items, draws=draws)[""], by_indices(right, draws)]
    table.caption = "; ".join(f"[{low:.4f}, {high:.4f}]" for low, high in edges)
    table.caption += " by counts and by indices"
    return table


def calibrated_interval(n: int) -> str:
    """The cost of an interval that calibrates anew in every draw."""
    human, margin = pairs(n)
    tau = CalibratedTau(human, margin, np.arange(n))
    took = seconds(tau.interval, 1)
    return f"interval of a calibrated tau, {n:,} pairs: {took:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--naive-pairs", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--draws", type=int, default=2_000)
    given = parser.parse_args()
    console.print(calibration(given.pairs, given.naive_pairs))
    console.print(bootstrap(given.items, given.draws, max(1, given.draws // 10)))
    console.print(calibrated_interval(given.items))


if __name__ == "__main__":
    main()
