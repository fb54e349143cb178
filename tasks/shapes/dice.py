"""Seeded choices that come out the same on every machine and in every Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

from ...harness.seeds import seed_for

T = TypeVar("T")


class Dice:
    """A stream of random choices named by its seed parts.

    Everything is made from ``Random.random()``, the one method whose sequence Python promises to
    keep, by exact arithmetic: no logarithm or cosine that could differ between C libraries.
    """

    def __init__(self, *parts: object) -> None:
        self._uniform = Random(seed_for(*parts)).random

    def below(self, count: int) -> int:
        """A whole number from 0 to ``count - 1``."""
        return int(self._uniform() * count)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._uniform() < probability

    def choice(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[self.below(len(options))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, as likely as its weight says."""
        left = self._uniform() * sum(weights.values())
        for option, weight in weights.items():
            left -= weight
            if left < 0:
                return option
        return option

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All options in a random order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in options]

    def bell(self) -> float:
        """A bell-shaped number of mean 0 and variance 1 (twelve uniform ones, within 6 of 0)."""
        return sum(self._uniform() for _ in range(12)) - 6.0
