"""How graders write their grades, and how these are read.

Each grammar gives as many numbers as the item has scales. A grade that is missing, or given twice
with different numbers, is never filled in. Official rules are those of the benchmarks' own scripts
where they differ.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..harness.items import Status
from ..harness.parsing import AMBIGUOUS, TRUNCATED, UNPARSED, Asked, Parsed, answer_span, grammar

_OBJECT = re.compile(r"\{[^{}]*\}")
_DECODER = json.JSONDecoder()
_MOST_TRIES = 100
"""Braces in a reply at which an object is looked for."""
_NUMBER = r"[+\-]?\d+(?:\.\d+)?"
_SAID = {"yes": 1.0, "no": 0.0}


@grammar("grade-verdict")
def grade_verdict(text: str, asked: Asked) -> Parsed:
    """``{"pred": "yes", "score": 4}``: right or not, and how good from 0 to 5; JSON or Python.

    Official: the whole reply must be such an object, and the score loses its decimals.
    """
    if asked.protocol == "official":
        whole = _decoded(text.strip())
        found = {_verdict(whole)} if whole is not None else set()
        numbers = one(found)
        if numbers.scores is None:
            return numbers
        return Parsed(Status.OK, scores=(numbers.scores[0], float(int(numbers.scores[1]))))
    span = answer_span(text)
    return TRUNCATED if span is None else one({_verdict(each) for each in _objects(span)})


def _verdict(said: Mapping[str, Any]) -> tuple[float, ...] | None:
    right = _SAID.get(str(said.get("pred", "")).strip().lower())
    score = _number(said.get("score"))
    return None if right is None or score is None else (right, score)


@grammar("grade-rating")
def grade_rating(text: str, asked: Asked) -> Parsed:
    """``Rating: 4``; several must agree. Stars do not matter, nor does a scale, ``/6``."""
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    found = _RATING.findall(span.replace("*", ""))
    return one({(float(number),) for number in found})


_RATING = re.compile(
    rf"\brating\s*:\s*({_NUMBER})(?![\w%]|\.\d|\s*(?:-|–|\bto\b|\bor\b))", re.IGNORECASE
)


@grammar("grade-json-rating")
def grade_json_rating(text: str, asked: Asked) -> Parsed:
    """``{"Explanation": "...", "Rating": 7}``; a number in quotes counts too."""
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    said = [each for each in _objects(span) if "Rating" in each]
    numbers = [_number(each["Rating"]) for each in said]
    return one({None if number is None else (number,) for number in numbers})


@grammar("grade-two-scores")
def grade_two_scores(text: str, asked: Asked) -> Parsed:
    """The first line holds two numbers and nothing else: ``8 6``, with ``,`` ``;`` or ``/`` too."""
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    lines = span.replace("*", "").strip().splitlines()
    match = _TWO.fullmatch(lines[0].strip()) if lines else None
    return UNPARSED if match is None else one({(float(match[1]), float(match[2]))})


_TWO = re.compile(rf"\(?({_NUMBER})(?:\s*[,;/]\s*|\s+)({_NUMBER})\)?")


@grammar("grade-preference")
def grade_preference(text: str, asked: Asked) -> Parsed:
    """``[[A>>B]]``, ``[[A>B]]``, ``[[A=B]]``, ``[[B>A]]``, ``[[B>>A]]``; all must agree.

    The numbers are by how much each is ahead, 2 for much.
    """
    span = answer_span(text)
    if span is None:
        return TRUNCATED
    return one({_AHEAD.get(said) for said in _BRACKETS.findall(span)})


_BRACKETS = re.compile(r"\[\[([AB<>=]+)\]\]")
_AHEAD = {
    "A>>B": (2.0, 0.0),
    "A>B": (1.0, 0.0),
    "A=B": (0.0, 0.0),
    "B=A": (0.0, 0.0),
    "B>A": (0.0, 1.0),
    "B>>A": (0.0, 2.0),
    "A<B": (0.0, 1.0),
    "A<<B": (0.0, 2.0),
    "B<A": (1.0, 0.0),
    "B<<A": (2.0, 0.0),
}


def one(found: set[tuple[float, ...] | None]) -> Parsed:
    """The numbers if there is one set of them; *None* stands for a grade that cannot be read."""
    if len(found) > 1:
        return AMBIGUOUS
    numbers = next(iter(found), None)
    return UNPARSED if numbers is None else Parsed(Status.OK, scores=numbers)


def _objects(span: str) -> Iterator[Mapping[str, Any]]:
    """The objects in a text, outermost ones, in order; JSON first, else Python without nesting."""
    place, tries = span.find("{"), 0
    while place >= 0 and tries < _MOST_TRIES:
        tries += 1
        end = place + 1
        try:
            value, end = _DECODER.raw_decode(span, place)
            yield value
        except (ValueError, RecursionError):
            match = _OBJECT.match(span, place)
            decoded = _decoded(match.group()) if match else None
            if match and decoded is not None:
                end = match.end()
                yield decoded
        place = span.find("{", end)


def _decoded(text: str) -> Mapping[str, Any] | None:
    """An object written as JSON or as Python; *None* if it is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        if isinstance(value, dict):
            return {str(key): each for key, each in value.items()}
    return None


def _number(value: object) -> float | None:
    """A finite number, also in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
