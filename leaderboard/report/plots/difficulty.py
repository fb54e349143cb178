"""Accuracy on easy and on hard items."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ....harness.judgements import coarse
from ....harness.statistics import Floats
from ..itemsets import NOT_ASKED, Dimension, ItemSet, JudgedRun, Said
from .chart import SHARES, Axis, Point, Series, chart
from .panel import Panel, as_data, cells, percent, side_by_side

_BINS = 5
_LEAST = 5
"""Fewer items than this make no point."""


def difficulty(runs: Sequence[JudgedRun], items: ItemSet) -> Panel | None:
    """Against the share of other judges that are wrong; of one judge, against its own margin."""
    dimension = items.main
    if items.kind != "pair":
        return None
    if len(dimension.said) > 1:
        hard = _others_wrong(dimension)
        name = "other judges wrong, %"
        about = (
            "How hard an item is: the share of the other judges that are wrong on it. A judge that"
            " errs where others err falls from left to right."
        )
        ticks: Sequence[tuple[float, str]] = SHARES
    elif dimension.said[0].margin is not None:
        hard = [_closeness(dimension.said[0])]
        name, ticks = "closeness of its own scores, %", SHARES
        about = (
            "Items in fifths by the distance of the judge's two scores: far apart at the left,"
            " nearly equal at the right. A judge whose scores mean something falls."
        )
    else:
        return None
    found = [
        Series(runs[said.run].label, said.run, _points(dimension, said, hard[i]))
        for i, said in enumerate(dimension.said)
    ]
    x, y = Axis(name, 0, 1, ticks), Axis("accuracy, %", 0, 1, SHARES)
    title = "Accuracy against difficulty" + (f" ({dimension.name})" if dimension.name else "")
    rows = [
        [series.name, percent(p.x, 0), p.tip.partition(": ")[2]]
        for series in found
        for p in series.points
    ]
    body = side_by_side([("", chart(title, found, x, y))])
    body += as_data("The numbers", cells(title, ["judge", name, "accuracy"], rows, hidden=True))
    note = " Bars are Wilson's 95% intervals, items taken one by one."
    return Panel("difficulty", title, about + note, body)


def _right(dimension: Dimension, said: Said) -> Floats:
    """The share of an item's passes that are right; ``nan`` where it was not asked."""
    right = (coarse(said.verdict) == coarse(dimension.label)[:, None]).mean(axis=1)
    return np.where(said.verdict.min(axis=1) == NOT_ASKED, np.nan, right)


def _others_wrong(dimension: Dimension) -> list[Floats]:
    wrong = 1 - np.stack([_right(dimension, said) for said in dimension.said])
    known = np.isfinite(wrong)
    total, count = np.where(known, wrong, 0.0).sum(axis=0), known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return [
            (total - np.where(known[i], wrong[i], 0.0)) / (count - known[i])
            for i in range(len(wrong))
        ]


def _closeness(said: Said) -> Floats:
    """0 for the item whose scores lie farthest apart, 1 for the closest: a rank."""
    assert said.margin is not None
    size = np.abs(said.margin)
    order = np.argsort(np.argsort(-size, kind="stable"), kind="stable")
    return np.where(np.isfinite(size), order / max(1, len(size) - 1), np.nan)


def _points(dimension: Dimension, said: Said, hard: Floats) -> list[Point]:
    right = _right(dimension, said)
    known = np.isfinite(right) & np.isfinite(hard)
    points = []
    for mask in _binned(hard, known):
        n = int(mask.sum())
        if n < _LEAST:
            continue
        share = float(right[mask].mean())
        low, high = wilson(share, n)
        where = float(hard[mask].mean())
        tip = f"{percent(where, 0)}: {percent(share)} [{100 * low:.1f}, {100 * high:.1f}] of {n:,}"
        points.append(Point(where, share, low, high, tip))
    return points


def _binned(hard: Floats, known: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """One bin a value where there are few, else fifths of the scale."""
    values = np.unique(hard[known])
    if len(values) <= _BINS:
        return [known & (hard == value) for value in values]
    codes = np.minimum((np.where(known, hard, 0.0) * _BINS).astype(int), _BINS - 1)
    return [known & (codes == code) for code in range(_BINS)]


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95% score interval of a share of ``n`` trials (Wilson 1927)."""
    z = 1.959963984540054
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
