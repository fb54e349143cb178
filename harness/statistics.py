"""Intervals and paired tests. Everything is vectorised, seeded and resamples whole clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .percentiles import effective_number, exact_binomial, percentiles, two_sided_p

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DRAWS = 2_000
SEED = 20_250_305
_BLOCK = 4_000_000
_TABLE = 1 << 22
"""Up to this many possible contributions are counted in a table rather than by sorting."""

Column = NDArray[Any]
"""One number an item, of any real or boolean type; small types keep a million items small."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean of ratios of sums: ``mean_p( sum_i num[p][i] / sum_i den[p][i] )``.

    One part is an ordinary accuracy (``num`` correct, ``den`` counted); several parts are a macro
    average. Each part is a pair of columns of shape (items,). A part with an empty denominator is
    undefined, and so is the figure then.
    """

    parts: tuple[tuple[Column, Column], ...]

    @classmethod
    def ratio(cls, num: Column, den: Column) -> Figure:
        """A single ratio."""
        return cls(((num, den),))

    @classmethod
    def macro(cls, figures: list[Figure]) -> Figure:
        """The unweighted mean of other figures over the same items."""
        return cls(tuple(part for figure in figures for part in figure.parts))

    def over_groups(self, group: NDArray[Any]) -> Figure:
        """The unweighted mean over groups of what this single ratio is in each of them.

        Args:
            group: code of each item's group, shape (items,).
        """
        ((num, den),) = self.parts
        masks = [group == code for code in np.unique(group)]
        return Figure(tuple((np.where(m, num, 0), np.where(m, den, 0)) for m in masks))

    @property
    def columns(self) -> list[Column]:
        """Numerator and denominator of each part in turn."""
        return [column for part in self.parts for column in part]

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which items count in any part."""
        mask: NDArray[np.bool_] = np.logical_or.reduce([den > 0 for _, den in self.parts])
        return mask

    @property
    def n(self) -> int:
        """Number of items that count."""
        return int(self.counted.sum())

    @property
    def value(self) -> float:
        """The figure itself, ``nan`` if undefined."""
        sums = np.array([[float(column.sum()) for column in self.columns]])
        return float(_mean_of_ratios(sums)[0])


def _mean_of_ratios(sums: Floats) -> Floats:
    """Figures from rows of num, den, num, den, ..."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios: Floats = (sums[:, ::2] / sums[:, 1::2]).mean(axis=1)
    return ratios


def intervals(
    figures: Mapping[str, Figure], clusters: Ints, *, draws: int = DRAWS, seed: int = SEED
) -> dict[str, tuple[float, float]]:
    """95% bootstrap intervals over clusters (:func:`.percentiles.percentiles`).

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
        Name to (low, high); ``nan`` where undefined, or where one cluster is all there is.
    """
    grouped = _Clusters.of(clusters)
    found = {}
    for name, figure in figures.items():
        drawn = _mean_of_ratios(_resampled(figure.columns, grouped, draws, seed))
        found[name] = _interval(drawn, figure, grouped)
    return found


def _interval(drawn: Floats, figure: Figure, clusters: _Clusters) -> tuple[float, float]:
    defined = drawn[~np.isnan(drawn)]
    counted = clusters.sums(figure.counted)
    if figure.value in (0.0, 1.0) and defined.size and np.ptp(defined) == 0:
        return exact_binomial(figure.value, int((counted > 0).sum()))
    return percentiles(defined, effective_number(counted))


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Which cluster each item is in, numbered from zero; ``None`` if each item is its own."""

    codes: NDArray[np.int32] | None
    number: int

    @classmethod
    def of(cls, clusters: Ints) -> _Clusters:
        number = len(np.unique(clusters))
        if number == len(clusters):
            return cls(None, number)
        _, codes = np.unique(clusters, return_inverse=True)
        return cls(codes.astype(np.int32), number)

    def sums(self, column: Column) -> Column:
        """The column summed within each cluster; whole numbers stay whole."""
        if self.codes is None:
            return column
        sums = np.bincount(self.codes, weights=column, minlength=self.number)
        return sums.astype(np.int64) if column.dtype.kind in "biu" else sums


