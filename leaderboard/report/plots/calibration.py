"""Whether a judge's probabilities mean what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from markupsafe import Markup

from ....harness.judgements import CODES, Codes, coarse
from ....harness.statistics import Floats
from ..itemsets import ItemSet, JudgedRun
from ..stored import Given
from .chart import SHARES, Axis, Point, Series, chart
from .difficulty import wilson
from .panel import Panel, as_data, cells, percent, side_by_side

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """Answers in bins of equal width by the probability that the judge gave its verdict.

    Attributes:
        count: answers in each bin, shape (BINS,).
        said: mean probability of each bin; ``nan`` where it is empty.
        right: share of each bin that is right; the same.
    """

    count: Floats
    said: Floats
    right: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: mean gap of the bins, weighted by count (Guo et al. 2017)."""
        filled = self.count > 0
        gaps = np.abs(self.said[filled] - self.right[filled])
        return float((gaps * self.count[filled]).sum() / self.count.sum())

    @classmethod
    def of(cls, probability: Floats, right: Floats) -> Reliability:
        """From each answer's probability and whether it is right, both of shape (answers,)."""
        place = np.minimum((probability * BINS).astype(int), BINS - 1)
        count = np.bincount(place, minlength=BINS).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            said = np.bincount(place, weights=probability, minlength=BINS) / count
            share = np.bincount(place, weights=right, minlength=BINS) / count
        return cls(count, said, share)


def calibration(runs: Sequence[JudgedRun], items: ItemSet) -> Panel | None:
    """One reliability diagram a judge that stored probabilities of its verdicts."""
    if items.kind != "pair":
        return None
    parts = []
    for index in items.entries:
        found = _reliability(runs[index], items)
        if found is not None:
            parts.append((runs[index].label, _drawn(index, found)))
    if not parts:
        return None
    return Panel(
        "calibration",
        "Calibration of verdict probabilities",
        "Verdicts in bins by the probability that the judge itself gave them, against how often"
        " they are right. On the diagonal a judge is as sure as it should be; below it, too sure."
        " ECE is the mean gap, weighted by count. Bars are Wilson's 95% intervals.",
        side_by_side(parts),
    )


def _reliability(judged: JudgedRun, items: ItemSet) -> Reliability | None:
    label: Mapping[int, int] = dict(
        zip(items.positions.tolist(), coarse(items.main.label).tolist(), strict=True)
    )
    probability, right = [], []
    for position, answers in judged.store.by_item(items.task):
        for answer in answers:
            said = verdict_probability(answer)
            if said is not None and answer.verdict is not None:
                word = _word(answer.verdict, items.main.name)
                if word is not None:
                    probability.append(said)
                    code: Codes = np.array([CODES[word]], dtype=np.int8)
                    right.append(float(coarse(code)[0] == label[position]))
    if not probability:
        return None
    return Reliability.of(np.array(probability), np.array(right))


def verdict_probability(answer: Given) -> float | None:
    """The probability of the very answer that was given, where it is stored."""
    if answer.logprobs is None or answer.raw is None:
        return None
    found = json.loads(answer.logprobs).get(answer.raw)
    return None if found is None else min(1.0, exp(found))


def _word(verdict: str, dimension: str) -> str | None:
    word: str | None = json.loads(verdict).get(dimension) if verdict[0] == "{" else verdict
    return word


def _drawn(colour: int, found: Reliability) -> Markup:
    points, rows = [], []
    for index in np.flatnonzero(found.count):
        n, said, right = (
            int(found.count[index]),
            float(found.said[index]),
            float(found.right[index]),
        )
        low, high = wilson(right, n)
        tip = f"said {percent(said)}, right {percent(right)} of {n:,}"
        points.append(Point(said, right, low, high, tip))
        name = f"{10 * int(index)} to {10 * int(index) + 10}%"
        rows.append([name, f"{n:,}", percent(said), percent(right)])
    x, y = Axis("probability said, %", 0, 1, SHARES), Axis("right, %", 0, 1, SHARES)
    told = f"ECE {percent(found.error)} over {int(found.count.sum()):,} answers"
    picture = chart(
        f"Reliability diagram, {told}", [Series("", colour, points)], x, y, diagonal=True
    )
    table = cells(told, ["bin", "answers", "mean probability", "right"], rows)
    return picture + Markup("<p>{}</p>").format(told) + as_data("The numbers", table)
