"""What one run said on one task, from its records as the figures read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ...harness.choices import Choices
from ...harness.columns import Shape, load
from ...harness.grades import Grades
from ...harness.items import SCORE, THREE_WAY, TWO_WAY, Verdict
from ...harness.judgements import CODES, FAILED, TIE, Codes, Judgements, coarse
from ...harness.pointwise import Points
from ...harness.statistics import Floats, Ints
from ...harness.task import Task
from ..runs import Entry
from .stored import Reader

NOT_ASKED = -3
"""Code of an item that the run did not reach."""
NO_SUCH = -4
"""Code of a rotation that a question with fewer options does not have."""

Kind = Literal["pair", "point", "choice", "grade"]
"""Two candidates, one to score, a question with options, or an answer that was graded."""
Columns = Judgements | Points | Choices | Grades


@dataclass(frozen=True)
class Said:
    """What one run said of a set's items in one dimension.

    Attributes:
        run: index of the run in the report.
        verdict: codes of each pass, shape (n, passes); NOT_ASKED where it was not asked. Those of
            a judge that scores follow from the margin and the run's own tie threshold. Of a
            question they are the options chosen, from 0, a column for each rotation.
        margin: score of the first candidate less that of the second, shape (n,), for such judges.
        score: the score of the one candidate or the grade of the answer, shape (n,).
        written: whether such a score is in the item's own range (0 lowest, 1 highest).
    """

    run: int
    verdict: Codes
    margin: Floats | None = None
    score: Floats | None = None
    written: bool = False

    @property
    def one(self) -> Codes:
        """One verdict a pair: what all its passes say, a tie where they differ; shape (n,)."""
        folded = coarse(self.verdict)
        lowest = folded.min(axis=1)
        same = (folded == folded[:, :1]).all(axis=1)
        found: Codes = np.where(lowest < 0, lowest, np.where(same, folded[:, 0], TIE))
        return found


@dataclass(frozen=True)
class Loaded:
    """One run's columns on one task, with its items' positions, shape (n,)."""

    positions: Ints
    dimensions: Mapping[str, Columns]

    @property
    def base(self) -> Columns:
        """Any one of the dimensions."""
        return next(iter(self.dimensions.values()))

    @property
    def kind(self) -> Kind:
        """What sort of items they are."""
        if isinstance(self.base, Judgements):
            return "pair"
        if isinstance(self.base, Points):
            return "point"
        return "choice" if isinstance(self.base, Choices) else "grade"


@dataclass(frozen=True)
class _Asked:
    """As much of a task as reading its records takes."""

    name: str
    choices: tuple[Verdict, ...] = SCORE
    kind: str | None = None
    grading: object | None = None


def loaded(store: Reader, settings: Mapping[str, Any], entry: Entry) -> Loaded:
    """Read the records of one task of one run; ``settings`` are its manifest's for the task."""
    labels = [(position, label) for position, label, _, _ in store.items(entry.task)]
    grading = settings.get("grading")
    graded = int(grading["passes"]) if grading else 1
    shape = Shape(int(settings["passes"]), entry.run.votes, graded)
    asked = cast(Task, _asked(labels[0][1], entry, grading))
    found = load(store, asked, shape, entry.run.protocol)
    return Loaded(np.array([place for place, _ in labels], dtype=np.int64), found.dimensions)


def _asked(label: str, entry: Entry, grading: object | None) -> _Asked:
    """What sort of task it was, from the form of a label and the figures that were reported."""
    said = json.loads(label) if label[0] in "{[" else label
    if isinstance(said, list) and len(said) > 2 and isinstance(said[2], dict):
        return _Asked(entry.task, kind="question", grading=grading)
    one = next(iter(said.values())) if isinstance(said, dict) else said
    if isinstance(one, list):
        return _Asked(entry.task)
    ties = any(metric.startswith(("tau", "diff")) for _, metric in entry.figures())
    return _Asked(entry.task, THREE_WAY if ties else TWO_WAY)


def labels_of(columns: Columns) -> NDArray[Any]:
    """What is right by people or by the data, shape (n,)."""
    if isinstance(columns, Points):
        return columns.human
    if isinstance(columns, Grades):
        return np.zeros(len(columns))
    return columns.label


def said_of(run: int, columns: Columns, place: Ints, n: int, threshold: float) -> Said:
    """What the columns say, set among ``n`` items.

    Args:
        run: index of the run.
        columns: of one dimension.
        place: where among the n items each of theirs is.
        n: how many items the set has.
        threshold: score differences up to this are a tie.
    """
    if isinstance(columns, Judgements):
        return _judged(run, columns, place, n, threshold)
    if isinstance(columns, Choices):
        chosen = np.where(columns.asked, columns.by_rotation, NO_SUCH).astype(np.int8)
        return Said(run, _spread(chosen, place, n))
    if isinstance(columns, Points):
        ended = columns.ended.min(axis=1)
        score, written = columns.judge, columns.written
    else:
        ended = np.where(columns.answered.all(axis=1), columns.ended.min(axis=(1, 2)), FAILED)
        score, written = _grade(columns), False
    scores = np.full(n, np.nan)
    scores[place] = score
    return Said(run, _spread(ended.astype(np.int8)[:, None], place, n), None, scores, written)


def _spread(codes: Codes, place: Ints, n: int) -> Codes:
    found = np.full((n, codes.shape[1]), NOT_ASKED, dtype=np.int8)
    found[place] = codes
    return found


def _judged(run: int, columns: Judgements, place: Ints, n: int, threshold: float) -> Said:
    if columns.margin is None:
        return Said(run, _spread(columns.by_pass, place, n))
    margin = np.full(n, np.nan)
    margin[place] = columns.margin
    return Said(run, _spread(_by_threshold(columns, threshold), place, n), margin)


def _by_threshold(columns: Judgements, threshold: float) -> Codes:
    margin = columns.margin
    assert margin is not None
    signs = np.where(margin > 0, CODES["first"], CODES["second"])
    signs[np.abs(margin) <= max(threshold, 0.0)] = TIE
    one: Codes = np.where(np.isfinite(margin), signs, columns.by_pass.min(axis=1)).astype(np.int8)
    return one[:, None]


def _grade(columns: Grades) -> Floats:
    """The mean of an item's grades, by their first number; ``nan`` where none was read."""
    count = columns.read.sum(axis=(1, 2))
    total = columns.number(0).sum(axis=(1, 2))
    mean: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean
