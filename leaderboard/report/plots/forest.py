"""Figures with their intervals, one line a judge: a table with a drawing in each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ... import layout
from ...model import Cell, Column, Row, Table
from .chart import COLOURS, mark
from .panel import Panel, element


@dataclass(frozen=True)
class Line:
    """One judge's figure: written, and where it lies; ``colour`` *None* for what is no judge."""

    judge: str
    colour: int | None
    text: str
    cell: Cell


@dataclass(frozen=True)
class Block:
    """The lines of one metric."""

    name: str
    lines: Sequence[Line]


def forest(table: Table, colours: Mapping[str, int | None]) -> Panel | None:
    """Every column of a leaderboard table, ``colours`` by judge; None where there is no figure."""
    measured = [row for row in table.rows if row.kind in ("run", "floor")]
    columns = [c for c in table.columns if c.metric not in layout.NOT_SHARES]
    blocks = [_block(column, measured, colours) for column in columns]
    blocks = [block for block in blocks if block.lines]
    if not blocks:
        return None
    low = -1.0 if any(column.metric in layout.CORRELATIONS for column in columns) else 0.0
    return Panel(
        "figures",
        "Figures with 95% intervals",
        "The mark is the figure, the bar its 95% interval. Bars that do not overlap differ;"
        " bars that overlap may still differ on the same items.",
        drawn("Figures with 95% intervals", blocks, low),
    )


def _block(column: Column, rows: Iterable[Row], colours: Mapping[str, int | None]) -> Block:
    name = " · ".join(part for part in (column.group, column.metric) if part)
    lines = [
        Line(
            layout.judge(row),
            colours.get(row.judge),
            f"{layout.value(row, column)} {layout.interval(row, column)}".strip(),
            row.cells[column.place],
        )
        for row in rows
        if column.place in row.cells and row.cells[column.place].value is not None
    ]
    return Block(name, lines)


def drawn(caption: str, blocks: Sequence[Block], low: float = 0.0) -> Markup:
    """The table; ``low`` is the left end of the scale (-1 for correlations), 1 its right end."""
    ticks = element("div", *_ticks(low), class_="scale", aria_hidden="true")
    head = element(
        "tr",
        element("th", "judge", scope="col"),
        element("th", "figure", scope="col"),
        element("th", ticks, scope="col", class_="wide", aria_label="drawn"),
    )
    bodies = [
        element(
            "tbody",
            element("tr", element("th", block.name, colspan=3, scope="rowgroup"), class_="block"),
            *[_row(line, low) for line in block.lines],
        )
        for block in blocks
    ]
    return element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", head),
        *bodies,
        class_="forest",
    )


def _ticks(low: float) -> list[Markup]:
    names = ("-1", "-0.5", "0", "0.5", "1") if low < 0 else ("0", "25", "50", "75", "100%")
    return [element("span", name) for name in names]


def _row(line: Line, low: float) -> Markup:
    return element(
        "tr",
        element("th", line.judge, scope="row"),
        element("td", line.text),
        element("td", _drawing(line, low), class_="wide"),
        class_="floor" if line.colour is None else None,
    )


def _drawing(line: Line, low: float) -> Markup:
    """Coordinates in percent: the drawing is as wide as its cell, its marks stay round."""

    def at(value: float) -> str:
        return f"{100 * min(1.0, max(0.0, (value - low) / (1 - low))):.2f}%"

    cell = line.cell
    parts = [
        element("line", x1=f"{q}%", x2=f"{q}%", y1=0, y2=22, class_="grid")
        for q in (0, 25, 50, 75, 100)
    ]
    look = "reference" if line.colour is None else f"s{line.colour % COLOURS}"
    if cell.low is not None and cell.high is not None:
        spread = f"spread {look}"
        parts.append(
            element("line", x1=at(cell.low), x2=at(cell.high), y1=11, y2=11, class_=spread)
        )
    assert cell.value is not None
    point = mark(0, 11, line.colour or 0) if line.colour is not None else _dash()
    parts.append(element("svg", point, x=at(cell.value), overflow="visible"))
    return element("svg", *parts, class_="lane", aria_hidden="true")


def _dash() -> Markup:
    return element("line", x1=0, x2=0, y1=4, y2=18, class_="mark reference")
