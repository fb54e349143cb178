"""Text to verdict or score, or the reason why not.

A *grammar* is a function from a judge's text to :class:`Parsed`; it never raises and never
guesses. Grammars are registered by name (``@grammar("unifiedreward")``), because a stored run is
re-parsed by name with no judge at hand.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from .errors import not_found
from .items import (
    LETTERS,
    ROTATIONS,
    GradeItem,
    Item,
    Modality,
    Objective,
    Order,
    Output,
    PointItem,
    QuestionItem,
    ScoreRange,
    Status,
    Verdict,
    rotated,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a grammar may know about the question whose answer it reads.

    ``score_range`` is where a score of one candidate was asked for; *None* where two candidates
    were compared. ``options`` are those of a question, in the order shown. ``scales`` are the
    ranges of the numbers that a grade consists of.
    """

    modality: Modality
    objective: Objective
    protocol: Literal["robust", "official"]
    score_range: ScoreRange | None = None
    options: tuple[str, ...] = ()
    scales: tuple[ScoreRange, ...] = ()

    @classmethod
    def of(cls, item: Item, protocol: Literal["robust", "official"], order: Order = "ab") -> Asked:
        """What was asked about an item that was shown in that order."""
        scale = item.score_range if isinstance(item, PointItem) else None
        options = rotated(item.options, order) if isinstance(item, QuestionItem) else ()
        scales = item.scales if isinstance(item, GradeItem) else ()
        return cls(item.modality, item.objective, protocol, scale, options, scales)


@dataclass(frozen=True, slots=True)
class Parsed:
    """How one output was read; ``verdict`` and ``scores`` speak of the candidates as shown.

    ``option`` is the place of the option that was chosen, as shown.
    """

    status: Status
    verdict: Verdict | Mapping[str, Verdict] | None = None
    scores: tuple[float, ...] | None = None
    option: int | None = None


UNPARSED = Parsed(Status.UNPARSED)
AMBIGUOUS = Parsed(Status.AMBIGUOUS)
TRUNCATED = Parsed(Status.TRUNCATED)
OUT_OF_RANGE = Parsed(Status.OUT_OF_RANGE)
NOT_A_NUMBER = Parsed(Status.NOT_A_NUMBER)

Grammar = Callable[[str, Asked], Parsed]
_grammars: dict[str, Grammar] = {}


def grammar(name: str) -> Callable[[Grammar], Grammar]:
    """Decorator that registers a grammar under ``name``."""

    def add(function: Grammar) -> Grammar:
        _grammars[name] = function
        return function

    return add


def get_grammar(name: str) -> Grammar:
    """The grammar of that name; raises :class:`UserError` with a suggestion otherwise."""
    if name not in _grammars:
        raise not_found("answer format", name, _grammars)
    return _grammars[name]


def one_verdict(found: list[Verdict]) -> Parsed:
    """The verdict if all found ones agree; ambiguous if they do not; unparsed if there is none."""
    distinct = set(found)
    if not distinct:
        return UNPARSED
    return Parsed(Status.OK, distinct.pop()) if len(distinct) == 1 else AMBIGUOUS


def one_score(found: list[float], asked: Asked) -> Parsed:
    """The score of one candidate if all found ones agree, and it lies in the range asked for.

    Ambiguous if they do not agree, unparsed if there is none, not a number if it is ``nan``, out
    of range (never moved into it) if it lies outside.
    """
    distinct = set(found)
    if asked.score_range is None or not distinct:
        return UNPARSED
    if all(map(math.isnan, distinct)):
        return NOT_A_NUMBER
    if len(distinct) > 1:
        return AMBIGUOUS
    (score,) = distinct
    low, high = asked.score_range
    return Parsed(Status.OK, scores=(score,)) if low <= score <= high else OUT_OF_RANGE


_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL)


def answer_span(text: str) -> str | None:
    """The part of ``text`` that is the answer, never the reasoning before it.

    Returns what follows the last ``</think>``, narrowed to the last ``<answer>`` element if there
    is one; ``None`` when a reasoning block was opened and never closed.
    """
    _, closed, tail = text.rpartition("</think>")
    if not closed and "<think>" in text:
        return None
    span = tail if closed else text
    elements = _ANSWER.findall(span)
    return elements[-1] if elements else span


