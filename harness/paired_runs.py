"""Two runs of one task, read side by side: the items that both judged, and every figure of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import isclose
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from .calibration import CalibratedTau, CrossFittedTau, accuracy_at, best_threshold
from .columns import WHOLE, Loaded, Shape, load
from .judgements import FAILED, UNREAD, restricted
from .metrics import Measure
from .paired import Measured, Pair
from .read_only import Answer, ReadOnlyStore
from .statistics import Figure, Ints
from .store import Store
from .task import Multidimensional, Task

Place = tuple[str, str]
"""Where a figure stands: (group, metric); the whole task is the group ``""``."""
Rows = NDArray[np.intp]

BOUNDS = ("_parsed", "_lower", "_upper")
"""Ends of metrics that a run has only where an answer could not be read; else they are X itself."""


@dataclass(frozen=True)
class Side:
    """One run's records, how many outputs each item has, and whose rules count.

    ``planned`` is how many items the run was to judge.
    """

    store: Store
    shape: Shape
    protocol: Literal["robust", "official"]
    planned: int

    @classmethod
    def of(cls, store: Store, identity: Mapping[str, Any], task: str) -> Side:
        """From the manifest's ``identity`` of a run."""
        own = identity["tasks"][task]
        graded = own["grading"]["passes"] if own.get("grading") else 1
        shape = Shape(own["passes"], identity["votes"], graded)
        return cls(store, shape, identity["protocol"], own["data"]["items"])


@dataclass(frozen=True)
class Part:
    """A task or one of its groups in one run: its figures, and how its outputs ended."""

    figures: Mapping[str, Measured]
    cluster: Ints
    n: int
    outputs: int
    unparsed: int
    failed: int


@dataclass(frozen=True)
class PairedTask:
    """One task of two runs over the items that both judged.

    Attributes:
        name: the task's.
        figures: every figure that both have.
        candidate: how the candidate's outputs ended, by group; the whole task is ``""``.
        shown_first: the metrics that tables show first.
        positions: of each shared item, its position in the baseline's and the candidate's data;
            shape (items, 2).
        same_outputs: whether every shared item got the same outputs in both.
        only: how many items only the baseline has, and only the candidate.
        missing: how many planned items the baseline lacks, and the candidate.
    """

    name: str
    figures: Mapping[Place, Pair]
    candidate: Mapping[str, Part]
    shown_first: tuple[str, ...]
    positions: NDArray[np.int64]
    same_outputs: bool
    only: tuple[int, int]
    missing: tuple[int, int]

    @property
    def n(self) -> int:
        """Number of shared items."""
        return len(self.positions)


def pair(
    task: Task, baseline: Side, candidate: Side, *, same_data: bool, finished: bool = False
) -> PairedTask:
    """Read one task of two runs.

    Args:
        task: gives the figures.
        baseline, candidate: where the records are.
        same_data: whether the items are known to be the same, position by position. Else items
            of the same id, label and content are; both stores must be read-only ones.
        finished: leave out items of which the candidate has not all outputs yet.
    """
    sides = baseline, candidate
    known = [_keys(side, task.name, same_data) for side in sides]
    done = _finished(candidate, task.name) if finished else None
    shared = [key for key in known[0] if key in known[1]]
    if done is not None:
        shared = [key for key in shared if known[1][key] in done]
    positions = [np.array([own[key] for key in shared], dtype=np.int64) for own in known]
    parts = [
        _measured(side, task, own) if shared else {}
        for side, own in zip(sides, positions, strict=True)
    ]
    return PairedTask(
        task.name,
        dict(_pairs(*parts)),
        parts[1],
        _headline(task, candidate.protocol),
        np.stack(positions, axis=1),
        _same_outputs(baseline.store, candidate.store, task.name, positions),
        (len(known[0]) - len(shared), len(known[1]) - len(shared)),
        (max(0, baseline.planned - len(known[0])), max(0, candidate.planned - len(known[1]))),
    )


def _headline(task: Task, protocol: str) -> tuple[str, ...]:
    official: tuple[str, ...] = getattr(task, "official_headline", task.headline)
    return official if protocol == "official" else task.headline


def _pairs(
    baseline: Mapping[str, Part], candidate: Mapping[str, Part]
) -> Iterator[tuple[Place, Pair]]:
    for group, part in baseline.items():
        other = candidate.get(group)
        if other is None or other.n != part.n:
            continue
        for metric in {**part.figures, **other.figures}:
            first, second = _figure(part, metric), _figure(other, metric)
            if first is not None and second is not None:
                yield (group, metric), Pair(metric, first, second, part.cluster)


def _figure(part: Part, metric: str) -> Measured | None:
    """The figure, or the main one that it would be equal to."""
    found = part.figures.get(metric)
    for end in BOUNDS:
        if found is None and metric.endswith(end):
            found = part.figures.get(metric.removesuffix(end))
    return found


