"""From bootstrap draws to intervals and p-values; what stands where no draw differs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def effective_number(sizes: NDArray[np.integer[Any]]) -> float:
    """How many clusters of equal size are worth these: ``(sum m)^2 / sum m^2``.

    (Kish, Survey Sampling, 1965.) In clusters of unequal size the larger ones decide most of the
    mean, and what is left over tells its spread the worse.

    Args:
        sizes: numbers of items, shape (clusters,).

    Returns:
        From 1 (or 0, of nothing) to the number of clusters.
    """
    sizes = sizes.astype(np.float64)
    squares = float((sizes**2).sum())
    return float(sizes.sum()) ** 2 / squares if squares else 0.0


def percentiles(drawn: NDArray[np.float64], clusters: float) -> tuple[float, float]:
    """The 95% interval that bootstrap draws give: their *expanded* percentiles.

    With G clusters the draws vary too little, by sqrt((G - 1) / G), and their normal quantile
    takes no account of how badly few clusters tell their own spread. So both ends leave out not
    0.025 of the draws but ``Phi(-sqrt(G / (G - 1)) t)``, t the 0.975 quantile of Student's t with
    G - 1 degrees of freedom (Hesterberg, Am. Stat. 69, 2015, doi 10.1080/00031305.2015.1089789);
    for a mean that is about the interval of Student's t.

    Args:
        drawn: draws, none of them ``nan``; shape (draws,).
        clusters: the effective number of clusters that were resampled.

    Returns:
        (low, high); ``nan`` if there are no draws, or one cluster is all there is.
    """
    from scipy.special import ndtr, stdtrit

    if clusters <= 1 or not drawn.size:
        return (np.nan, np.nan)
    tail = ndtr(-np.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, 0.975))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def two_sided_p(drawn: NDArray[np.float64], clusters: float) -> float:
    """The p-value of *no difference* from draws of one: 1 minus the level at which 0 is outside.

    That is, of the interval that :func:`percentiles` would give at other levels than 95%. The
    share of draws beyond 0 is taken to be at least half a draw.

    Args:
        drawn: draws, none of them ``nan``; shape (draws,).
        clusters: the effective number of clusters that were resampled.

    Returns:
        ``nan`` where there is no interval.
    """
    from scipy.special import ndtri, stdtr

    if clusters <= 1 or not drawn.size:
        return float("nan")
    beyond = max(min((drawn <= 0).mean(), (drawn >= 0).mean()), 0.5 / len(drawn))
    t = ndtri(beyond) * np.sqrt((clusters - 1) / clusters)
    return float(min(1.0, 2 * stdtr(clusters - 1, t)))


def exact_binomial(share: float, n: int) -> tuple[float, float]:
    """Clopper-Pearson 95% interval of ``share`` (0 or 1) seen in ``n`` trials."""
    edge = 1 - 0.025 ** (1 / n)
    return (0.0, edge) if share == 0.0 else (1 - edge, 1.0)
