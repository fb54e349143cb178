"""A grader that reads no meaning: an answer is right if it is a reference answer, word for word."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..harness.items import GradeItem, Output, Request, Status
from ..harness.judge import Supports
from ..harness.plan import Survey
from ..harness.registry import judge

_NOT_WORDS = re.compile(r"[^\w\s]|_")
_ARTICLES = frozenset({"a", "an", "the"})
_OUTPUTS_PER_SECOND = 20_000


@judge("reference-match")
class ReferenceMatch:
    """Grades by exact match with a reference: to see grading work without a grader, no more.

    Case, punctuation, articles and spaces do not count. A match gets the highest grade, anything
    else the lowest. Where answers are compared, the reference (or the baseline's answer) has the
    highest grade itself, so that a model can only draw level with it.
    """

    supports = Supports(needs_media=False, pairwise=False, grading=True)
    grammar = "plain"

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Compare each answer with its references."""
        return [self._grade(request) for request in batch]

    def _grade(self, request: Request) -> Output:
        item = request.item
        if not isinstance(item, GradeItem) or not item.references:
            return Output(failure=(Status.REQUEST_FAILED, "there is no reference to match"))
        right = normalised(item.answer) in set(map(normalised, item.references))
        numbers = tuple(high if right else low for low, high in item.scales)
        if item.compares:
            numbers = (item.scales[0][1], numbers[1])
        return Output(scores=numbers if request.order == "ab" else numbers[::-1])

    @staticmethod
    def estimate(survey: Survey) -> tuple[float, float]:
        """Seconds and dollars: next to nothing, and none."""
        return survey.requests / _OUTPUTS_PER_SECOND, 0.0


def normalised(text: str) -> str:
    """The words of a text without case, punctuation and articles.

    >>> normalised("  The red CIRCLE. ")
    'red circle'
    """
    words = _NOT_WORDS.sub(" ", text.casefold()).split()
    return " ".join(word for word in words if word not in _ARTICLES)
