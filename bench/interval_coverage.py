"""Do the 95% intervals hold what they say? Simulation of the intervals that every figure carries.

    python bench/interval_coverage.py                      some three minutes
    python bench/interval_coverage.py --simulations 300    a quick look

For each case many data sets are drawn whose true figure is known, and the share of intervals that
hold the truth is counted. Beside it stands the interval that most tools print: the normal
approximation, which takes all items for independent. Clusters have 1 to 8 items; r is the
correlation within them.

``tau`` is the accuracy with ties at the threshold that is best on the same items, so it aims
above the truth, which is the accuracy at the threshold that is best in the population.
``tau_crossfit`` takes the threshold from other items and aims below. They share their interval.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from unieval.harness.calibration import (
    CalibratedTau,
    CrossFittedTau,
    best_threshold,
    cross_fitted,
)
from unieval.harness.statistics import Figure, Floats, Ints, intervals

Generator = np.random.Generator
Interval = tuple[float, float]
CLUSTER_SIZES = np.arange(1, 9)
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """One data set's figure with its own interval and the naive one."""

    value: float
    interval: Interval
    naive: Interval


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table: how data arise, and the truth that intervals should hold."""

    name: str
    truth: float
    simulate: Callable[[Generator, int], Estimate]


def clusters_of(number: int) -> Ints:
    """Cluster codes of ``number`` clusters whose sizes go round from 1 to 8."""
    return np.repeat(np.arange(number), np.resize(CLUSTER_SIZES, number))


def answers(rng: Generator, p: float, clusters: Ints, correlation: float) -> Floats:
    """Right (1.0) or wrong answers with mean ``p`` and a correlation within clusters."""
    chance = np.full(clusters.shape, p)
    if correlation:
        total = (1 - correlation) / correlation
        chance = rng.beta(p * total, (1 - p) * total, size=clusters.max() + 1)[clusters]
    return (rng.random(clusters.shape) < chance).astype(np.float64)


def normal(shares: list[float], sizes: list[int]) -> Interval:
    """The normal approximation for the mean of shares of independent items."""
    mean = float(np.mean(shares))
    variance = sum(p * (1 - p) / n for p, n in zip(shares, sizes, strict=True))
    half = Z * variance**0.5 / len(shares)
    return mean - half, mean + half


def accuracy_case(p: float, clusters: Ints, correlation: float, draws: int) -> Case:
    """Plain accuracy."""
    n, groups = len(clusters), int(clusters.max()) + 1

    def simulate(rng: Generator, seed: int) -> Estimate:
        right = answers(rng, p, clusters, correlation)
        figure = Figure.ratio(right, np.ones(n))
        found = intervals({"": figure}, clusters, draws=draws, seed=seed)[""]
        return Estimate(figure.value, found, normal([figure.value], [n]))

    about = f"{groups} clusters, r={correlation}" if correlation else "independent"
    return Case(f"accuracy {p:.2f}, n={n}, {about}", p, simulate)


def macro_case(
    shares: tuple[float, ...], clusters: list[Ints], correlation: float, draws: int
) -> Case:
    """The mean of the accuracies of groups of unequal size."""
    sizes = [len(c) for c in clusters]
    group = np.repeat(np.arange(len(sizes)), sizes)
    offsets = np.cumsum([0] + [int(c.max()) + 1 for c in clusters[:-1]])
    everything = np.concatenate([c + o for c, o in zip(clusters, offsets, strict=True)])

    def simulate(rng: Generator, seed: int) -> Estimate:
        right = np.concatenate(
            [answers(rng, p, c, correlation) for p, c in zip(shares, clusters, strict=True)]
        )
        figures = [Figure.ratio(right * (group == g), group == g) for g in range(len(sizes))]
        macro = Figure.macro(figures)
        found = intervals({"": macro}, everything, draws=draws, seed=seed)[""]
        return Estimate(macro.value, found, normal([f.value for f in figures], sizes))

    about = f"clusters, r={correlation}" if correlation else "independent"
    name = f"macro of n={'/'.join(map(str, sizes))}, {about}"
    return Case(name, float(np.mean(shares)), simulate)


def scores(rng: Generator, clusters: Ints, shared: float) -> tuple[Ints, NDArray[np.float64]]:
    """Human labels (a quarter of them ties) and a judge's score differences for the same pairs."""
    quality = rng.normal(size=clusters.max() + 1)[clusters] * shared**0.5
    quality = quality + rng.normal(size=clusters.shape) * (1 - shared) ** 0.5
    felt = quality + 0.5 * rng.normal(size=clusters.shape)
    human = np.where(np.abs(felt) < 0.36, 0, np.sign(felt)).astype(np.int64)
    return human, quality + 0.7 * rng.normal(size=clusters.shape)


