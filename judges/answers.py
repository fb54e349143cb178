"""The literal answers of UnifiedReward checkpoints (CodeGoat24/UnifiedReward, commit ff6f520).

``Image 1 is better``, ``Both videos are equally good``, ``Answer 2 is better``; of one candidate,
``Final Score: 3.5``. Judges are trained to write them, and their probabilities can be compared.
"""

from __future__ import annotations

import math

from ..harness.items import Modality, Objective, PointItem, Request, ScoreRange, Verdict
from ..harness.scores import SCORE_RANGES, written

_FEW = 20
"""A range narrower than this has scores with one decimal, a wider one whole numbers."""


def verdict_answer(verdict: Verdict, modality: Modality, objective: Objective) -> str:
    """The answer that a pair's verdict is written as."""
    noun = modality if objective == "generation" else "answer"
    match verdict.coarse:
        case Verdict.FIRST:
            return f"{noun.capitalize()} 1 is better"
        case Verdict.SECOND:
            return f"{noun.capitalize()} 2 is better"
        case _:
            return f"Both {noun}s are equally good"


def score_answer(score: float) -> str:
    """The answer that one candidate's score is written as."""
    return f"Final Score: {written(score)}"


def score_range(item: PointItem) -> ScoreRange:
    """The lowest and highest score that a question about one candidate asks for."""
    return item.score_range or SCORE_RANGES[item.modality, item.objective]


def verdict_answers(request: Request) -> dict[str, Verdict]:
    """The answers that the question about a pair allows."""
    item, tie = request.item, any(c.coarse is Verdict.TIE for c in request.choices)
    verdicts = (Verdict.FIRST, Verdict.SECOND, *([Verdict.TIE] if tie else []))
    return {verdict_answer(v, item.modality, item.objective): v for v in verdicts}


def score_answers(item: PointItem, steps: int | None = None) -> dict[str, float]:
    """The answers that the question about one candidate allows: its range, in steps.

    ``steps`` equal ones, rounded to a decimal; *None* is every decimal of a range narrower than
    20, and every whole number of a wider one.
    """
    low, high = score_range(item)
    if steps is not None:
        return {score_answer(score): score for score in scale((low, high), steps)}
    parts = 10 if high - low < _FEW else 1
    whole = range(math.ceil(low * parts), math.floor(high * parts) + 1)
    return {score_answer(number / parts): number / parts for number in whole}


def scale(of: ScoreRange, steps: int) -> list[float]:
    """A range in equal steps, each rounded to one decimal.

    >>> scale((1, 10), 4)
    [1.0, 3.2, 5.5, 7.8, 10.0]
    """
    low, high = of
    return [round(low + step / steps * (high - low), 1) for step in range(steps + 1)]
