"""Plots of a report, as tables and SVG that take their colours from the page."""

from __future__ import annotations

from collections.abc import Sequence

from ...model import Row, Table
from ..itemsets import ItemSet, JudgedRun
from .agreement import agreement
from .bias import bias
from .calibration import calibration
from .confusion import confusion
from .cost import cost
from .difficulty import difficulty
from .endings import endings
from .forest import forest
from .panel import Panel
from .scores import scores

__all__ = ["Panel", "figures_of", "panels_of"]


def figures_of(runs: Sequence[JudgedRun], table: Table) -> Panel | None:
    """The figures of one leaderboard table with their intervals."""
    return forest(table, {row.judge: _run_of(row, table, runs) for row in table.rows})


def _run_of(row: Row, table: Table, runs: Sequence[JudgedRun]) -> int | None:
    """Which run a row tells of: a table's rows are named by judge where that is enough."""
    for number, judged in enumerate(runs):
        run = judged.run
        result = run.tasks.get(table.task)
        asked = (run.protocol, run.votes, result and result.order)
        if row.kind == "run" and asked == (table.protocol, table.votes, table.order):
            named = row.judge in (judged.label, run.judge.name)
            if named or row.judge.endswith(f"[{run.path}]"):
                return number
    return None


def panels_of(runs: Sequence[JudgedRun], items: ItemSet) -> list[Panel]:
    """Every plot that the records of a set have something to say for."""
    drawn = (
        *(endings(runs, items), bias(runs, items), confusion(runs, items), agreement(runs, items)),
        *(difficulty(runs, items), scores(runs, items), calibration(runs, items)),
        cost(runs, items),
    )
    return [panel for panel in drawn if panel is not None]
