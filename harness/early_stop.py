"""Stop a run as soon as its comparison with a baseline is decided.

A :class:`~.sequential.SequentialGate` may be looked at after every item, but only if the items come
in random order: data are often sorted by subset or source, and the first thousand of a sorted file
say little about the rest. So a run that is to be stopped early must visit whole clusters in the
order of :func:`visiting_order`, and what counts is the beginning of that order that is finished;
items judged out of turn wait until those before them are done.

Where a group has been stopped early, its figures are those of a random part of the items; they are
fair estimates for the decision, but the decision was made because they looked clear.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import manifest
from .errors import UserError, not_found
from .paired_runs import Place, Side, pair
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


def decide(
    baseline: Path,
    candidate: Store,
    task: str,
    place: Place,
    *,
    margin: float,
    confidence: float = 0.95,
    seed: int = 0,
) -> Decision:
    """Whether the candidate's judgements so far decide its comparison with a finished run.

    Both runs must be over the same data in the same way (as ``unieval compare`` checks), and the
    candidate must visit clusters in the order of :func:`visiting_order` with this seed; else the
    error rate is not kept.

    Args:
        baseline: folder of a finished run.
        candidate: the run under way.
        task: name of a task of both.
        place: group (``""`` for all) and metric; one that is a mean over items.
        margin: the largest drop that is accepted.
        confidence: one minus the chance of a wrong answer, for each of the two answers.
        seed: of the visiting order.

    Raises:
        UserError: no such task or metric, or one that is no mean over items.
    """
    about = manifest.read(baseline)["identity"]
    if task not in about["tasks"]:
        raise not_found("task", task, about["tasks"])
    built = tasks.get(task).create(about["tasks"][task]["arguments"])
    records = ReadOnlyStore(baseline)
    try:
        ours = Side.of(records, about, task)
        side = Side(candidate, ours.shape, ours.protocol, ours.planned)
        found = pair(built, ours, side, same_data=True, finished=True)
        names = _cluster_names(records, task, place[0])
    finally:
        records.close()
    if not found.n:
        return Decision("undecided", 0, 0, len(names), float("nan"))
    own = found.figures.get(place)
    if own is None:
        raise not_found("metric", ".".join(filter(None, place)), _written(found.figures))
    if own.by_item is None or not own.sign:
        raise UserError(f"{task}.{place[1]} is no mean over items; it cannot be decided early")
    return decided(own.by_item, own.cluster, names, margin=margin, confidence=confidence, seed=seed)


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
        margin, confidence, seed: see :func:`decide`.
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


def _cluster_names(store: Store, task: str, group: str) -> dict[str, int]:
    """Clusters of a task (or of one of its groups) with their numbers of items."""
    rows = list(store.items(task))
    groups = {own for _, _, own, _ in rows}
    counts: dict[str, int] = {}
    for _, _, own, cluster in rows:
        if group not in groups or group == own:
            counts[cluster] = counts.get(cluster, 0) + 1
    return counts


def _written(places: Iterable[Place]) -> list[str]:
    return [".".join(filter(None, place)) for place in places]
