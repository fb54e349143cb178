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
from .items import Modality, Objective, Order, Output, Status, Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """What a grammar may know about the question whose answer it reads."""

    modality: Modality
    objective: Objective
    protocol: Literal["robust", "official"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """How one output was read; ``verdict`` speaks of the candidates as shown."""

    status: Status
    verdict: Verdict | Mapping[str, Verdict] | None = None
    scores: tuple[float, float] | None = None


UNPARSED = Parsed(Status.UNPARSED)
AMBIGUOUS = Parsed(Status.AMBIGUOUS)

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
    """The verdict's own word: first, second, tie, both_good or both_bad."""
    try:
        return Parsed(Status.OK, Verdict(text))
    except ValueError:
        return UNPARSED


@grammar("scores")
def scores(text: str, asked: Asked) -> Parsed:
    """A JSON list of two numbers, for stored scores that travel as text."""
    try:
        first, second = json.loads(text)
        return read_scores((float(first), float(second)))
    except (ValueError, TypeError):
        return UNPARSED


def read_scores(pair: tuple[float, float]) -> Parsed:
    """Scores as shown; ``out_of_range`` if one is not finite."""
    if not all(math.isfinite(s) for s in pair):
        return Parsed(Status.OUT_OF_RANGE)
    return Parsed(Status.OK, scores=pair)


def parse(output: Output, read: Grammar, asked: Asked) -> Parsed:
    """Read one output; numbers come first, then text by the judge's grammar."""
    if output.scores is not None:
        return read_scores(output.scores)
    if output.text is None:
        return UNPARSED
    parsed = read(output.text, asked)
    if output.truncated and parsed.status is Status.UNPARSED:
        return Parsed(Status.TRUNCATED)
    return parsed


def in_item_frame(parsed: Parsed, order: Order) -> tuple[str | None, tuple[float, float] | None]:
    """Verdict and scores about the item's own candidates, as stored in a record."""
    verdict, pair = parsed.verdict, parsed.scores
    if order == "ba":
        pair = pair and (pair[1], pair[0])
        if isinstance(verdict, Verdict):
            verdict = verdict.swapped
        elif verdict is not None:
            verdict = {k: v.swapped for k, v in verdict.items()}
    if verdict is None or isinstance(verdict, Verdict):
        return (verdict and verdict.value), pair
    return json.dumps({k: v.value for k, v in verdict.items()}), pair
