"""The oracle: reads the truth that pictures of the shapes world carry, and never looks at them.

Its figures are the ceiling of a demo set, since the labels there are noisy. The truth is the PNG
text chunk described in ``harness/truth.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..harness.errors import MediaError
from ..harness.items import Candidate, Media, Output, Request, Status, Verdict
from ..harness.judge import Supports, failure
from ..harness.registry import judge
from ..harness.truth import Truth, read_truth


@judge("oracle")
class Oracle:
    """Knows the truth about pictures of the shapes world (--data demo): the ceiling there."""

    supports = Supports(modalities=frozenset({"image"}), objectives=frozenset({"generation"}))
    grammar = "plain"

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Compare the latent scores of each pair; ``media_failed`` where there is no truth."""
        return [_answer(request) for request in batch]


def _answer(request: Request) -> Output:
    try:
        first, second = (_truth(shown, request.item.prompt) for shown in request.shown)
    except MediaError as error:
        return failure(error, Status.MEDIA_FAILED)
    return Output.verdict(_verdict(first, second, request))


def _truth(shown: Candidate, prompt: str) -> Truth:
    """The truth about one candidate.

    Raises:
        MediaError: it carries none, or one about another prompt.
    """
    truth = read_truth(shown) if isinstance(shown, Media) else None
    if truth is None:
        raise MediaError(
            "no truth in this picture: the oracle only knows pictures of the shapes world;"
            " use --data demo"
        )
    if truth.caption != prompt:
        raise MediaError(
            f"this picture was made for another prompt ({truth.caption!r}),"
            " so its truth says nothing about this one"
        )
    return truth


def _verdict(first: Truth, second: Truth, request: Request) -> Verdict:
    ahead = first.score - second.score
    if abs(ahead) < first.tie:
        good = (first.score + second.score) / 2 >= first.good
        for tie in (Verdict.BOTH_GOOD if good else Verdict.BOTH_BAD, Verdict.TIE):
            if tie in request.choices:
                return tie
    if ahead == 0:
        return Verdict.FIRST if request.seed % 2 else Verdict.SECOND
    return Verdict.FIRST if ahead > 0 else Verdict.SECOND
