"""A test that may be looked at after every item: is the candidate no worse than the baseline?

Two gamblers bet on the stream of paired differences d in [-1, 1]. One bets that the mean is above
``-margin``, the other that it is below; a bet of fraction f multiplies the fortune by
``1 + f (d + margin)`` or ``1 - f (d + margin)``. Against the truth no betting is expected to win,
so the fortune is a non-negative supermartingale, and the chance that it *ever* reaches
``1 / (1 - confidence)`` is at most ``1 - confidence`` (Ville 1939). So either answer is wrong with
at most that chance, whenever and why ever one stops.

Each gambler splits the fortune over a grid of fractions and lets each part run: *diversified Kelly*
(Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSS B 86, 2024).
Nothing is to be tuned, and the fortune does not depend on the order within what has been seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from .statistics import Floats

State = Literal["undecided", "passes", "fails"]

_SMALLEST = 0.005
_FRACTIONS = 24
_LARGEST = 0.98
"""Of the fraction that one worst difference would ruin."""


class SequentialGate:
    """Decides as early as it may whether candidate minus baseline is above ``-margin``.

    Items must come in random order (:func:`.early_stop.visiting_order`): then what has been seen
    stands for what has not. Differences that belong together must not be fed one by one: a cluster
    is one difference, its mean, with ``weights`` its size over that of the largest cluster, and the
    decision is about the mean over items.

    Args:
        margin: the largest drop that is accepted, at least 0 and below 1.
        confidence: one minus the chance of a wrong answer, for each of the two answers.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(self, margin: float, confidence: float = 0.95) -> None:
        if not 0 <= margin < 1:
            raise ValueError(f"margin is {margin}; it must be at least 0 and below 1")
        if not 0 < confidence < 1:
            raise ValueError(f"confidence is {confidence}; it must be between 0 and 1")
        self.margin = margin
        self.confidence = confidence
        self.seen = 0
        self.state: State = "undecided"
        self._above = _grid(_LARGEST / (1 - margin))
        self._below = _grid(_LARGEST / (1 + margin))
        self._for = np.zeros(_FRACTIONS)
        self._against = np.zeros(_FRACTIONS)

    def update(self, differences: Sequence[float] | Floats, weights: Floats | None = None) -> State:
        """Take in more of the stream, in its order.

        Args:
            differences: candidate minus baseline of each item or cluster, in [-1, 1].
            weights: size of each as a share of the largest, in (0, 1]; 1 if not given.

        Returns:
            ``passes``, ``fails`` or ``undecided``; a decision once made stays.

        Raises:
            ValueError: a difference or weight is out of its range, or not a number.
        """
        own = np.asarray(differences, dtype=np.float64)
        scale = np.ones(own.shape) if weights is None else np.asarray(weights, dtype=np.float64)
        if not (np.abs(own) <= 1).all() or not ((scale > 0) & (scale <= 1)).all():
            raise ValueError("differences must be in [-1, 1], weights above 0 and at most 1")
        gained = (scale * (own + self.margin))[:, None]
        for_, against = (
            np.vstack([before, np.log1p(bets * gained)]).cumsum(axis=0)[1:]
            for before, bets in ((self._for, self._above), (self._against, -self._below))
        )
        if self.state == "undecided":
            self.state = self._first(_log_mean(for_), _log_mean(against))
        if len(own):
            self._for, self._against = for_[-1], against[-1]
        self.seen += len(own)
        return self.state

    def _first(self, for_: Floats, against: Floats) -> State:
        """Which fortune is first to be large enough, if either is."""
        enough = -math.log1p(-self.confidence)
        won, lost = for_ >= enough, against >= enough
        if not (won | lost).any():
            return "undecided"
        return "passes" if won[np.argmax(won | lost)] else "fails"

    @property
    def log_fortunes(self) -> tuple[float, float]:
        """Logarithms of the fortunes that bet on *above* and on *below* the margin."""
        return float(_log_mean(self._for)), float(_log_mean(self._against))


def _grid(largest: float) -> Floats:
    return np.geomspace(_SMALLEST, largest, _FRACTIONS)


def _log_mean(logs: Floats) -> Floats:
    """Logarithm of the mean over the last axis, from logarithms."""
    top = logs.max(axis=-1)
    found: Floats = top + np.log(np.exp(logs - top[..., None]).mean(axis=-1))
    return found
