"""Scores of judges that score: how far apart candidates lie, by what people said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ....harness.judgements import coarse
from ....harness.statistics import Floats
from ..itemsets import Dimension, ItemSet, JudgedRun, Said
from .chart import SHARES, Axis, Point, Series, chart, round_axis
from .panel import Panel, side_by_side

_BINS = 24
_LEAST = 5
_LABELS = ((0, "first better"), (1, "second better"), (2, "tie"))


def scores(runs: Sequence[JudgedRun], items: ItemSet) -> Panel | None:
    """One chart a judge that scores; none where no judge does."""
    if items.kind not in ("pair", "point"):
        return None
    parts = [
        (_title(runs[said.run].label, dimension.name), drawn)
        for dimension in items.dimensions
        for said in dimension.said
        if (
            drawn := _margins(dimension, said) if items.kind == "pair" else _levels(dimension, said)
        )
    ]
    if not parts:
        return None
    about = (
        "Score of the first candidate less that of the second, by human label: the more the"
        " outlines part, the better the scores tell the labels apart. The outermost 1% are left"
        " out."
        if items.kind == "pair"
        else "The judge's scores where people gave such a score: median, and the middle half."
    )
    return Panel("scores", "Scores by human label", about, side_by_side(parts))


def _title(judge: str, dimension: str) -> str:
    return f"{judge}: {dimension}" if dimension else judge


def _margins(dimension: Dimension, said: Said) -> Markup | None:
    if said.margin is None or not np.isfinite(said.margin).any():
        return None
    known = np.isfinite(said.margin)
    low, high = map(float, np.quantile(said.margin[known], [0.005, 0.995]))
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    label = coarse(dimension.label)
    found = []
    for code, name in _LABELS:
        own = said.margin[known & (label == code)]
        if len(own):
            counts = np.histogram(own, edges)[0] / len(own)
            found.append(Series(f"{name} (n {len(own):,})", code, _outline(edges, counts), True))
    top = max(point.y for series in found for point in series.points)
    x, y = round_axis("score difference", low, high), round_axis("share of label", 0.0, top * 1.05)
    return chart("Score differences by human label", found, x, y)


def _outline(edges: Floats, shares: Floats) -> list[Point]:
    points = [Point(float(edges[0]), 0.0)]
    for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True):
        points += [Point(float(left), float(share)), Point(float(right), float(share))]
    return [*points, Point(float(edges[-1]), 0.0)]


def _levels(dimension: Dimension, said: Said) -> Markup | None:
    score, human = said.score, dimension.label
    if score is None or not np.isfinite(score).any():
        return None
    known = np.isfinite(score)
    points = []
    for mask in _by_level(human, known):
        if mask.sum() >= _LEAST:
            low, middle, high = map(float, np.quantile(score[mask], [0.25, 0.5, 0.75]))
            tip = f"median {middle:.3g}, middle half {low:.3g} to {high:.3g}, n {int(mask.sum()):,}"
            points.append(Point(float(human[mask].mean()), middle, low, high, tip))
    if not points:
        return None
    x = Axis("people's score, % of the range", 0, 1, SHARES)
    if said.written:
        y = Axis("judge's score, %", 0, 1, SHARES)
    else:
        ends = [end for p in points for end in (p.low, p.high) if end is not None]
        y = round_axis("judge's score", min(ends), max(ends))
    line = [Series("", said.run, points)]
    return chart("Judge's score by people's score", line, x, y, diagonal=said.written)


def _by_level(human: Floats, known: np.ndarray) -> list[np.ndarray]:
    levels = np.unique(human[known])
    if len(levels) <= 2 * _LEAST:
        return [known & (human == level) for level in levels]
    edges = np.unique(np.quantile(human[known], np.linspace(0, 1, 6)))
    codes = np.clip(np.searchsorted(edges, human, side="right") - 1, 0, len(edges) - 2)
    return [known & (codes == code) for code in range(len(edges) - 1)]