def _measured(side: Side, task: Task, positions: NDArray[np.int64]) -> dict[str, Part]:
    """Every figure of a task over the items at some positions, by group."""
    loaded = load(side.store, task, side.shape, side.protocol)
    places = np.array([*_positions(side.store, task.name)], dtype=np.int64)
    rows = np.searchsorted(places, positions)
    return measured(loaded, task, rows)


def measured(loaded: Loaded, task: Task, rows: Rows) -> dict[str, Part]:
    """Every figure of a task over some of its items, as ``results.json`` has them over all.

    Args:
        loaded: the records as columns.
        task: gives the figures.
        rows: which items, in which order.

    Returns:
        Parts by group; the whole task is the group ``""``.
    """
    columns = {name: _some(own, rows) for name, own in loaded.dimensions.items()}
    measures = getattr(task, "measures", loaded.usual)
    if list(columns) == [WHOLE]:
        whole = columns[WHOLE]
        found = getattr(task, "whole", measures)(whole)
        groups = {name: whole.in_group(name) for name in whole.groups if name}
    else:
        whole = next(iter(columns.values()))
        found = cast(Multidimensional, task).across(columns)
        groups = columns
    parts = {WHOLE: _part(found, whole)}
    return parts | {name: _part(measures(own), own) for name, own in groups.items()}


def _part(measures: Mapping[str, Measure], columns: Any) -> Part:
    ended = columns.ended
    return Part(
        {name: Measured(own, _ratio(own, columns)) for name, own in measures.items()},
        columns.cluster,
        len(columns),
        int(ended.size),
        int((ended == UNREAD).sum()),
        int((ended == FAILED).sum()),
    )


def _some(columns: Any, rows: Rows) -> Any:
    """Some items' columns; groups that have none of them are forgotten."""
    found = restricted(columns, cast(Any, rows))
    present, codes = np.unique(found.group, return_inverse=True)
    names = tuple(found.groups[code] for code in present)
    return replace(found, group=codes.astype(np.int32), groups=names)


def _ratio(measure: Measure, columns: Any) -> Figure | None:
    """The measure over the items; a calibrated one at the thresholds that it has chosen.

    A threshold is the best one, so to first order its own error adds nothing, and what it gains
    by being chosen on the same items is about the same in both runs.
    """
    if isinstance(measure, Figure):
        return measure
    if isinstance(measure, CrossFittedTau):
        return measure.figure
    if not isinstance(measure, CalibratedTau) or not len(columns):
        return None
    right = np.zeros(len(columns), dtype=bool)
    if measure.human.size:
        threshold, _ = best_threshold(measure.human, measure.margin)
        known = np.isfinite(columns.margin)
        right[known] = accuracy_at(measure.human, measure.margin, threshold)
    return Figure.ratio(right, np.ones(len(columns), dtype=bool))


def _keys(side: Side, task: str, same_data: bool) -> Mapping[Any, int]:
    if same_data:
        return {position: position for position in _positions(side.store, task)}
    store = cast(ReadOnlyStore, side.store)
    return {
        (item, label, content): position for position, item, label, content in store.contents(task)
    }


def _positions(store: Store, task: str) -> list[int]:
    return [position for position, *_ in store.items(task)]


def _finished(side: Side, task: str) -> set[int]:
    """Positions of items that have as many outputs as the plan asks for."""
    counts: dict[int, int] = {}
    for block in side.store.rows(task):
        for position, *_ in block:
            counts[position] = counts.get(position, 0) + 1
    enough = side.shape.passes * side.shape.votes
    return {position for position, count in counts.items() if count >= enough}


def _same_outputs(
    baseline: Store, candidate: Store, task: str, positions: list[NDArray[np.int64]]
) -> bool:
    first, second = positions
    if not isinstance(baseline, ReadOnlyStore) or not isinstance(candidate, ReadOnlyStore):
        return False
    if not len(first) or not (first == second).all():
        return False
    shared = set(first.tolist())
    said = [
        (own for own in store.said(task) if own[0] in shared) for store in (baseline, candidate)
    ]
    return all(
        before is not None
        and after is not None
        and before[0] == after[0]
        and _same(before[1], after[1])
        for before, after in zip_longest(*said)
    )


def _same(before: Answer, after: Answer) -> bool:
    """Whether two outputs agree; scores to four digits."""
    if before._replace(score_a=None, score_b=None) != after._replace(score_a=None, score_b=None):
        return False
    scores = ((before.score_a, after.score_a), (before.score_b, after.score_b))
    return all(
        a == b or (a is not None and b is not None and isclose(a, b, rel_tol=1e-4))
        for a, b in scores
    )
