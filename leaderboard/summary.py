"""One table over several tasks: mean rank, win rate and strength, beside each task's first figure.

Judges are ranked in each column; a column is one task's table, so its rows have been asked in the
same way. Ranks count only where a judge is in every column: a rank among others means something
else in each.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING

from .layout import lower_is_better
from .model import Cell, Column, Counts, Row, Table
from .names import judge_labels
from .rows import ranked
from .runs import Run

if TYPE_CHECKING:
    from .bradley_terry import Matches, Strength

RANK = Column("mean_rank")
WIN_RATE = Column("mean_win_rate")
STRENGTH = Column("bradley_terry")

Standing = Mapping[str, Row]
"""Of one judge: its row in each column, by task."""


def summaries(tables: Sequence[Table]) -> list[Table]:
    """A summary for each protocol, number of votes and kind of data, where there is one to make.

    Needs two tasks and two judges.

    Args:
        tables: tables of single tasks.
    """
    measured = [table for table in tables if table.columns and _complete(table)]
    measured.sort(key=_shared)
    made = (_summary(list(same)) for _, same in groupby(measured, _shared))
    return [table for table in made if table is not None]


def _shared(table: Table) -> tuple[str, int, bool]:
    demo = any(row.entry and row.entry.result.data.name == "demo" for row in table.rows)
    return table.protocol, table.votes, demo


def _complete(table: Table) -> list[Row]:
    """The rows that have the first figure of whole data."""
    place = table.columns[0].place
    return [
        row
        for row in table.rows
        if row.entry and row.complete and row.cells.get(place, Cell(None)).value is not None
    ]


def _summary(tables: Sequence[Table]) -> Table | None:
    chosen = _one_a_task(tables)
    standings = _standings(chosen)
    if len(chosen) < 2 or len(standings) < 2:
        return None
    everywhere = [own for own in standings.values() if len(own) == len(chosen)]
    firsts = [Column(table.columns[0].metric, table.task) for table in chosen]
    strong = _strengths(chosen, standings)
    columns = [
        *([RANK] if len(everywhere) > 1 else []),
        WIN_RATE,
        *([STRENGTH] if strong else []),
        *firsts,
    ]
    rows = [
        _row(name, own, chosen, everywhere, strong.get(name)) for name, own in standings.items()
    ]
    protocol, votes, demo = _shared(chosen[0])
    asked = f"{votes} vote{'' if votes == 1 else 's'}"
    return Table(
        task="all tasks",
        protocol=protocol,
        order=", ".join(dict.fromkeys(table.order for table in chosen)),
        votes=votes,
        title=f"{len(chosen)} tasks: {protocol} protocol, {asked}{', demo data' if demo else ''}",
        subtitle="By the first figure of each task",
        columns=tuple(columns),
        rows=tuple(ranked(rows, columns)),
        notes=tuple(_notes(tables, chosen, len(everywhere), bool(strong))),
        summary=True,
    )


def _one_a_task(tables: Sequence[Table]) -> list[Table]:
    """Of each task the table with the most rows: two of the same would weigh it twice."""
    chosen: dict[str, Table] = {}
    for table in tables:
        if table.task not in chosen or len(_complete(table)) > len(_complete(chosen[table.task])):
            chosen[table.task] = table
    return list(chosen.values())


def _standings(tables: Sequence[Table]) -> dict[str, Standing]:
    """Each judge's rows by its name; runs of one judge are one where no task has two of them."""
    keys = [[_key(row) for row in _complete(table)] for table in tables]
    repeated = {key for own in keys for key, count in Counter(own).items() if count > 1}
    found: dict[str, dict[str, Row]] = {}
    runs: dict[str, Run] = {}
    for table in tables:
        for row in _complete(table):
            assert row.entry is not None
            key = _key(row)
            if key in repeated:
                key += row.entry.run.shown
            found.setdefault(key, {})[table.task] = row
            runs.setdefault(key, row.entry.run)
    labels = judge_labels(list(runs.values()))
    names = [_name(own, label) for own, label in zip(found.values(), labels, strict=True)]
    unique = names if len(set(names)) == len(names) else labels
    return dict(zip(unique, found.values(), strict=True))


def _name(rows: Standing, label: str) -> str:
    """The name that the tables agree on (somebody may have chosen it), else the label over all."""
    names = {row.judge for row in rows.values()}
    return names.pop() if len(names) == 1 else label


