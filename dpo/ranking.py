"""Which candidates of one prompt are compared, and what follows from it: pure functions.

A plan names pairs of candidates by their numbers. ``disjoint`` is the paper's (arXiv 2503.05236):
candidates 1 and 2, 3 and 4, and so on, each once. ``round_robin`` compares all with all. ``swiss``
goes in rounds, each pairing candidates that have done about equally well so far. Whatever the plan,
its results become one strength a candidate, above zero for winners and below for losers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from ..harness.items import Verdict
from ..harness.statistics import Floats

Pair = tuple[int, int]
PlanName = Literal["disjoint", "round_robin", "swiss"]

PRIOR = 0.5
"""How many wins and how many losses against an average opponent each candidate is given."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one comparison ended: first, second or tie; *None* where nothing was to be read."""

    pair: Pair
    verdict: Verdict | None


def rounds_of(plan: PlanName, candidates: int, rounds: int | None = None) -> int:
    """In how many rounds so many candidates are compared.

    Args:
        plan: the plan.
        candidates: how many there are.
        rounds: of ``swiss``; the default is log2 of the candidates, rounded up.
    """
    if plan != "swiss":
        return 1
    most = candidates - 1 if candidates % 2 == 0 else candidates
    return min(most, rounds or math.ceil(math.log2(max(2, candidates))))


def pairs_of(plan: PlanName, candidates: int, results: Sequence[Result] = ()) -> list[Pair]:
    """The pairs of a plan's next round.

    Args:
        plan: the plan.
        candidates: how many there are.
        results: those of the rounds before.
    """
    match plan:
        case "disjoint":
            return disjoint(candidates)
        case "round_robin":
            return list(combinations(range(candidates), 2))
        case "swiss":
            return swiss(candidates, results)


def disjoint(candidates: int) -> list[Pair]:
    """Neighbours; of an odd number, the last one stays out.

    >>> disjoint(5)
    [(0, 1), (2, 3)]
    """
    return [(first, first + 1) for first in range(0, candidates - 1, 2)]


def swiss(candidates: int, results: Sequence[Result]) -> list[Pair]:
    """One round: by points so far, each meets the nearest it has not met yet.

    A win is one point, a tie half of one. Of an odd number, the lowest of those stays out that have
    been compared most often; so does whoever has met all that are left.
    """
    points = [0.0] * candidates
    games = [0] * candidates
    met = {result.pair for result in results}
    for result in results:
        for place, candidate in enumerate(result.pair):
            games[candidate] += 1
            points[candidate] += _points(result.verdict)[place]
    waiting = sorted(range(candidates), key=lambda c: (-points[c], c))
    if candidates % 2:
        waiting.remove(max(waiting, key=lambda c: (games[c], waiting.index(c))))
    pairs = []
    while waiting:
        one = waiting.pop(0)
        rivals = (c for c in waiting if (min(one, c), max(one, c)) not in met)
        rival = next(rivals, None)
        if rival is not None:
            waiting.remove(rival)
            pairs.append((min(one, rival), max(one, rival)))
    return pairs


def _points(verdict: Verdict | None) -> tuple[float, float]:
    match verdict and verdict.coarse:
        case Verdict.FIRST:
            return 1.0, 0.0
        case Verdict.SECOND:
            return 0.0, 1.0
        case Verdict.TIE:
            return 0.5, 0.5
        case _:
            return 0.0, 0.0


def agreed(verdicts: Sequence[Verdict | None]) -> Verdict | None:
    """One verdict from those of both orders, all about the pair's own first and second.

    A verdict that flips with the order is a tie. Nothing follows where any could not be read.

    >>> agreed([Verdict.FIRST, Verdict.SECOND])
    <Verdict.TIE: 'tie'>
    """
    if not verdicts or None in verdicts:
        return None
    found = {verdict.coarse for verdict in verdicts if verdict is not None}
    return found.pop() if len(found) == 1 else Verdict.TIE


def bradley_terry(
    candidates: int, results: Sequence[Result], prior: float = PRIOR
) -> tuple[float, ...]:
    """Strengths under which the results are likeliest (Bradley and Terry 1952).

    Candidate i beats j with the probability ``1 / (1 + exp(s_j - s_i))``. A tie counts as half a
    win for each, an unread result not at all. Each candidate also has ``prior`` wins and losses
    against an opponent of strength 0, so strengths are finite, and 0 is average. With one
    comparison a candidate, winners are above 0 and losers below.

    The maximum of this concave function is found by Newton's method with halved steps.

    Args:
        candidates: how many there are.
        results: of their comparisons.
        prior: above 0; the smaller, the further apart strengths are.
    """
    wins = np.zeros((candidates, candidates))
    for result in results:
        first, second = result.pair
        for (one, other), points in zip(
            ((first, second), (second, first)), _points(result.verdict), strict=True
        ):
            wins[one, other] += points
    games = wins + wins.T

    def likelihood(s: Floats) -> float:
        ahead = s[:, None] - s[None, :]
        own = -np.logaddexp(0, -s) - np.logaddexp(0, s)
        return float(-(wins * np.logaddexp(0, -ahead)).sum() + prior * own.sum())

    strengths = np.zeros(candidates)
    for _ in range(100):
        chance = _sigmoid(strengths[:, None] - strengths[None, :])
        own = _sigmoid(strengths)
        slope = (wins - games * chance).sum(axis=1) + prior * (1 - 2 * own)
        if np.abs(slope).max(initial=0.0) < 1e-10:
            break
        curve = games * chance * (1 - chance)
        hessian = np.diag(curve.sum(axis=1) + 2 * prior * own * (1 - own)) - curve
        step = np.linalg.solve(hessian, slope)
        before = likelihood(strengths)
        while likelihood(strengths + step) < before - 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        strengths = strengths + step
    return tuple(float(strength) for strength in strengths)


def _sigmoid(x: Floats) -> Floats:
    found: Floats = np.exp(-np.logaddexp(0, -x))
    return found
