"""From stored records to ``results.json``; needs the store and the task's metrics, no model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from .items import Status, Verdict
from .metrics import (
    CODES,
    FAILED,
    UNREAD,
    Judgements,
    Measure,
    Score,
    pairwise_measures,
    scored,
)
from .parsing import Asked, get_grammar, in_item_frame, parse
from .seeds import seed_for
from .store import Store
from .task import Multidimensional, Task

Measures = Callable[[Judgements], Mapping[str, Measure]]

_WHOLE = ""
"""Name of the only dimension of a task whose labels have none."""


@dataclass(frozen=True)
class Shape:
    """How many outputs each item should have."""

    passes: int
    votes: int


@dataclass(frozen=True)
class Loaded:
    """One task's records as columns, one set a dimension, and how its outputs ended."""

    dimensions: Mapping[str, Judgements]
    statuses: Mapping[str, int]

    @property
    def n(self) -> int:
        """Number of items."""
        return len(next(iter(self.dimensions.values())))


def load(store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]) -> Loaded:
    """Read one task's items and outputs into columns."""
    labels, groups, clusters, positions = _read_items(store, task.name)
    size = (len(positions), shape.passes, shape.votes)
    dimensions = list(labels)
    verdicts = {name: np.full(size, FAILED, dtype=np.int8) for name in dimensions}
    swapped = np.zeros(size, dtype=bool)
    margin = np.full(size, np.nan)
    statuses: Counter[str] = Counter()
    scores_seen = False
    index = -1
    for row in store.rows(task.name):
        # Rows and items come in the same order, so the item's index only ever moves forward.
        while index < 0 or positions[index] != row.position:
            index += 1
        place = (index, int(row.order == "ba") if shape.passes == 2 else 0, row.vote)
        statuses[row.status] += 1
        swapped[place] = row.order == "ba"
        if row.status is not Status.OK:
            code = FAILED if row.status.failed else UNREAD
            for name in dimensions:
                verdicts[name][place] = code
        elif row.score_a is not None and row.score_b is not None:
            scores_seen = True
            margin[place] = row.score_a - row.score_b
            code = CODES["tie"] if row.score_a == row.score_b else int(row.score_a < row.score_b)
            for name in dimensions:
                verdicts[name][place] = code
        else:
            _enter(verdicts, place, row.verdict or "")
    names = sorted(set(groups))
    base = Judgements(
        label=np.zeros(size[0], dtype=np.int8),
        verdict=np.zeros(size, dtype=np.int8),
        swapped=swapped,
        margin=_mean(margin) if scores_seen else None,
        cluster=clusters,
        group=np.searchsorted(names, groups).astype(np.int32),
        groups=tuple(names),
        protocol=protocol,
        ties=any(choice.coarse is Verdict.TIE for choice in task.choices),
    )
    found = {
        name: replace(base, label=np.array(labels[name], np.int8), verdict=verdicts[name])
        for name in dimensions
    }
    return Loaded(found, dict(statuses))


def _read_items(
    store: Store, task: str
) -> tuple[dict[str, list[int]], NDArray[np.str_], NDArray[np.int64], NDArray[np.int64]]:
    labels: dict[str, list[int]] = {}
    groups, clusters, positions = [], [], []
    for position, label, group, cluster in store.items(task):
        known = json.loads(label) if label.startswith("{") else {_WHOLE: label}
        for name, verdict in known.items():
            labels.setdefault(name, []).append(CODES[verdict])
        positions.append(position)
        groups.append(group)
        clusters.append(seed_for(cluster))
    return (
        labels,
        np.array(groups, dtype=np.str_),
        np.array(clusters, dtype=np.int64),
        np.array(positions, dtype=np.int64),
    )


def _enter(
    verdicts: dict[str, NDArray[np.int8]], place: tuple[int, int, int], verdict: str
) -> None:
    """A plain verdict counts for every dimension; an object of them for those it names."""
    said = json.loads(verdict) if verdict.startswith("{") else None
    for name, column in verdicts.items():
        word = verdict if said is None else said.get(name)
        column[place] = CODES[word] if word is not None else UNREAD


def _mean(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = margin.reshape(len(margin), -1)
    known = np.isfinite(flat)
    sums = np.where(known, flat, 0.0).sum(axis=1)
    counts = known.sum(axis=1)
    mean: NDArray[np.float64] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return mean


def results(
    store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]
) -> dict[str, Any]:
    """The task's entry of ``results.json``: counts, figures, and the same for each group.

    Groups are the task's own subsets, or its dimensions where labels have several.
    """
    loaded = load(store, task, shape, protocol)
    measures: Measures = getattr(task, "measures", pairwise_measures)
    if list(loaded.dimensions) == [_WHOLE]:
        whole = loaded.dimensions[_WHOLE]
        parts = {name: whole.in_group(name) for name in whole.groups if name}
        figures = scored(getattr(task, "whole", measures)(whole), whole.cluster)
    else:
        parts = dict(loaded.dimensions)
        across = cast(Multidimensional, task).across(parts)
        figures = scored(across, next(iter(parts.values())).cluster)
    official = getattr(task, "official_headline", task.headline)
    headline = official if protocol == "official" else task.headline
    outputs = sum(loaded.statuses.values())
    failed = sum(n for status, n in loaded.statuses.items() if Status(status).failed)
    return {
        "n": loaded.n,
        "outputs": outputs,
        "unparsed": outputs - failed - loaded.statuses.get(Status.OK, 0),
        "failed": failed,
        "statuses": {str(k): v for k, v in sorted(loaded.statuses.items())},
        "complete": outputs == loaded.n * shape.passes * shape.votes,
        "headline": list(headline),
        "metrics": _json(figures),
        "groups": {name: _part(measures, part) for name, part in parts.items()},
    }


def _part(measures: Measures, judgements: Judgements) -> dict[str, Any]:
    flat = judgements.verdict
    return {
        "n": len(judgements),
        "outputs": int(flat.size),
        "unparsed": int((flat == UNREAD).sum()),
        "failed": int((flat == FAILED).sum()),
        "metrics": _json(scored(measures(judgements), judgements.cluster)),
    }


def _json(scores: Mapping[str, Score]) -> dict[str, Any]:
    return {name: score.as_json() for name, score in scores.items()}


def reparse(store: Store, task: str, grammar: str, protocol: Literal["robust", "official"]) -> int:
    """Read every stored raw output again with the grammar; returns how many were read."""
    read = get_grammar(grammar)
    total = 0
    for block in store.outputs(task):
        changes = []
        for stored in block:
            asked = Asked(stored.modality, stored.objective, protocol)
            parsed = parse(stored.output, read, asked)
            verdict, pair = in_item_frame(parsed, stored.order)
            a, b = pair or (None, None)
            changes.append((parsed.status.value, verdict, a, b, stored.rowid))
        store.reparse(changes)
        total += len(changes)
    return total
