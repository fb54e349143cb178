"""Judges that look at nothing: what a real judge has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import ClassVar

from ..harness.items import Output, PointItem, Request, Verdict
from ..harness.judge import ALL_OBJECTIVES, Supports
from ..harness.plan import Survey
from ..harness.registry import judge

_OUTPUTS_PER_SECOND = 20_000


def _free(survey: Survey) -> tuple[float, float]:
    """Seconds and dollars of a judge that costs nothing but the harness's own work."""
    return survey.requests / _OUTPUTS_PER_SECOND, 0.0


@judge("random")
class RandomJudge:
    """A uniform draw among the verdicts the task allows, or from its scores; seeded by the item."""

    supports = Supports(objectives=ALL_OBJECTIVES, needs_media=False, pointwise=True)
    grammar = "plain"
    estimate = staticmethod(_free)

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Draw once for each request, from the request's own seed."""
        return [_drawn(request, Random(request.seed)) for request in batch]


def _drawn(request: Request, dice: Random) -> Output:
    if isinstance(request.item, PointItem):
        return Output.score(dice.uniform(*(request.item.score_range or (0, 1))))
    return Output.verdict(dice.choice(request.choices))


@judge("first")
class FirstJudge:
    """Always the candidate shown first: the extreme of position bias."""

    supports = Supports(objectives=ALL_OBJECTIVES, needs_media=False)
    grammar = "plain"
    estimate = staticmethod(_free)

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """The first one, whatever is shown."""
        return [Output.verdict(Verdict.FIRST)] * len(batch)


@judge("tie")
class TieJudge:
    """Always a tie: the floor of every accuracy that counts ties."""

    supports = Supports(objectives=ALL_OBJECTIVES, needs_media=False)
    grammar = "plain"
    estimate = staticmethod(_free)

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """A tie, whatever is shown."""
        return [Output.verdict(Verdict.TIE)] * len(batch)


@judge("longest")
class LongestJudge:
    """The longer answer in characters; the first shown if both are equally long."""

    supports: ClassVar[Supports] = Supports(
        objectives=frozenset({"understanding"}), needs_media=False
    )
    grammar = "plain"
    estimate = staticmethod(_free)

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Compare lengths."""
        return [_longer(*map(str, request.shown)) for request in batch]


def _longer(first: str, second: str) -> Output:
    return Output.verdict(Verdict.SECOND if len(second) > len(first) else Verdict.FIRST)
