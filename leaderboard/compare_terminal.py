"""A comparison on the terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from . import compare_words as words
from .compare_model import Change, Comparison, Flip, RuleResult, TaskComparison
from .layout import plain

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod, RenderableType

_STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}
_LONGEST = 300
_WIDE = 100
"""Narrower terminals have no room for McNemar's p."""


def print_comparison(comparison: Comparison, console: Console, *, everything: bool = False) -> None:
    """Print the differences, the items that changed, and what the gates say.

    Args:
        comparison: what to print.
        console: where.
        everything: all figures, not only those that tables show first and those of gates.
    """
    from rich.text import Text

    console.print(Text(plain(words.title(comparison)), "bold"))
    for line in (*comparison.differing, *comparison.notes):
        console.print(Text(plain(line), "dim"))
    gated = {result.gate for result in comparison.gates}
    for task in comparison.tasks:
        console.print()
        console.print(_changes(task, gated, everything, console.width))
        for part in _flips(task):
            console.print(part)
    console.print(Text(words.LEGEND, "dim"))
    if comparison.gates:
        console.print()
        print_gates(comparison.gates, console)


def shown(task: TaskComparison, gated: Collection[str], everything: bool) -> list[Change]:
    """The figures that a table shows."""
    chosen = [c for c in task.changes if everything or c.headline or c.name in gated]
    return chosen or list(task.changes)


def _changes(
    task: TaskComparison, gated: Collection[str], everything: bool, width: int
) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    counts = f"{task.n:,} items, {task.worse:,} got worse, {task.better:,} got better"
    by = f" (by {task.flips_of})" if task.flips_of else ""
    lines = [f"{task.task}: {counts if task.flips_of else f'{task.n:,} items'}{by}", *task.notes]
    left_out = "McNemar p" if width < _WIDE else ""
    table = Table(title=Text("; ".join(map(plain, lines))), title_justify="left", box=None)
    for head in filter(lambda head: head != left_out, words.HEADS):
        first = head == words.HEADS[0]
        justify: JustifyMethod = "left" if first else "right"
        table.add_column(head, justify=justify, overflow="fold", no_wrap=not first)
    for change in shown(task, gated, everything):
        name = plain(" ".join(filter(None, (change.group, change.metric))))
        row = zip(words.HEADS, words.cells(change, name), strict=True)
        cells = [Text(cell) for head, cell in row if head != left_out]
        table.add_row(*cells, style=_style(change))
    return table


def _style(change: Change) -> str:
    """Colour where the interval leaves out zero."""
    found = change.difference
    if found is None or not change.sign or found.low <= 0 <= found.high:
        return ""
    return "green" if found.value * change.sign > 0 else "red"


def _flips(task: TaskComparison) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    for flip in task.flips:
        label = f", label {flip.label}" if flip.label else ""
        head = f"{words.turn(flip)}  {flip.item}{label}"
        yield Text(plain(head), "red" if flip.better < 0 else "green")
        for line in _told(flip):
            yield Padding(Text(_cut(plain(line)), "dim"), (0, 0, 0, 2))


def _told(flip: Flip) -> Iterator[str]:
    yield flip.prompt
    yield from (f"baseline  {line}" for line in words.outputs(flip.baseline))
    yield from (f"candidate {line}" for line in words.outputs(flip.candidate))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def print_gates(results: Sequence[RuleResult], console: Console) -> None:
    """Print what each rule says, and what follows."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Gates", title_justify="left", box=None)
    for head in ("", "gate", "rule", "reason"):
        table.add_column(head, overflow="fold")
    for result in results:
        table.add_row(
            Text(words.WORDS[result.outcome], _STYLES[result.outcome]),
            Text(plain(result.gate)),
            Text(f"{result.rule} {result.limit:g}"),
            Text(plain(result.reason)),
        )
    console.print(table)
    console.print(Text(f"{words.summary(results)} {words.cure(results)}".strip(), "bold"))
