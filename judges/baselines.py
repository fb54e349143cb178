"""Judges that look at nothing: what a real judge has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import ClassVar

from ..harness.items import Output, Request, Verdict
from ..harness.judge import Supports
from ..harness.plan import Survey
from ..harness.registry import judge

_OUTPUTS_PER_SECOND = 20_000


def _free(survey: Survey) -> tuple[float, float]:
    """Seconds and dollars of a judge that costs nothing but the harness's own work."""
    return survey.requests / _OUTPUTS_PER_SECOND, 0.0


@judge("random")
class RandomJudge:
    """A uniform draw among the verdicts the task allows, seeded by the item."""

    supports = Supports(needs_media=False)
    grammar = "plain"
    estimate = staticmethod(_free)

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Draw once for each request, from the request's own seed."""
        return [Output.verdict(Random(r.seed).choice(r.choices)) for r in batch]


@judge("first")
class FirstJudge:
    """Always the candidate shown first: the extreme of position bias."""

    supports = Supports(needs_media=False)
    grammar = "plain"
    estimate = staticmethod(_free)

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """The first one, whatever is shown."""
        return [Output.verdict(Verdict.FIRST)] * len(batch)


@judge("tie")
class TieJudge:
    """Always a tie: the floor of every accuracy that counts ties."""

    supports = Supports(needs_media=False)
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
        return [Output.verdict(_longer(*map(str, r.shown))) for r in batch]


def _longer(first: str, second: str) -> Verdict:
    return Verdict.SECOND if len(second) > len(first) else Verdict.FIRST
