"""GenEval's rules: whether detected objects are what a prompt asks for.

Facts of https://github.com/djghosh13/geneval (commit af4902f), ``evaluation/evaluate_images.py``:
all that is to be included must be there, and nothing that is excluded. Of a class, only the
``count`` most confident objects are looked at; there must be so many, all of the colour, and each
of them in the relation to each object of the other clause. Something is excluded if there are
``count`` of it. An offset counts as a direction if, less a tenth of both objects' widths (or
heights), it is more than half of the distance between the centres.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..harness.items import Status
from ..harness.parsing import AMBIGUOUS, UNPARSED, Asked, Parsed, grammar

_SLACK, _MOST, _NOWHERE = 0.1, 0.5, 1e-3
RELATIONS = ("left of", "right of", "above", "below")

Box = Sequence[float]
"""Left, top, right and bottom in pixels; a score may follow."""


@dataclass(frozen=True)
class Detected:
    """What a detector found in one image, by class, the most confident first.

    ``colours`` has a colour for each box of the classes whose colour is asked for.
    """

    boxes: Mapping[str, Sequence[Box]]
    colours: Mapping[str, Sequence[str]]


def is_correct(question: Mapping[str, Any], found: Detected) -> bool:
    """Whether the image is what was asked for.

    Args:
        question: ``include`` and ``exclude`` clauses as GenEval's metadata have them.
        found: what is in the image.

    Raises:
        KeyError, TypeError, ValueError, IndexError: the question is no such metadata.
    """
    matched: list[Sequence[Box] | None] = []
    for clause in question.get("include", ()):
        there = list(found.boxes.get(clause["class"], ()))[: clause["count"]]
        fits = len(there) == clause["count"] and _coloured(clause, found)
        if fits and "position" in clause:
            relation, other = clause["position"]
            others = matched[other]
            fits = others is not None and all(
                relation in relations(one, two) for one in there for two in others
            )
        matched.append(there if fits else None)
    excluded = any(
        len(found.boxes.get(clause["class"], ())) >= clause["count"]
        for clause in question.get("exclude", ())
    )
    return None not in matched and not excluded


def _coloured(clause: Mapping[str, Any], found: Detected) -> bool:
    if "color" not in clause:
        return True
    colours = found.colours.get(clause["class"], ())[: clause["count"]]
    return len(colours) == clause["count"] and set(colours) == {clause["color"]}


def relations(one: Box, other: Box) -> frozenset[str]:
    """Where ``one`` lies as seen from ``other``: none, one or two of :data:`RELATIONS`."""
    away, beyond = [], []
    for axis in (0, 1):
        offset = (one[axis] + one[axis + 2] - other[axis] - other[axis + 2]) / 2
        slack = _SLACK * sum(abs(box[axis + 2] - box[axis]) for box in (one, other))
        away.append(offset)
        beyond.append(math.copysign(max(0.0, abs(offset) - slack), offset))
    if max(map(abs, beyond)) < _NOWHERE:
        return frozenset()
    right, down = (distance / math.hypot(*away) for distance in beyond)
    return frozenset(
        name
        for name, share in zip(RELATIONS, (-right, right, -down, down), strict=True)
        if share > _MOST
    )


@grammar("geneval")
def geneval(text: str, asked: Asked) -> Parsed:
    """``{"question": ..., "found": {class: boxes}, "colours": {class: names}}`` to 1 or 0.

    Where the official program's own verdict is given, ``correct``, that counts; if no colour is
    asked for and the boxes say otherwise, the grade is ambiguous.
    """
    try:
        said = json.loads(text)
        question = said["question"]
        by_rule = is_correct(question, Detected(said["found"], said.get("colours", {})))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return UNPARSED
    verdict = said.get("correct", by_rule)
    if not isinstance(verdict, bool):
        return UNPARSED
    coloured = any("color" in clause for clause in question.get("include", ()))
    if verdict != by_rule and not coloured:
        return AMBIGUOUS
    return Parsed(Status.OK, scores=(float(verdict),))
