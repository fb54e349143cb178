"""How much better an aligned model is than the model it started from, on the same prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from ...harness.statistics import Figure, Floats, intervals
from .pair_files import Choosing
from .settings import PairKind


@dataclass(frozen=True, slots=True)
class Value:
    """A figure with its 95% interval (bootstrap over prompts) and its number of outputs."""

    value: float
    low: float
    high: float
    n: int

    @property
    def above(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0

    @property
    def below(self) -> bool:
        """Whether it lies below zero."""
        return self.high < 0


def mean(values: Sequence[Sequence[float | None]]) -> Value:
    """The mean over all outputs; shape (prompts, samples), *None* is left out."""
    return _of(_array(values))


def gain(
    before: Sequence[Sequence[float | None]], after: Sequence[Sequence[Sequence[float | None]]]
) -> Value:
    """The mean difference to the base over all outputs, averaged over trainings.

    Args:
        before: of the base; shape (prompts, samples).
        after: of each training; the same prompts and noise.
    """
    return difference([before], after)


def difference(
    before: Sequence[Sequence[Sequence[float | None]]],
    after: Sequence[Sequence[Sequence[float | None]]],
) -> Value:
    """The mean difference between two groups of models over all outputs.

    Args:
        before, after: of each model of the group, shape (prompts, samples).
    """
    first, second = (np.stack([_array(one) for one in group]) for group in (before, after))
    gained = _of(second.mean(axis=0) - first.mean(axis=0))
    # where nothing differs, the interval of a share would stand in, which this is not
    return replace(gained, low=0.0, high=0.0) if gained.low == gained.value == 0.0 else gained


def _array(values: Sequence[Sequence[float | None]]) -> Floats:
    return np.array(values, dtype=np.float64)


def _of(values: Floats) -> Value:
    known = ~np.isnan(values)
    prompts = np.repeat(np.arange(len(values)), values.shape[1])[known.reshape(-1)]
    column = values[known]
    figure = Figure.ratio(column, np.ones(len(column)))
    low, high = intervals({"": figure}, prompts)[""]
    return Value(figure.value, low, high, len(column))


@dataclass(frozen=True, slots=True)
class Quality:
    """What pairs of one kind are worth.

    Attributes:
        pairs: how many.
        right: share of which the chosen one is truer, among those in which the two differ
            (*None* if none do).
        differ: in how many they do.
        gap: mean truth of the chosen less that of the rejected.
    """

    pairs: int
    right: float | None
    differ: int
    gap: float


def quality(chosen_from: Sequence[Choosing], kind: PairKind, seed: int) -> Quality:
    """How good the pairs are that some kind of choice makes."""
    gaps = [
        each.truths[pair[0]] - each.truths[pair[1]]
        for each in chosen_from
        if (pair := each.pair(kind, seed)) is not None
    ]
    differing = [gap for gap in gaps if gap != 0]
    right = sum(gap > 0 for gap in differing) / len(differing) if differing else None
    return Quality(len(gaps), right, len(differing), sum(gaps) / max(1, len(gaps)))


def agreement(
    truths: Sequence[Sequence[float]], judged: Sequence[Sequence[float | None]]
) -> dict[str, float | None]:
    """Rank correlation of the judge's scores with the truth over outputs that it could score."""
    true, said = _array(truths).reshape(-1), _array(judged).reshape(-1)
    known = ~np.isnan(said)
    if known.sum() < 3 or np.ptp(true[known]) == 0 or np.ptp(said[known]) == 0:
        return {"spearman": None, "n": int(known.sum())}
    return {"spearman": float(spearmanr(true[known], said[known])[0]), "n": int(known.sum())}


def plain(value: Value | Quality) -> dict[str, Any]:
    """As stored."""
    return asdict(value)
