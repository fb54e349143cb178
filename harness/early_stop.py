"""Stop a run as soon as its comparison with a baseline is decided.

A :class:`~.sequential.SequentialGate` may be looked at after every item, but only if the items come
in random order: data are often sorted by subset or source, and the first thousand of a sorted file
say little about the rest. So a run that is to be stopped early visits whole clusters in the
order of :func:`visiting_order`, and what counts is the beginning of that order that is finished;
items judged out of turn wait until those before them are done.

Data are streams, and their media are large, so a run cannot jump to the items it wants: it goes
through the data in :func:`rounds`, each time asking about the next clusters of the order, and looks
after each round.

Where a group has been stopped early, its figures are those of a random part of the items; they are
fair estimates for the decision, but the decision was made because they looked clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import manifest
from .errors import UserError, not_found
from .paired import Measured, Pair
from .paired_runs import PairedTask, Place, Side, pair
from .plan import Plan
from .read_only import ReadOnlyStore
from .registry import tasks
from .seeds import seed_for
from .sequential import SequentialGate, State
from .statistics import Floats, Ints
from .store import Store


@dataclass(frozen=True, slots=True)
class Decision:
    """What the items so far say.

    ``clusters`` and ``items`` were looked at, of ``of_clusters``; ``difference`` is the mean over
    these items of candidate minus baseline, ``nan`` before the first.
    """

    state: State
    clusters: int
    items: int
    of_clusters: int
    difference: float


def visiting_order(clusters: Iterable[str], seed: int) -> list[str]:
    """The distinct clusters in a random order that depends on their names and the seed alone.

    The same on every machine and after every resume; a cluster's place does not depend on which
    others there are.
    """
    return sorted(set(clusters), key=lambda name: (seed_for(seed, "visit", name), name))


FIRST_ROUND = 50
"""Clusters in the first round."""
GROWTH = 1.25
"""Each look comes when so many times the clusters of the look before are done."""


def rounds(order: Sequence[str]) -> Iterator[frozenset[str]]:
    """The clusters in portions of the order, each of which costs one reading of the data.

    They grow, so that there are few of them, and that little more than a fifth of what is judged
    comes after the decision.

    Args:
        order: distinct names, as :func:`visiting_order` gives them.
    """
    begun, end = 0, FIRST_ROUND
    while begun < len(order):
        yield frozenset(order[begun:end])
        begun, end = end, max(end + 1, int(end * GROWTH))


class Watch(Protocol):
    """What may end a run early: it deals out each task in rounds, for as long as it likes."""

    def check(self, identity: Mapping[str, Any]) -> None:
        """Refuse a run that cannot be held against the baseline; nothing is written yet.

        Args:
            identity: the ``identity`` of its manifest to be.

        Raises:
            UserError: names what differs.
        """
        ...

    def rounds(self, plan: Plan, store: Store) -> Iterator[Plan]:
        """Parts of the plan, one after the other; the store has what came of those before."""
        ...

    def told(self, store: Store) -> dict[str, Any]:
        """What was decided when, for ``results.json``."""
        ...


@dataclass(frozen=True)
class SoFar:
    """One task of a run under way beside a finished one: the items that both have judged.

    ``clusters`` are those of the whole data, by group, each with its number of items; the whole
    task is the group ``""``.
    """

    paired: PairedTask
    clusters: Mapping[str, dict[str, int]]

    @classmethod
    def of(cls, baseline: Path, candidate: Store, task: str) -> SoFar:
        """Read both. They must be over the same data in the same way, as a comparison checks.

        Raises:
            UserError: the baseline cannot be read, or has no such task.
        """
        about = manifest.read_identity(baseline)
        if task not in about["tasks"]:
            raise not_found("task", task, about["tasks"])
        built = tasks.get(task).create(about["tasks"][task]["arguments"])
        records = ReadOnlyStore(baseline)
        try:
            ours = Side.of(records, about, task)
            side = Side(candidate, ours.shape, ours.protocol, ours.planned)
            found = pair(built, ours, side, same_data=True, finished=True)
            return cls(found, _clusters(records, task))
        finally:
            records.close()

    def decide(
        self, place: Place, *, margin: float, confidence: float = 0.95, seed: int = 0
    ) -> Decision:
        """Whether these items decide the comparison.

        The candidate must visit clusters in the order of :func:`visiting_order` with this seed;
        else the error rate is not kept.

        Args:
            place: group (``""`` for all) and metric; one that is a mean over items.
            margin: the largest drop that is accepted.
            confidence: one minus the chance of a wrong answer, for each of the two answers.
            seed: of the visiting order.

        Raises:
            UserError: no such metric, or one that is no mean over items.
        """
        names = self.clusters.get(place[0], self.clusters[""])
        if not self.paired.n:
            return Decision("undecided", 0, 0, len(names), float("nan"))
        own = self.paired.figures.get(place)
        if own is None:
            raise not_found("metric", ".".join(filter(None, place)), _written(self.paired.figures))
        if not can_decide(own):
            raise UserError(
                f"{self.paired.name}.{place[1]} is no mean over items; it cannot be decided early"
            )
        assert own.by_item is not None
        return decided(
            own.by_item, own.cluster, names, margin=margin, confidence=confidence, seed=seed
        )


def can_decide(pair: Pair) -> bool:
    """Whether a figure is the plain mean over the same items in both runs.

    A calibrated one is not: its threshold changes with the items, those seen before included.
    """
    counted = [_evenly_counted(measured) for measured in (pair.baseline, pair.candidate)]
    if not pair.sign or counted[0] is None or counted[1] is None:
        return False
    return bool((counted[0] == counted[1]).all())


def _evenly_counted(measured: Measured) -> NDArray[np.bool_] | None:
    """Which items a mean counts; ``None`` where it is no mean, or items weigh differently."""
    figure = measured.figure
    if figure is not measured.measure or figure is None or len(figure.parts) != 1:
        return None
    ((_, weights),) = figure.parts
    return figure.counted if len(np.unique(weights[figure.counted])) <= 1 else None


def decided(
    by_item: Floats,
    cluster: Ints,
    names: dict[str, int],
    *,
    margin: float,
    confidence: float = 0.95,
    seed: int = 0,
) -> Decision:
    """The same from numbers.

    Args:
        by_item: by how much each finished item got better, in [-1, 1]; ``nan`` if it does not
            count; shape (items,).
        cluster: code of each finished item's cluster, ``seed_for`` of its name; shape (items,).
        names: every cluster of the data with its number of items.
        margin, confidence, seed: see :meth:`SoFar.decide`.
    """
    gate = SequentialGate(margin, confidence)
    largest = max(names.values())
    codes, inverse = np.unique(cluster, return_inverse=True)
    done = np.bincount(inverse)
    counted = ~np.isnan(by_item)
    items = np.bincount(inverse[counted], minlength=len(codes))
    sums = np.bincount(inverse[counted], weights=by_item[counted], minlength=len(codes))
    index = {int(code): place for place, code in enumerate(codes)}
    seen, total = 0, 0.0
    for name in visiting_order(names, seed):
        at = index.get(seed_for(name))
        if at is None or done[at] < names[name]:
            break
        if items[at]:
            seen, total = seen + int(items[at]), total + float(sums[at])
            weight = np.array([items[at] / largest])
            gate.update([float(sums[at] / items[at])], weight)
    mean = total / seen if seen else float("nan")
    return Decision(gate.state, gate.seen, seen, len(names), mean)


def _clusters(store: Store, task: str) -> dict[str, dict[str, int]]:
    """Clusters of a task and of each of its groups, with their numbers of items."""
    found: dict[str, dict[str, int]] = {"": {}}
    for _, _, group, cluster in store.items(task):
        for own in {"", group}:
            counts = found.setdefault(own, {})
            counts[cluster] = counts.get(cluster, 0) + 1
    return found


def _written(places: Iterable[Place]) -> list[str]:
    return [".".join(filter(None, place)) for place in places]
