"""Stored answers of a model, and their grades, as columns."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from .choices import Choices, choice_measures
from .columns import ENDED, WHOLE, Items, Loaded, Shape, read_items
from .grades import Grades, grade_measures
from .grading import grades_name
from .items import LETTERS, Status
from .judgements import FAILED, UNREAD, Bools
from .pointwise import READ
from .store import Store
from .task import Task, grading_of

_AHEAD = {
    "first": (1.0, 0.0),
    "second": (0.0, 1.0),
    **dict.fromkeys(("tie", "both_good", "both_bad"), (0.5, 0.5)),
}
"""A verdict about the answer and another one, as the two numbers of a grade."""

Facets = Mapping[str, Mapping[str, Bools]]


def answers(
    store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]
) -> Loaded:
    """One task's answers as columns: the options chosen, or the grades given."""
    if grading_of(task) is None:
        return _choices(store, task, shape, protocol)
    return _grades(store, task, shape, protocol)


def _read(store: Store, task: str) -> tuple[Items, Facets]:
    """The items of a task that asks a model, and which of them each facet's values have."""
    facets: list[Mapping[str, str]] = []

    def read(said: Any) -> Sequence[float]:
        answer, options, own, *_ = said
        facets.append(own)
        return [-1 if answer is None else answer, options]

    items = read_items(store, task, read, "b")
    divided: dict[str, dict[str, Bools]] = {}
    for place, own in enumerate(facets):
        for facet, value in own.items():
            parts = divided.setdefault(facet, {})
            parts.setdefault(value, np.zeros(len(facets), dtype=bool))[place] = True
    return items, {facet: dict(sorted(parts.items())) for facet, parts in divided.items()}


def _choices(
    store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]
) -> Loaded:
    items, facets = _read(store, task.name)
    label, options = items.labels[WHOLE].reshape(-1, 2).T
    rotations = 1 if shape.passes == 1 else int(options.max())
    said = np.full((len(label), rotations, shape.votes), FAILED, dtype=np.int8)
    statuses: Counter[str] = Counter()
    for block in store.rows(task.name):
        position, order, vote, status, letter, _, _ = zip(*block, strict=True)
        statuses.update(status)
        turned = [0 if o == "ab" else int(o[1:]) for o in order]
        said[items.rows(position), turned, np.array(vote)] = [
            ENDED[s] if one is None else LETTERS.index(one)
            for s, one in zip(status, letter, strict=True)
        ]
    found = Choices(label, options, said, items.cluster, items.group, items.groups, protocol)
    expected = int(found.asked.sum()) * shape.votes
    return Loaded({WHOLE: found}, dict(statuses), choice_measures, expected, facets)


def _grades(
    store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]
) -> Loaded:
    items, facets = _read(store, task.name)
    number = len(items)
    answered = np.zeros((number, shape.votes), dtype=bool)
    of_answers: Counter[str] = Counter()
    for block in store.rows(task.name):
        position, _, vote, status, *_ = zip(*block, strict=True)
        of_answers.update(status)
        answered[items.rows(position), np.array(vote)] = [not Status(s).failed for s in status]
    size = (number, shape.votes, shape.graded)
    scores, ended = np.full((*size, 2), np.nan), np.full(size, FAILED, dtype=np.int8)
    of_grades: Counter[str] = Counter()
    for block in store.rows(grades_name(task.name)):
        position, order, _, status, verdict, a, b = zip(*block, strict=True)
        of_grades.update(status)
        numbers = np.array([a, b], dtype=np.float64).T
        for place, word in enumerate(verdict):
            if word is not None:
                numbers[place] = _AHEAD.get(_whole(word), (np.nan, np.nan))
        unread = np.array([w is not None for w in verdict]) & np.isnan(numbers[:, 0])
        of_item, of_vote = np.divmod(np.array(position), shape.votes)
        back = np.array([o == "ba" for o in order], dtype=np.intp) * (shape.graded == 2)
        cell = (items.rows(of_item), of_vote, back)
        codes = np.array([READ if s == Status.OK else ENDED[s] for s in status], dtype=np.int8)
        ended[cell] = np.where(unread, UNREAD, codes)
        scores[cell] = numbers
    found = Grades(scores, ended, answered, items.cluster, items.group, items.groups, protocol)
    expected = number * shape.votes + int(answered.sum()) * shape.graded
    stages = {"answers": dict(of_answers), "grades": dict(of_grades)}
    both = dict(of_answers + of_grades)
    return Loaded({WHOLE: found}, both, grade_measures, expected, facets, stages)


def _whole(verdict: str) -> str:
    """The verdict's word; of one a dimension, that of *Overall* (empty where there is none)."""
    word = json.loads(verdict).get("Overall", "") if verdict[0] == "{" else verdict
    return str(word)
