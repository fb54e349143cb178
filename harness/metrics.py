"""The figures every pairwise task reports, and figures with their intervals.

Names: ``tau`` is accuracy over all items with ties as a third class, ``diff`` accuracy over the
items whose human label is no tie, ``accuracy`` accuracy where labels have no ties. They follow the
tables of arXiv 2503.05236; neither is Kendall's tau.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .calibration import CalibratedTau, CrossFittedTau, accuracy_at, best_threshold, cross_fitted
from .correlations import Correlation
from .judgements import CODES, TIE, UNREAD, Bools, Judgements, coarse
from .statistics import Figure, Ints, intervals

ALIASES = {"acc_with_ties": "tau", "acc_no_ties": "diff"}

_SIGN = np.array([1, -1, 0, 0, 0], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Score:
    """A figure as reported: value, 95% interval, and the number of items it counts."""

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, Any]:
        """As in ``results.json``; undefined numbers become null."""
        interval = None if np.isnan(self.low) else [self.low, self.high]
        return {
            "value": None if np.isnan(self.value) else self.value,
            "ci95": interval,
            "n": self.n,
        }


Measure = Figure | CalibratedTau | CrossFittedTau | Correlation | float
"""A figure before its interval is known; a plain float is a setting worth reporting."""


def scored(measures: Mapping[str, Measure], cluster: Ints) -> dict[str, Score]:
    """Values with intervals; all plain figures share their bootstrap draws."""
    figures = {name: m for name, m in measures.items() if isinstance(m, Figure)}
    found = intervals(figures, cluster)
    scores: dict[str, Score] = {}
    for name, measure in measures.items():
        if isinstance(measure, Figure):
            low, high = found[name]
            scores[name] = Score(measure.value, low, high, measure.n)
        elif isinstance(measure, CalibratedTau | CrossFittedTau | Correlation):
            low, high = measure.interval()
            scores[name] = Score(measure.value, low, high, measure.n)
        else:
            scores[name] = Score(measure, np.nan, np.nan, len(cluster))
    return scores


def pairwise_measures(
    judgements: Judgements, *, calibration: Literal["exact", "official"] = "exact"
) -> dict[str, Measure]:
    """Everything a pairwise task reports; with human ties ``tau`` and ``diff``, else ``accuracy``.

    An answer that cannot be read, and a sample that failed, count as not correct. Where there are
    such, ``*_parsed`` is the same figure over what could be read, and ``*_lower`` and ``*_upper``
    are the bounds if all the rest had been wrong or right.
    """
    if judgements.margin is not None:
        return _from_scores(judgements, calibration)
    right = coarse(judgements.by_pass) == coarse(judgements.label)[:, None]
    everything = np.ones(len(judgements), dtype=bool)
    measures: dict[str, Measure] = {}
    if judgements.ties:
        measures |= accuracy("tau", right, everything, judgements)
        measures |= accuracy("diff", right, ~judgements.human_tie, judgements)
        measures["human_tie_rate"] = Figure.ratio(judgements.human_tie, everything)
        measures["diff_decided"] = _decided(judgements, right)
    else:
        measures |= accuracy("accuracy", right, everything, judgements)
    return measures | behaviour(judgements)


def accuracy(name: str, right: Bools, counted: Bools, judgements: Judgements) -> dict[str, Measure]:
    """One accuracy, averaged over passes, with what surrounds it.

    Args:
        name: name of the main figure; the others append to it.
        right: whether each pass is right, shape (n, passes).
        counted: which items count, shape (n,).
        judgements: where the passes' verdicts come from.
    """
    read = judgements.by_pass >= 0
    asked = _small(counted * read.shape[1])
    measures: dict[str, Measure] = {name: Figure.ratio(_within(right, counted), asked)}
    if not read.all():
        measures[f"{name}_lower"] = measures[name]
        measures[f"{name}_upper"] = Figure.ratio(_within(right | ~read, counted), asked)
        measures[f"{name}_parsed"] = Figure.ratio(_within(right, counted), _within(read, counted))
    if judgements.both_orders:
        measures[f"{name}_consistent"] = Figure.ratio(counted & right.all(axis=1), counted)
        if name == "tau":
            measures["tau_flips_as_ties"] = _flips_as_ties(judgements)
    return measures


def _within(flags: Bools, counted: Bools) -> NDArray[Any]:
    """How many of an item's flags are set, for the items that count; shape (n,)."""
    return _small(
        (flags & counted.reshape(-1, *[1] * (flags.ndim - 1))).sum(axis=tuple(range(1, flags.ndim)))
    )


