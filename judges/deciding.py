"""Verdicts and scores from how likely a checkpoint's own answers are, with no text generated.

After a chat, each answer that the question allows has a probability, token by token. ``branch``
looks only where answers part: at each such place the tokens that lead on to some answer share the
probability among them, and an answer has the product of its shares::

    P("Image 2 is better") = p("Image") / (p("Image") + p("Both"))
                             * p(" 2" | "Image") / (p(" 1" | "Image") + p(" 2" | "Image"))

``length`` compares the mean log-probability of the answers' tokens. Both give probabilities that
sum to one over the answers. A verdict is the most likely answer, except that ties can be held to a
probability of their own; a score is the expected value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ..harness.items import Output, Verdict
from .backends.backend import Choice

Normalise = Literal["branch", "length"]

_UNLIKELY = 1e-4
"""Answers less likely than this are not stored."""


def untold(choice: Choice) -> str | None:
    """Why nothing can be decided by a choice; *None* if something can."""
    if choice.failure is not None:
        return choice.failure
    known = any(not math.isnan(p) for row in choice.logprobs for p in row)
    return None if known else "no answer's log-probability is a number"


def decided(
    answers: Mapping[str, Verdict | float],
    choice: Choice,
    by: Normalise,
    tie: float | None = None,
) -> Output:
    """The most likely verdict about a pair, or the expected score of one candidate.

    Args:
        answers: what each answer means.
        choice: how likely each is, in the same order.
        by: how log-probabilities become probabilities.
        tie: a tie is the verdict if it is likelier than this, whatever else is likely; *None* is
            if it is the likeliest.
    """
    likely = dict(zip(answers, probabilities(choice, by), strict=True))
    if any(isinstance(meaning, Verdict) for meaning in answers.values()):
        text = _likeliest(answers, likely, tie)
    else:
        text = f"Final Score: {_mean(answers, likely.values()):.4f}"
    logprobs = {a: round(math.log(p), 6) for a, p in likely.items() if p > _UNLIKELY}
    return Output(text=text, logprobs=logprobs, tokens_in=choice.tokens_in, tokens_out=0)


def expected(answers: Mapping[str, Verdict | float], choice: Choice, by: Normalise) -> float:
    """The expected score of one candidate; as :func:`decided`, whose answers are all scores."""
    return _mean(answers, probabilities(choice, by))


def _mean(answers: Mapping[str, Verdict | float], shares: Iterable[float]) -> float:
    scores = [meaning for meaning in answers.values() if not isinstance(meaning, Verdict)]
    return sum(score * share for score, share in zip(scores, shares, strict=True))


def _likeliest(
    answers: Mapping[str, Verdict | float], likely: Mapping[str, float], tie: float | None
) -> str:
    ties = {answer for answer in answers if answers[answer] is Verdict.TIE}
    if tie is not None:
        said = [answer for answer in ties if likely[answer] > tie]
        if said:
            return said[0]
        likely = {answer: p for answer, p in likely.items() if answer not in ties}
    return max(likely, key=lambda answer: likely[answer])


def probabilities(choice: Choice, by: Normalise) -> list[float]:
    """The probability of each answer, given that it is one of them; they sum to one.

    A log-probability that is not known (nan) counts as that of an answer never given.
    """
    if by == "length":
        means = [sum(row) / len(row) for row in choice.logprobs]
        return _shares(means)
    found = dict(_branches(choice, range(len(choice.tokens)), 0))
    return [found[i] for i in range(len(choice.tokens))]


def _branches(choice: Choice, members: Sequence[int], depth: int) -> Mapping[int, float]:
    """The share of each of some answers that agree in their first ``depth`` tokens."""
    if len(members) == 1:
        return {members[0]: 1.0}
    groups: dict[int | str | None, list[int]] = {}
    for member in members:
        row = choice.tokens[member]
        groups.setdefault(row[depth] if depth < len(row) else None, []).append(member)
    if None in groups and len(groups) == 1:  # the same answer twice
        return dict.fromkeys(members, 1 / len(members))
    logprobs: dict[int | str | None, float] = {
        token: choice.logprobs[group[0]][depth]
        for token, group in groups.items()
        if token is not None
    }
    if None in groups:  # it ends here, and the backend does not see the end: what is left is its
        others = sum(math.exp(p) for p in logprobs.values() if not math.isnan(p))
        logprobs[None] = math.log(max(1e-9, 1 - others))
    shares = dict(zip(logprobs, _shares(list(logprobs.values())), strict=True))
    return {
        member: shares[token] * within
        for token, group in groups.items()
        for member, within in _branches(choice, group, depth + 1).items()
    }


def _shares(logprobs: Sequence[float]) -> list[float]:
    known = [-math.inf if math.isnan(p) else p for p in logprobs]
    highest = max(known)
    if highest == -math.inf:
        return [1 / len(known)] * len(known)
    weights = [math.exp(p - highest) for p in known]
    return [weight / sum(weights) for weight in weights]
