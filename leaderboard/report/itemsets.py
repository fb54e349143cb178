"""Items that several runs judged, and what each run said of them, side by side as columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...harness.calibration import NO_TIES
from ...harness.errors import UserError
from ...harness.manifest import read_run as read_manifest
from ...harness.statistics import Ints
from ..names import judge_labels
from ..runs import RESULTS, Entry, Run
from .readings import NOT_ASKED, Kind, Loaded, Said, labels_of, loaded, said_of
from .stored import Reader

__all__ = [
    "NOT_ASKED",
    "Dimension",
    "ItemSet",
    "JudgedRun",
    "Said",
    "each_item",
    "item_sets",
    "opened",
]

OVERALL = "Overall"
"""The dimension that stands for all, where labels have several."""


@dataclass(frozen=True)
class JudgedRun:
    """A run with its name in the report, its settings, what it took in all, and its records."""

    label: str
    run: Run
    manifest: Mapping[str, Any]
    timing: Mapping[str, Any]
    store: Reader


@dataclass(frozen=True)
class Dimension:
    """One dimension of a set (the only one is named ``""``): labels, and what was said.

    ``label`` has verdict codes, right options, or people's scores as shares of their range; shape
    (n,). Answers that are graded have none: zeros.
    """

    name: str
    label: NDArray[Any]
    said: tuple[Said, ...]


@dataclass(frozen=True)
class ItemSet:
    """The items of one task that some runs share, in order of position.

    Attributes:
        entries: the runs that judged them, by their index in the report, with their results.
        positions: the items' positions in the data, shape (n,).
        group: code into ``groups``, shape (n,).
        dimensions: at least one, the main one first.
    """

    task: str
    title: str
    kind: Kind
    entries: Mapping[int, Entry]
    positions: Ints
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    dimensions: tuple[Dimension, ...]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def main(self) -> Dimension:
        """The dimension that is shown first."""
        return self.dimensions[0]


def opened(runs: Sequence[Run]) -> list[JudgedRun]:
    """The runs with their labels, manifests and records.

    Raises:
        UserError: a manifest or records are missing or cannot be read.
    """
    labels = _labels(runs)
    return [
        JudgedRun(label, run, read_manifest(run.path), _timing(run), Reader(run.path))
        for label, run in zip(labels, runs, strict=True)
    ]


def _labels(runs: Sequence[Run]) -> list[str]:
    """The leaderboard's labels; where they name a folder, by its last part if that is enough."""
    labels = judge_labels(runs)
    short = [
        label.replace(f"[{run.path}]", f"[{run.path.name}]")
        for label, run in zip(labels, runs, strict=True)
    ]
    return short if len(set(short)) == len(short) else labels


def _timing(run: Run) -> Mapping[str, Any]:
    results = json.loads((run.path / RESULTS).read_text("utf-8"), parse_constant=lambda _: None)
    timing: Mapping[str, Any] = results.get("timing") or {}
    return timing


def item_sets(runs: Sequence[JudgedRun]) -> list[ItemSet]:
    """One set for each task, version and data; runs on the same items share it."""
    shared: dict[tuple[str, ...], dict[int, Entry]] = {}
    for index, judged in enumerate(runs):
        for name, result in judged.run.tasks.items():
            entry = Entry(judged.run, name, result)
            data = result.data.fingerprint or f"{data_of(entry)}#{index}"
            shared.setdefault((name, entry.variant, data), {})[index] = entry
    names = [key[0] for key in shared]
    return [
        _item_set(runs, entries, repeated=names.count(name) > 1)
        for (name, _, _), entries in shared.items()
    ]


def data_of(entry: Entry) -> str:
    """What the entry's data are called."""
    return entry.result.data.revised


def _item_set(runs: Sequence[JudgedRun], entries: Mapping[int, Entry], repeated: bool) -> ItemSet:
    first = next(iter(entries.values()))
    found = {index: _loaded(runs[index], entry) for index, entry in entries.items()}
    positions = np.unique(np.concatenate([own.positions for own in found.values()]))
    names = sorted({group for own in found.values() for group in own.base.groups})
    group = np.zeros(len(positions), dtype=np.int32)
    for own in found.values():
        codes = np.array([names.index(name) for name in own.base.groups], dtype=np.int32)
        group[np.searchsorted(positions, own.positions)] = codes[own.base.group]
    dimensions = list(dict.fromkeys(name for own in found.values() for name in own.dimensions))
    dimensions.sort(key=lambda name: name != OVERALL)
    data = first.result.data
    mark = f" ({first.variant}; {data.revised} {data.fingerprint[:8]})" if repeated else ""
    return ItemSet(
        task=first.task,
        title=first.task + mark,
        kind=next(iter(found.values())).kind,
        entries=entries,
        positions=positions,
        group=group,
        groups=tuple(names),
        dimensions=tuple(_dimension(name, positions, found, entries) for name in dimensions),
    )


def _loaded(judged: JudgedRun, entry: Entry) -> Loaded:
    own = judged.manifest["identity"]["tasks"].get(entry.task)
    if own is None:
        raise UserError(
            f"{judged.run.path}: {RESULTS} has figures of {entry.task}, which the run's manifest"
            f" has not; write them again with 'unieval rescore {judged.run.path}'"
        )
    return loaded(judged.store, own, entry)


def _dimension(
    name: str,
    positions: Ints,
    found: Mapping[int, Loaded],
    entries: Mapping[int, Entry],
) -> Dimension:
    label: NDArray[Any] | None = None
    said = []
    for index, own in found.items():
        if name not in own.dimensions:
            continue
        columns = own.dimensions[name]
        place = np.searchsorted(positions, own.positions)
        human = labels_of(columns)
        if label is None:
            label = np.zeros(len(positions), dtype=human.dtype)
        label[place] = human
        threshold = _threshold(entries[index], name)
        said.append(said_of(index, columns, place, len(positions), threshold))
    assert label is not None
    return Dimension(name, label, tuple(said))


def _threshold(entry: Entry, dimension: str) -> float:
    """The tie threshold of the run's own figures; without one only equal scores are a tie."""
    figures = entry.figures()
    for place in ((dimension, "tie_threshold"), ("", "tie_threshold")):
        if place in figures and figures[place].value is not None:
            return cast(float, figures[place].value)
    return NO_TIES


def each_item(runs: Sequence[JudgedRun], items: ItemSet) -> Iterator[tuple[int, str, str, str]]:
    """(position, item id, label, content) of every item of the set, in order of position."""
    readers = [runs[index].store.contents(items.task) for index in items.entries]
    if len(readers) == 1 or all(e.result.n == len(items) for e in items.entries.values()):
        yield from readers[0]
        return
    last = -1
    for row in merge(*readers, key=lambda row: row[0]):
        if row[0] != last:
            yield row
        last = row[0]
