"""The oracle: reads the truth that the shapes world's files carry, and never looks at the pixels.

Its figures are the ceiling of a demo set, since the labels there are noisy. The truth is described
in ``harness/truth.py``. Where it has dimensions, the answer is a verdict for each::

    {"VQ": "first", "MQ": "tie", "TA": "second", "Overall": "second"}

Of a single candidate, the answer is its latent score on the item's range.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..harness.errors import MediaError
from ..harness.items import (
    Candidate,
    Item,
    Media,
    Output,
    PointItem,
    Request,
    Status,
    Verdict,
)
from ..harness.judge import ALL_OBJECTIVES, Supports, failure
from ..harness.parsing import UNPARSED, Asked, Parsed, grammar, plain
from ..harness.registry import judge
from ..harness.truth import Truth, answer_key, read_truth


@grammar("oracle")
def oracle(text: str, asked: Asked) -> Parsed:
    """A verdict's own word, a JSON object of such words by dimension, or a score's number."""
    if not text.startswith("{"):
        return plain(text, asked)
    try:
        words = json.loads(text)
        return Parsed(Status.OK, {str(name): Verdict(word) for name, word in words.items()})
    except (ValueError, RecursionError):
        return UNPARSED


@judge("oracle")
class Oracle:
    """Knows the truth about pictures, videos and answers of --data demo: the ceiling there."""

    supports = Supports(objectives=ALL_OBJECTIVES, pointwise=True)
    grammar = "oracle"

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Give or compare latent scores; ``media_failed`` where there is no truth."""
        return [_answer(request) for request in batch]


def _answer(request: Request) -> Output:
    try:
        if isinstance(request.item, PointItem):
            return Output.score(_of_one(request.item))
        if request.item.objective != "generation":
            return Output.verdict(_of_answers(request))
        first, second = (_truth(shown, request.item.prompt) for shown in request.shown)
        if first.dimensions:
            return Output(text=json.dumps(_of_dimensions(first, second, request)))
        return Output.verdict(_of_candidates(first, second, request))
    except MediaError as error:
        return failure(error, Status.MEDIA_FAILED)


def _of_one(item: PointItem) -> float:
    if item.objective != "generation":
        (latent,) = _scores_of_answers(item)
    else:
        latent = _score(_truth(item.candidate, item.prompt))
    low, high = item.score_range or (0.0, 1.0)
    return low + latent * (high - low)


def _of_answers(request: Request) -> Verdict:
    scores = _scores_of_answers(request.item)
    first, second = scores if request.order == "ab" else scores[::-1]
    return _of_scores(first, second, 0.0, request)


def _scores_of_answers(item: Item) -> list[float]:
    known = _truth(next(iter(item.context), None), item.prompt).answers
    try:
        return [known[answer_key(_answer_text(answer))] for answer in item.candidates]
    except KeyError:
        raise MediaError("the truth in this file does not know one of these answers") from None


def _answer_text(answer: Candidate) -> str:
    """An answer as its key is made from it."""
    return answer if isinstance(answer, str) else answer.key


def _score(truth: Truth) -> float:
    if truth.score is None:
        raise MediaError("the truth in this file holds no score: it was not made as a candidate")
    return truth.score


def _of_dimensions(first: Truth, second: Truth, request: Request) -> dict[str, Verdict]:
    if first.dimensions.keys() != second.dimensions.keys():
        raise MediaError("the truths in these files are about different dimensions")
    return {
        name: _of_scores(score, second.dimensions[name][0], tie, request)
        for name, (score, tie) in first.dimensions.items()
    }


def _of_candidates(first: Truth, second: Truth, request: Request) -> Verdict:
    one, other = _score(first), _score(second)
    verdict = _of_scores(one, other, first.tie, request)
    if verdict is Verdict.TIE and Verdict.TIE not in request.choices:
        good = (one + other) / 2 >= first.good
        return Verdict.BOTH_GOOD if good else Verdict.BOTH_BAD
    return verdict


def _truth(shown: Candidate | None, prompt: str) -> Truth:
    """The truth about a candidate, or about what is asked about.

    Raises:
        MediaError: it carries none, or one about another prompt.
    """
    truth = read_truth(shown) if isinstance(shown, Media) else None
    if truth is None:
        raise MediaError(
            "no truth in this file: the oracle only knows the pictures and videos of the shapes"
            " world; use --data demo"
        )
    if truth.prompt != prompt:
        raise MediaError(
            f"this was made for another prompt ({truth.prompt!r}),"
            " so its truth says nothing about this one"
        )
    return truth


def _of_scores(first: float, second: float, tie: float, request: Request) -> Verdict:
    """The higher score, or a tie where the task allows one."""
    ahead = first - second
    if abs(ahead) < tie and any(choice.coarse is Verdict.TIE for choice in request.choices):
        return Verdict.TIE
    if ahead == 0:
        return Verdict.FIRST if request.seed % 2 else Verdict.SECOND
    return Verdict.FIRST if ahead > 0 else Verdict.SECOND
