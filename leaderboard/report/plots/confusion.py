"""Human label by verdict, counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ....harness.judgements import CODES, FAILED, UNREAD
from ..itemsets import NOT_ASKED, Dimension, ItemSet, JudgedRun, Said
from .panel import Panel, cells, percent, side_by_side

_NAMES = {
    **{code: word.replace("_", " ") for word, code in CODES.items()},
    UNREAD: "unparsed",
    FAILED: "failed",
}


def confusion(runs: Sequence[JudgedRun], items: ItemSet) -> Panel | None:
    """One table a judge (and dimension): what people said against what it said."""
    if items.kind != "pair":
        return None
    parts = [
        (_title(runs[said.run].label, dimension.name), _table(dimension, said))
        for dimension in items.dimensions
        for said in dimension.said
    ]
    return Panel(
        "confusion",
        "Human label against verdict",
        "Rows are human labels, columns verdicts about the item's own candidates; every order and"
        " majority of votes counts once. Percentages are of the row. Verdicts of judges that score"
        " follow from their own tie threshold.",
        side_by_side(parts),
    )


def _title(judge: str, dimension: str) -> str:
    return f"{judge}: {dimension}" if dimension else judge


def _table(dimension: Dimension, said: Said) -> Markup:
    verdict, label = said.verdict, np.repeat(dimension.label, said.verdict.shape[1])
    flat = verdict.ravel()
    asked = flat != NOT_ASKED
    flat, label = flat[asked], label[asked]
    rows = [code for code in CODES.values() if (label == code).any()]
    columns = [code for code in _NAMES if (flat == code).any() or code in rows]
    counts = np.array([[((label == r) & (flat == c)).sum() for c in columns] for r in rows])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    body = [
        [
            _NAMES[row],
            *[_cell(int(n), share) for n, share in zip(counts[i], shares[i], strict=True)],
        ]
        for i, row in enumerate(rows)
    ]
    head = ["label \\ verdict", *[_NAMES[code] for code in columns]]
    name = f"Human label by verdict, {len(flat):,} verdicts"
    return cells(name, head, body, shades=shares.tolist(), hidden=True)


def _cell(count: int, share: float) -> str:
    return f"{count:,} ({percent(share, 0)})" if count else "0"
