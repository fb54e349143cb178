"""What the answers took: time and tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..itemsets import ItemSet, JudgedRun
from .panel import Panel, cells

_HEAD = (
    *("judge", "answers", "seconds an answer, mean", "median", "95th percentile"),
    *("items a minute", "tokens in, mean", "tokens out, mean", "tokens in all"),
)


def cost(runs: Sequence[JudgedRun], items: ItemSet) -> Panel | None:
    """Time and tokens of each judge, as far as they were recorded."""
    rows = [_row(runs[index], items.task) for index in items.entries]
    return Panel(
        "cost",
        "Time and tokens",
        "Seconds are the judge's own, a batch's shared among its answers; reading data and media is"
        " not in them. Runs may have used different machines: see the settings.",
        cells("Time and tokens", _HEAD, rows, hidden=True),
    )


def _row(judged: JudgedRun, task: str) -> list[str]:
    spent = judged.store.spent(task)
    seconds, tokens_in, tokens_out = (column[np.isfinite(column)] for column in spent.T[1:])
    number = len(np.unique(spent[:, 0]))
    row = [judged.label, f"{len(spent):,}"]
    if len(seconds):
        median, slow = np.quantile(seconds, [0.5, 0.95])
        total = float(seconds.sum())
        row += [f"{v:.3g}" for v in (seconds.mean(), median, slow)]
        row.append(f"{60 * number / total:,.0f}" if total else "-")
    else:
        row += ["-"] * 4
    row += [f"{t.mean():,.0f}" if len(t) else "-" for t in (tokens_in, tokens_out)]
    total_tokens = tokens_in.sum() + tokens_out.sum()
    return [*row, f"{int(total_tokens):,}" if len(tokens_in) + len(tokens_out) else "-"]
