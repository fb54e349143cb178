"""Replicas of a judge or model on a Ray cluster, which are given portions and may die at any time.

Only the driver, the process that the user started, writes the run folder. What a replica had in
hand when it died is given to another one, so it may be asked twice, but is stored once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from .batches import Batches
from .engines import Answer, Recipe, Work, portion_for
from .errors import UserError
from .items import Output, Status
from .judge import Judge
from .model import Model
from .ray_cluster import Cluster, connected
from .ray_replica import AT_ONCE, Ready, Refused, Replica, Reply

_PATIENCE = 30.0
"""Seconds without any news before the user is told what is waited for."""


@dataclass(frozen=True)
class RayReplicas:
    """How many replicas there are, where, and what each of them needs.

    Args:
        address: of a running cluster (``auto`` or ``HOST:PORT``); without it and without
            ``$RAY_ADDRESS`` this machine becomes one.
        replicas: how many; the default is as many as the cluster has room for.
        gpus: GPUs for each; the default is the judge's ``tensor_parallel``, else 1, on a cluster
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


@dataclass(slots=True, eq=False)
class _Portion:
    """Requests to be answered; ``deaths`` of replicas that had them in hand."""

    work: Sequence[Work]
    deaths: int = 0


@dataclass(slots=True, eq=False)
class _Seat:
    """One replica, or what is left of it, and the portions in its hands."""

    number: int
    actor: Any
    starts: int = 1
    ready: bool = False
    hands: list[_Portion] = field(default_factory=list)

    @property
    def free(self) -> bool:
        """Whether it takes another portion; one that a replica died of is taken alone."""
        alone = any(portion.deaths for portion in self.hands)
        return self.ready and len(self.hands) < AT_ONCE and not alone


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
        self._settings, self._recipe, self._batches = settings, recipe, batches
        self._notify = notify
        self._cluster: Cluster | None = None
        self._seats: list[_Seat] = []
        self._flying: dict[Any, tuple[_Seat, _Portion | None]] = {}
        self._coming: Iterator[_Portion] = iter(())
        self._next: _Portion | None = None
        self._again: deque[_Portion] = deque()
        self._spent: dict[_Seat, Mapping[str, object]] = {}
        self._deaths = 0

    def answers(self, portions: Iterable[Sequence[Work]]) -> Iterator[list[Answer]]:
        """See :class:`~.engines.Engine`."""
        stream = iter(portions)
        first = next(stream, None)
        if first is None:
            return
        self._open()
        self._coming = map(_Portion, chain([first], stream))
        self._next = next(self._coming)
        while self._next or self._again or any(seat.hands for seat in self._seats):
            self._hand_out()
            if answers := self._landed():
                yield answers

    def spent(self) -> Mapping[str, object]:
        """What all replicas have used; of one that has died, up to its last answer."""
        total: dict[str, object] = {}
        for each in self._spent.values():
            for key, value in each.items():
                before = total.get(key)
                numbers = isinstance(before, int | float) and isinstance(value, int | float)
                total[key] = before + value if numbers else value  # type: ignore[operator]
        return total

    def close(self) -> None:
        """See :class:`~.engines.Engine`."""
        if self._cluster is not None:
            for seat in self._seats:
                self._cluster.stop(seat.actor)
            self._cluster.close()

    def _open(self) -> None:
        if self._cluster is not None:
            return
        own = self._settings
        spread = float(str(self._recipe.arguments.get("tensor_parallel") or 1))
        self._cluster = connected(own.address, own.cpus, own.gpus, spread, own.replicas)
        self._notify(str(self._cluster))
        for number in range(self._cluster.replicas):
            self._seat(_Seat(number, None))

    def _seat(self, seat: _Seat) -> None:
        """Start a replica; portions are given to it once it says that it is ready."""
        assert self._cluster is not None
        seat.actor = self._cluster.start(Replica, AT_ONCE + 1, self._recipe, replace(self._batches))
        self._seats.append(seat)
        self._flying[seat.actor.open.remote()] = seat, None

    def _hand_out(self) -> None:
        """Give each free replica what it can hold, the idle ones first."""
        for seat in sorted(self._seats, key=lambda seat: len(seat.hands)):
            while seat.free and (portion := self._portion_for(seat)):
                seat.hands.append(portion)
                asked = [work.request for work in portion.work]
                self._flying[seat.actor.answer.remote(asked)] = seat, portion

    def _portion_for(self, seat: _Seat) -> _Portion | None:
        """One that was at a dead replica comes first, and needs idle hands: so it is known which
        portion a replica dies of."""
        if self._again:
            return None if seat.hands else self._again.popleft()
        portion = self._next
        if portion is not None:
            self._next = next(self._coming, None)
        return portion

    def _landed(self) -> list[Answer]:
        """Wait for news; what of it are answers."""
        import ray

        flying = list(self._flying)
        try:
            done, _ = ray.wait(flying, num_returns=1, timeout=_PATIENCE)
            if done and len(flying) > 1:  # whatever else is there is stored in one transaction
                done, _ = ray.wait(flying, num_returns=len(flying), timeout=0)
        except ray.exceptions.RayError as error:
            raise UserError(f"the Ray cluster is gone ({_short(error)}); run it again") from None
        if not done:
            self._say_what_is_waited_for()
        return [answer for ref in done for answer in self._news(ref)]

    def _news(self, ref: Any) -> list[Answer]:
        import ray

        if ref not in self._flying:  # of a replica that is known to be dead
            return []
        seat, portion = self._flying.pop(ref)
        try:
            reply: Ready | Refused | Reply = ray.get(ref)
        except ray.exceptions.RayError as error:
            return self._died(seat, error)
        if isinstance(reply, Refused):
            raise UserError(reply.reason)
        if portion is None or isinstance(reply, Ready):
            seat.ready = True
            if all(other.ready for other in self._seats):
                self._notify(f"all {len(self._seats)} replicas are ready")
            return []
        seat.hands.remove(portion)
        seat.starts, self._deaths = 1, 0
        self._spent[seat] = reply.spent
        for line in reply.said:
            self._notify(f"replica {seat.number}: {line}")
        return [Answer(portion.work[a.place], a.output, a.seconds) for a in reply.answered]

    def _died(self, seat: _Seat, error: Exception) -> list[Answer]:
        """Seat another replica; what this one had in hand is given out again, or has failed."""
        assert self._cluster is not None
        self._cluster.stop(seat.actor)
        self._seats.remove(seat)
        self._flying = {ref: of for ref, of in self._flying.items() if of[0] is not seat}
        reason, own = _short(error), self._settings
        self._deaths += 1
        if seat.starts > own.attempts or self._deaths > 3 * own.attempts + self._cluster.replicas:
            raise UserError(
                f"replicas die as often as they are started; the last, number {seat.number}:"
                f" {reason}. What is stored is kept; try the judge with --engine local"
            )
        self._notify(f"replica {seat.number} is gone ({reason}); another takes its place")
        answers: list[Answer] = []
        for each in seat.hands:
            each.deaths += 1
            if each.deaths < own.attempts:
                self._again.append(each)
            else:
                answers += self._failed(each, reason)
        self._seat(_Seat(seat.number, None, starts=1 if seat.ready else seat.starts + 1))
        return answers

    def _failed(self, portion: _Portion, reason: str) -> list[Answer]:
        first, number = portion.work[0].request, len(portion.work)
        told = (
            f"its batch of {number} requests, of which the first is about item '{first.item.id}',"
            f" was at {portion.deaths} replicas that died ({reason}); run the same command again"
            " with --batch-size 1 to try them one by one"
        )
        self._notify(f"{first.task}: {told}".replace("its batch", "a batch", 1))
        output = Output(failure=(Status.REQUEST_FAILED, told))
        return [Answer(work, output, 0.0) for work in portion.work]

    def _say_what_is_waited_for(self) -> None:
        assert self._cluster is not None
        starting = sum(not seat.ready for seat in self._seats)
        if starting:
            self._notify(
                f"waiting for {starting} of {len(self._seats)} replicas: {self._cluster.need} each;"
                f" free now: {self._cluster.free()}"
            )


def _short(error: Exception) -> str:
    """The line of a Ray error that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[-1] if type(error).__name__.startswith("RayTaskError") else " ".join(lines[:1])
    return f"{type(error).__name__}: {said[:200]}"
