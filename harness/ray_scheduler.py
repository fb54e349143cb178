"""Portions of work for replicas on a Ray cluster, which may die at any time.

What a replica had in hand when it died is given to another one, so it may be worked on twice, but
its results are handed back once. What the work is, the recipe knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .batches import Batches
from .errors import UserError
from .ray_cluster import Cluster, connected
from .ray_replica import AT_ONCE, Ready, Refused, Replica, Reply
from .worker import Answered, WorkerRecipe

if TYPE_CHECKING:
    from .ray_engine import RayReplicas

Held = TypeVar("Held")

_PATIENCE = 30.0
"""Seconds without any news before the user is told what is waited for."""


@dataclass(slots=True, eq=False)
class Portion(Generic[Held]):
    """Some work.

    Args:
        held: what the driver keeps of it, and is given back.
        asked: what a replica's worker is given.
        deaths: of replicas that had it in hand.
    """

    held: Held
    asked: Sequence[Any]
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Finished(Generic[Held]):
    """What was said to a portion; ``lost`` tells why there is nothing."""

    held: Held
    answered: Sequence[Answered] = ()
    lost: str | None = None


@dataclass(slots=True, eq=False)
class _Seat:
    """One replica, or what is left of it, and the portions in its hands."""

    number: int
    actor: Any
    starts: int = 1
    ready: bool = False
    hands: list[Portion[Any]] = field(default_factory=list)

    @property
    def free(self) -> bool:
        """Whether it takes another portion; one that a replica died of is taken alone."""
        alone = any(portion.deaths for portion in self.hands)
        return self.ready and len(self.hands) < AT_ONCE and not alone


class Scheduler(Generic[Held]):
    """Hands portions out to replicas, and seats another one where one dies.

    Args:
        settings: how many replicas, where, and what each needs.
        recipe: of the worker that each builds.
        batches: limits of a batch.
        spread: GPUs of a replica where the settings do not say.
        notify: told what happens.
    """

    def __init__(
        self,
        settings: RayReplicas,
        recipe: WorkerRecipe,
        batches: Batches,
        spread: float,
        notify: Callable[[str], None],
    ) -> None:
        self._settings, self._recipe, self._batches = settings, recipe, batches
        self._spread, self._notify = spread, notify
        self._cluster: Cluster | None = None
        self._seats: list[_Seat] = []
        self._flying: dict[Any, tuple[_Seat, Portion[Held] | None]] = {}
        self._coming: Iterator[Portion[Held]] = iter(())
        self._next: Portion[Held] | None = None
        self._again: deque[Portion[Held]] = deque()
        self._spent: dict[_Seat, Mapping[str, object]] = {}
        self._deaths = 0

    def results(self, portions: Iterable[Portion[Held]]) -> Iterator[list[Finished[Held]]]:
        """Have every portion worked on; they are drawn no faster than they are worked off.

        Yields:
            What is there, in any order, as soon as it is there.

        Raises:
            UserError: the recipe cannot be followed, or replicas cannot live.
        """
        stream = iter(portions)
        first = next(stream, None)
        if first is None:
            return
        self._open()
        self._coming = chain([first], stream)
        self._next = next(self._coming)
        while self._next or self._again or any(seat.hands for seat in self._seats):
            self._hand_out()
            if finished := self._landed():
                yield finished

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
        """End the replicas, and let go of the cluster."""
        if self._cluster is not None:
            for seat in self._seats:
                self._cluster.stop(seat.actor)
            self._cluster.close()

    def _open(self) -> None:
        if self._cluster is not None:
            return
        own = self._settings
        self._cluster = connected(own.address, own.cpus, own.gpus, self._spread, own.replicas)
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
                self._flying[seat.actor.answer.remote(portion.asked)] = seat, portion

    def _portion_for(self, seat: _Seat) -> Portion[Held] | None:
        """One that was at a dead replica comes first, and needs idle hands: so it is known which
        portion a replica dies of."""
        if self._again:
            return None if seat.hands else self._again.popleft()
        portion = self._next
        if portion is not None:
            self._next = next(self._coming, None)
        return portion

    def _landed(self) -> list[Finished[Held]]:
        """Wait for news; the portions that are finished by it."""
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
        return [finished for ref in done for finished in self._news(ref)]

    def _news(self, ref: Any) -> list[Finished[Held]]:
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
        return [Finished(portion.held, reply.answered)]

    def _died(self, seat: _Seat, error: Exception) -> list[Finished[Held]]:
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
                f" {reason}. What is stored is kept; try it with the local engine"
            )
        self._notify(f"replica {seat.number} is gone ({reason}); another takes its place")
        finished: list[Finished[Held]] = []
        for each in seat.hands:
            each.deaths += 1
            if each.deaths < own.attempts:
                self._again.append(each)
            else:
                lost = f"was at {each.deaths} replicas that died ({reason})"
                finished.append(Finished(each.held, lost=lost))
        self._seat(_Seat(seat.number, None, starts=1 if seat.ready else seat.starts + 1))
        return finished

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
