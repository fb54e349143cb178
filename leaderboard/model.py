"""What a table is, whoever draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .figures import Source
from .runs import Entry

if TYPE_CHECKING:
    from ..harness.statistics import Floats, Ints

Place = tuple[str, str]
"""Where a figure stands: (group, metric); the whole task is the group ``""``."""


@dataclass(frozen=True)
class Cell:
    """A figure as a share, with its interval and item count if it has them."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class Counts:
    """How many items a row counts, and how many outputs were lost."""

    n: int
    unparsed: int
    failed: int


@dataclass(frozen=True)
class Column:
    """A column of figures; ``headline`` ones are accuracies, where the highest is best."""

    metric: str
    group: str = ""
    headline: bool = True

    @property
    def place(self) -> Place:
        """Where its figures stand."""
        return self.group, self.metric


@dataclass(frozen=True)
class ByItem:
    """A mean over items, item by item; rows of one table have the same items in the same order.

    ``value`` is from 0 to 1, more being better, and ``nan`` for items that do not count;
    ``cluster`` is the code of each item's cluster. Both have the shape (items,).
    """

    value: Floats
    cluster: Ints


@dataclass(frozen=True)
class Row:
    """One judge: measured here, quoted from a paper, or the constant-tie floor.

    Attributes:
        kind: which of the three.
        judge: its label, unique in the table but for quoted rows.
        cells: every figure, those without a column too.
        counts: the counts of the whole task (``""``) and of each group; empty if not measured.
        best: places where its figure is the best of the table.
        tied: places where its figure could not be told apart from the best.
        complete: whether every planned output was there.
        protocol: the protocol it followed; empty where it is none of ours.
        variant: task version and arguments, or what is known of a quoted figure.
        data: which data were judged.
        source: where a quoted row was published.
        notes: what to know before comparing the row.
        entry: the results of a measured row.
        first: the first column's figure item by item, where the records were read.
    """

    kind: Literal["run", "floor", "published"]
    judge: str
    cells: Mapping[Place, Cell]
    counts: Mapping[str, Counts] = field(default_factory=dict)
    best: frozenset[Place] = frozenset()
    tied: frozenset[Place] = frozenset()
    complete: bool = True
    protocol: str = ""
    variant: str = ""
    data: str = ""
    source: Source | None = None
    notes: tuple[str, ...] = ()
    entry: Entry | None = None
    first: ByItem | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Table:
    """Rows that may be compared: same task, protocol, version, arguments, items, order, votes.

    ``rows`` come as measured, then the floor, then quoted. A summary is over several tasks: its
    own figures are of the whole (group ``""``), and each task's stand in the group of its name.
    """

    task: str
    protocol: str
    order: str
    votes: int
    title: str
    subtitle: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    summary: bool = False