@grammar("plain")
def plain(text: str, asked: Asked) -> Parsed:
    """The verdict's own word: first, second, tie, both_good or both_bad; or a score's number."""
    try:
        if asked.score_range is not None:
            return one_score([float(text)], asked)
        return Parsed(Status.OK, Verdict(text))
    except ValueError:
        return UNPARSED


@grammar("scores")
def scores(text: str, asked: Asked) -> Parsed:
    """A JSON list of numbers, one a candidate, for stored scores that travel as text."""
    try:
        found = numbers(json.loads(text))
    except (ValueError, RecursionError):
        return UNPARSED
    if found is None:
        return UNPARSED
    one = asked.score_range is not None and len(found) == 1
    return one_score(list(found), asked) if one else read_scores(found)


def numbers(value: object) -> tuple[float, ...] | None:
    """A decoded JSON list of numbers, one or more; *None* if it is anything else."""
    if not isinstance(value, list) or not value or not all(type(n) in (int, float) for n in value):
        return None
    try:
        return tuple(map(float, value))
    except OverflowError:  # a whole number of more than 308 digits
        return None


def read_scores(shown: tuple[float, ...]) -> Parsed:
    """Scores as shown; refused if one is ``nan`` or infinite."""
    if any(map(math.isnan, shown)):
        return NOT_A_NUMBER
    return Parsed(Status.OK, scores=shown) if all(map(math.isfinite, shown)) else OUT_OF_RANGE


def parse(output: Output, read: Grammar, asked: Asked) -> Parsed:
    """Read one output by the judge's grammar, or take its numbers.

    Of a pair, numbers come first; of one candidate, text does, since its score is stored beside it.
    """
    numbers, text = output.scores, output.text
    if numbers is not None and (text is None or asked.score_range is None):
        return _answering(read_scores(numbers), asked)
    if text is None:
        return UNPARSED
    if output.truncated:
        scored = asked.score_range is not None or asked.scales
        text = (_CUT_WORD if scored else _CUT_NUMBER).sub("", text)
    parsed = _answering(read(text, asked), asked)
    if output.truncated and parsed.status is Status.UNPARSED:
        return TRUNCATED
    return parsed


_CUT_WORD = re.compile(r"(?<![\w.])[\w.]+\Z")
_CUT_NUMBER = re.compile(r"(?<![\w.])\d[\w.]*\Z")
"""The end of a text that was cut off there: a number may lack digits."""


def _answering(parsed: Parsed, asked: Asked) -> Parsed:
    """What was read, if it answers the question: a pair's verdict or scores, or one score.

    Of a question with options, one of them; of a grade, all its numbers, each on its scale.
    """
    if parsed.status is not Status.OK:
        return parsed
    if asked.options:
        return parsed if parsed.option in range(len(asked.options)) else UNPARSED
    if asked.scales:
        return _on_scales(parsed, asked.scales)
    if asked.score_range is None:
        fits = parsed.scores is None or len(parsed.scores) == 2
    else:
        fits = parsed.scores is not None and len(parsed.scores) == 1
    return parsed if fits else UNPARSED


def _on_scales(parsed: Parsed, scales: tuple[ScoreRange, ...]) -> Parsed:
    if parsed.scores is None or len(parsed.scores) != len(scales):
        return UNPARSED
    within = (low <= n <= high for n, (low, high) in zip(parsed.scores, scales, strict=True))
    return parsed if all(within) else OUT_OF_RANGE


def in_item_frame(
    parsed: Parsed, order: Order, options: int = 0
) -> tuple[str | None, tuple[float, ...] | None]:
    """Verdict and scores about the item's own candidates, as stored in a record.

    Of a question with so many options, the letter of its own option.
    """
    verdict, scores = parsed.verdict, parsed.scores
    if parsed.option is not None and options:
        return LETTERS[(parsed.option + ROTATIONS.index(order)) % options], None
    if order == "ba":
        scores = scores and scores[::-1]
        if isinstance(verdict, Verdict):
            verdict = verdict.swapped
        elif verdict is not None:
            verdict = {k: v.swapped for k, v in verdict.items()}
    if verdict is None or isinstance(verdict, Verdict):
        return (verdict and verdict.value), scores
    return json.dumps({k: v.value for k, v in verdict.items()}), scores
