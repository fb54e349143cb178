"""The grades that a judge gave to a model's answers, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .judgements import Bools, Codes, restricted
from .metrics import Measure
from .pointwise import READ
from .statistics import Figure, Floats, Ints


@dataclass(frozen=True)
class Grades:
    """What a grader said of one model's answers to one task (or one group of it), as columns.

    Items are rows. Each has one answer a vote; each answer has one grade, or one for each of two
    orders. A grade is one number or two, in the order of the item's scales.

    Attributes:
        scores: shape (n, votes, passes, 2); ``nan`` where there is no such number.
        ended: READ, UNREAD or FAILED, shape (n, votes, passes).
        answered: whether the model gave an answer, shape (n, votes).
        cluster: what the bootstrap resamples, shape (n,).
        group: code into ``groups``, shape (n,).
        protocol: whose rules count.
    """

    scores: Floats
    ended: Codes
    answered: Bools
    cluster: Ints
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    protocol: Literal["robust", "official"]

    def __len__(self) -> int:
        return len(self.ended)

    def where(self, mask: Bools) -> Grades:
        """The same grades restricted to some items."""
        return restricted(self, mask)

    def in_group(self, name: str) -> Grades:
        """The grades of one reported subset."""
        return self.where(self.group == self.groups.index(name))

    @cached_property
    def read(self) -> Bools:
        """Which grades could be read, shape (n, votes, passes)."""
        mask: Bools = self.ended == READ
        return mask

    @cached_property
    def unanswered(self) -> Bools:
        """Which grades there are none of because the model gave no answer, same shape."""
        mask: Bools = ~np.broadcast_to(self.answered[:, :, None], self.ended.shape)
        return mask

    @property
    def ungraded(self) -> Bools:
        """Which answers have no grade that could be read, same shape."""
        mask: Bools = ~self.read & ~self.unanswered
        return mask

    def number(self, which: int) -> Floats:
        """One of a grade's numbers, 0 where there is none; shape (n, votes, passes)."""
        found: Floats = np.where(self.read, self.scores[..., which], 0.0)
        return found

    def mean(
        self,
        name: str,
        values: Floats,
        lowest: float,
        highest: float,
        *,
        worst: float | None = None,
    ) -> dict[str, Measure]:
        """The mean of a value over the grades that could be read, with its bounds.

        An answer that the model did not give has the worst value; under the official protocol it
        does not count. A grade that could not be read does not count: where there are such,
        ``*_lower`` and ``*_upper`` are the bounds if all of them had been the lowest or highest.

        Args:
            name: of the figure; the bounds append to it.
            values: shape (n, votes, passes); what stands where no grade was read does not matter.
            lowest: the least value that a grade can give.
            highest: the greatest.
            worst: what a missing answer counts as; the lowest unless given.
        """
        missing = self.unanswered & (self.protocol == "robust")
        known = np.where(self.read, values, 0.0) + np.where(
            missing, lowest if worst is None else worst, 0.0
        )
        counted = self.read | missing
        measures: dict[str, Measure] = {name: Figure.ratio(_sum(known), _sum(counted))}
        if self.ungraded.any():
            for bound, value in (("lower", lowest), ("upper", highest)):
                filled = known + np.where(self.ungraded, value, 0.0)
                whole = counted | self.ungraded
                measures[f"{name}_{bound}"] = Figure.ratio(_sum(filled), _sum(whole))
        return measures

    @property
    def coverage(self) -> dict[str, Measure]:
        """``coverage``: the share of answers with a grade that could be read."""
        return {"coverage": Figure.ratio(_sum(self.read), _sum(~self.unanswered))}


def _sum(cells: NDArray[np.generic]) -> NDArray[np.generic]:
    total: NDArray[np.generic] = cells.reshape(len(cells), -1).sum(axis=1)
    return total


def grade_measures(grades: Grades) -> dict[str, Measure]:
    """For tasks without figures of their own: the mean of the first number of what was graded."""
    score = Figure.ratio(_sum(grades.number(0)), _sum(grades.read))
    return {"score": score, **grades.coverage}
