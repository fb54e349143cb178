"""Comparable tables from runs: one a task and way of asking, never two ways in one column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..harness.errors import UserError, not_found
from ..harness.progress import Progress, progress
from .figures import PublishedFigure
from .model import Column, Place, Row, Table
from .quoted import OVERALL, comparable, quoted_notes, quoted_rows
from .rows import floor, ranked, run_rows, with_best, with_ways
from .runs import Entry
from .sources import read_runs
from .ties import with_ties

if TYPE_CHECKING:
    from .selection import Selection

GROUP_METRIC = "accuracy"
"""What a group reports where the task's headline (an average over groups) has no meaning for it."""

_ORDERS = {
    "both": "both orders",
    "given": "pairs as given",
    "random": "random order",
    "single": "one candidate at a time",
}


def build(
    sources: Sequence[Path | str],
    *,
    published: bool = False,
    metrics: Sequence[str] | None = None,
    selection: Selection | None = None,
    ties: bool = False,
) -> list[Table]:
    """Tables of the runs in these places (without any: under ``runs/``), in a stable order.

    Args:
        sources: run folders, or folders that hold several; exported leaderboards; addresses of
            either, see :func:`~.sources.read_runs`.
        published: append the figures that papers report.
        metrics: show these metrics, in this order, instead of each task's headline.
        selection: show only some of all that, by other names, in another order.
        ties: mark what cannot be told apart from the best; reads the runs' records.

    Raises:
        UserError: a source cannot be read, no run has one of the metrics, or the selection names
            what is not there.
    """
    with TemporaryDirectory(prefix="unieval-") as copies:
        runs = read_runs(sources, Path(copies), records=ties)
        entries = [Entry(run, name, result) for run in runs for name, result in run.tasks.items()]
        wanted = None if metrics is None else _known(metrics, entries)
        entries.sort(key=lambda entry: (_shared(entry), entry.run.shown))
        groups = [list(same) for _, same in groupby(entries, _shared)]
        measured = [run_rows(group, wanted) for group in groups]
        if selection is not None:
            _check(selection, groups, measured)
        outputs = sum(map(len, measured)) if ties else 0
        with progress("comparing with the best", outputs) if outputs else nullcontext() as shown:
            tables = [
                _table(group, rows, _Wish(wanted, published, selection), shown)
                for group, rows in zip(groups, measured, strict=True)
            ]
    tables = [table for table in tables if table.columns and table.rows]
    return selection.arranged(tables) if selection else tables


@dataclass(frozen=True)
class _Wish:
    metrics: list[str] | None
    published: bool
    selection: Selection | None


def _check(
    selection: Selection, groups: Sequence[Sequence[Entry]], measured: Sequence[Sequence[Row]]
) -> None:
    from .selection import column_names

    tasks = [group[0].task for group in groups]
    pairs = list(zip(tasks, measured, strict=True))
    judges = [row.judge for rows in measured for row in rows]
    columns = [name for task, rows in pairs for name in column_names(task, rows)]
    selection.check(tasks, judges, columns)


def _shared(entry: Entry) -> tuple[str, str, str, str, int, str]:
    """What the rows of one table have in common."""
    data = entry.result.data
    items = data.fingerprint or f"{data.name}@{data.revision}"
    run = entry.run
    return entry.task, run.protocol, entry.variant, entry.order, run.votes, items


def _known(metrics: Sequence[str], entries: Iterable[Entry]) -> list[str]:
    from ..harness.metrics import ALIASES

    if not metrics:
        raise UserError("no metric is named; leave the choice out to see each task's headline")
    known = {metric for entry in entries for _, metric in entry.figures()}
    names = [ALIASES.get(metric, metric) for metric in metrics]
    for name in names:
        if name not in known:
            raise not_found("metric", name, known)
    return list(dict.fromkeys(names))


def _table(
    entries: list[Entry], measured: Sequence[Row], wish: _Wish, shown: Progress | None
) -> Table:
    first, selection = entries[0], wish.selection
    figures = comparable(first) if wish.published else []
    columns = _columns(entries, wish.metrics, figures)
    if selection is not None:
        columns = selection.columns_of(first.task, measured, columns)
        measured = [row for row in measured if selection.wants(row)]
    tie = floor(entries, columns) if measured else None
    rows = with_best(with_ways(measured), columns, tie)
    tested: tuple[str, ...] = ()
    if shown is not None:
        rows, tested = with_ties(rows, columns, shown)
    rows = ranked(rows, columns)
    if selection is not None:
        rows = selection.named(selection.ordered(rows))
    places = {place for row in measured for place in row.cells} | {c.place for c in columns}
    quoted = quoted_rows(figures, places) if measured else []
    return Table(
        task=first.task,
        protocol=first.run.protocol,
        order=first.order,
        votes=first.run.votes,
        title=_title(first),
        subtitle=_subtitle(entries),
        columns=tuple(columns),
        rows=(*rows, *([tie] if tie else []), *ranked(quoted, columns)),
        notes=(
            *(quoted_notes(first, {column.place for column in columns}) if quoted else ()),
            *tested,
        ),
    )


def _title(entry: Entry) -> str:
    order = _ORDERS.get(entry.order, entry.order)
    votes = f"{entry.run.votes} vote{'' if entry.run.votes == 1 else 's'}"
    return f"{entry.task}: {entry.run.protocol} protocol, {order}, {votes}"


def _subtitle(entries: list[Entry]) -> str:
    first = entries[0].result
    names = " = ".join(dict.fromkeys(entry.result.data.revised for entry in entries))
    arguments = "".join(f", {argument}" for argument in entries[0].arguments)
    mark = first.data.fingerprint[:12] or "unknown"
    return f"Task version {first.version}{arguments}; data {names}, fingerprint {mark}"


def _columns(
    entries: list[Entry], wanted: list[str] | None, figures: list[PublishedFigure]
) -> list[Column]:
    """Headline metrics (or those wanted) of the whole task, then of its groups."""
    headline = list(dict.fromkeys(metric for e in entries for metric in e.result.headline))
    have = dict.fromkeys(place for entry in entries for place in entry.figures())
    if wanted is None:
        have |= dict.fromkeys(("", f.metric) for f in figures if not f.group)
    columns = [
        Column(metric, group, metric in headline or metric == GROUP_METRIC)
        for group in dict.fromkeys(group for group, _ in have)
        for metric in wanted or _metrics_of(group, headline, have)
        if (group, metric) in have and not _repeats(group, metric, have)
    ]
    rank = {metric: place for place, metric in enumerate(wanted or headline)}
    return sorted(columns, key=lambda c: (bool(c.group), rank.get(c.metric, len(rank))))


def _metrics_of(group: str, headline: list[str], have: Iterable[Place]) -> list[str]:
    told = not group or any((group, metric) in have for metric in headline)
    return headline if told else [GROUP_METRIC]


def _repeats(group: str, metric: str, have: Iterable[Place]) -> bool:
    """Whether the group only says again what the top level says."""
    return group == OVERALL and ("", metric) in have