def _resampled(columns: list[Column], clusters: _Clusters, draws: int, seed: int) -> Floats:
    """Column sums over resampled clusters, shape (draws, columns)."""
    if not clusters.number:
        return np.full((draws, len(columns)), np.nan)
    rows, counts = _contributions(columns, clusters)
    rng = np.random.default_rng(seed)
    share = counts / clusters.number
    blocks = [
        rng.multinomial(clusters.number, share, size=size) @ rows
        for size in _blocks(draws, len(counts))
    ]
    return np.vstack(blocks)


def _blocks(draws: int, width: int) -> list[int]:
    size = max(1, min(draws, _BLOCK // max(1, width)))
    return [size] * (draws // size) + ([draws % size] if draws % size else [])


def _contributions(columns: list[Column], clusters: _Clusters) -> tuple[Floats, Ints]:
    """The distinct rows that clusters contribute, and how many clusters contribute each."""
    key: NDArray[Any] = np.zeros(clusters.number, dtype=np.int32)
    size = 1
    for column in columns:
        codes, levels = _levels(clusters.sums(column))
        if size * levels > _TABLE:
            _, key = np.unique(key, return_inverse=True)
            size = int(key.max()) + 1
        key, size = key * levels + codes, size * levels
    if size <= _TABLE:
        example: NDArray[Any] = np.full(size, -1, dtype=np.int32)
        example[key] = np.arange(len(key), dtype=np.int32)
        counts = np.bincount(key, minlength=size)
        example, counts = example[counts > 0], counts[counts > 0]
    else:
        _, example, counts = np.unique(key, return_index=True, return_counts=True)
    rows = [clusters.sums(column)[example].astype(np.float64) for column in columns]
    return np.stack(rows, axis=1), counts.astype(np.int64)


def _levels(column: Column) -> tuple[Column, int]:
    """The column's values as codes from zero, and how many codes there are."""
    if column.dtype.kind in "biu" and column.min() >= 0 and column.max() < 256:
        return column, int(column.max()) + 1
    values, codes = np.unique(column, return_inverse=True)
    return codes, len(values)


def cluster_weights(clusters: Ints, *, draws: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """How often each item is drawn when whole clusters are resampled; shape (draws, items)."""
    _, codes = np.unique(clusters, return_inverse=True)
    return drawn_weights(codes, draws=draws, rng=rng)


def drawn_weights(codes: Ints, *, draws: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """The same for clusters that are numbered from zero, none left out."""
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

    @classmethod
    def of(cls, value: float, drawn: Floats, clusters: float, n: int) -> Difference:
        """With the interval and the p-value that bootstrap draws over so many clusters give."""
        return cls(value, *percentiles(drawn, clusters), two_sided_p(drawn, clusters), n)


def paired_difference(
    baseline: Figure, candidate: Figure, clusters: Ints, *, draws: int = DRAWS, seed: int = SEED
) -> Difference:
    """Difference of two figures on the same items, by paired cluster bootstrap.

    Both figures must run over the same items in the same order.
    """
    first, second = baseline.columns, candidate.columns
    if len(first) != len(second) or len(first[0]) != len(second[0]):
        raise ValueError("paired figures must run over the same items")
    grouped = _Clusters.of(clusters)
    drawn = _resampled([*first, *second], grouped, draws, seed)
    cut = len(first)
    differences = _mean_of_ratios(drawn[:, cut:]) - _mean_of_ratios(drawn[:, :cut])
    worth = effective_number(grouped.sums(baseline.counted | candidate.counted))
    value = candidate.value - baseline.value
    return Difference.of(value, differences[~np.isnan(differences)], worth, baseline.n)


def mcnemar_exact(baseline_right: NDArray[np.bool_], candidate_right: NDArray[np.bool_]) -> float:
    """Two-sided exact McNemar p-value for two judges on the same items (McNemar 1947)."""
    from scipy.stats import binomtest

    only_baseline = int((baseline_right & ~candidate_right).sum())
    only_candidate = int((~baseline_right & candidate_right).sum())
    if only_baseline + only_candidate == 0:
        return 1.0
    return float(binomtest(only_baseline, only_baseline + only_candidate, 0.5).pvalue)
