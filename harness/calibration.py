"""Tie calibration: from score differences to accuracy with ties.

A scoring judge says no *tie*; a pair counts as one when |m| = |s_a - s_b| is at most a threshold
epsilon. Deutsch, Foster and Freitag 2023 (*Ties Matter*, arXiv 2305.14324, Algorithm 1) take the
epsilon that maximises the accuracy on the same items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .percentiles import effective_number, percentiles
from .statistics import SEED, Figure, Floats, Ints, cluster_weights, intervals

NO_TIES = -1.0
"""The threshold below every |m|: nothing is a tie."""

_DRAWS = 400
_GAINED_AGAIN = 2 ** (2 / 3) - 1
"""What a draw gains by a threshold of its own, as a share of what the sample gained by its own.

Near its best threshold t0, a sample's accuracy is the population's, which falls as
``c (t - t0)^2``, and a random walk of variance v. By scaling, the maximum gains in proportion to
``(v^2 / c)^(1/3)`` (Kim and Pollard, Ann. Stat. 18, 1990). A draw adds another such walk to the
sample's own, so v is doubled, and the gain is ``2^(2/3)`` times what it was.
"""


def _sweep(human: Ints, margin: Floats) -> tuple[Floats, Ints, Ints, Ints]:
    """Items sorted by |m|: their |m|, whether right as a tie, right as a decision, group ends."""
    order = np.argsort(np.abs(margin), kind="stable")
    size = np.abs(margin)[order]
    tie_right = (human[order] == 0).astype(np.int64)
    sign_right = ((human[order] != 0) & (human[order] * margin[order] > 0)).astype(np.int64)
    last_of_group = np.flatnonzero(np.append(np.diff(size) > 0, True))
    return size, tie_right, sign_right, last_of_group


def best_threshold(human: Ints, margin: Floats) -> tuple[float, float]:
    """The epsilon with the highest accuracy, and that accuracy, in O(n log n).

    Thresholds are *no ties* and every distinct |m|, whole groups of equal |m| at a time; the
    smallest of equally good ones wins.

    Args:
        human: labels, 1 first better, -1 second better, 0 tie; shape (n,).
        margin: s_a - s_b, finite; shape (n,).
    """
    if human.size == 0:
        return NO_TIES, float("nan")
    size, tie_right, sign_right, ends = _sweep(human, margin)
    # With the threshold at a group's end, everything up to it is a tie and the rest a decision.
    right = np.concatenate(
        [
            [sign_right.sum()],
            (np.cumsum(tie_right) + sign_right.sum() - np.cumsum(sign_right))[ends],
        ]
    )
    best = int(np.argmax(right))
    epsilon = NO_TIES if best == 0 else float(size[ends[best - 1]])
    return epsilon, float(right[best] / human.size)


def accuracy_at(human: Ints, margin: Floats, epsilon: float) -> NDArray[np.bool_]:
    """Which items are right at a given threshold; shape (n,)."""
    tie = np.abs(margin) <= epsilon
    right: NDArray[np.bool_] = np.where(tie, human == 0, human * margin > 0)
    return right


def official_with_ties(human: Ints, margin: Floats) -> float:
    """VideoAlign's own figure, half-processed groups and all.

    ``calc_accuracy.py`` (KwaiVGI/VideoAlign, commit 219ab9d) evaluates a threshold after each
    *pair* in order of |m| and never tries *no ties*, so equal |m| make it depend on row order.
    """
    if human.size == 0:
        return float("nan")
    _, tie_right, sign_right, _ = _sweep(human, margin)
    right = np.cumsum(tie_right) + sign_right.sum() - np.cumsum(sign_right)
    return float(right.max() / human.size)


def cross_fitted(
    human: Ints, margin: Floats, clusters: Ints, *, folds: int = 5
) -> NDArray[np.bool_] | None:
    """Which items are right when epsilon comes from the other folds; shape (n,).

    Whole clusters go to a fold, by a seeded shuffle. With fewer than two clusters nothing can be
    held out, and there is no such figure.
    """
    distinct, codes = np.unique(clusters, return_inverse=True)
    folds = min(folds, len(distinct))
    if folds < 2:
        return None
    shuffled = np.random.default_rng(SEED).permutation(len(distinct))
    fold = (shuffled % folds)[codes]
    right = np.zeros(human.shape, dtype=bool)
    for held_out in range(folds):
        test = fold == held_out
        epsilon, _ = best_threshold(human[~test], margin[~test])
        right[test] = accuracy_at(human[test], margin[test], epsilon)
    return right


@dataclass(frozen=True)
class CalibratedTau:
    """Accuracy with ties at the best threshold on the same items.

    ``missing`` items have no score and count as wrong.
    """

    human: Ints
    margin: Floats
    cluster: Ints
    missing: int = 0
    official: bool = False

    @property
    def n(self) -> int:
        """Number of items, those without a score included."""
        return int(self.human.size) + self.missing

    @property
    def value(self) -> float:
        """The calibrated accuracy."""
        if self.human.size == 0:
            return 0.0 if self.missing else float("nan")
        right = (
            official_with_ties(self.human, self.margin)
            if self.official
            else best_threshold(self.human, self.margin)[1]
        )
        return right * self.human.size / self.n

    def interval(self) -> tuple[float, float]:
        """95% interval over clusters, for the accuracy at the population's best threshold.

        It is the interval of the chosen threshold, less what choosing it on the same items has
        gained, with the interval of that: the two ends are put together as those of a difference
        of independent figures (Zou and Donner, Stat. Med. 27, 2008). ``nan`` where nothing has a
        score, or in one cluster.
        """
        return self._interval

    @cached_property
    def _interval(self) -> tuple[float, float]:
        if self.human.size == 0:
            return (float("nan"), float("nan"))
        epsilon, share = best_threshold(self.human, self.margin)
        right = accuracy_at(self.human, self.margin, epsilon)
        chosen = Figure.ratio(right, np.ones(right.shape, dtype=bool))
        low, high = intervals({"": chosen}, self.cluster)[""]
        again = self._gained_again(right)
        _, sizes = np.unique(self.cluster, return_counts=True)
        least, most = percentiles(again, effective_number(sizes))
        mean = float(again.mean())
        centre = share - mean / _GAINED_AGAIN
        low = centre - np.hypot(share - low, most - mean)
        high = centre + np.hypot(high - share, mean - least)
        low, high = np.clip([low, high], 0.0, 1.0) * self.human.size / self.n
        return float(low), float(high)

    def _gained_again(self, right: NDArray[np.bool_]) -> Floats:
        """How much resamples of clusters gain by their own best threshold; shape (draws,)."""
        order = np.argsort(np.abs(self.margin), kind="stable")
        _, tie_right, sign_right, ends = _sweep(self.human, self.margin)
        rng = np.random.default_rng(SEED)
        step = max(1, 2_000_000 // self.human.size)
        drawn = []
        for start in range(0, _DRAWS, step):
            size = min(step, _DRAWS - start)
            weights = cluster_weights(self.cluster, draws=size, rng=rng)[:, order]
            with_ties = np.cumsum(weights * (tie_right - sign_right), axis=1)[:, ends]
            best = np.maximum(with_ties.max(axis=1), 0) + weights @ sign_right
            drawn.append((best - weights @ right[order]) / weights.sum(axis=1))
        return np.concatenate(drawn)


@dataclass(frozen=True)
class CrossFittedTau:
    """Accuracy with ties where each item's threshold comes from other items.

    It estimates what ``tau`` does, from below as ``tau`` does from above, so their interval is
    the same. One of its own, with its thresholds held fixed, would be too narrow.

    Attributes:
        figure: whether each item is right, as :func:`cross_fitted` has it, missing ones wrong.
        tau: the same items, calibrated on themselves.
    """

    figure: Figure
    tau: CalibratedTau

    @property
    def n(self) -> int:
        """Number of items, those without a score included."""
        return self.figure.n

    @property
    def value(self) -> float:
        """The cross-fitted accuracy."""
        return self.figure.value

    def interval(self) -> tuple[float, float]:
        """As :meth:`CalibratedTau.interval`."""
        return self.tau.interval()
