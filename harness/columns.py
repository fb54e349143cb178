"""Stored records as columns, which is what figures are computed from."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import UserError
from .items import Status, Verdict
from .judgements import CODES, FAILED, UNREAD, Bools, Judgements
from .metrics import Measure, pairwise_measures
from .pointwise import READ, Points, pointwise_measures
from .seeds import seed_for
from .store import Store
from .task import Task, kind_of

WHOLE = ""
"""Name of the only dimension of a task whose labels have none."""

_BY_SIGN = np.array([CODES["second"], CODES["tie"], CODES["first"]], dtype=np.int8)
ENDED = {s.value: FAILED if s.failed else UNREAD for s in Status}
"""Status of an output without a verdict or score to its code."""


@dataclass(frozen=True)
class Shape:
    """How many outputs each item should have; ``graded`` is how many grades each answer has."""

    passes: int
    votes: int
    graded: int = 1


@dataclass(frozen=True)
class Loaded:
    """One task's records as columns, one set a dimension, and how its outputs ended.

    Columns are ``Judgements``, ``Points``, ``Choices`` or ``Grades``, by the kind of task.
    ``usual`` are the figures of such columns where the task has none of its own. ``expected`` is
    how many outputs a complete run has. ``facets`` tells which items each value of a facet has;
    ``stages`` how the outputs of a model and those of its grader ended, where there are both.
    """

    dimensions: Mapping[str, Any]
    statuses: Mapping[str, int]
    usual: Callable[[Any], Mapping[str, Measure]]
    expected: int
    facets: Mapping[str, Mapping[str, Bools]] = field(default_factory=dict)
    stages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of items."""
        return len(next(iter(self.dimensions.values())))


def load(store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]) -> Loaded:
    """Read one task's items and outputs into columns."""
    from .answer_columns import answers

    kinds = {"pair": _verdicts, "point": _points}
    return kinds.get(kind_of(task), answers)(store, task, shape, protocol)


def _verdicts(
    store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]
) -> Loaded:
    items = read_items(store, task.name, lambda word: [CODES[word]], "b")
    size = (len(items), shape.passes, shape.votes)
    verdicts = {name: np.full(size, FAILED, dtype=np.int8) for name in items.labels}
    swapped = np.zeros(size, dtype=bool)
    margin = np.full(size, np.nan) if store.has_scores(task.name) else None
    statuses: Counter[str] = Counter()
    for block in store.rows(task.name):
        position, order, vote, status, verdict, a, b = zip(*block, strict=True)
        statuses.update(status)
        back = np.array([o == "ba" for o in order])
        place = (items.rows(position), back.astype(np.intp) * (shape.passes == 2), np.array(vote))
        swapped[place] = back
        for name, column in verdicts.items():
            column[place] = _codes(status, verdict, name)
        if margin is not None:
            margin[place] = np.array(a, dtype=np.float64) - np.array(b, dtype=np.float64)
    if margin is not None:
        known = np.isfinite(margin)
        for column in verdicts.values():
            column[known] = _BY_SIGN[np.sign(margin[known]).astype(np.int8) + 1]
    base = Judgements(
        label=np.zeros(size[0], dtype=np.int8),
        verdict=np.zeros(size, dtype=np.int8),
        swapped=swapped,
        margin=None if margin is None else _mean(margin),
        cluster=items.cluster,
        group=items.group,
        groups=items.groups,
        protocol=protocol,
        ties=any(choice.coarse is Verdict.TIE for choice in task.choices),
    )
    found = {
        name: replace(base, label=label, verdict=verdicts[name])
        for name, label in items.labels.items()
    }
    expected = size[0] * shape.passes * shape.votes
    return Loaded(found, dict(statuses), pairwise_measures, expected)


def _points(
    store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]
) -> Loaded:
    items = read_items(store, task.name, lambda scored: scored, "d")
    size = (len(items), shape.votes)
    scores, ended = np.full(size, np.nan), np.full(size, FAILED, dtype=np.int8)
    written = store.has_texts(task.name)
    statuses: Counter[str] = Counter()
    for block in store.rows(task.name):
        position, _, vote, status, _, score, _ = zip(*block, strict=True)
        statuses.update(status)
        place = (items.rows(position), np.array(vote))
        scores[place] = np.array(score, dtype=np.float64)
        ended[place] = [READ if s == Status.OK else ENDED[s] for s in status]
    found = {}
    for name, label in items.labels.items():
        human, low, high = label.reshape(-1, 3).T
        width = high - low
        found[name] = Points(
            human=(human - low) / width,
            scores=(scores - low[:, None]) / width[:, None] if written else scores,
            ended=ended,
            written=written,
            cluster=items.cluster,
            group=items.group,
            groups=items.groups,
            protocol=protocol,
        )
    expected = size[0] * shape.passes * shape.votes
    return Loaded(found, dict(statuses), pointwise_measures, expected)


@dataclass(frozen=True)
class Items:
    """The items of one task as columns; ``group`` indexes ``groups``, which are sorted.

    ``position`` is *None* where no item of the data is left out, so that row and position agree.
    """

    labels: Mapping[str, NDArray[Any]]
    position: NDArray[np.int64] | None
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    cluster: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.group)

    def rows(self, positions: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of the items at some positions, shape (positions,).

        Raises:
            UserError: there is no such item.
        """
        wanted = np.asarray(positions, dtype=np.int64)
        if self.position is None:
            rows, known = wanted, (wanted >= 0) & (wanted < len(self))
        else:
            rows = np.searchsorted(self.position, wanted)
            known = self.position[np.minimum(rows, len(self) - 1)] == wanted
        if not known.all():
            raise UserError(
                f"the records have an output about item {wanted[~known][0]}, which they do not"
                " have; copy the run folder again"
            )
        return rows


def read_items(
    store: Store, task: str, read: Callable[[Any], Sequence[float]], typecode: str
) -> Items:
    """The items of one task.

    ``read`` makes numbers of one dimension's label; they lie side by side in its column.
    """
    labels: dict[str, array[Any]] = {}
    position, group, cluster = array("q"), array("i"), array("q")
    groups: dict[str, int] = {}
    for place, label, name, shared in store.items(task):
        said = json.loads(label) if label[0] in "{[" else label
        for dimension, own in (said if isinstance(said, dict) else {WHOLE: said}).items():
            labels.setdefault(dimension, array(typecode)).extend(read(own))
        position.append(place)
        group.append(groups.setdefault(name, len(groups)))
        cluster.append(seed_for(shared))
    names = tuple(sorted(groups))
    places = np.array([names.index(name) for name in groups], np.int32)
    whole = not position or (position[0] == 0 and position[-1] == len(position) - 1)
    return Items(
        {name: np.frombuffer(own, dtype=own.typecode) for name, own in labels.items()},
        None if whole else np.frombuffer(position, dtype=np.int64),
        places[np.frombuffer(group, dtype=np.int32)],
        names,
        np.frombuffer(cluster, dtype=np.int64),
    )


def _codes(
    status: Sequence[str], verdict: Sequence[str | None], dimension: str
) -> NDArray[np.int8]:
    """Verdict codes of a block for one dimension; what has no verdict by how it ended."""
    known = {word: _code(word, dimension) for word in set(verdict) if word is not None}
    codes = [
        ENDED[ended] if word is None else known[word]
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
