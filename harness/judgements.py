"""What a judge said of pairs, as columns: one row an item, one code a verdict."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from .items import Verdict
from .statistics import Ints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")

CODES = {verdict.value: code for code, verdict in enumerate(Verdict)}
"""Verdict word to its code in the columns: first 0, second 1, tie 2, both_good 3, both_bad 4."""
UNREAD = -1
"""Code of an answer that could not be read."""
FAILED = -2
"""Code of a sample that got no answer."""
TIE = CODES["tie"]
"""Code of a tie; the codes of its kinds are higher, those of decisions lower."""

Codes = NDArray[np.int8]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Judgements:
    """What one judge said on one task (or one dimension or group of it), as columns.

    Items are rows. Each item has ``passes`` x ``votes`` outputs: a pass is one order of
    presentation (two with ``--order both``). Verdicts speak of the item's own candidates.

    Attributes:
        label: human verdict codes, shape (n,).
        verdict: judge's verdict codes or UNREAD/FAILED, shape (n, passes, votes).
        swapped: whether that output saw the second candidate first, same shape.
        margin: mean score difference first - second, ``nan`` where there is none, shape (n,);
            ``None`` for judges that give verdicts.
        cluster: what the bootstrap resamples, shape (n,).
        group: code into ``groups``, shape (n,).
        protocol: whose rules count.
        ties: whether the task's labels know ties.
    """

    label: Codes
    verdict: Codes
    swapped: Bools
    margin: NDArray[np.float64] | None
    cluster: Ints
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    protocol: Literal["robust", "official"]
    ties: bool

    def __len__(self) -> int:
        return len(self.label)

    def where(self, mask: Bools) -> Judgements:
        """The same judgements restricted to some items."""
        return restricted(self, mask)

    def in_group(self, name: str) -> Judgements:
        """The judgements of one reported subset."""
        return self.where(self.group == self.groups.index(name))

    @property
    def ended(self) -> Codes:
        """Verdict codes, or how an output without one ended; shape (n, passes, votes)."""
        return self.verdict

    @cached_property
    def by_pass(self) -> Codes:
        """The verdict of each pass, shape (n, passes): the one more than half of its votes give.

        Without a majority it is UNREAD, or FAILED where no vote was answered.
        """
        if self.verdict.shape[2] == 1:
            return self.verdict[:, :, 0]
        votes = self.verdict.shape[2]
        result = np.where((self.verdict == FAILED).all(axis=2), FAILED, UNREAD).astype(np.int8)
        for code in CODES.values():
            result[(self.verdict == code).sum(axis=2) * 2 > votes] = code
        tied = (coarse(self.verdict) == TIE).sum(axis=2) * 2 > votes
        result[tied & (result < 0)] = TIE  # votes for both kinds of tie agree that it is one
        return result

    @property
    def both_orders(self) -> bool:
        """Whether each item was judged in both orders."""
        return int(self.verdict.shape[1]) == 2

    @property
    def human_tie(self) -> Bools:
        """Which items the human label calls a tie."""
        tie: Bools = coarse(self.label) == TIE
        return tie


def restricted(columns: C, mask: Bools) -> C:
    """The same columns for some items alone: every array in them has one row an item."""
    arrays = {f.name: getattr(columns, f.name) for f in fields(columns)}
    rows = {name: own[mask] for name, own in arrays.items() if isinstance(own, np.ndarray)}
    return replace(columns, **rows)


def coarse(codes: Codes) -> Codes:
    """Codes with both kinds of tie folded into one; negative codes stay."""
    folded: Codes = np.minimum(codes, TIE)
    return folded
