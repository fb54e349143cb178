"""The options that a model chose, as columns, and the figures of multiple-choice tasks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .items import LETTERS
from .judgements import FAILED, UNREAD, Bools, Codes, restricted
from .metrics import Measure
from .statistics import Figure, Ints


@dataclass(frozen=True)
class Choices:
    """What one model chose on one task (or one group of it), as columns.

    Items are rows. Options count from 0, and are the item's own, whatever rotation showed them.

    Attributes:
        label: the right option, shape (n,).
        options: how many there are, shape (n,).
        said: the chosen option or UNREAD/FAILED, shape (n, rotations, votes).
        cluster: what the bootstrap resamples, shape (n,).
        group: code into ``groups``, shape (n,).
        protocol: whose rules count.
    """

    label: Codes
    options: Codes
    said: Codes
    cluster: Ints
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    protocol: Literal["robust", "official"]

    def __len__(self) -> int:
        return len(self.label)

    def where(self, mask: Bools) -> Choices:
        """The same choices restricted to some items."""
        return restricted(self, mask)

    def in_group(self, name: str) -> Choices:
        """The choices of one reported subset."""
        return self.where(self.group == self.groups.index(name))

    @property
    def ended(self) -> Codes:
        """How each output that was asked for ended; shape (outputs,)."""
        return self.said[np.broadcast_to(self.asked[:, :, None], self.said.shape)]

    @cached_property
    def asked(self) -> Bools:
        """Which rotations an item has, shape (n, rotations): as many as options, or one."""
        rotations = self.said.shape[1]
        if rotations == 1:
            return np.ones((len(self), 1), dtype=bool)
        mask: Bools = np.arange(rotations) < self.options[:, None]
        return mask

    @cached_property
    def by_rotation(self) -> Codes:
        """The option that more than half of a rotation's votes chose, else UNREAD or FAILED."""
        votes = self.said.shape[2]
        if votes == 1:
            return self.said[:, :, 0]
        failed = (self.said == FAILED).all(axis=2)
        result = np.where(failed, FAILED, UNREAD).astype(np.int8)
        for option in range(len(LETTERS)):
            result[(self.said == option).sum(axis=2) * 2 > votes] = option
        return result


def choice_measures(choices: Choices) -> dict[str, Measure]:
    """Everything a multiple-choice task reports.

    ``accuracy``, averaged over rotations; ``circular``, the share of items that are right in every
    rotation (Liu et al. 2023, arXiv 2307.06281), where there are several; ``chance``, what guessing
    gets; ``coverage``. An answer that cannot be read, and a sample that failed, are not right;
    where there are such, ``accuracy_parsed`` is over what could be read, and ``accuracy_lower`` and
    ``accuracy_upper`` are the bounds if all the rest had been wrong or right.
    """
    said, asked = choices.by_rotation, choices.asked
    right = (said == choices.label[:, None]) & asked
    read = (said >= 0) & asked
    times = asked.sum(axis=1)
    everything = np.ones(len(choices), dtype=bool)
    measures: dict[str, Measure] = {"accuracy": Figure.ratio(right.sum(axis=1) / times, everything)}
    if read.sum() != asked.sum():
        upper = (right | (asked & ~read)).sum(axis=1)
        measures["accuracy_lower"] = measures["accuracy"]
        measures["accuracy_upper"] = Figure.ratio(upper / times, everything)
        measures["accuracy_parsed"] = Figure.ratio(right.sum(axis=1), read.sum(axis=1))
    if asked.shape[1] > 1:
        measures["circular"] = Figure.ratio(right.sum(axis=1) == times, everything)
    measures["coverage"] = Figure.ratio(read.sum(axis=1), times)
    measures["chance"] = float((1 / choices.options).mean()) if len(choices) else np.nan
    return measures
