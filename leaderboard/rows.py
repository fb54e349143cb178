"""The measured rows of a table, their floor, and which figure is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from .layout import lower_is_better
from .model import Cell, Column, Counts, Place, Row
from .names import judge_labels
from .runs import Entry, Value

FLOOR = "always tie (floor)"


def run_rows(entries: Sequence[Entry], wanted: Sequence[str] | None) -> list[Row]:
    """One row an entry, with all its figures or those of the wanted metrics."""
    labels = judge_labels([entry.run for entry in entries])
    return [_run_row(entry, label, wanted) for entry, label in zip(entries, labels, strict=True)]


def _run_row(entry: Entry, label: str, wanted: Sequence[str] | None) -> Row:
    result = entry.result
    return Row(
        kind="run",
        judge=label,
        cells={
            (group, metric): _cell(value)
            for (group, metric), value in entry.figures().items()
            if wanted is None or metric in wanted
        },
        counts={g: Counts(part.n, part.unparsed, part.failed) for g, part in entry.parts().items()},
        complete=result.whole,
        protocol=entry.run.protocol,
        variant=entry.variant if result.whole else f"{entry.variant} incomplete",
        data=result.data.identity,
        entry=entry,
    )


def with_ways(rows: Sequence[Row]) -> list[Row]:
    """The rows, each with a note on how it was judged where that differs within the table."""
    ways = {_way(row) for row in rows}
    if len(ways - {""}) < 2:
        return list(rows)
    return [replace(row, notes=(*row.notes, way)) if (way := _way(row)) else row for row in rows]


def _way(row: Row) -> str:
    """What the rows of a table may differ in, in words."""
    if row.entry is None:
        return ""
    run, parts = row.entry.run, []
    if run.decode:
        parts.append(f"answers by decode={run.decode}")
    if row.entry.order == "random" and run.seed is not None:
        parts.append(f"order drawn with seed {run.seed}")
    return "; ".join(parts).capitalize()


def _cell(value: Value) -> Cell:
    low, high = value.ci95 or (None, None)
    return Cell(value.value, low, high, value.n)


def floor(entries: Sequence[Entry], columns: Sequence[Column]) -> Row | None:
    """What a judge gets that calls every pair a tie: the human tie rate, and no decision right.

    None where no column has a floor.
    """
    fullest = max(entries, key=lambda entry: (entry.result.whole, entry.result.n))
    floors = {column.place: _floor(fullest, column) for column in columns}
    cells = {place: Cell(value) for place, value in floors.items() if value is not None}
    if not cells:
        return None
    return Row(
        kind="floor",
        judge=FLOOR,
        cells=cells,
        protocol=fullest.run.protocol,
        variant=fullest.variant,
        data=fullest.result.data.identity,
    )


def _floor(entry: Entry, column: Column) -> float | None:
    figures = entry.figures()
    mean = column.metric in ("tau_macro", "diff_macro")
    groups = list(entry.result.groups) if mean else [column.group]
    found = [figures.get((group, "human_tie_rate"), Value()).value for group in groups]
    rates = [rate for rate in found if rate is not None]
    if not rates or len(rates) < len(found):
        return None
    if column.metric in ("tau", "tau_macro"):
        return fmean(rates)
    return 0.0 if column.metric in ("diff", "diff_macro") else None


def with_best(rows: Sequence[Row], columns: Sequence[Column], tie: Row | None) -> list[Row]:
    """The rows with the best figure of each headline column marked, where there is one.

    There is none without a worse figure beside it, nor where no judge beats the constant tie; an
    incomplete run has judged other items and does not compete.
    """
    best: dict[int, set[Place]] = {}
    for column in columns:
        for index in _winners(rows, column, tie) if column.headline else ():
            best.setdefault(index, set()).add(column.place)
    return [replace(row, best=frozenset(best.get(i, ()))) for i, row in enumerate(rows)]


def _winners(rows: Sequence[Row], column: Column, tie: Row | None) -> list[int]:
    place = column.place
    values = {
        index: cell.value
        for index, row in enumerate(rows)
        if row.complete and (cell := row.cells.get(place)) and cell.value is not None
    }
    if not values:
        return []
    top, low = max(values.values()), min(values.values())
    bar = tie.cells[place].value if tie and place in tie.cells else None
    if lower_is_better(column.metric):
        return [i for i, value in values.items() if value == low] if top != low else []
    if top == low or (bar is not None and top <= bar):
        return []
    return [index for index, value in values.items() if value == top]


def ranked(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """Rows by their figure in the first column, best first, then by name.

    Rows without one come after, by the first column in which they have a figure.
    """

    def key(row: Row) -> tuple[int, float, str]:
        for place, column in enumerate(columns):
            cell = row.cells.get(column.place)
            if cell is not None and cell.value is not None:
                sign = 1 if lower_is_better(column.metric) else -1
                return place, sign * cell.value, row.judge
        return len(columns), 0.0, row.judge

    return sorted(rows, key=key)
