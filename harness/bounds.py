"""One-sided confidence bounds, for decisions: of figures, and of paired differences.

A figure is a smooth function of sums over clusters, so it has about the same error as the mean of
one number a cluster, its linear part (Taylor linearisation with clusters as units: Liang and Zeger,
Biometrika 73, 1986). Bounds are those of that mean by Student's t, with imaginary clusters added:
one won and one lost for a difference (Bonett and Price, J. Educ. Behav. Stat. 37, 2012), two right
and two wrong for a share (Agresti and Coull, Am. Stat. 52, 1998). They keep the error rate where
few answers differ, when a bootstrap knows too little: if no answer of 50 differs, the truth may
still be a drop of some percent.

For the same reason a bound of a difference is never nearer than the score interval (Wilson, JASA
22, 1927) of judges that differ only to one side: numbers of 0 and 1 with mean m have variance
m (1 - m).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .statistics import Figure, Floats, Ints

DIFFERENCE = (1.0, -1.0)
"""Imaginary clusters of a difference of shares."""
SHARE = (1.0, 1.0, 0.0, 0.0)
"""Imaginary clusters of a share."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over independent clusters, and what its one-sided bounds are made of.

    Attributes:
        value: the figure (or difference) itself.
        clusters: how many clusters it counts.
        deviation: standard deviation of the clusters' numbers.
        imaginary: the numbers of the imaginary clusters.
    """

    value: float
    clusters: int
    deviation: float
    imaginary: tuple[float, ...] = ()

    @classmethod
    def of(cls, numbers: Floats, imaginary: tuple[float, ...]) -> Estimate:
        """Of the mean of one number a cluster; shape (clusters,)."""
        deviation = float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
        value = float(numbers.mean()) if len(numbers) else float("nan")
        return cls(value, len(numbers), deviation, imaginary)

    def lower(self, confidence: float) -> float:
        """The truth is above this with the given confidence; at 0.5 the value itself."""
        return self._bound(confidence, -1)

    def upper(self, confidence: float) -> float:
        """The truth is below this with the given confidence; at 0.5 the value itself."""
        return self._bound(confidence, 1)

    def _bound(self, confidence: float, side: int) -> float:
        if confidence == 0.5:
            return self.value
        centre, error, freedom = spread(self.value, self.deviation, self.clusters, self.imaginary)
        t = quantile(confidence, freedom)
        bound = side * centre + t * error
        if self.imaginary == DIFFERENCE:
            bound = max(bound, _score(side * self.value, self.clusters, t))
        return side * bound


def spread(
    value: float, deviation: float, clusters: int, imaginary: tuple[float, ...]
) -> tuple[float, float, int]:
    """Mean, standard error and degrees of freedom once the imaginary clusters are counted in."""
    n = clusters + len(imaginary)
    if n < 2:
        return value, float("inf"), 1
    added = np.array(imaginary)
    centre = (clusters * value + added.sum()) / n
    squares = (
        max(0, clusters - 1) * deviation**2
        + clusters * (value - centre) ** 2
        + ((added - centre) ** 2).sum()
    )
    return float(centre), float(np.sqrt(squares / (n - 1) / n)), n - 1


def _score(value: float, n: int, t: float) -> float:
    """The largest m with ``(m - value)^2 <= t^2 m (1 - m) / n``; minus infinity if there is none.

    That is Wilson's upper bound of a share; ``value`` may be below 0 here.
    """
    if not n:
        return -np.inf
    half, scale = value + t * t / (2 * n), 1 + t * t / n
    root = half**2 - value**2 * scale
    return float((half + np.sqrt(root)) / scale) if root >= 0 and half >= 0 else -np.inf


def quantile(confidence: float, freedom: int) -> float:
    """Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, confidence))


def estimate(figure: Figure, clusters: Ints) -> Estimate:
    """A share's estimate; ``clusters`` are the items' cluster codes, shape (items,)."""
    return Estimate.of(_numbers([figure], clusters)[0], SHARE)


def paired_estimate(baseline: Figure, candidate: Figure, clusters: Ints) -> Estimate:
    """The estimate of candidate minus baseline, over the same items in the same order."""
    first, second = _numbers([baseline, candidate], clusters)
    return Estimate.of(second - first, DIFFERENCE)


def _numbers(figures: list[Figure], clusters: Ints) -> list[Floats]:
    """Each figure's linear part: one number a counted cluster, whose mean is the figure."""
    counted = np.logical_or.reduce([figure.counted for figure in figures])
    _, codes = np.unique(clusters[counted], return_inverse=True)
    number = int(codes.max()) + 1 if len(codes) else 0
    return [_linear(figure, counted, codes, number) for figure in figures]


def _linear(figure: Figure, counted: Floats, codes: Ints, number: int) -> Floats:
    total = np.zeros(number)
    for num, den in figure.parts:
        num_sums, den_sums = (
            np.bincount(codes, weights=column[counted], minlength=number) for column in (num, den)
        )
        if not den_sums.sum():
            return np.full(number, np.nan)
        ratio = num_sums.sum() / den_sums.sum()
        total += (num_sums - ratio * den_sums) * number / den_sums.sum()
    linear: Floats = figure.value + total / len(figure.parts)
    return linear
