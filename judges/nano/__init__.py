"""``unifiedreward-nano``, the judge that ships with the program: trained in the shapes world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from ...harness.items import PointItem, Request, Verdict
from ...harness.registry import judge
from ...harness.scores import SCORE_RANGES
from ..answers import scale, score_answer, score_answers
from ..asking import PROMPTS as ALL_PROMPTS
from ..pictures import Video
from ..unifiedreward.presets import DIRECT, Questions
from ..vlm import VisionLanguageJudge

CHECKPOINT = Path(__file__).parent / "checkpoint"
PROMPTS = ALL_PROMPTS / "nano"
STEPS = 20
"""Into how many equal steps a range of scores is divided."""

_SAID = {score_answer(score) for of in SCORE_RANGES.values() for score in scale(of, STEPS)}


@judge("unifiedreward-nano")
@dataclass
class UnifiedRewardNano(VisionLanguageJudge):
    """A small trained judge that ships with the program; it knows the world of ``--data demo``.

    A vision-language model of 2.4 million parameters that compares and scores pictures and films
    of coloured shapes, and answers about them. Elsewhere it only guesses. ``docs/nano.md`` tells
    how it was made and what it scores. Takes the arguments of ``transformers``; ``path`` is its own
    unless you name another.
    """

    path: str = ""
    video: Video = "native"
    max_pixels: int = 64 * 64
    tie: float | None = 0.6

    usual_pairs: ClassVar[Literal["verdicts", "scores"]] = "scores"
    ways: ClassVar[tuple[Questions, ...]] = (replace(DIRECT, prompts="nano", max_new_tokens=4),)

    def __post_init__(self) -> None:
        self.path = self.path or str(CHECKPOINT)
        super().__post_init__()

    @property
    def usual_batch(self) -> int:
        """Small pictures go through it many at a time."""
        return max(32, super().usual_batch)

    def answers(self, request: Request) -> Mapping[str, Verdict | float]:
        """The answers that a request's question allows, as far as it has words for them."""
        if not isinstance(request.item, PointItem):
            return super().answers(request)
        steps = score_answers(request.item, STEPS)
        return {answer: score for answer, score in steps.items() if answer in _SAID}

    def identity(self) -> Mapping[str, object]:
        """As of every checkpoint; the shipped one is called so, wherever the program lies."""
        shipped = self.path == str(CHECKPOINT)
        return {**super().identity(), **({"checkpoint": "shipped"} if shipped else {})}
