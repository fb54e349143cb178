"""What candidates are worth, and what people say when they compare two.

Every candidate has a latent score from 0 to 1:

- a picture: ``0.7 * alignment + 0.3 * quality``, where alignment is the share of the caption's
  facts that hold, and quality is 1 without a flaw down to 0.1 with a strong one;
- an edit: the same, where alignment is 0.65 for what is done and 0.35 for what is left alone;
- a film: ``0.5 * alignment + 0.25 * motion + 0.25 * visual quality``, each of which is a dimension
  on its own as well;
- an answer: 1 less what each fault costs (see ``answers``).

A voter sees each score through noise; two that look nearly equal are a tie, called good or bad by
how good both look. Answers have no ties. A voter who scores one candidate says what is seen.
"""

from __future__ import annotations

from ...harness.items import Verdict
from .dice import Dice

ALIGNMENT_WEIGHT = 0.7
QUALITY_WEIGHT = 0.3
QUALITY = (1.0, 0.7, 0.4, 0.1)
"""Quality by severity: none, mild, plain, strong."""

DONE_WEIGHT = 0.65
KEPT = (1.0, 0.5, 0.0)
"""What leaving things alone is worth, by how many other things an edit changed."""

TIE_THRESHOLD = 0.07
GOOD_LEVEL = 0.75
NOISE = 0.033
"""Standard deviation with which a voter sees one candidate's score."""

DIMENSIONS = {
    "VQ": (0.15, 0.066),
    "MQ": (0.15, 0.066),
    "TA": (0.08, 0.035),
    "Overall": (0.092, 0.026),
}
"""Tie threshold and noise of each dimension of a film: visual quality, motion quality, text
alignment, and all in all."""
OVERALL = {"VQ": 0.25, "MQ": 0.25, "TA": 0.5}
"""Weights of the dimensions in a film's score."""

ANSWER_NOISE = 0.08
CARELESS = 0.09
"""How often a voter on answers votes without reading; half of those votes are wrong."""


def latent_score(alignment: float, severity: int) -> float:
    """Score of a picture or an edit.

    Args:
        alignment: from 0 to 1.
        severity: of the flaw, 0 (none) to 3 (strong).
    """
    return ALIGNMENT_WEIGHT * alignment + QUALITY_WEIGHT * QUALITY[severity]


def edit_alignment(done: float, others: int) -> float:
    """Alignment of an edit.

    Args:
        done: how much of what was asked for is done, 0 to 1.
        others: how many things were changed that should have been left alone.
    """
    return DONE_WEIGHT * done + (1 - DONE_WEIGHT) * KEPT[min(others, 2)]


def better(first: float, second: float, tie: float) -> Verdict:
    """The verdict on two scores: a tie if they are closer than ``tie``, or the same."""
    if abs(first - second) < tie or first == second:
        return Verdict.TIE
    return Verdict.FIRST if first > second else Verdict.SECOND


def human_label(first: float, second: float, dice: Dice) -> Verdict:
    """One voter's verdict on two latent scores: first, second, both good or both bad."""
    seen_first, seen_second = _seen(first, NOISE, dice), _seen(second, NOISE, dice)
    verdict = better(seen_first, seen_second, TIE_THRESHOLD)
    if verdict is not Verdict.TIE:
        return verdict
    level = (seen_first + seen_second) / 2
    return Verdict.BOTH_GOOD if level >= GOOD_LEVEL else Verdict.BOTH_BAD


def dimension_label(name: str, first: float, second: float, dice: Dice) -> Verdict:
    """One voter's verdict in one dimension: first, second or tie."""
    tie, noise = DIMENSIONS[name]
    return better(_seen(first, noise, dice), _seen(second, noise, dice), tie)


def answer_label(first: float, second: float, dice: Dice) -> Verdict:
    """One voter's verdict on the scores of two answers: first or second."""
    if dice.chance(CARELESS):
        return dice.choice((Verdict.FIRST, Verdict.SECOND))
    return better(_seen(first, ANSWER_NOISE, dice), _seen(second, ANSWER_NOISE, dice), 0.0)


def human_score(score: float, dice: Dice) -> float:
    """One voter's score of a candidate by its latent score, from 0 to 1."""
    return min(1.0, max(0.0, _seen(score, NOISE, dice)))


def answer_score(score: float, dice: Dice) -> float:
    """One voter's score of an answer by its latent score, from 0 to 1."""
    if dice.chance(CARELESS):
        return dice.below(101) / 100
    return min(1.0, max(0.0, _seen(score, ANSWER_NOISE, dice)))


def _seen(score: float, noise: float, dice: Dice) -> float:
    return score + noise * dice.bell()
