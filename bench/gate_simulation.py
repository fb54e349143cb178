"""Do gates keep their error rates, and how many items do they need? By simulation.

    python bench/gate_simulation.py                      some two minutes
    python bench/gate_simulation.py --simulations 300    a quick look

Each simulated item has its own chance of being judged right, by the same judge twice (*identical
checkpoints* that sample their answers) or by one that is worse by a known drop. Clusters have 1 to
8 items; r is the correlation of chances within them. ``sparse`` are judges that differ on few items
and only to the worse, where a bootstrap is too sure of itself.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from unieval.harness.bounds import paired_estimate
from unieval.harness.early_stop import decided, rounds, visiting_order
from unieval.harness.power import power, units_needed
from unieval.harness.seeds import seed_for
from unieval.harness.sequential import SequentialGate
from unieval.harness.statistics import Figure, Floats, Ints, paired_difference

CONFIDENCE = 0.95
Generator = np.random.Generator
World = Callable[[Generator], tuple[Floats, Floats]]
"""Draws right (1.0) or wrong of every item by the baseline and by the candidate."""


@dataclass(frozen=True)
class Case:
    """Items in clusters, judged by two judges whose true figures differ by ``-drop``."""

    name: str
    cluster: Ints
    drop: float
    draw: World


def clusters_of(number: int) -> Ints:
    """Codes of clusters whose sizes go round from 1 to 8."""
    return np.repeat(np.arange(number), np.resize(np.arange(1, 9), number))


def noisy(name: str, cluster: Ints, drop: float, r: float = 0.0, mean: float = 0.75) -> Case:
    """Judges that draw each answer anew: they differ on many items even if they are the same."""
    number = int(cluster.max()) + 1

    def draw(rng: Generator) -> tuple[Floats, Floats]:
        own = rng.beta(mean * 2, (1 - mean) * 2, size=cluster.shape)
        # A cluster's luck is shared by both judges' answers, and moves each in its own way.
        shared = rng.normal(0, 1, size=(2, number))[:, cluster] * np.sqrt(r) * 0.5
        first = np.clip(own + shared[0], 0, 1)
        second = np.clip(own + shared[1], 0, 1)
        base = (rng.random(cluster.shape) < first).astype(float)
        other = (rng.random(cluster.shape) < second).astype(float)
        # Losing each right answer with this chance lowers the mean by the drop.
        rate = drop / expected
        return base, other * (rng.random(cluster.shape) >= rate)

    expected = _mean_right(cluster, r, mean)
    return Case(name, cluster, drop, draw)


def _mean_right(cluster: Ints, r: float, mean: float) -> float:
    rng = np.random.default_rng(0)
    own = rng.beta(mean * 2, (1 - mean) * 2, size=2_000_000)
    return float(np.clip(own + rng.normal(0, 1, own.shape) * np.sqrt(r) * 0.5, 0, 1).mean())


def sparse(name: str, n: int, drop: float) -> Case:
    """Judges that agree but for a share ``drop`` of the items, which the candidate loses."""

    def draw(rng: Generator) -> tuple[Floats, Floats]:
        return np.ones(n), (rng.random(n) >= drop).astype(float)

    return Case(name, np.arange(n), drop, draw)


def outcome(base: Floats, other: Floats, cluster: Ints, margin: float) -> str:
    """What ``max_drop`` says."""
    ones = np.ones(len(base))
    found = paired_estimate(Figure.ratio(base, ones), Figure.ratio(other, ones), cluster)
    if found.lower(CONFIDENCE) >= -margin:
        return "pass"
    return "fail" if found.upper(CONFIDENCE) < -margin else "inconclusive"


def rates(case: Case, margin: float, simulations: int) -> dict[str, float]:
    """Share of each outcome."""
    rng = np.random.default_rng(seed_for(case.name, margin))
    seen = [outcome(*case.draw(rng), case.cluster, margin) for _ in range(simulations)]
    return {kind: seen.count(kind) / simulations for kind in ("pass", "fail", "inconclusive")}


def covered(case: Case, simulations: int) -> tuple[float, float]:
    """How often the 95% interval holds the truth, and how often the one-sided lower bound does."""
    rng = np.random.default_rng(seed_for(case.name, "coverage"))
    two_sided = one_sided = 0
    ones = np.ones(len(case.cluster))
    for number in range(simulations):
        base, other = (Figure.ratio(right, ones) for right in case.draw(rng))
        found = paired_difference(base, other, case.cluster, draws=500, seed=number)
        two_sided += found.low <= -case.drop <= found.high
        one_sided += paired_estimate(base, other, case.cluster).lower(CONFIDENCE) <= -case.drop
    return two_sided / simulations, one_sided / simulations


@dataclass(frozen=True)
class Stopped:
    """How sequential tests ended: shares of outcomes, and items looked at on average."""

    passes: float
    fails: float
    items: float


def stopped(lost: float, won: float, margin: float, most: int, simulations: int) -> Stopped:
    """A test that may decide after every item, and stops within 50 of that or at ``most``.

    The candidate loses and wins these shares of the items against the baseline.
    """
    rng = np.random.default_rng(seed_for(lost, won, margin))
    states, looked = [], []
    for _ in range(simulations):
        draws = rng.random(most)
        differences = np.where(draws < lost, -1.0, np.where(draws < lost + won, 1.0, 0.0))
        gate, at = SequentialGate(margin, CONFIDENCE), most
        for start in range(0, most, 50):
            if gate.update(differences[start : start + 50]) != "undecided":
                at = start + 50
                break
        states.append(gate.state)
        looked.append(at)
    share = {state: states.count(state) / simulations for state in ("passes", "fails")}
    return Stopped(share["passes"], share["fails"], float(np.mean(looked)))


def stopped_clusters(case: Case, margin: float, simulations: int) -> Stopped:
    """The same for whole clusters in the visiting order, looked at after rounds: as a run stops."""
    rng = np.random.default_rng(seed_for(case.name, "stopped"))
    names = {str(code): int(count) for code, count in enumerate(np.bincount(case.cluster))}
    codes = np.array([seed_for(name) for name in names])[case.cluster]
    states, looked = [], []
    for seed in range(simulations):
        base, other = case.draw(rng)
        found = decided(other - base, codes, names, margin=margin, seed=seed)
        states.append(found.state)
        looked.append(_until(other - base, case.cluster, names, margin, seed))
    share = {state: states.count(state) / simulations for state in ("passes", "fails")}
    return Stopped(share["passes"], share["fails"], float(np.mean(looked)))


def _until(d: Floats, cluster: Ints, names: dict[str, int], margin: float, seed: int) -> int:
    """How many items are judged when a look after a round decides."""
    gate, items, largest = SequentialGate(margin, CONFIDENCE), 0, max(names.values())
    sums = np.bincount(cluster, weights=d)
    order = visiting_order(names, seed)
    place = {name: number for number, name in enumerate(order)}
    for portion in rounds(order):
        for name in sorted(portion, key=place.__getitem__):
            items += names[name]
            mean, weight = sums[int(name)] / names[name], np.array([names[name] / largest])
            gate.update([mean], weight)
        if gate.state != "undecided":
            break
    return items


def table(title: str, *heads: str) -> Table:
    found = Table(title=title, title_justify="left")
    for place, head in enumerate(heads):
        found.add_column(head, justify="right" if place else "left")
    return found


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def show_errors(simulations: int) -> Table:
    found = table(
        "max_drop at confidence 0.95: outcomes in %, and what is an error",
        *("judges", "true drop", "max_drop", "pass", "fail", "inconclusive", "error, at most 5%"),
    )
    single, grouped = np.arange(1000), clusters_of(88)
    cases = [
        (noisy("identical, n = 200", np.arange(200), 0), 0.0, "fail"),
        (noisy("identical, n = 1,000", single, 0), 0.0, "fail"),
        (noisy("identical, n = 1,000 ", single, 0), 0.02, "fail"),
        (noisy("identical, n = 396 in 88 clusters, r = 0.3", grouped, 0, 0.3), 0.0, "fail"),
        (noisy("identical, n = 108 in 24 clusters, r = 0.3", clusters_of(24), 0, 0.3), 0.0, "fail"),
        (noisy("drop at the limit, n = 1,000", single, 0.03), 0.03, "pass"),
        (noisy("drop at the limit, 88 clusters, r = 0.3", grouped, 0.05, 0.3), 0.05, "pass"),
        (sparse("sparse, n = 50", 50, 0.02), 0.02, "pass"),
        (sparse("sparse, n = 200", 200, 0.02), 0.02, "pass"),
        (sparse("sparse, n = 1,000", 1000, 0.01), 0.01, "pass"),
    ]
    for case, margin, error in cases:
        seen = rates(case, margin, simulations)
        shares = [percent(seen[kind]) for kind in ("pass", "fail", "inconclusive")]
        found.add_row(case.name, f"{case.drop:g}", f"{margin:g}", *shares, percent(seen[error]))
    return found


def show_coverage(simulations: int) -> Table:
    found = table("Coverage in %", "judges", "95% interval", "one-sided 95% bound")
    for case in (
        noisy("independent, n = 200", np.arange(200), 0.03),
        noisy("independent, n = 1,000", np.arange(1000), 0.03),
        noisy("n = 108 in 24 clusters, r = 0.3", clusters_of(24), 0.03, 0.3),
        noisy("n = 396 in 88 clusters, r = 0.3", clusters_of(88), 0.03, 0.3),
        sparse("sparse, n = 200, drop 0.02", 200, 0.02),
    ):
        found.add_row(case.name, *map(percent, covered(case, simulations)))
    return found


def show_power(simulations: int) -> Table:
    found = table(
        "Items needed for a power of 0.8, and the power that they have",
        *("differing items", "max_drop", "true drop", "items", "power by formula", "simulated"),
    )
    for differing, margin, drop in (
        (0.05, 0.02, 0.0), (0.2, 0.03, 0.0), (0.2, 0.05, 0.01), (0.01, 0.02, 0.0)
    ):  # fmt: skip
        deviation = float(np.sqrt(differing - drop**2))
        n = units_needed(margin=margin, deviation=deviation, difference=-drop)
        assert n is not None
        by_formula = power(n, margin=margin, deviation=deviation, difference=-drop)
        lost, won = (differing + drop) / 2, (differing - drop) / 2
        rng = np.random.default_rng(n)
        passes = 0
        for _ in range(simulations):
            draws = rng.random(n)
            base, other = (draws >= lost + won) | (draws < lost), draws >= lost
            passes += outcome(base * 1.0, other * 1.0, np.arange(n), margin) == "pass"
        found.add_row(
            f"{differing:g}", f"{margin:g}", f"{drop:g}", f"{n:,}", percent(by_formula),
            percent(passes / simulations),
        )  # fmt: skip
    return found


def show_sequential(simulations: int) -> Table:
    found = table(
        "Looked at all the time, stopped as soon as decided (max_drop 0.03, 10% of items differ)",
        *("true drop", "at most", "passes", "fails", "mean items", "fixed n for power 0.8"),
    )
    deviation = float(np.sqrt(0.1))
    for drop in (-0.05, -0.02, 0.0, 0.01, 0.03, 0.06, 0.08):
        lost, won = (0.1 + drop) / 2, (0.1 - drop) / 2
        seen = stopped(lost, won, 0.03, 5_000, simulations)
        own = float(np.sqrt(deviation**2 - drop**2))
        fixed = (
            units_needed(margin=0.03, deviation=own, difference=-drop)
            if drop < 0.03
            else units_needed(margin=-0.03, deviation=own, difference=drop)
        )
        found.add_row(
            f"{drop:g}", "5,000", percent(seen.passes), percent(seen.fails), f"{seen.items:,.0f}",
            f"{fixed:,}" if fixed else "-",
        )  # fmt: skip
    cluster = clusters_of(350)
    for drop in (0.0, 0.05, 0.15):
        case = noisy(f"clusters {drop}", cluster, drop, 0.3)
        clustered = stopped_clusters(case, 0.05, max(50, simulations // 4))
        found.add_row(
            f"{drop:g}, max_drop 0.05, clusters, many differ", f"{len(cluster):,}",
            percent(clustered.passes), percent(clustered.fails), f"{clustered.items:,.0f}", "",
        )  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2_000)
    simulations = parser.parse_args().simulations
    console = Console(width=120)
    for show in (show_errors, show_coverage, show_power, show_sequential):
        began = time.perf_counter()
        console.print(show(simulations))
        console.print(f"{time.perf_counter() - began:.0f} s\n", style="dim")


if __name__ == "__main__":
    main()
