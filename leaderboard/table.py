"""Comparable tables from runs: one a task and way of asking, never two ways in one column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from ..harness.errors import UserError, not_found
from .figures import PublishedFigure
from .model import Column, Place, Table
from .quoted import OVERALL, comparable, quoted_notes, quoted_rows
from .rows import floor, ranked, run_rows, with_best
from .runs import Entry, find_runs, read_run

GROUP_METRIC = "accuracy"
"""What a group reports where the task's headline (an average over groups) has no meaning for it."""

_ORDERS = {
    "both": "both orders",
    "given": "pairs as given",
    "random": "random order",
    "single": "one candidate at a time",
}


def build(
    paths: Sequence[Path], *, published: bool = False, metrics: Sequence[str] | None = None
) -> list[Table]:
    """Tables of the runs in these folders (without any: under ``runs/``), in a stable order.

    Args:
        paths: run folders, or folders that hold several.
        published: append the figures that papers report.
        metrics: show these metrics, in this order, instead of each task's headline.

    Raises:
        UserError: a folder cannot be read, or no run has one of the metrics.
    """
    runs = [read_run(path) for path in find_runs(paths)]
    entries = [Entry(run, name, result) for run in runs for name, result in run.tasks.items()]
    wanted = None if metrics is None else _known(metrics, entries)
    entries.sort(key=lambda entry: (_shared(entry), str(entry.run.path)))
    tables = [_table(list(same), wanted, published) for _, same in groupby(entries, _shared)]
    return [table for table in tables if table.columns]


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


def _table(entries: list[Entry], wanted: list[str] | None, published: bool) -> Table:
    first = entries[0]
    figures = comparable(first) if published else []
    columns = _columns(entries, wanted, figures)
    measured, tie = run_rows(entries, wanted), floor(entries, columns)
    shown = {place for row in measured for place in row.cells} | {c.place for c in columns}
    quoted = quoted_rows(figures, shown)
    return Table(
        task=first.task,
        protocol=first.run.protocol,
        order=first.order,
        votes=first.run.votes,
        title=_title(first),
        subtitle=_subtitle(entries),
        columns=tuple(columns),
        rows=(
            *ranked(with_best(measured, columns, tie), columns),
            *([tie] if tie else []),
            *ranked(quoted, columns),
        ),
        notes=quoted_notes(first, {column.place for column in columns}) if quoted else (),
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