def _small(counts: NDArray[Any]) -> NDArray[Any]:
    """Counts of an item's outputs in the smallest type: a million items stay small."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


def behaviour(judgements: Judgements) -> dict[str, Measure]:
    """How the judge behaves, right or wrong: coverage, flips, liking for the first position."""
    read = judgements.verdict >= 0
    everything = np.ones(len(judgements), dtype=bool)
    measures: dict[str, Measure] = {
        "coverage": Figure.ratio(
            _within(read, everything), _small(np.full(len(read), read[0].size))
        )
    }
    if judgements.both_orders:
        there, back = judgements.by_pass[:, 0], judgements.by_pass[:, 1]
        both = (there >= 0) & (back >= 0)
        measures["flip_rate"] = Figure.ratio(both & (coarse(there) != coarse(back)), both)
    if judgements.swapped.any():
        decided = (judgements.verdict >= 0) & (judgements.verdict < TIE)
        for_first = decided & ((judgements.verdict == CODES["second"]) == judgements.swapped)
        measures["first_position_rate"] = Figure.ratio(
            _within(for_first, everything), _within(decided, everything)
        )
    return measures


def four_way(judgements: Judgements) -> dict[str, Measure]:
    """GenAI-Bench's ``accuracy_4way``: left, right, both good, both bad.

    A judge that says a plain tie is right on both kinds of tie, as in the authors' own rule
    (TIGER-AI-Lab/GenAI-Bench, commit f0b0334).
    """
    said = judgements.by_pass
    label = judgements.label[:, None]
    right = (said == label) | ((said == TIE) & (label >= TIE))
    everything = np.ones(len(judgements), dtype=bool)
    asked = _small(np.full(len(judgements), right.shape[1]))
    return {"accuracy_4way": Figure.ratio(_within(right, everything), asked)}


def _flips_as_ties(judgements: Judgements) -> Figure:
    """``tau`` of the pair's one verdict: what both orders say, or a tie where they differ."""
    there, back = coarse(judgements.by_pass[:, 0]), coarse(judgements.by_pass[:, 1])
    combined = np.where(there == back, there, TIE)
    combined = np.where((there < 0) | (back < 0), UNREAD, combined)
    right = combined == coarse(judgements.label)
    return Figure.ratio(right, np.ones(len(judgements), dtype=bool))


def _decided(judgements: Judgements, right: Bools) -> Figure:
    """Accuracy over pairs that both the humans and the judge decided."""
    said = judgements.by_pass
    decided = (said >= 0) & (said < TIE) & ~judgements.human_tie[:, None]
    everything = np.ones(len(judgements), dtype=bool)
    return Figure.ratio(_within(right & decided, everything), _within(decided, everything))


def _from_scores(
    judgements: Judgements, calibration: Literal["exact", "official"]
) -> dict[str, Measure]:
    """Figures of a judge that scores: ties by threshold, decisions by the sign."""
    assert judgements.margin is not None
    known = np.isfinite(judgements.margin)
    human = _SIGN[judgements.label]
    margin = np.where(known, judgements.margin, 0.0)
    counted = human != 0
    everything = np.ones(len(judgements), dtype=bool)
    name = "diff" if judgements.ties else "accuracy"
    right = known & counted & (human * margin > 0)
    measures: dict[str, Measure] = {
        name: Figure.ratio(right, counted),
        "coverage": Figure.ratio(known, everything),
        f"{name}_upper": Figure.ratio(right | (counted & ~known), counted),
    }
    if not judgements.ties:
        return measures
    clusters = judgements.cluster[known]
    measures["tau"] = tau = CalibratedTau(
        human[known], margin[known], clusters, int((~known).sum()), calibration == "official"
    )
    held_out = cross_fitted(human[known], margin[known], clusters)
    if held_out is not None:
        right = np.zeros(len(judgements), dtype=bool)
        right[known] = held_out
        measures["tau_crossfit"] = CrossFittedTau(Figure.ratio(right, everything), tau)
    measures["tau_no_threshold"] = Figure.ratio(
        known & (accuracy_at(human, margin, 0.0) > 0), everything
    )
    measures["tie_threshold"] = best_threshold(human[known], margin[known])[0]
    measures["human_tie_rate"] = Figure.ratio(~counted, everything)
    return measures
