"""Tables for the terminal, fitted to its width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from . import layout
from .model import Column, Row, Table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable
    from rich.text import Text

_NAMES = 22
"""Least width of the judges' names; longer ones are folded when space is short."""


def print_tables(tables: Sequence[Table], console: Console) -> None:
    """Print the tables, readable from 80 columns on.

    Where a table is too wide, names are folded, then intervals move under their figures; where
    that is not enough, the groups' columns follow in blocks of their own.
    """
    for table in tables:
        for part in _parts(table, console):
            console.print(part)
        console.print()


def _parts(table: Table, console: Console) -> Iterator[RenderableType]:
    footnotes = layout.Footnotes.of(table)
    yield _text(layout.plain(table.title), "bold")
    yield _text(layout.plain(table.subtitle), "dim")
    for block in _blocks(_Drawing(table, footnotes, console)):
        yield ""
        yield block
    yield ""
    for line in (layout.legend(table), *table.notes):
        yield _text(layout.plain(line), "dim")
    if lines := footnotes.lines():
        yield _list(lines)


def _list(lines: list[tuple[str, str]]) -> RichTable:
    from rich.table import Table as RichTable

    grid = RichTable.grid(padding=(0, 1))
    for mark, text in lines:
        grid.add_row(_text(f"[{mark}]", "dim"), _text(layout.plain(text), "dim"))
    return grid


@dataclass(frozen=True)
class _Block:
    """Some columns of a table, drawn together; counts are items and lost outputs."""

    columns: Sequence[Column]
    counts: bool = False


@dataclass(frozen=True)
class _Drawing:
    """A table with what is needed to draw any part of it."""

    table: Table
    footnotes: layout.Footnotes
    console: Console

    def fitted(self, block: _Block) -> RichTable | None:
        """The block with intervals beside or else under the figures; None if neither fits."""
        for stacked in (False, True):
            spare = self.console.width - self._width(self.draw(block, _NAMES, stacked))
            if spare >= 0:
                return self.draw(block, _NAMES + spare, stacked)
        return None

    def _width(self, drawn: RichTable) -> int:
        from rich.measure import Measurement

        unbounded = self.console.options.update(width=10_000)
        return Measurement.get(self.console, unbounded, drawn).maximum

    def draw(self, block: _Block, names: int, stacked: bool) -> RichTable:
        """The block with at most so much room for names."""
        from rich import box
        from rich.table import Table as RichTable

        drawn = RichTable(
            box=box.HORIZONTALS, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
        )
        drawn.add_column("judge", overflow="fold", max_width=names)
        for column in block.columns:
            head = "\n".join(layout.plain(part) for part in (column.group, column.metric) if part)
            drawn.add_column(_text(head), justify="right", no_wrap=True)
        for name in layout.COUNTS if block.counts else ():
            drawn.add_column(name, justify="right", no_wrap=True)
        self._add_rows(drawn, block, stacked)
        return drawn

    def _add_rows(self, drawn: RichTable, block: _Block, stacked: bool) -> None:
        own = [row for row in self.table.rows if row.kind == "run" or _tells(row, block.columns)]
        for kind, rows in groupby(own, lambda row: row.kind):
            if kind == "published":
                drawn.add_section()
                drawn.add_row(_text(layout.PUBLISHED, "italic dim"))
            for row in rows:
                drawn.add_row(
                    _text(layout.judge(row) + self.footnotes.marks(row)),
                    *[_cell(row, column, stacked) for column in block.columns],
                    *(layout.counts(row) if block.counts else ()),
                    style="" if kind == "run" else "dim",
                )


def _tells(row: Row, columns: Sequence[Column]) -> bool:
    return any(column.place in row.cells for column in columns)


def _cell(row: Row, column: Column, stacked: bool) -> Text:
    text = _text(layout.marked(row, column), "bold" if column.place in row.best else "")
    if interval := layout.interval(row, column):
        text.append(("\n" if stacked else " ") + interval, style="not bold dim")
    return text


def _text(content: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(content, style=style)


def _blocks(drawing: _Drawing) -> Iterator[RichTable]:
    """Everything at once if it fits, else the whole task's columns, then the groups' by metric."""
    everything = _Block(drawing.table.columns, counts=True)
    blocks = [everything] if drawing.fitted(everything) else _planned(drawing)
    for block in blocks:
        yield drawing.fitted(block) or drawing.draw(block, _NAMES, stacked=True)


def _planned(drawing: _Drawing) -> list[_Block]:
    """The columns in few blocks; counts in the first that has room, or else in one of their own."""
    by_metric = groupby(drawing.table.columns, lambda c: bool(c.group) and c.metric)
    blocks = [block for _, same in by_metric for block in _split(drawing, list(same))]
    for index, block in enumerate(blocks):
        if drawing.fitted(counted := replace(block, counts=True)):
            return [*blocks[:index], counted, *blocks[index + 1 :]]
    return [*blocks, _Block((), counts=True)]


def _split(drawing: _Drawing, columns: Sequence[Column]) -> Iterator[_Block]:
    while columns:
        fits = (n for n in range(len(columns), 1, -1) if drawing.fitted(_Block(columns[:n])))
        size = next(fits, 1)
        yield _Block(columns[:size])
        columns = columns[size:]
