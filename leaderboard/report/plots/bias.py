"""Liking for the first position, and verdicts that flip with the order."""

from __future__ import annotations

from collections.abc import Sequence

from ...layout import interval, value
from ...model import Cell, Column, Row
from ..itemsets import ItemSet, JudgedRun
from .forest import Block, Line, drawn
from .panel import Panel

_METRICS = {
    "first_position_rate": "prefers the first position (unbiased: 50%)",
    "flip_rate": "verdict flips with the order (steady: 0%)",
}


def bias(runs: Sequence[JudgedRun], items: ItemSet) -> Panel | None:
    """Both rates of every judge whose verdicts could depend on the order."""
    blocks = [Block(name, _lines(runs, items, metric)) for metric, name in _METRICS.items()]
    blocks = [block for block in blocks if block.lines]
    if not blocks:
        return None
    return Panel(
        "bias",
        "Position bias",
        "Over decided answers, how often the candidate that was shown first won; and, where both"
        " orders were read, how often the verdict changed with the order. A judge that scores each"
        " candidate by itself has neither.",
        drawn("Position bias with 95% intervals", blocks),
    )


def _lines(runs: Sequence[JudgedRun], items: ItemSet, metric: str) -> list[Line]:
    lines = []
    for index, entry in items.entries.items():
        figures = entry.figures()
        for group in ("", items.main.name):
            found = figures.get((group, metric))
            if found is not None and found.value is not None:
                low, high = found.ci95 or (None, None)
                cell = Cell(found.value, low, high, found.n)
                column = Column(metric)
                row = Row("run", runs[index].label, {column.place: cell})
                text = f"{value(row, column)} {interval(row, column)}"
                lines.append(Line(row.judge, index, text, cell))
                break
    return lines
