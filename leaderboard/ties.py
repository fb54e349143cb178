"""Which figures could not be told apart from the best one of their column."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..harness.errors import UserError
from ..harness.progress import Progress
from .layout import lower_is_better
from .model import ByItem, Column, Place, Row

if TYPE_CHECKING:
    from ..harness.paired_runs import Part
    from ..harness.store import Store

LEVEL = 0.05
"""Chance of telling apart, in one column, any figure that is truly as good as the best."""


def with_ties(
    rows: Sequence[Row], columns: Sequence[Column], shown: Progress
) -> tuple[list[Row], tuple[str, ...]]:
    """Mark the figures that are not significantly different from the best of their column.

    Every other complete run is held against the best over the same items, by paired bootstrap over
    clusters; the p-values of a column are adjusted by Holm's procedure (Scand. J. Stat. 6, 1979).

    Args:
        rows: measured rows of one table, with the best marked.
        columns: the table's columns.
        shown: told of each row that is read.

    Returns:
        The rows, and notes on what was tested.
    """
    running = [index for index, row in enumerate(rows) if row.complete and row.entry is not None]
    if len(running) < 2:
        shown.advance(len(rows), 0)
        return list(rows), ()
    parts: dict[int, Mapping[str, Part]] = {}
    for index, row in enumerate(rows):
        found = _parts(row) if index in running else None
        if found is not None:
            parts[index] = found
        shown.advance(1, 0)
    tied: dict[int, set[Place]] = {}
    for column in columns:
        for index in _tied(rows, column, parts):
            tied.setdefault(index, set()).add(column.place)
    marked = [
        replace(
            row,
            tied=frozenset(tied.get(index, ())),
            first=_by_item(parts[index], columns[0]) if index in parts else None,
        )
        for index, row in enumerate(rows)
    ]
    notes = _notes(rows, running, parts) if any(row.best for row in rows) else ()
    return marked, tuple(notes)


def _by_item(parts: Mapping[str, Part], column: Column) -> ByItem | None:
    """The figure of a column item by item; None where it is no mean of shares over items."""
    import numpy as np

    part = parts.get(column.group)
    found = part.figures.get(column.metric) if part else None
    if part is None or found is None or found.figure is None or len(found.figure.parts) != 1:
        return None
    ((sums, weights),) = found.figure.parts
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.asarray(sums, dtype=np.float64) / weights
    if not ((value >= 0) & (value <= 1) | np.isnan(value)).all():
        return None
    return ByItem(1 - value if lower_is_better(column.metric) else value, part.cluster)


def _notes(rows: Sequence[Row], running: Sequence[int], parts: Collection[int]) -> Iterator[str]:
    if len(parts) > 1:
        yield (
            "Compared with the best over the same items: paired bootstrap over clusters, 2,000"
            f" draws, Holm's correction over a column, level {LEVEL:.0%}."
        )
    missing = [rows[index].judge for index in running if index not in parts]
    if missing:
        yield f"Not compared with the best, for want of records: {', '.join(missing)}."


def holm(p_values: Mapping[int, float]) -> dict[int, float]:
    """The p-values adjusted for being several: step-down, never above 1."""
    adjusted: dict[int, float] = {}
    largest = 0.0
    for place, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[key]))
        adjusted[key] = largest
    return adjusted


def _tied(
    rows: Sequence[Row], column: Column, parts: Mapping[int, Mapping[str, Part]]
) -> list[int]:
    place = column.place
    best = next((i for i, row in enumerate(rows) if place in row.best and i in parts), None)
    if best is None:
        return []
    against = {
        index: _p_value(parts[best], parts[index], place)
        for index, row in enumerate(rows)
        if index in parts and place not in row.best
    }
    known = {index: p for index, p in against.items() if p is not None}
    return [index for index, p in holm(known).items() if p >= LEVEL]


def _p_value(best: Mapping[str, Part], other: Mapping[str, Part], place: Place) -> float | None:
    from ..harness.paired import Pair

    group, metric = place
    if group not in best or group not in other or best[group].n != other[group].n:
        return None
    first, second = best[group].figures.get(metric), other[group].figures.get(metric)
    if first is None or second is None:
        return None
    found = Pair(metric, first, second, best[group].cluster).difference
    return None if found is None else found.p_value


def _parts(row: Row) -> Mapping[str, Part] | None:
    """Every figure of the row, item by item; None where its records are not here."""
    from ..harness import manifest
    from ..harness.read_only import ReadOnlyStore

    entry = row.entry
    if entry is None or not entry.result.data.fingerprint:
        return None
    try:
        identity = manifest.read_identity(entry.run.path)
        store = ReadOnlyStore(entry.run.path)
    except UserError:
        return None
    try:
        return _measured(store, identity, entry.task)
    except UserError:  # a task of a plugin that is not loaded
        return None
    finally:
        store.close()


def _measured(store: Store, identity: Mapping[str, Any], name: str) -> Mapping[str, Part]:
    import numpy as np

    from ..harness.columns import load
    from ..harness.paired_runs import Side, measured
    from ..harness.registry import tasks

    task = tasks.get(name).create(identity["tasks"][name]["arguments"])
    side = Side.of(store, identity, name)
    loaded = load(side.store, task, side.shape, side.protocol)
    count = len(next(iter(loaded.dimensions.values())))
    return measured(loaded, task, np.arange(count))
