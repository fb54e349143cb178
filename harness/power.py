"""How many items a gate needs, before any is judged or from what has been.

The test is the gate's own (:mod:`.bounds`): candidate minus baseline is shown to be above
``-margin`` when its lower bound is. The chance of that is, with t the quantile and s' the error
that the bound allows for, which hardly vary, and s the error of the mean::

    power = Phi((difference + margin - t s') / s)

Units are clusters: what is independent. If items are all one's own clusters, units are items;
else ``items = units * items a cluster``, or ``items = units * design effect`` where ``deviation``
is that of single items (Kish, Survey Sampling, 1965).
"""

from __future__ import annotations

import numpy as np

from .bounds import DIFFERENCE, quantile, spread
from .statistics import Floats, Ints

POWER = 0.8
MOST = 10**9
"""Beyond this many units, nothing is said to decide."""


def power(
    units: int,
    *,
    margin: float,
    deviation: float,
    difference: float = 0.0,
    confidence: float = 0.95,
    imaginary: tuple[float, ...] = DIFFERENCE,
) -> float:
    """The chance that so many units show the difference to be above ``-margin``.

    Args:
        units: independent clusters (or items).
        margin: the largest drop that is accepted.
        deviation: standard deviation of a unit's paired difference. For right and wrong answers
            it is ``sqrt(share that differs - difference**2)``.
        difference: the true candidate minus baseline.
        confidence: of the gate's one-sided bound.
        imaginary: the bound's imaginary clusters.
    """
    from scipy.special import ndtr

    centre, error, freedom = spread(difference, deviation, units, imaginary)
    t = quantile(confidence, freedom)
    shrunk = units / (units + len(imaginary))
    own = deviation / np.sqrt(units)
    gaps = [(centre + margin - t * error) / shrunk]
    if imaginary == DIFFERENCE:  # and beyond the score interval
        least = np.sqrt(max(0.0, abs(margin) * (1 - abs(margin))) / units)
        gaps.append(difference + margin - t * least)
    gap = min(gaps)
    return float(ndtr(gap / own)) if own > 0 else float(gap > 0)


def units_needed(
    *,
    margin: float,
    deviation: float,
    difference: float = 0.0,
    confidence: float = 0.95,
    chance: float = POWER,
    imaginary: tuple[float, ...] = DIFFERENCE,
) -> int | None:
    """The least number of units with at least this chance; ``None`` if there is none.

    There is none where the true difference is at the margin or below, so that nothing is to be
    shown. Arguments are those of :func:`power`.
    """

    def enough(units: int) -> bool:
        return chance <= power(
            units,
            margin=margin,
            deviation=deviation,
            difference=difference,
            confidence=confidence,
            imaginary=imaginary,
        )

    if difference + margin <= 0:
        return None
    high = 2
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def design_effect(differences: Floats, clusters: Ints) -> float:
    """By how much clusters raise the variance of the mean of the items' differences.

    Args:
        differences: candidate minus baseline of each item, shape (items,).
        clusters: cluster code of each item, shape (items,).

    Returns:
        1.0 for items that tell as much as independent ones, or where nothing differs.
    """
    items = len(differences)
    centred = differences - differences.mean()
    _, codes = np.unique(clusters, return_inverse=True)
    number = int(codes.max()) + 1
    alone = float((centred**2).sum()) / max(1, items - 1) * items
    if number < 2 or alone == 0.0:
        return 1.0
    sums = np.bincount(codes, weights=centred)
    return float((sums**2).sum()) * number / (number - 1) / alone
