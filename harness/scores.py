"""The ranges in which judges that write are asked for a score, and how a score is written."""

from __future__ import annotations

from .items import Modality, Objective, ScoreRange

SCORE_RANGES: dict[tuple[Modality, Objective], ScoreRange] = {
    ("image", "generation"): (1, 5),
    ("video", "generation"): (1, 10),
    ("image", "understanding"): (0, 100),
    ("video", "understanding"): (1, 5),
    ("image", "interleaved"): (1, 5),
}
"""UnifiedReward's, for what has no range of its own; those of interleaved answers are ours."""


def written(score: float) -> str:
    """A score as it is written: one decimal at most, whole numbers without a point.

    >>> written(3.6666), written(4.0), written(85)
    ('3.7', '4', '85')
    """
    text = f"{score:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
