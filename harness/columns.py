"""Stored records as columns, which is what figures are computed from."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .items import Status, Verdict
from .metrics import CODES, FAILED, UNREAD, Judgements
from .seeds import seed_for
from .store import Store
from .task import Task

WHOLE = ""
"""Name of the only dimension of a task whose labels have none."""

_BY_SIGN = np.array([CODES["second"], CODES["tie"], CODES["first"]], dtype=np.int8)
_ENDED = {s.value: FAILED if s.failed else UNREAD for s in Status}


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
    items = _read_items(store, task.name)
    size = (len(items.position), shape.passes, shape.votes)
    verdicts = {name: np.full(size, FAILED, dtype=np.int8) for name in items.labels}
    swapped = np.zeros(size, dtype=bool)
    margin = np.full(size, np.nan) if store.has_scores(task.name) else None
    statuses: Counter[str] = Counter()
    for block in store.rows(task.name):
        position, order, vote, status, verdict, a, b = zip(*block, strict=True)
        statuses.update(status)
        back = np.array([o == "ba" for o in order])
        index = np.searchsorted(items.position, np.array(position))
        place = (index, back.astype(np.intp) * (shape.passes == 2), np.array(vote))
        swapped[place] = back
        for name, column in verdicts.items():
            column[place] = _codes(status, verdict, name)
        if margin is not None:
            margin[place] = np.array(a, dtype=np.float64) - np.array(b, dtype=np.float64)
    if margin is not None:
        known = np.isfinite(margin)
        for column in verdicts.values():
            column[known] = _BY_SIGN[np.sign(margin[known]).astype(np.int8) + 1]
    names = tuple(sorted(items.groups))
    base = Judgements(
        label=np.zeros(size[0], dtype=np.int8),
        verdict=np.zeros(size, dtype=np.int8),
        swapped=swapped,
        margin=None if margin is None else _mean(margin),
        cluster=items.cluster,
        group=np.array([names.index(name) for name in items.groups], np.int32)[items.group],
        groups=names,
        protocol=protocol,
        ties=any(choice.coarse is Verdict.TIE for choice in task.choices),
    )
    found = {
        name: replace(base, label=label, verdict=verdicts[name])
        for name, label in items.labels.items()
    }
    return Loaded(found, dict(statuses))


@dataclass(frozen=True)
class _Items:
    """The items of one task as columns; ``group`` indexes ``groups``, in order of appearance."""

    labels: Mapping[str, NDArray[np.int8]]
    position: NDArray[np.int64]
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    cluster: NDArray[np.int64]


def _read_items(store: Store, task: str) -> _Items:
    labels: dict[str, array[int]] = {}
    position, group, cluster = array("q"), array("i"), array("q")
    groups: dict[str, int] = {}
    for place, label, name, shared in store.items(task):
        known = json.loads(label) if label[0] == "{" else {WHOLE: label}
        for dimension, verdict in known.items():
            labels.setdefault(dimension, array("b")).append(CODES[verdict])
        position.append(place)
        group.append(groups.setdefault(name, len(groups)))
        cluster.append(seed_for(shared))
    return _Items(
        {name: np.frombuffer(codes, dtype=np.int8) for name, codes in labels.items()},
        np.frombuffer(position, dtype=np.int64),
        np.frombuffer(group, dtype=np.int32),
        tuple(groups),
        np.frombuffer(cluster, dtype=np.int64),
    )


def _codes(
    status: Sequence[str], verdict: Sequence[str | None], dimension: str
) -> NDArray[np.int8]:
    """Verdict codes of a block for one dimension; what has no verdict by how it ended."""
    known = {word: _code(word, dimension) for word in set(verdict) if word is not None}
    codes = [
        _ENDED[ended] if word is None else known[word]
        for ended, word in zip(status, verdict, strict=True)
    ]
    return np.array(codes, dtype=np.int8)


def _code(verdict: str, dimension: str) -> int:
    """A plain verdict counts for every dimension; an object of them for those it names."""
    word = json.loads(verdict).get(dimension) if verdict[0] == "{" else verdict
    return UNREAD if word is None else CODES[word]


def _mean(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = margin.reshape(len(margin), -1)
    known = np.isfinite(flat)
    sums = np.where(known, flat, 0.0).sum(axis=1)
    counts = known.sum(axis=1)
    mean: NDArray[np.float64] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return mean
