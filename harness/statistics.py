"""Intervals and paired tests. Everything is vectorised, seeded and resamples whole clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DRAWS = 2_000
SEED = 20_250_305
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean of ratios of sums: ``mean_p( sum_i num[i, p] / sum_i den[i, p] )``.

    One part is an ordinary accuracy (``num`` correct, ``den`` counted); several parts are a macro
    average. ``num`` and ``den`` have shape (items, parts). Parts with an empty denominator are
    undefined, and so is the figure then.
    """

    num: Floats
    den: Floats

    @classmethod
    def ratio(cls, num: NDArray[np.generic], den: NDArray[np.generic]) -> Figure:
        """A single ratio from one-dimensional arrays."""
        return cls(num.astype(np.float64)[:, None], den.astype(np.float64)[:, None])

    @classmethod
    def macro(cls, figures: list[Figure]) -> Figure:
        """The unweighted mean of other figures over the same items."""
        return cls(np.hstack([f.num for f in figures]), np.hstack([f.den for f in figures]))

    @property
    def n(self) -> int:
        """Number of items that count."""
        return int((self.den > 0).any(axis=1).sum())

    @property
    def value(self) -> float:
        """The figure itself, ``nan`` if undefined."""
        return float(_mean_of_ratios(self.num.sum(axis=0)[None], self.den.sum(axis=0)[None])[0])


def _mean_of_ratios(num: Floats, den: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios: Floats = (num / den).mean(axis=1)
    return ratios


def intervals(
    figures: dict[str, Figure], clusters: Ints, *, draws: int = DRAWS, seed: int = SEED
) -> dict[str, tuple[float, float]]:
    """95% percentile-bootstrap intervals over clusters, all figures from the same draws.

    Clusters with identical contributions are exchangeable, so instead of drawing G clusters a
    draw is a multinomial count over the distinct contributions: the same distribution, at a cost
    that depends on how many distinct ones there are and not on the number of items.

    Where every resample is the same because every answer is right (or every one wrong), the
    bootstrap knows no error; the exact binomial interval of the cluster count stands instead.

    Args:
        figures: name to figure, all over the same items.
        clusters: cluster code of each item, shape (items,).
        draws: number of bootstrap draws.
        seed: seed of the draws.

    Returns:
        Name to (low, high); ``nan`` where undefined.
    """
    if not figures:
        return {}
    table = np.hstack([np.hstack([f.num, f.den]) for f in figures.values()])
    sums, counts = _distinct(_by_cluster(table, clusters))
    total = int(counts.sum())
    if total == 0:
        return dict.fromkeys(figures, (np.nan, np.nan))
    rng = np.random.default_rng(seed)
    drawn = np.vstack(
        [
            rng.multinomial(total, counts / total, size=size) @ sums
            for size in _blocks(draws, len(counts))
        ]
    )
    found, start = {}, 0
    for name, figure in figures.items():
        parts = figure.num.shape[1]
        num = drawn[:, start : start + parts]
        den = drawn[:, start + parts : start + 2 * parts]
        start += 2 * parts
        found[name] = _percentile(_mean_of_ratios(num, den), figure, clusters)
    return found


def _percentile(drawn: Floats, figure: Figure, clusters: Ints) -> tuple[float, float]:
    defined = drawn[~np.isnan(drawn)]
    if defined.size == 0:
        return (np.nan, np.nan)
    value = figure.value
    if value in (0.0, 1.0) and np.ptp(defined) == 0:
        counted = (figure.den > 0).any(axis=1)
        return exact_binomial(value, len(np.unique(clusters[counted])))
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)


def exact_binomial(share: float, n: int) -> tuple[float, float]:
    """Clopper-Pearson 95% interval of ``share`` (0 or 1) seen in ``n`` trials."""
    edge = 1 - 0.025 ** (1 / n)
    return (0.0, edge) if share == 0.0 else (1 - edge, 1.0)


def _blocks(draws: int, width: int) -> list[int]:
    size = max(1, min(draws, _BLOCK // max(1, width)))
    return [size] * (draws // size) + ([draws % size] if draws % size else [])


def _by_cluster(table: Floats, clusters: Ints) -> Floats:
    """Sum the rows of each cluster; shape (clusters, columns)."""
    _, codes = np.unique(clusters, return_inverse=True)
    groups = int(codes.max()) + 1 if codes.size else 0
    if groups == len(table):
        return table
    columns = [np.bincount(codes, weights=column, minlength=groups) for column in table.T]
    return np.stack(columns, axis=1) if groups else table[:0]


def _distinct(rows: Floats) -> tuple[Floats, Ints]:
    """Distinct rows and how often each occurs.

    Rows are told apart by a random projection, which is far faster than sorting whole rows; two
    different rows share a projection with probability about 1e-16.
    """
    if not len(rows):
        return rows, np.zeros(0, dtype=np.int64)
    projection = rows @ np.random.default_rng(0).standard_normal(rows.shape[1])
    _, first, counts = np.unique(projection, return_index=True, return_counts=True)
    return rows[first], counts.astype(np.int64)


def cluster_weights(clusters: Ints, *, draws: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """How often each item is drawn when whole clusters are resampled; shape (draws, items)."""
    _, codes = np.unique(clusters, return_inverse=True)
    groups = int(codes.max()) + 1
    picks = rng.integers(0, groups, size=(draws, groups)) + np.arange(draws)[:, None] * groups
    counts = np.bincount(picks.ravel(), minlength=draws * groups).reshape(draws, groups)
    weights: NDArray[np.int32] = counts.astype(np.int32)[:, codes]
    return weights


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference (candidate minus baseline) on the same items."""

    value: float
    low: float
    high: float
    p_value: float
    n: int


def paired_difference(
    baseline: Figure, candidate: Figure, clusters: Ints, *, draws: int = DRAWS, seed: int = SEED
) -> Difference:
    """Difference of two figures on the same items, by paired cluster bootstrap.

    ``p_value`` is two-sided: twice the smaller share of draws on either side of zero (at least
    1/draws). Both figures must run over the same items in the same order.
    """
    if baseline.num.shape != candidate.num.shape:
        raise ValueError("paired figures must run over the same items")
    parts = baseline.num.shape[1]
    table = np.hstack([baseline.num, baseline.den, candidate.num, candidate.den])
    sums, counts = _distinct(_by_cluster(table, clusters))
    total = int(counts.sum())
    rng = np.random.default_rng(seed)
    drawn = np.vstack(
        [rng.multinomial(total, counts / total, size=s) @ sums for s in _blocks(draws, len(counts))]
    )
    split = [drawn[:, i * parts : (i + 1) * parts] for i in range(4)]
    differences = _mean_of_ratios(split[2], split[3]) - _mean_of_ratios(split[0], split[1])
    differences = differences[~np.isnan(differences)]
    low, high = np.quantile(differences, [0.025, 0.975])
    tail = min((differences <= 0).mean(), (differences >= 0).mean())
    return Difference(
        candidate.value - baseline.value,
        float(low),
        float(high),
        float(min(1.0, max(2 * tail, 1 / draws))),
        baseline.n,
    )


def mcnemar_exact(baseline_right: NDArray[np.bool_], candidate_right: NDArray[np.bool_]) -> float:
    """Two-sided exact McNemar p-value for two judges on the same items (McNemar 1947)."""
    from scipy.stats import binomtest

    only_baseline = int((baseline_right & ~candidate_right).sum())
    only_candidate = int((~baseline_right & candidate_right).sum())
    if only_baseline + only_candidate == 0:
        return 1.0
    return float(binomtest(only_baseline, only_baseline + only_candidate, 0.5).pvalue)
