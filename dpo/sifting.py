"""Which two candidates of a prompt become its preference, or the one reason why none do.

The paper's rule (arXiv 2503.05236): of those that won, the one with the best score; of those that
lost, the one with the worst. ``rule="ranking"`` takes the strongest and the weakest without asking
for scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Rule = Literal["scores", "ranking"]

_LEVEL = 1e-6
"""Strengths closer to zero than this are those of neither winners nor losers."""


class Reason(StrEnum):
    """Why a prompt yields no preference; each such prompt has exactly one."""

    TOO_FEW = "fewer than two candidates given"
    MEDIA = "its own image or video cannot be used"
    GENERATION = "fewer than two candidates that could be made or opened"
    EMPTY = "fewer than two candidates that say anything"
    IDENTICAL = "all candidates the same"
    UNJUDGED = "no comparison judged: requests failed"
    UNREAD = "no comparison whose verdict could be read"
    UNDECIDED = "no winner: comparisons tied, or cancelled each other out"
    UNSCORED = "no winner, or no loser, with a score that could be read"
    MARGIN = "margin too small"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about one candidate in the end.

    Args:
        key: names its content; decides between equals, so that their order cannot.
        strength: above 0 for winners, below for losers (:func:`~.ranking.bradley_terry`).
        score: of the candidate alone; *None* where there is none that could be read.
    """

    key: str
    strength: float
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The preference: numbers of two candidates, with what their margin is computed from."""

    chosen: int
    rejected: int
    chosen_score: float
    rejected_score: float

    @property
    def margin(self) -> float:
        """How far apart they are."""
        return self.chosen_score - self.rejected_score


def sift(standings: Sequence[Standing], rule: Rule, margin: float) -> Choice | Reason:
    """The preference among judged candidates, or why there is none.

    Args:
        standings: the candidates, of which some have been compared.
        rule: ``scores`` chooses winner and loser by score, ``ranking`` by strength.
        margin: the least difference (of scores, or of strengths) between chosen and rejected;
            never less than something.
    """
    winners = [n for n, each in enumerate(standings) if each.strength > _LEVEL]
    losers = [n for n, each in enumerate(standings) if each.strength < -_LEVEL]
    if not winners or not losers:
        return Reason.UNDECIDED

    def value(number: int) -> float | None:
        each = standings[number]
        return each.strength if rule == "ranking" else each.score

    best = _extreme(standings, [(v, n) for n in winners if (v := value(n)) is not None], 1)
    worst = _extreme(standings, [(v, n) for n in losers if (v := value(n)) is not None], -1)
    if best is None or worst is None:
        return Reason.UNSCORED
    choice = Choice(best[1], worst[1], best[0], worst[0])
    return choice if choice.margin > 0 and choice.margin >= margin else Reason.MARGIN


def _extreme(
    standings: Sequence[Standing], valued: Sequence[tuple[float, int]], sign: int
) -> tuple[float, int] | None:
    """The highest value, or the lowest; of equal ones the stronger or weaker, then by content."""

    def place(each: tuple[float, int]) -> tuple[float, float, str]:
        value, number = each
        # rounded, because strengths of equals come out of a solver
        strength = round(standings[number].strength, 6)
        return round(sign * value, 9), sign * strength, standings[number].key

    return max(valued, key=place, default=None)
