"""Scores of single candidates as columns, and the figures every pointwise task reports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .correlations import Correlation, Kind, Scatter
from .judgements import Bools, Codes, restricted
from .metrics import Measure
from .statistics import Figure, Floats, Ints

READ = 0
"""Code of an output whose score could be read; UNREAD and FAILED stand for the others."""

_NEIGHBOURS = 200
"""Of a larger cluster, each item is compared with so many that follow it."""


@dataclass(frozen=True)
class Points:
    """What one judge said on one pointwise task (or one dimension or group of it), as columns.

    Items are rows; each has one output a vote. Scores are shares of the item's range: 0 is its
    lowest score, 1 its highest.

    Attributes:
        human: people's scores, shape (n,).
        scores: the judge's, ``nan`` where none could be read, shape (n, votes).
        ended: READ, UNREAD or FAILED, same shape.
        written: whether the judge wrote its scores in the items' ranges. Numbers of a judge that
            only scores are in units of its own, and stand here as they are.
        cluster: what the bootstrap resamples, shape (n,).
        group: code into ``groups``, shape (n,).
        protocol: whose rules count.
    """

    human: Floats
    scores: Floats
    ended: Codes
    written: bool
    cluster: Ints
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    protocol: Literal["robust", "official"]

    def __len__(self) -> int:
        return len(self.human)

    def where(self, mask: Bools) -> Points:
        """The same scores restricted to some items."""
        return restricted(self, mask)

    def in_group(self, name: str) -> Points:
        """The scores of one reported subset."""
        return self.where(self.group == self.groups.index(name))

    @cached_property
    def judge(self) -> Floats:
        """The judge's score of each item, shape (n,): the mean of its votes that were read.

        ``nan`` where half of the votes or fewer were.
        """
        read = np.isfinite(self.scores)
        count = read.sum(axis=1)
        total = np.where(read, self.scores, 0.0).sum(axis=1)
        enough = count * 2 > read.shape[1]
        mean: Floats = np.where(enough, total / np.maximum(count, 1), np.nan)
        return mean


def pointwise_measures(points: Points, *, within_groups: bool = False) -> dict[str, Measure]:
    """Everything a pointwise task reports.

    ``spearman``, ``kendall`` (tau-b) and ``pearson`` with people's scores; ``rank_accuracy``, the
    share of pairs in a cluster that the judge orders as people do; ``mae``, the mean absolute error
    as a share of the range, of judges that write their scores; ``coverage``.

    An answer that cannot be read, and a sample that failed, count as telling nothing apart, as
    ordering no pair right, and as the worst error. Where there are such, ``*_parsed`` is the same
    figure over what could be read.

    Args:
        points: the scores.
        within_groups: take correlations within each group, and average them.
    """
    read = np.isfinite(points.judge)
    whole = bool(read.all())
    stratum = points.group if within_groups else np.zeros(len(points), dtype=np.int32)
    scatter = Scatter(points.judge, points.human, points.cluster, stratum)
    measures: dict[str, Measure] = {}
    for kind in get_args(Kind):
        measures[kind] = Correlation(scatter, kind)
        if not whole:
            measures[f"{kind}_parsed"] = Correlation(scatter, kind, parsed=True)
    measures |= _rank_accuracy(points, read)
    if points.written:
        measures |= _error(points, read)
    answered = points.ended == READ
    asked = np.full(answered.shape, True)
    return measures | {"coverage": Figure.ratio(answered.sum(axis=1), asked.sum(axis=1))}


def _error(points: Points, read: Bools) -> dict[str, Measure]:
    off = np.where(read, np.abs(np.where(read, points.judge, 0.0) - points.human), 0.0)
    worst = np.maximum(points.human, 1 - points.human)
    everything = np.ones(len(points), dtype=bool)
    measures: dict[str, Measure] = {"mae": Figure.ratio(np.where(read, off, worst), everything)}
    if not read.all():
        measures["mae_parsed"] = Figure.ratio(off, read)
    return measures


def _rank_accuracy(points: Points, read: Bools) -> dict[str, Measure]:
    """Over the pairs of items of one cluster that people score differently; if there are any."""
    right, decided, known = (np.zeros(len(points), dtype=np.int64) for _ in range(3))
    order = np.argsort(points.cluster, kind="stable")
    for step in range(1, min(len(points), _NEIGHBOURS + 1)):
        one, other = order[:-step], order[step:]
        same = points.cluster[one] == points.cluster[other]
        if not same.any():
            break
        one, other = one[same], other[same]
        ahead = points.human[one] - points.human[other]
        decided[one] += ahead != 0
        known[one] += (ahead != 0) & read[one] & read[other]
        right[one] += (points.judge[one] - points.judge[other]) * ahead > 0
    if not decided.any():
        return {}
    measures: dict[str, Measure] = {"rank_accuracy": Figure.ratio(right, decided)}
    if not read.all():
        measures["rank_accuracy_parsed"] = Figure.ratio(right, known)
    return measures
