"""Answers written as one JSON object, fenced or bare, with or without text around it.

``unifiedreward-flex``: categories, dimensions and a winner. ``edit_score`` is the part of
``unifiedreward-edit-scores`` that reads one candidate's scores.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from statistics import fmean

from ...harness.items import Status, Verdict
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
    numbers,
    one_verdict,
)

_WINNERS = {"1": Verdict.FIRST, "2": Verdict.SECOND}
_WINNER = {
    "image": re.compile(r"\s*image\s+([12])\s*", re.IGNORECASE),
    "video": re.compile(r"\s*video\s+([12])\s*", re.IGNORECASE),
}


@grammar("unifiedreward-flex")
def unifiedreward_flex(text: str, asked: Asked) -> Parsed:
    """``{"prompt": ..., "categories": [...], "reason": ..., "winner": "Image 1"}``.

    The winner alone counts, whatever the categories say; there are no ties.
    """
    span = answer_span(text)
    if span is None or asked.score_range is not None:
        return TRUNCATED if span is None else UNPARSED
    said, cut = values(span, "winner")
    if not said:
        return TRUNCATED if cut else UNPARSED
    found = [_WINNER[asked.modality].fullmatch(winner) for winner in said if type(winner) is str]
    read = [_WINNERS[match[1]] for match in found if match]
    return one_verdict(read) if len(read) == len(said) or not read else AMBIGUOUS


def edit_score(span: str) -> Parsed:
    """The mean of the two numbers from 0 to 25 in ``{"score": [20, 15]}``."""
    said, cut = values(span, "score")
    if not said:
        return TRUNCATED if cut else UNPARSED
    read = {numbers(value) for value in said}
    pair = read.pop()
    if read:
        return AMBIGUOUS
    if pair is None or len(pair) != 2:
        return UNPARSED
    if any(map(math.isnan, pair)):
        return NOT_A_NUMBER
    if not all(0 <= number <= 25 for number in pair):
        return OUT_OF_RANGE
    return Parsed(Status.OK, scores=(fmean(pair),))


def values(span: str, key: str) -> tuple[list[object], bool]:
    """What the JSON objects of a text say under ``key``, and whether the text ends inside one.

    Objects within objects do not count, nor does what is no JSON.
    """
    found, cut = [], False
    for place, end in _braces(span):
        if end is None:
            cut = True
            break
        if f'"{key}"' in span[place:end]:
            decoded = _decoded(span[place:end])
            found += [decoded[key]] if key in decoded else []
    return found, cut


_TOKEN = re.compile(r'[{}"]|\\.', re.DOTALL)


def _braces(text: str) -> Iterator[tuple[int, int | None]]:
    """Where each outermost ``{...}`` starts and ends; *None* for one that never does.

    Braces in the strings of an object do not count; quotes outside of objects start no string.
    """
    depth = start = 0
    quoted = False
    for token in _TOKEN.finditer(text):
        match token.group():
            case '"':
                quoted = depth > 0 and not quoted
            case "{" if not quoted:
                start = start if depth else token.start()
                depth += 1
            case "}" if depth and not quoted:
                depth -= 1
                if not depth:
                    yield start, token.end()
    if depth:
        yield start, None


def _decoded(text: str) -> Mapping[str, object]:
    """A JSON object, which may have bare line ends in its strings; empty if it is none."""
    try:
        decoded: dict[str, object] = json.loads(text, strict=False, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return {}
    return decoded


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members
