"""Judgements as columns, and the figures every pairwise task reports.

Names: ``tau`` is accuracy over all items with ties as a third class, ``diff`` accuracy over the
items whose human label is no tie, ``accuracy`` accuracy where labels have no ties. They follow the
tables of arXiv 2503.05236; neither is Kendall's tau.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from .calibration import CalibratedTau, accuracy_at, best_threshold, cross_fitted
from .correlations import Correlation
from .items import Verdict
from .statistics import Figure, Ints, intervals

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")

ALIASES = {"acc_with_ties": "tau", "acc_no_ties": "diff"}

CODES = {verdict.value: code for code, verdict in enumerate(Verdict)}
"""Verdict word to its code in the columns: first 0, second 1, tie 2, both_good 3, both_bad 4."""
UNREAD = -1
"""Code of an answer that could not be read."""
FAILED = -2
"""Code of a sample that got no answer."""

_TIE = CODES["tie"]
_SIGN = np.array([1, -1, 0, 0, 0], dtype=np.int64)

Codes = NDArray[np.int8]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Judgements:
    """What one judge said on one task (or one dimension or group of it), as columns.

    Items are rows. Each item has ``passes`` x ``votes`` outputs: a pass is one order of
    presentation (two with ``--order both``). Verdicts speak of the item's own candidates.

    Attributes:
        label: human verdict codes, shape (n,).
        verdict: judge's verdict codes or UNREAD/FAILED, shape (n, passes, votes).
        swapped: whether that output saw the second candidate first, same shape.
        margin: mean score difference first - second, ``nan`` where there is none, shape (n,);
            ``None`` for judges that give verdicts.
        cluster: what the bootstrap resamples, shape (n,).
        group: code into ``groups``, shape (n,).
        protocol: whose rules count.
        ties: whether the task's labels know ties.
    """

    label: Codes
    verdict: Codes
    swapped: Bools
    margin: NDArray[np.float64] | None
    cluster: Ints
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    protocol: Literal["robust", "official"]
    ties: bool

    def __len__(self) -> int:
        return len(self.label)

    def where(self, mask: Bools) -> Judgements:
        """The same judgements restricted to some items."""
        return restricted(self, mask)

    def in_group(self, name: str) -> Judgements:
        """The judgements of one reported subset."""
        return self.where(self.group == self.groups.index(name))

    @property
    def ended(self) -> Codes:
        """Verdict codes, or how an output without one ended; shape (n, passes, votes)."""
        return self.verdict

    @cached_property
    def by_pass(self) -> Codes:
        """The verdict of each pass, shape (n, passes): the one more than half of its votes give.

        Without a majority it is UNREAD, or FAILED where no vote was answered.
        """
        if self.verdict.shape[2] == 1:
            return self.verdict[:, :, 0]
        votes = self.verdict.shape[2]
        result = np.where((self.verdict == FAILED).all(axis=2), FAILED, UNREAD).astype(np.int8)
        for code in CODES.values():
            result[(self.verdict == code).sum(axis=2) * 2 > votes] = code
        tied = (coarse(self.verdict) == _TIE).sum(axis=2) * 2 > votes
        result[tied & (result < 0)] = _TIE  # votes for both kinds of tie agree that it is one
        return result

    @property
    def both_orders(self) -> bool:
        """Whether each item was judged in both orders."""
        return int(self.verdict.shape[1]) == 2

    @property
    def human_tie(self) -> Bools:
        """Which items the human label calls a tie."""
        tie: Bools = coarse(self.label) == _TIE
        return tie


def restricted(columns: C, mask: Bools) -> C:
    """The same columns for some items alone: every array in them has one row an item."""
    arrays = {f.name: getattr(columns, f.name) for f in fields(columns)}
    rows = {name: own[mask] for name, own in arrays.items() if isinstance(own, np.ndarray)}
    return replace(columns, **rows)


def coarse(codes: Codes) -> Codes:
    """Codes with both kinds of tie folded into one; negative codes stay."""
    folded: Codes = np.minimum(codes, _TIE)
    return folded


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


Measure = Figure | CalibratedTau | Correlation | float
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
        elif isinstance(measure, CalibratedTau | Correlation):
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
        decided = (judgements.verdict >= 0) & (judgements.verdict < _TIE)
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
    right = (said == label) | ((said == _TIE) & (label >= _TIE))
    everything = np.ones(len(judgements), dtype=bool)
    asked = _small(np.full(len(judgements), right.shape[1]))
    return {"accuracy_4way": Figure.ratio(_within(right, everything), asked)}


def _flips_as_ties(judgements: Judgements) -> Figure:
    """``tau`` of the pair's one verdict: what both orders say, or a tie where they differ."""
    there, back = coarse(judgements.by_pass[:, 0]), coarse(judgements.by_pass[:, 1])
    combined = np.where(there == back, there, _TIE)
    combined = np.where((there < 0) | (back < 0), UNREAD, combined)
    right = combined == coarse(judgements.label)
    return Figure.ratio(right, np.ones(len(judgements), dtype=bool))


def _decided(judgements: Judgements, right: Bools) -> Figure:
    """Accuracy over pairs that both the humans and the judge decided."""
    said = judgements.by_pass
    decided = (said >= 0) & (said < _TIE) & ~judgements.human_tie[:, None]
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
    measures["tau"] = CalibratedTau(
        human[known], margin[known], clusters, int((~known).sum()), calibration == "official"
    )
    held_out = cross_fitted(human[known], margin[known], clusters)
    if held_out is not None:
        right = np.zeros(len(judgements), dtype=bool)
        right[known] = held_out
        measures["tau_crossfit"] = Figure.ratio(right, everything)
    measures["tau_no_threshold"] = Figure.ratio(
        known & (accuracy_at(human, margin, 0.0) > 0), everything
    )
    measures["tie_threshold"] = best_threshold(human[known], margin[known])[0]
    measures["human_tie_rate"] = Figure.ratio(~counted, everything)
    return measures
