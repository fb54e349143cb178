"""What a task is: where its items come from, what may be answered, and how it is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .items import Item, Kind, Modality, Objective, Verdict

if TYPE_CHECKING:
    from .metrics import Measure

Protocol_ = Literal["robust", "official"]
OrderPlan = Literal["given", "random", "both"]
Presentation = OrderPlan | Literal["single"]
"""How a task's items are shown: pairs in some order, or candidates one at a time."""


@dataclass(frozen=True)
class HubSource:
    """Where a benchmark lives on the hub.

    ``revision`` is the commit that figures are comparable on; *main* means that no commit is
    known to us, in which case the commit that was read is recorded in the manifest.
    """

    dataset: str
    config: str | None
    split: str
    revision: str = "main"
    licence: str = "see the data set's page"
    archives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Data:
    """The data a run was asked to read: the hub (no path), the demo data, or a path.

    ``media`` says whether images and videos are going to be opened.
    """

    path: Path | None
    name: str
    media: bool = False


class Task(Protocol):
    """One benchmark: pairs to compare, or single candidates to score.

    A plugin need not inherit from this, only look like it.

    Optional members, used where present: ``measures(judgements)``, the figures of the task or of
    one of its groups (else those of :func:`~.metrics.pairwise_measures` or
    :func:`~.pointwise.pointwise_measures`); ``whole(judgements)``, where the task's own figures
    differ from its groups'; ``official_headline``, where the official protocol shows other metrics
    first; ``across(dimensions)``, the task's own figures where labels have dimensions;
    ``check(groups)``, which takes the item count of each group of the full data and returns
    warnings; ``write_demo(folder, seed, progress)``, which writes demo data in the benchmark's own
    schema.

    ``version`` changes whenever a figure could change. ``modality`` and ``objective`` are *None*
    where each item has its own. ``choices`` are the verdicts a judge may give about a pair; they
    are ``SCORE`` where items are single candidates. ``official_order`` is the order in which the
    benchmark's authors show a pair; their protocol uses it, the robust one shows both.
    ``headline`` are the metrics that tables show first. ``source`` is *None* for data that lie on
    no hub.
    """

    name: str
    version: str
    modality: Modality | None
    objective: Objective | None
    choices: tuple[Verdict, ...]
    official_order: Literal["given", "random"]
    headline: tuple[str, ...]
    source: HubSource | None
    columns: Mapping[str, str]

    def items(self, data: Data) -> Iterator[Item]:
        """Read the data and yield its items, in order, with unique ids."""
        ...


def kind_of(task: Task) -> Kind:
    """Whether the task's items are pairs or single candidates."""
    return "pair" if task.choices else "point"


class Multidimensional(Protocol):
    """A task whose labels have several dimensions."""

    def across(self, dimensions: Mapping[str, Any]) -> Mapping[str, Measure]:
        """Figures of the task as a whole, from the judgements (or points) of each dimension."""
        ...
