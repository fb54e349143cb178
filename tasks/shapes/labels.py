"""What a picture is worth, and what people say when they compare two.

The latent score of a candidate is ``0.7 * alignment + 0.3 * quality``: the share of the caption's
facts that hold, and 1 without a flaw down to 0.1 with a strong one. A voter sees each score
through noise; two that look nearly equal are a tie, called good or bad by how good both look.
"""

from __future__ import annotations

from ...harness.items import Verdict
from .dice import Dice

ALIGNMENT_WEIGHT = 0.7
QUALITY_WEIGHT = 0.3
QUALITY = (1.0, 0.7, 0.4, 0.1)
"""Quality by severity: none, mild, plain, strong."""

TIE_THRESHOLD = 0.07
GOOD_LEVEL = 0.75
NOISE = 0.033
"""Standard deviation with which a voter sees one picture's score."""


def latent_score(held: int, facts: int, severity: int) -> float:
    """Score of a candidate, 0.03 to 1.

    Args:
        held: how many of the caption's facts hold.
        facts: how many facts the caption states, at least one.
        severity: of the flaw, 0 (none) to 3 (strong).
    """
    return ALIGNMENT_WEIGHT * held / facts + QUALITY_WEIGHT * QUALITY[severity]


def human_label(first: float, second: float, dice: Dice) -> Verdict:
    """One voter's verdict on two latent scores: first, second, both good or both bad."""
    seen_first = first + NOISE * dice.bell()
    seen_second = second + NOISE * dice.bell()
    if abs(seen_first - seen_second) >= TIE_THRESHOLD:
        return Verdict.FIRST if seen_first > seen_second else Verdict.SECOND
    level = (seen_first + seen_second) / 2
    return Verdict.BOTH_GOOD if level >= GOOD_LEVEL else Verdict.BOTH_BAD
