"""What a task is: where its items come from, what may be answered, and how it is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from .items import Modality, Objective, PairItem, Verdict

if TYPE_CHECKING:
    from .metrics import Judgements, Measure

Protocol_ = Literal["robust", "official"]
OrderPlan = Literal["given", "random", "both"]


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
    """One benchmark. A plugin need not inherit from this, only look like it.

    Optional members, used where present: ``measures(judgements)``, the figures of the task or of
    one of its groups (else those of :func:`~.metrics.pairwise_measures`); ``whole(judgements)``,
    where the task's own figures differ from its groups';
    ``official_headline``, where the official protocol shows other metrics first;
    ``across(dimensions)``, the task's own figures where labels have dimensions;
    ``check(groups)``, which takes the item count of each group of the full data and returns
    warnings; ``write_demo(folder, seed, progress)``, which writes demo data in the benchmark's own
    schema.

    ``version`` changes whenever a figure could change. ``choices`` are the verdicts a judge may
    give. ``official_order`` is the order in which the benchmark's authors show a pair; their
    protocol uses it, the robust one shows both. ``headline`` are the metrics that tables show
    first.
    """

    name: str
    version: str
    modality: Modality
    objective: Objective
    choices: tuple[Verdict, ...]
    official_order: Literal["given", "random"]
    headline: tuple[str, ...]
    source: HubSource
    columns: Mapping[str, str]

    def items(self, data: Data) -> Iterator[PairItem]:
        """Read the data and yield its items, in order, with unique ids."""
        ...


class Multidimensional(Protocol):
    """A task whose labels have several dimensions."""

    def across(self, dimensions: Mapping[str, Judgements]) -> Mapping[str, Measure]:
        """Figures of the task as a whole, from the judgements of each dimension."""
        ...
