"""A judge or model that answers as replicas on a Ray cluster.

Only the driver, the process that the user started, writes the run folder. What a replica had in
hand when it died is given to another one, so it may be asked twice, but is stored once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .batches import Batches
from .engines import Answer, Recipe, Work, portion_for
from .errors import UserError
from .items import Output, Status
from .judge import Judge
from .model import Model
from .ray_scheduler import Finished, Portion, Scheduler


@dataclass(frozen=True)
class RayReplicas:
    """How many replicas there are, where, and what each of them needs.

    Args:
        address: of a running cluster (``auto`` or ``HOST:PORT``); without it and without
            ``$RAY_ADDRESS`` this machine becomes one.
        replicas: how many; the default is as many as the cluster has room for.
        gpus: GPUs for each; the default is the model's ``tensor_parallel``, else 1, on a cluster
            that has GPUs, and none on others.
        cpus: processors for each.
        attempts: how often a portion may be at a replica that dies before it counts as failed.
    """

    address: str | None = None
    replicas: int | None = None
    gpus: float | None = None
    cpus: float = 1.0
    attempts: int = 3

    def __post_init__(self) -> None:
        if self.replicas is not None and self.replicas < 1:
            raise UserError(f"--engine-arg replicas={self.replicas}: there must be at least 1")
        if self.cpus < 0 or (self.gpus or 0) < 0 or self.attempts < 1:
            raise UserError("--engine-arg: cpus and gpus are 0 or more, attempts 1 or more")

    def engine(
        self, by: Judge | Model, recipe: Recipe, batches: Batches, notify: Callable[[str], None]
    ) -> RayEngine:
        """The engine for one judge or model; nothing starts before there is work."""
        return RayEngine(self, by, recipe, batches, notify)


class RayEngine:
    """See :class:`~.engines.Engine` and :class:`RayReplicas`."""

    def __init__(
        self,
        settings: RayReplicas,
        by: Judge | Model,
        recipe: Recipe,
        batches: Batches,
        notify: Callable[[str], None],
    ) -> None:
        self.needs_media = by.supports.needs_media
        self.portion = portion_for(by, batches, otherwise=batches.requests)
        self._notify = notify
        gpus = recipe.arguments.get("tensor_parallel")
        self._scheduler: Scheduler[Sequence[Work]] = Scheduler(
            settings, recipe, batches, float(str(gpus or 1)), notify
        )

    def answers(self, portions: Iterable[Sequence[Work]]) -> Iterator[list[Answer]]:
        """See :class:`~.engines.Engine`."""
        asked = (Portion(works, [work.request for work in works]) for works in portions)
        for finished in self._scheduler.results(asked):
            yield [answer for each in finished for answer in self._answers(each)]

    def spent(self) -> Mapping[str, object]:
        """What all replicas have used; of one that has died, up to its last answer."""
        return self._scheduler.spent()

    def close(self) -> None:
        """See :class:`~.engines.Engine`."""
        self._scheduler.close()

    def _answers(self, finished: Finished[Sequence[Work]]) -> list[Answer]:
        works = finished.held
        if finished.lost is None:
            return [Answer(works[a.place], a.output, a.seconds) for a in finished.answered]
        first, number = works[0].request, len(works)
        told = (
            f"its batch of {number} requests, of which the first is about item '{first.item.id}',"
            f" {finished.lost}; run the same command again with --batch-size 1 to try them one by"
            " one"
        )
        self._notify(f"{first.task}: {told}".replace("its batch", "a batch", 1))
        output = Output(failure=(Status.REQUEST_FAILED, told))
        return [Answer(work, output, 0.0) for work in works]
