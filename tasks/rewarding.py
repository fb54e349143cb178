"""What reward benchmarks of pairs share: members, and figures over groups and clusters."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..harness.items import TWO_WAY, Modality, Objective, Verdict
from ..harness.judgements import Bools, Judgements, coarse
from ..harness.metrics import Measure, pairwise_measures
from ..harness.statistics import Figure, Ints
from ..harness.task import OrderPlan


class Rewards:
    """The members that all of them have; by default pairs of images without ties."""

    version = "1"
    modality: Modality | None = "image"
    objective: Objective | None = "generation"
    choices: tuple[Verdict, ...] = TWO_WAY
    official_order: OrderPlan = "given"
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)

    @property
    def demo_version(self) -> str:
        """Version of the shapes world behind the demo data."""
        from .shapes.demo import WORLD_VERSION

        return f"v{WORLD_VERSION}.1"


def by_rank(first: float, second: float) -> Verdict:
    """The better of two ranks is the lower one; equal ranks are a tie."""
    if first == second:
        return Verdict.TIE
    return Verdict.FIRST if first < second else Verdict.SECOND


def with_macro(judgements: Judgements) -> dict[str, Measure]:
    """The usual figures, and ``accuracy_macro``, the mean of the groups' accuracies."""
    right = agreed(judgements)
    accuracy = Figure.ratio(right.sum(axis=1), np.full(*right.shape))
    macro = accuracy.over_groups(judgements.group)
    return {**pairwise_measures(judgements), "accuracy_macro": macro}


def agreed(judgements: Judgements) -> Bools:
    """Whether each pass says what people say, shape (n, passes); equal scores are a tie."""
    right: Bools = coarse(judgements.by_pass) == coarse(judgements.label)[:, None]
    return right


def mean_of_clusters(right: Bools, counted: Bools, cluster: Ints) -> Figure:
    """The mean over clusters of the share that is right, of clusters with anything that counts.

    Args:
        right: shape (n, passes).
        counted: which items count, shape (n,).
        cluster: shape (n,).
    """
    first, codes, sizes = _clusters(counted, cluster)
    sums = np.bincount(codes, weights=right.mean(axis=1) * counted)
    return _at_first(sums / np.maximum(sizes, 1), sizes > 0, first, len(cluster))


def wholly_right(right: Bools, cluster: Ints) -> Figure:
    """The share of clusters of which every item is right in every pass; arguments as above."""
    counted = np.ones(len(cluster), dtype=bool)
    first, codes, sizes = _clusters(counted, cluster)
    return _at_first(
        np.bincount(codes, weights=right.all(axis=1)) == sizes, sizes > 0, first, len(cluster)
    )


def _clusters(counted: Bools, cluster: Ints) -> tuple[Ints, Ints, Ints]:
    """First item of each cluster, each item's cluster, and how many items of each count."""
    _, first, codes = np.unique(cluster, return_index=True, return_inverse=True)
    return first, codes, np.bincount(codes, weights=counted).astype(np.int64)


def _at_first(
    values: np.ndarray[tuple[int], np.dtype[np.float64]] | Bools, there: Bools, first: Ints, n: int
) -> Figure:
    """One number a cluster as a figure: it stands at the cluster's first item."""
    num, den = np.zeros(n), np.zeros(n, dtype=bool)
    num[first], den[first] = values * there, there
    return Figure.ratio(num, den)