def tau_truth() -> float:
    """Accuracy with ties at the best threshold of the population, from a million pairs."""
    rng = np.random.default_rng(7)
    _, accuracy = best_threshold(*scores(rng, np.arange(1_000_000), 0.0))
    return accuracy


def tau_case(truth: float, clusters: Ints, shared: float, crossfit: bool) -> Case:
    """The calibrated accuracy with ties, or its cross-fitted neighbour."""
    n = len(clusters)

    def simulate(rng: Generator, _: int) -> Estimate:
        human, margin = scores(rng, clusters, shared)
        measure: CalibratedTau | CrossFittedTau = CalibratedTau(human, margin, clusters)
        if crossfit:
            right = cross_fitted(human, margin, clusters)
            measure = CrossFittedTau(Figure.ratio(right, np.ones(n)), measure)
        return Estimate(measure.value, measure.interval(), normal([measure.value], [n]))

    about = f"clusters, r={shared}" if shared else "independent"
    return Case(f"{'tau_crossfit' if crossfit else 'tau'}, n={n}, {about}", truth, simulate)


def cases(draws: int) -> list[Case]:
    """Every row of the table."""
    rows = [
        accuracy_case(p, np.arange(n), 0.0, draws) for n in (100, 400) for p in (0.5, 0.8, 0.95)
    ]
    rows += [
        accuracy_case(p, clusters_of(groups), correlation, draws)
        for groups, p, correlation in ((24, 0.8, 0.3), (88, 0.8, 0.3), (88, 0.5, 0.6))
    ]
    shares, sizes = (0.75, 0.6, 0.85), (183, 749, 318)
    rows.append(macro_case(shares, [np.arange(n) for n in sizes], 0.0, draws))
    rows.append(macro_case(shares, [clusters_of(g) for g in (40, 166, 70)], 0.3, draws))
    truth = tau_truth()
    for clusters, shared in (
        (np.arange(100), 0.0),
        (np.arange(400), 0.0),
        (np.arange(1_600), 0.0),
        (clusters_of(88), 0.8),
        (clusters_of(24), 0.8),
    ):
        rows += [tau_case(truth, clusters, shared, crossfit) for crossfit in (False, True)]
    rows.append(accuracy_case(0.8, clusters_of(12), 0.3, draws))
    return rows


def show(rows: list[Case], simulations: int) -> Table:
    """Run every case and put it in a table."""
    table = Table(
        caption="± is the simulation's own standard error; naive takes all for independent"
    )
    table.add_column("figure")
    for name in ("truth", "bias", "covers %", "width", "naive covers %", "naive / ours"):
        table.add_column(name, justify="right")
    for number, case in enumerate(rows):
        rng = np.random.default_rng([11, number])
        found = [case.simulate(rng, int(rng.integers(1 << 31))) for _ in range(simulations)]
        ours = np.array([e.interval for e in found])
        covers, naive = (
            float(np.mean((edges[:, 0] <= case.truth) & (case.truth <= edges[:, 1])))
            for edges in (ours, np.array([e.naive for e in found]))
        )
        error = (covers * (1 - covers) / simulations) ** 0.5
        colour = "" if 0.935 <= covers <= 0.965 else "[yellow]"
        table.add_row(
            case.name,
            f"{case.truth:.3f}",
            f"{np.mean([e.value for e in found]) - case.truth:+.4f}",
            f"{colour}{covers * 100:.1f} ± {error * 100:.1f}",
            f"{np.mean(ours[:, 1] - ours[:, 0]):.3f}",
            f"{naive * 100:.1f}",
            f"{naive / covers:.2f}",
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--simulations", type=int, default=1_500)
    parser.add_argument("--draws", type=int, default=500)
    given = parser.parse_args()
    began = time.perf_counter()
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(show(cases(given.draws), given.simulations))
    took = time.perf_counter() - began
    console.print(
        f"{given.simulations:,} data sets a row, {given.draws} draws each; {took:.0f} s in all"
    )


if __name__ == "__main__":
    main()