def _key(row: Row) -> str:
    assert row.entry is not None
    judge = row.entry.run.judge
    return json.dumps([judge.name, judge.arguments], sort_keys=True, default=str)


def _strengths(
    tables: Sequence[Table], standings: Mapping[str, Standing]
) -> Mapping[str, Strength]:
    """Of the judges whose records were read."""
    found = [_matches(table, standings) for table in tables]
    tasks = [task for task in found if task is not None]
    if not tasks:
        return {}
    from .bradley_terry import strengths

    return strengths(tasks)


def _matches(table: Table, standings: Mapping[str, Standing]) -> Matches | None:
    """Who was right where on one task: the items that count for everybody."""
    read = {name: own[table.task].first for name, own in standings.items() if table.task in own}
    firsts = {name: first for name, first in read.items() if first is not None}
    if len(firsts) < 2:
        return None
    import numpy as np

    from .bradley_terry import Matches

    counts = np.logical_and.reduce([np.isfinite(first.value) for first in firsts.values()])
    if not counts.any():
        return None
    cluster = next(iter(firsts.values())).cluster[counts]
    return Matches({name: first.value[counts] for name, first in firsts.items()}, cluster)


def _row(
    name: str,
    own: Standing,
    tables: Sequence[Table],
    everywhere: Sequence[Standing],
    strength: Strength | None,
) -> Row:
    mine = [table for table in tables if table.task in own]
    wins = fmean(_win_rate(own[t.task], _complete(t), t.columns[0]) for t in mine)
    whole = len(mine) == len(tables)
    cells = {WIN_RATE.place: Cell(wins, n=len(mine))}
    if whole and len(everywhere) > 1:
        ranks = [_rank(own[t.task], [o[t.task] for o in everywhere], t.columns[0]) for t in tables]
        cells[RANK.place] = Cell(fmean(ranks), n=len(mine))
    if strength is not None:
        cells[STRENGTH.place] = Cell(strength.chance, strength.low, strength.high, strength.items)
    best, tied = set(), set()
    for table in mine:
        place, row = table.columns[0].place, own[table.task]
        cells[table.task, place[1]] = row.cells[place]
        best |= {(table.task, place[1])} if place in row.best else set()
        tied |= {(table.task, place[1])} if place in row.tied else set()
    return Row(
        kind="run",
        judge=name,
        cells=cells,
        counts={"": _counts(own)},
        best=frozenset(best),
        tied=frozenset(tied),
        complete=whole,
        protocol=tables[0].protocol,
        variant=", ".join(table.task for table in mine),
        notes=() if whole else (f"{len(mine)} of {len(tables)} tasks: no rank",),
    )


def _counts(own: Standing) -> Counts:
    parts = [row.counts[""] for row in own.values()]
    return Counts(
        sum(part.n for part in parts),
        sum(part.unparsed for part in parts),
        sum(part.failed for part in parts),
    )


def _value(row: Row, column: Column) -> float:
    """The figure, turned so that more is better."""
    value = row.cells[column.place].value
    assert value is not None
    return -value if lower_is_better(column.metric) else value


def _win_rate(row: Row, rows: Sequence[Row], column: Column) -> float:
    """The share of the others that it beats; equals count half. Alone it has half of nobody."""
    own, others = _value(row, column), [other for other in rows if other is not row]
    won = [_won(own, _value(other, column)) for other in others]
    return fmean(won) if won else 0.5


def _won(own: float, other: float) -> float:
    return 0.5 if own == other else float(own > other)


def _rank(row: Row, rows: Sequence[Row], column: Column) -> float:
    """1 is best; equals share the mean of their ranks."""
    own = _value(row, column)
    return 1 + sum(1 - _won(own, _value(other, column)) for other in rows if other is not row)


def _notes(
    tables: Sequence[Table], chosen: Sequence[Table], everywhere: int, strong: bool
) -> Iterator[str]:
    yield (
        "mean_win_rate: the share of the other judges that it beats in a column, averaged over its"
        " columns."
    )
    if everywhere > 1:
        yield f"mean_rank: among the {everywhere} judges that are in every column; 1 is best."
    yield "Neither has an interval: tasks are few, and no sample of all tasks."
    if strong:
        yield (
            "bradley_terry: the chance to be the one that is right, where it and an average judge"
            " differ on an item; items on which two judges are as right as each other are left out."
            " Tasks count the same. The interval is about the items, not about the choice of tasks."
        )
    for table in tables:
        if table not in chosen:
            yield f"Left out, since {table.task} is there already: {table.subtitle}."
