"""How far judges agree with one another and with people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....harness.judgements import coarse
from ..itemsets import ItemSet, JudgedRun
from .panel import Panel, cells

_HUMAN = "human label"


def agreement(runs: Sequence[JudgedRun], items: ItemSet) -> Panel | None:
    """A matrix of judges and people: agreement and kappa of verdicts, or correlation of scores."""
    if items.kind not in ("pair", "point"):
        return None
    dimension = items.main
    names = [_HUMAN, *[runs[said.run].label for said in dimension.said]]
    if items.kind == "pair":
        columns: list[NDArray[np.int8]] = [
            coarse(dimension.label),
            *[said.one for said in dimension.said],
        ]
        body = [[_pair(one, other) for other in columns] for one in columns]
        about = (
            "Share of items on which both say the same, among those both decided or called a tie,"
            " and in brackets Cohen's kappa: agreement beyond chance, 1 at most, 0 for none. A"
            " verdict that flips with the order counts as a tie."
        )
    else:
        scores = [dimension.label, *[_scores(said.score) for said in dimension.said]]
        body = [[_rank(one, other) for other in scores] for one in scores]
        about = "Spearman's rank correlation of the scores, over items that both scored."
    text = [[name, *[t for t, _ in row]] for name, row in zip(names, body, strict=True)]
    shades = [[shade for _, shade in row] for row in body]
    title = "Agreement" + (f" ({dimension.name})" if dimension.name else "")
    return Panel(
        "agreement", title, about, cells(title, ["", *names], text, shades=shades, hidden=True)
    )


def _scores(score: NDArray[np.float64] | None) -> NDArray[np.float64]:
    assert score is not None
    return score


def _pair(one: NDArray[np.int8], other: NDArray[np.int8]) -> tuple[str, float | None]:
    both = (one >= 0) & (other >= 0)
    if not both.any():
        return "-", None
    if one is other:
        return f"n {int(both.sum()):,}", None
    same = float((one[both] == other[both]).mean())
    kappa = cohen_kappa(one[both], other[both])
    told = "-" if np.isnan(kappa) else f"{kappa:.2f}"
    return f"{100 * same:.1f}% ({told})", max(0.0, kappa) if not np.isnan(kappa) else None


def cohen_kappa(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    """Cohen's kappa (Cohen 1960) of two raters' codes; ``nan`` where both always say one thing."""
    codes = np.union1d(one, other)
    expected = sum(float((one == c).mean() * (other == c).mean()) for c in codes)
    if expected == 1.0:
        return float("nan")
    return (float((one == other).mean()) - expected) / (1 - expected)


def _rank(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[str, float | None]:
    from scipy.stats import spearmanr

    both = np.isfinite(one) & np.isfinite(other)
    if one is other:
        return f"n {int(both.sum()):,}", None
    if both.sum() < 3 or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return "-", None
    rho = float(spearmanr(one[both], other[both]).statistic)
    return f"{rho:.2f}", max(0.0, rho)
