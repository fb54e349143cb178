"""What a task is: where its items come from, what may be answered, and how it is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .items import Candidate, Item, Kind, Modality, Objective, Verdict

if TYPE_CHECKING:
    from .metrics import Measure

Protocol_ = Literal["robust", "official"]
OrderPlan = Literal["given", "random", "both"]
Presentation = OrderPlan | Literal["single", "plain", "circular"]
"""How a task's items are shown: pairs in some order, candidates one at a time, questions with their
options as they are or in every rotation."""


@dataclass(frozen=True)
class HubSource:
    """Where a benchmark lives on the hub.

    ``revision`` is the commit that figures are comparable on; *main* means that no commit is
    known to us, in which case the commit that was read is recorded in the manifest.

    ``table`` is the file of the rows where the repository needs a program of its own to be read:
    programs of others are not run, and the file is read as a local copy of it would be.

    ``items`` is how many items the full split has, and ``size`` what has to be downloaded, where
    they are known. ``verified``: the columns, labels and metric were read in the data or in public
    code that reads them; otherwise they stand here from descriptions alone, and reading real data
    may end in a message that names the columns expected and found.
    """

    dataset: str
    config: str | None
    split: str
    revision: str = "main"
    licence: str = "see the data set's page"
    archives: tuple[str, ...] = ()
    table: str = ""
    items: int | None = None
    size: str = ""
    verified: bool = True


@dataclass(frozen=True)
class Data:
    """The data a run was asked to read: the hub (no path), the demo data, or a path.

    ``media`` says whether images and videos are going to be opened; ``streamed``, that the hub's
    rows are read over the network as they are needed, and not kept.
    """

    path: Path | None
    name: str
    media: bool = False
    streamed: bool = False


class Task(Protocol):
    """One benchmark: pairs to compare, single candidates to score, or what a model is asked.

    A plugin need not inherit from this, only look like it.

    Optional members, used where present: ``measures(judgements)``, the figures of the task or of
    one of its groups (else those of :func:`~.metrics.pairwise_measures` or
    :func:`~.pointwise.pointwise_measures`); ``whole(judgements)``, where the task's own figures
    differ from its groups'; ``official_headline``, where the official protocol shows other metrics
    first; ``across(dimensions)``, the task's own figures where labels have dimensions;
    ``check(groups)``, which takes the item count of each group of the full data and returns
    warnings; ``write_demo(folder, seed, progress)``, which writes demo data in the benchmark's own
    schema. ``kind`` is *question* or *prompt* where a model is asked; its answers are read by the
    grammar named ``answers``, and graded if there is a ``grading`` (:class:`Grading`); ``circular``
    says that a question's options are shown in every rotation.

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
    official_order: OrderPlan
    headline: tuple[str, ...]
    source: HubSource | None
    columns: Mapping[str, str]

    def items(self, data: Data) -> Iterator[Item]:
        """Read the data and yield its items, in order, with unique ids."""
        ...


def kind_of(task: Task) -> Kind:
    """Whether the task's items are pairs, single candidates, questions or prompts."""
    own: Kind | None = getattr(task, "kind", None)
    return own or ("pair" if task.choices else "point")


class Grading(Protocol):
    """How a judge grades what a model answered or made.

    ``grammar`` reads the grades; *None* is the judge's own. ``kind`` is what :meth:`item` gives.
    ``compares``: the answer stands beside another one, so that there are two orders. A *point*
    needs a ``score_range``, which does not bind judges that only score.
    ``characters`` is about how long a question to the grader is without the item's own texts.
    """

    @property
    def grammar(self) -> str | None:
        """Name of the grammar."""
        ...

    @property
    def kind(self) -> Kind:
        """Usually *grade*; *point* or *pair* to let any judge score or compare."""
        ...

    @property
    def compares(self) -> bool:
        """Whether two answers are shown."""
        ...

    @property
    def characters(self) -> int:
        """For estimates."""
        ...

    def item(self, asked: Item, answer: Candidate, name: str) -> Item:
        """What the judge is asked about an answer (a text, or media); ``name`` is the item's id."""
        ...

    def identity(self) -> Mapping[str, object]:
        """What a grade depends on besides the answer and the judge, for the manifest."""
        ...


def grading_of(task: Task) -> Grading | None:
    """How the task's answers are graded; *None* where they are read directly, or are judgements."""
    found: Grading | None = getattr(task, "grading", None)
    return found


class Multidimensional(Protocol):
    """A task whose labels have several dimensions."""

    def across(self, dimensions: Mapping[str, Any]) -> Mapping[str, Measure]:
        """Figures of the task as a whole, from the judgements (or points) of each dimension."""
        ...
