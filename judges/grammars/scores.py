"""Scores written as numbers after labels.

``unifiedreward-2.0-scores``: what UnifiedReward-2.0 says about each dimension, of two candidates
or of one. ``unifiedreward-edit-scores``: one number for each of two edits. ``final_score`` is the
part of ``unifiedreward`` that reads one candidate's score.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean

from ...harness.items import Modality, ScoreRange, Status
from ...harness.parsing import (
    AMBIGUOUS,
    NOT_A_NUMBER,
    OUT_OF_RANGE,
    TRUNCATED,
    UNPARSED,
    Asked,
    Parsed,
    answer_span,
    grammar,
    one_score,
    read_scores,
)
from ...harness.scores import written
from .objects import edit_score

_SCORED = re.compile(r"\bfinal\s+score\s*:\s*(?P<said>[^\n]*)", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.,])[+\-−]?(?:\d+(?:\.\d+)?|nan)(?![\w%]|[.,]\w)",
    re.IGNORECASE,
)


def final_score(span: str, asked: Asked) -> Parsed:
    """The number after ``Final Score:``; several such lines must agree.

    The line may repeat the highest score (``4/5``, ``4 out of 5``); another number in it makes it
    ambiguous.
    """
    return _labelled(_SCORED, span.replace("*", ""), asked)


def _labelled(label: re.Pattern[str], span: str, asked: Asked) -> Parsed:
    """The number that the lines with a label start with, if it lies in the range asked for."""
    assert asked.score_range is not None
    highest = re.escape(written(asked.score_range[1]))
    repeated = re.compile(rf"(?<=\d)\s*(?:/|\bout\s+of\b)\s*{highest}(?![\w%]|[.,]\w)")
    found: list[float] = []
    for match in label.finditer(span):
        said = repeated.sub("", match["said"], count=1)
        number = _NUMBER.match(said)
        if number is None:
            continue
        if re.search(r"\d", said[number.end() :]):
            return AMBIGUOUS
        found.append(_number(number.group()))
    return one_score(found, asked)


def _number(text: str) -> float:
    return float(text.replace("−", "-"))


_FLOAT = (
    r"[+\-−]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|nan)"
    r"(?![\w%]|[.,]\w"  # neither a part of something longer,
    r"|[-−]\d|[ \t]*[/~–]|[ \t]+[-−][ \t]|[ \t]+(?:to|or|out)\b)"  # nor of a range or a fraction
)
_NOTE = r"(?:\s*\([^)\n]{0,9}\))?"
"""What may follow a label: the scale, as in ``(1-5)``."""

_FIVE: ScoreRange = (1, 5)
_COMPARED = ("Alignment", "Coherence", "Style")
_RATED: dict[Modality, Sequence[str]] = {
    "image": ("Alignment", "Coherence", "Style"),
    "video": ("Alignment", "Physics", "Style"),
}
_PAIRS = {
    (noun, dimension): re.compile(
        rf"\b{dimension}\s+score{_NOTE}\s*:"
        rf"\s*{noun}\s+1\s*:\s*(?P<first>{_FLOAT})"
        rf"[\s,;]+{noun}\s+2\s*:\s*(?P<second>{_FLOAT})",
        re.IGNORECASE,
    )
    for noun in ("image", "video")
    for dimension in _COMPARED
}
_POINTS = {
    dimension: re.compile(rf"\b{dimension}\s+score{_NOTE}\s*:\s*(?P<said>[^\n]*)", re.IGNORECASE)
    for dimension in {name for names in _RATED.values() for name in names}
}


@grammar("unifiedreward-2.0-scores")
def unifiedreward_2_scores(text: str, asked: Asked) -> Parsed:
    """Scores of each dimension, averaged; one that is missing is never filled in.

    Of a pair, ``Alignment Score:`` with ``Image 1: 0.44`` and ``Image 2: 0.56`` below it, then the
    same for Coherence and Style: shares from 0 to 1, taken as they are even where the two do not
    add up to 1. Of one candidate, ``Alignment Score (1-5): 3.2``, Coherence (of a video Physics)
    and Style, each from 1 to 5; their mean is stretched to the range asked for.
    """
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    span = span.replace("*", "")
    if asked.score_range is None:
        found = [_PAIRS[asked.modality, dimension].finditer(span) for dimension in _COMPARED]
        return _averaged([_shares(matches) for matches in found])
    five = replace(asked, score_range=_FIVE)
    each = _averaged([_labelled(_POINTS[name], span, five) for name in _RATED[asked.modality]])
    if each.scores is None:
        return each
    return Parsed(Status.OK, scores=(stretched(each.scores[0], _FIVE, asked.score_range),))


def _shares(matches: Iterable[re.Match[str]]) -> Parsed:
    """What is said of one dimension of a pair."""
    found = {(_number(match["first"]), _number(match["second"])) for match in matches}
    parsed = _agreed(found)
    shares = parsed.scores or ()
    return parsed if all(0 <= share <= 1 for share in shares) else OUT_OF_RANGE


def _agreed(found: set[tuple[float, float]]) -> Parsed:
    """The two numbers if all found ones agree, else the reason why there are none."""
    if not found:
        return UNPARSED
    if any(math.isnan(number) for pair in found for number in pair):
        return NOT_A_NUMBER
    return read_scores(found.pop()) if len(found) == 1 else AMBIGUOUS


def _averaged(dimensions: Sequence[Parsed]) -> Parsed:
    """The mean over dimensions, or the first reason why one has none."""
    for parsed in dimensions:
        if parsed.status is not Status.OK:
            return parsed
    rows = [parsed.scores for parsed in dimensions if parsed.scores is not None]
    return Parsed(Status.OK, scores=tuple(map(fmean, zip(*rows, strict=True))))


def stretched(score: float, scale: ScoreRange, asked: ScoreRange) -> float:
    """A score on a checkpoint's own scale, on the one asked for.

    >>> stretched(3, (1, 5), (0, 100))
    50.0
    """
    (bottom, top), (low, high) = scale, asked
    share = (score - bottom) / (top - bottom)
    # The limits only undo rounding: a score on its own scale has a share from 0 to 1.
    return float(min(max(low + share * (high - low), low), high))


_EDITS = re.compile(
    rf"\bimage\s+(?P<which>\d+)(?:\s+score)?\s*:\s*(?P<number>{_FLOAT})", re.IGNORECASE
)
_BARE = re.compile(
    rf"(?:scores?\s*:\s*)?(?:[\[(]\s*)?(?P<first>{_FLOAT})"
    rf"[\s,;]+(?P<second>{_FLOAT})(?:\s*[\])])?\.?",
    re.IGNORECASE,
)


@grammar("unifiedreward-edit-scores")
def unifiedreward_edit_scores(text: str, asked: Asked) -> Parsed:
    """``Edited image 1: 2.5`` and ``Edited image 2: -1``, or the two numbers and nothing else.

    They may be whole and below zero. Of one candidate, ``{"reasoning": "...", "score": [20, 15]}``:
    two numbers from 0 to 25, whose mean is stretched to the range asked for.
    """
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    if asked.score_range is not None:
        parsed = edit_score(span)
        if parsed.scores is None:
            return parsed
        return Parsed(Status.OK, scores=(stretched(parsed.scores[0], (0, 25), asked.score_range),))
    span = span.replace("*", "").strip()
    if bare := _BARE.fullmatch(span):
        return _agreed({(_number(bare["first"]), _number(bare["second"]))})
    said: dict[str, set[float]] = {}
    for match in _EDITS.finditer(span):
        said.setdefault(match["which"], set()).add(_number(match["number"]))
    if said.keys() != {"1", "2"}:  # one of them is missing, or the source counts as an image too
        return UNPARSED
    return _agreed({(first, second) for first in said["1"] for second in said["2"]})
