"""One figure of two runs over the same items: both values, their difference, and its error."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .bounds import Estimate, estimate, paired_estimate
from .correlations import Correlation
from .directions import LOWER_IS_BETTER, NEUTRAL
from .metrics import Measure
from .percentiles import effective_number
from .statistics import Difference, Figure, Floats, Ints, mcnemar_exact, paired_difference


@dataclass(frozen=True)
class Measured:
    """One figure of one run, with the same as a ratio over the items, where it is one."""

    measure: Measure
    figure: Figure | None

    @property
    def value(self) -> float:
        """The figure as it is reported."""
        return self.measure if isinstance(self.measure, float) else self.measure.value

    @property
    def n(self) -> int | None:
        """Number of items it counts."""
        return None if isinstance(self.measure, float) else self.measure.n


@dataclass(frozen=True)
class Pair:
    """One figure of both runs over the same items; ``cluster`` is each item's cluster code."""

    metric: str
    baseline: Measured
    candidate: Measured
    cluster: Ints

    @property
    def change(self) -> float:
        """Candidate minus baseline, as reported."""
        return self.candidate.value - self.baseline.value

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is, 0 where neither is."""
        return 0 if self.metric in NEUTRAL else -1 if self.metric in LOWER_IS_BETTER else 1

    @cached_property
    def difference(self) -> Difference | None:
        """Candidate minus baseline with its 95% interval; ``None`` where it can have none."""
        if len(self._sizes) < 2:
            return None
        own = self._figures
        if own is not None:
            found = paired_difference(*own, self.cluster)
            moved = self.change - found.value
            return replace(found, value=self.change, low=found.low + moved, high=found.high + moved)
        drawn = self._drawn
        if drawn is None or not len(drawn):
            return None
        clusters = effective_number(self._sizes)
        return Difference.of(self.change, drawn, clusters, self.baseline.n or 0)

    @cached_property
    def estimate(self) -> Estimate | None:
        """The difference with what one-sided bounds need; ``None`` where it can have none."""
        own = self._figures
        if own is not None:
            return replace(paired_estimate(*own, self.cluster), value=self.change)
        return None if self._drawn is None else self._bootstrapped(self.change, self._drawn)

    @cached_property
    def level(self) -> Estimate | None:
        """The candidate's own figure, in the same way."""
        measured = self.candidate
        if measured.figure is not None:
            return replace(estimate(measured.figure, self.cluster), value=measured.value)
        measure = measured.measure
        if not isinstance(measure, Correlation):
            return None
        return self._bootstrapped(
            measured.value, measure.scatter.drawn[measure.kind, measure.parsed]
        )

    def _bootstrapped(self, value: float, drawn: Floats) -> Estimate:
        """By the standard error of bootstrap draws."""
        drawn = drawn[~np.isnan(drawn)]
        error = float(drawn.std()) if len(drawn) else float("nan")
        clusters = len(self._sizes)
        return Estimate(value, clusters, error * np.sqrt(clusters))

    @cached_property
    def _sizes(self) -> Ints:
        return np.unique(self.cluster, return_counts=True)[1]

    @property
    def _figures(self) -> tuple[Figure, Figure] | None:
        first, second = self.baseline.figure, self.candidate.figure
        if first is None or second is None or len(first.parts) != len(second.parts):
            return None
        if not (first.n and second.n):
            return None
        return first, second

    @cached_property
    def _drawn(self) -> Floats | None:
        """Differences of two correlations in the same draws of clusters."""
        first, second = self.baseline.measure, self.candidate.measure
        if not isinstance(first, Correlation) or not isinstance(second, Correlation):
            return None
        # Draws are seeded and depend on the clusters alone, so these are draws of the same items.
        drawn = (
            second.scatter.drawn[second.kind, second.parsed]
            - first.scatter.drawn[first.kind, first.parsed]
        )
        kept: Floats = drawn[~np.isnan(drawn)]
        return kept

    @cached_property
    def by_item(self) -> Floats | None:
        """By how much each item got better (above 0) or worse; ``nan`` where it does not count.

        Shape (items,); ``None`` for figures that are no plain mean over items.
        """
        own = self._figures
        if own is None or len(own[0].parts) != 1:
            return None
        (first,), (second,) = own[0].parts, own[1].parts
        with np.errstate(invalid="ignore", divide="ignore"):
            changed: Floats = second[0] / second[1] - first[0] / first[1]
        return changed * (self.sign or 1)

    @property
    def mcnemar(self) -> float | None:
        """McNemar's exact p-value of clusters that got better against those that got worse."""
        changed = self.by_item
        if changed is None or not self.sign:
            return None
        counted = ~np.isnan(changed)
        if not counted.any():
            return None
        _, codes = np.unique(self.cluster[counted], return_inverse=True)
        net = np.round(np.bincount(codes, weights=changed[counted]), 9)
        return mcnemar_exact(net < 0, net > 0)
