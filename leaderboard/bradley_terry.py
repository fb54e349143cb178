"""Bradley-Terry strengths of judges, from the items on which one was right and the other wrong.

The chance that judge i wins against judge j is ``1 / (1 + exp(s_j - s_i))`` (Bradley and Terry,
Biometrika 39, 1952). A match is an item that both judged; who was more right has won it. A tie
(both right, both wrong) says nothing about who is better and is left out; so the strengths are
those of the Rasch model, estimated from pairs (Zwinderman, Appl. Psychol. Meas. 19, 1995).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ..harness.statistics import Floats, Ints

IMAGINARY = 0.5
"""Items that each of two judges wins against the other on every task besides the real ones: nobody
is infinitely better."""
_Z = 1.959963984540054
"""Of a two-sided 95% interval."""


@dataclass(frozen=True)
class Matches:
    """One task's items as judged by several.

    Attributes:
        right: how right each judge was of each item, by name, from 0 to 1; shape (items,).
        cluster: code of each item's cluster, shape (items,).
    """

    right: Mapping[str, Floats]
    cluster: Ints


@dataclass(frozen=True)
class Strength:
    """The chance to win against an average judge, with its 95% interval; ``items`` it rests on."""

    chance: float
    low: float
    high: float
    items: int


def strengths(tasks: Sequence[Matches]) -> dict[str, Strength]:
    """The strength of every judge that can be compared; each task counts the same.

    Judges need not have the same tasks, but must hang together by tasks that two of them have:
    those outside of the largest such company get none. The interval is by the sandwich estimator
    over clusters (Liang and Zeger, Biometrika 73, 1986), so items of one cluster, and one item in
    many matches, are not taken for independent.

    Args:
        tasks: the matches of each task.
    """
    names = _company(tasks)
    if len(names) < 2:
        return {}
    place = {name: index for index, name in enumerate(names)}
    tasks = [task for task in tasks if set(task.right) & set(names)]
    won = sum((_won(task, place) for task in tasks), np.zeros((len(names), len(names))))
    own = _fitted(won)
    deviations = _deviations(own, won, tasks, place)
    items = {name: sum(len(t.cluster) for t in tasks if name in t.right) for name in names}
    low, middle, high = (_logistic(own + side * _Z * deviations) for side in (-1, 0, 1))
    return {
        name: Strength(float(middle[i]), float(low[i]), float(high[i]), items[name])
        for name, i in place.items()
    }


def _company(tasks: Sequence[Matches]) -> list[str]:
    """The most judges that are connected by tasks."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names = list(dict.fromkeys(name for task in tasks for name in task.right))
    if not names:
        return []
    pairs = [
        (names.index(first), names.index(second))
        for task in tasks
        for first, second in permutations(task.right, 2)
    ]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = len(names), len(names)
    _, labels = connected_components(coo_array((np.ones(len(pairs)), (rows, columns)), shape))
    largest = np.bincount(labels).argmax()
    return [name for name, label in zip(names, labels, strict=True) if label == largest]


def _won(task: Matches, place: Mapping[str, int]) -> Floats:
    """Share of a task's items that i wins against j, shape (judges, judges)."""
    found = np.zeros((len(place), len(place)))
    for first, second in permutations(task.right, 2):
        ahead = np.maximum(task.right[first] - task.right[second], 0).sum()
        found[place[first], place[second]] = (ahead + IMAGINARY) / len(task.cluster)
    return found


def _fitted(won: Floats) -> Floats:
    """Strengths of greatest likelihood with a mean of zero."""
    from scipy.optimize import minimize

    met = won + won.T

    def loss(own: Floats) -> tuple[float, Floats]:
        apart = own[:, None] - own[None, :]
        chance = _logistic(apart)
        slope = (met * chance - won).sum(axis=1)
        return float((won * np.logaddexp(0, -apart)).sum()), slope

    own = minimize(loss, np.zeros(len(won)), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    found: Floats = own - own.mean()
    return found


def _deviations(
    own: Floats, won: Floats, tasks: Sequence[Matches], place: Mapping[str, int]
) -> Floats:
    """Standard error of each strength."""
    chance = _logistic(own[:, None] - own[None, :])
    weights = (won + won.T) * chance * (1 - chance)
    bread = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
    meat = np.zeros_like(bread)
    for task in tasks:
        _, codes = np.unique(task.cluster, return_inverse=True)
        scores = np.zeros((codes.max() + 1, len(place)))
        for first, second in permutations(task.right, 2):
            i, j = place[first], place[second]
            ahead = task.right[first] - task.right[second]
            told = np.maximum(ahead, 0) - np.abs(ahead) * chance[i, j]
            scores[:, i] += np.bincount(codes, weights=told) / len(codes)
        scores -= scores.mean(axis=0)
        meat += scores.T @ scores * len(scores) / max(1, len(scores) - 1)
    found: Floats = np.sqrt(np.diag(bread @ meat @ bread))
    return found


def _logistic(x: NDArray[np.float64]) -> Floats:
    from scipy.special import expit

    found: Floats = expit(x)
    return found
