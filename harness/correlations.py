"""Correlations of a judge's scores with people's, with cluster-bootstrap intervals.

Pearson's r; Spearman's rho, which is r of midranks (Spearman, Am. J. Psychol. 15, 1904); Kendall's
tau-b (Kendall, The treatment of ties in ranking problems, Biometrika 33, 1945)::

    tau_b = (concordant - discordant) / sqrt((pairs - tied by judge) (pairs - tied by people))

Each is computed for all bootstrap draws at once, from how often each item is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .percentiles import effective_number, percentiles
from .statistics import DRAWS, SEED, Floats, Ints, drawn_weights

Kind = Literal["spearman", "kendall", "pearson"]
Counts = NDArray[np.integer[Any]]
Places = NDArray[np.intp]

_LEAST_DRAWS = 200
_DRAWN = 20_000_000
"""About how many items are drawn in all: of more than 10,000 items, there are fewer draws."""
_BLOCK = 250_000


@dataclass(frozen=True)
class Scatter:
    """Scores of the same items by a judge and by people.

    A correlation is taken within each stratum and averaged over them, because scores of different
    strata may not compare.

    Attributes:
        judge: the judge's scores, ``nan`` where none could be read; shape (n,).
        human: people's scores, shape (n,).
        cluster: what the bootstrap resamples, shape (n,).
        stratum: code of each item's stratum, shape (n,).
    """

    judge: Floats
    human: Floats
    cluster: Ints
    stratum: NDArray[np.int32]

    @cached_property
    def read(self) -> NDArray[np.bool_]:
        """Which items have a score by the judge; shape (n,)."""
        return np.isfinite(self.judge)

    @cached_property
    def values(self) -> dict[tuple[Kind, bool], float]:
        """Each correlation by its kind, and whether it is over the read items alone."""
        found = self._correlated(np.ones((1, len(self.human)), dtype=np.int64))
        return {name: float(values[0]) for name, values in found.items()}

    @cached_property
    def drawn(self) -> dict[tuple[Kind, bool], Floats]:
        """The same for each bootstrap draw, shape (draws,)."""
        size = len(self.human)
        draws = int(np.clip(_DRAWN // max(1, size), _LEAST_DRAWS, DRAWS))
        step = max(1, _BLOCK // max(1, size))
        rng = np.random.default_rng(SEED)
        clusters = np.unique(self.cluster, return_inverse=True)[1]
        blocks = [
            self._correlated(drawn_weights(clusters, draws=min(step, draws - start), rng=rng))
            for start in range(0, draws, step)
        ]
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    @cached_property
    def _strata(self) -> list[_Stratum]:
        found = []
        for code in np.unique(self.stratum):
            items = np.flatnonzero(self.stratum == code)
            read = items[self.read[items]]
            found.append(_Stratum(items, read, _Cells.of(self.judge[read], self.human[read])))
        return found

    def _correlated(self, weights: Counts) -> dict[tuple[Kind, bool], Floats]:
        """Every correlation for rows of item weights, shape (rows, n)."""
        each = [stratum.correlated(weights) for stratum in self._strata]
        return {name: np.mean([found[name] for found in each], axis=0) for name in each[0]}


@dataclass(frozen=True)
class Correlation:
    """One correlation of a scatter.

    ``parsed``: over the items whose answers could be read. Else these count as answers that tell
    nothing apart: the figure is multiplied by the share of items that could be read, unless that
    would raise it. (In Daniels' general coefficient, Biometrika 33, 1944, of which all three are
    cases, an answer that compares with nothing has zeros for its pairs, which lowers it by about
    this share.)
    """

    scatter: Scatter
    kind: Kind
    parsed: bool = False

    @property
    def n(self) -> int:
        """Number of items that count."""
        return int(self.scatter.read.sum()) if self.parsed else len(self.scatter.human)

    @property
    def value(self) -> float:
        """The figure, from -1 to 1; ``nan`` where people's scores are all the same.

        It is 0, not undefined, where the judge's are: such a judge tells nothing apart.
        """
        return self.scatter.values[self.kind, self.parsed]

    def interval(self) -> tuple[float, float]:
        """95% bootstrap interval over clusters; ``nan`` where no draw differs."""
        drawn = self.scatter.drawn[self.kind, self.parsed]
        drawn = drawn[~np.isnan(drawn)]
        if drawn.size == 0 or np.ptp(drawn) < 1e-12:
            return (np.nan, np.nan)
        _, sizes = np.unique(self.scatter.cluster, return_counts=True)
        return percentiles(drawn, effective_number(sizes))


@dataclass(frozen=True)
class _Stratum:
    """The items of one stratum, those of them that were read, and their distinct scores."""

    items: Places
    read: Places
    cells: _Cells

    def correlated(self, weights: Counts) -> dict[tuple[Kind, bool], Floats]:
        drawn = self.cells.summed(weights[:, self.read])
        found: dict[tuple[Kind, bool], Floats] = {}
        with np.errstate(invalid="ignore", divide="ignore"):
            answered = drawn.sum(axis=1) / weights[:, self.items].sum(axis=1)
            for kind, correlation in _KINDS.items():
                value = correlation(self.cells, drawn)
                lowered = np.minimum(value, value * answered)
                found[kind, True] = value
                found[kind, False] = np.where(answered == 0, 0.0, lowered)
        return found


@dataclass(frozen=True)
class _Levels:
    """Distinct scores in rising order, and which one each cell has."""

    values: Floats
    level: Places

    def drawn(self, counts: Counts) -> Counts:
        """How often each score is drawn, from how often each cell is; shape (rows, levels)."""
        return _summed(counts, *self._sorted)

    @cached_property
    def _sorted(self) -> tuple[Places, Places]:
        order = np.argsort(self.level, kind="stable")
        return order, np.searchsorted(self.level[order], np.arange(len(self.values)))


@dataclass(frozen=True)
class _Cells:
    """The distinct pairs of scores, by the judge's score and then by people's.

    ``order`` sorts items so, and ``starts`` says where each cell's items begin.
    """

    judge: _Levels
    human: _Levels
    order: Places
    starts: Places

    @classmethod
    def of(cls, judge: Floats, human: Floats) -> _Cells:
        judges, by_judge = np.unique(judge, return_inverse=True)
        humans, by_human = np.unique(human, return_inverse=True)
        key = by_judge * max(1, len(humans)) + by_human
        order = np.argsort(key, kind="stable")
        _, starts = np.unique(key[order], return_index=True)
        cell = order[starts]
        return cls(_Levels(judges, by_judge[cell]), _Levels(humans, by_human[cell]), order, starts)

    def summed(self, weights: Counts) -> Counts:
        """How often each cell is drawn, from how often each item is; shape (rows, cells)."""
        return _summed(weights.astype(np.int64), self.order, self.starts)

    @cached_property
    def digits(self) -> list[tuple[Places, Places, Places, Places]]:
        """For each binary digit of the human level, what :func:`_discordant` counts.

        Among cells whose higher digits are the same: the cells with a 1, those with a 0, and how
        many with a 1 stand before each of these, and before all that share its higher digits.
        """
        level, found = self.human.level, []
        for digit in range(int(level.max(initial=0)).bit_length()):
            order = np.argsort(level >> (digit + 1), kind="stable")
            higher, one = (level >> (digit + 1))[order], (level >> digit & 1)[order] == 1
            count = np.concatenate([[0], np.cumsum(one)])
            first = np.searchsorted(higher, higher[~one])
            found.append((order[one], order[~one], count[:-1][~one], count[first]))
        return found


def _summed(counts: Counts, order: Places, starts: Places) -> Counts:
    """Columns summed in runs, after they are put in order."""
    if not starts.size:
        return np.zeros((len(counts), 0), dtype=np.int64)
    summed: Counts = np.add.reduceat(counts[:, order], starts, axis=1)
    return summed


def _pearson(cells: _Cells, drawn: Counts) -> Floats:
    judge, human = (_standard(one.values)[one.level] for one in (cells.judge, cells.human))
    return _product_moment(judge[None], human[None], drawn)


def _spearman(cells: _Cells, drawn: Counts) -> Floats:
    return _product_moment(_midranks(cells.judge, drawn), _midranks(cells.human, drawn), drawn)


def _kendall(cells: _Cells, drawn: Counts) -> Floats:
    pairs = _pairs(drawn.sum(axis=1))
    by_judge = _pairs(cells.judge.drawn(drawn)).sum(axis=1)
    by_human = _pairs(cells.human.drawn(drawn)).sum(axis=1)
    by_both = _pairs(drawn).sum(axis=1)
    ahead = pairs - by_judge - by_human + by_both - 2 * _discordant(cells, drawn)
    return _ratio(ahead, (pairs - by_judge).astype(float), (pairs - by_human).astype(float))


_KINDS: Mapping[Kind, Callable[[_Cells, Counts], Floats]] = {
    "spearman": _spearman,
    "kendall": _kendall,
    "pearson": _pearson,
}


def _standard(values: Floats) -> Floats:
    """Centred and scaled, so that sums of squares are exact enough."""
    if not values.size:
        return values
    centred: Floats = values - values.mean()
    return centred / (np.abs(centred).max() or 1.0)


def _product_moment(first: Floats, second: Floats, drawn: Counts) -> Floats:
    """Pearson's r of two values a cell; shape (rows, cells), or (1, cells) if all rows' are."""
    total = drawn.sum(axis=1, keepdims=True)
    first = first - (drawn * first).sum(axis=1, keepdims=True) / total
    second = second - (drawn * second).sum(axis=1, keepdims=True) / total
    weighted = drawn * first
    return _ratio(
        np.einsum("ij,ij->i", weighted, second),
        np.einsum("ij,ij->i", weighted, first),
        np.einsum("ij,ij,ij->i", drawn, second, second),
    )


def _ratio(together: Floats | Counts, by_judge: Floats, by_human: Floats) -> Floats:
    """``together / sqrt(by_judge by_human)``: 0 where the judge does not vary, else undefined."""
    small = 1e-12
    value = together / (np.sqrt(by_judge) * np.sqrt(by_human))
    varies = np.where(by_judge > small, value, 0.0)
    found: Floats = np.where(by_human > small, np.clip(varies, -1.0, 1.0), np.nan)
    return found


def _midranks(levels: _Levels, drawn: Counts) -> Floats:
    """Mean rank of each cell's score among all that are drawn, less one half; (rows, cells)."""
    counts = levels.drawn(drawn)
    ranks: Floats = (np.cumsum(counts, axis=1) - counts / 2)[:, levels.level]
    return ranks


def _pairs(counts: Counts) -> Counts:
    return counts * (counts - 1) // 2


def _discordant(cells: _Cells, drawn: Counts) -> Counts:
    """How many pairs the judge and people order differently, shape (rows,).

    Cells come by the judge's score, ties by the human one, so these are the pairs whose human
    scores fall. Each is counted at the first binary digit in which its two human levels differ.
    """
    found = np.zeros(len(drawn), dtype=np.int64)
    for ones, zeros, before, before_all in cells.digits:
        above = np.zeros((len(drawn), len(ones) + 1), dtype=np.int64)
        np.cumsum(drawn[:, ones], axis=1, out=above[:, 1:])
        found += np.einsum("ij,ij->i", above[:, before] - above[:, before_all], drawn[:, zeros])
    return found
