"""How answers ended: read, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from markupsafe import Markup

from ....harness.grading import grades_name
from ....harness.items import Status
from ..itemsets import ItemSet, JudgedRun
from .panel import Panel, cells, element

_SHOWN_BY = {
    status.value: "failed" if status.failed else "unparsed"
    for status in Status
    if status is not Status.OK
}


def endings(runs: Sequence[JudgedRun], items: ItemSet) -> Panel:
    """Counts of each judge's answers by status; those without a verdict lead to their samples."""
    counts = [
        (index, runs[index].label + mark, runs[index].store.statuses(name))
        for name, mark in ((items.task, ""), (grades_name(items.task), " (grades)"))
        for index in items.entries
    ]
    counts = [(index, label, own) for index, label, own in counts if own]
    statuses = [s.value for s in Status if s is Status.OK or any(s in own for *_, own in counts)]
    rows = [
        [label, *[_cell(index, items, status, own) for status in statuses]]
        for index, label, own in counts
    ]
    return Panel(
        "endings",
        "How answers ended",
        "What could not be read is never guessed: it counts as not correct.",
        cells("How answers ended", ["judge", *statuses], rows, hidden=True),
    )


def _cell(run: int, items: ItemSet, status: str, counts: dict[str, int]) -> str | Markup:
    number = counts.get(status, 0)
    if not number or status not in _SHOWN_BY:
        return f"{number:,}"
    shown = {"view": "samples", "task": items.title, "judge": run, "is": _SHOWN_BY[status]}
    return element("a", f"{number:,}", href=f"#{urlencode(shown)}")
