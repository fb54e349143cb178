"""Two finished runs side by side: differences with intervals, gates, and the items that changed.

Everything is computed from both runs' records by the code that scores a run, over the items that
both judged; neither run is written to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..harness.errors import UserError, not_found
from ..harness.paired_runs import PairedTask, Side, pair
from ..harness.progress import progress
from ..harness.read_only import ReadOnlyStore
from ..harness.registry import tasks as registry
from .compare_manifests import Comparable, comparable
from .compare_model import Change, Comparison, TaskComparison
from .flips import flips
from .gates import Gate
from .gates_decide import decide

SHOWN = 10
_LONGEST = 80


def compare(
    baseline: Path,
    candidate: Path,
    *,
    gates: Sequence[Gate] = (),
    only: Collection[str] = (),
    allowed: Collection[str] = (),
    most_flips: int = SHOWN,
) -> Comparison:
    """Compare two run folders.

    Args:
        baseline: the run to be held against.
        candidate: the run in question.
        gates: what has to hold, see :func:`~.gates.read_gates`.
        only: names of the tasks to compare; all that both runs have, if empty.
        allowed: fields of the manifests that may differ, see :mod:`.compare_manifests`.
        most_flips: how many items that got worse, and better, are shown of each task.

    Raises:
        UserError: a run is missing, unreadable or unfinished; the runs cannot be compared; a gate
            is about something that there is not.
    """
    both = comparable(baseline, candidate, allowed)
    names = [_known(name, both.tasks) for name in only] or list(both.tasks)
    refuse_missing(gates, names, both)
    paired: dict[str, PairedTask] = {}
    compared = []
    with _opened(baseline) as first, _opened(candidate) as second:
        outputs = sum(second.count(name) for name in names)
        with progress("comparing", outputs) as shown:
            for name in names:
                own = _paired(name, both, first, second)
                refuse_unfinished(own, (baseline, candidate), allowed)
                paired[name] = own
                found = flips(own, first, second, most_flips)
                compared.append(
                    TaskComparison(
                        name,
                        own.n,
                        tuple(_changes(own)),
                        found.metric,
                        found.worse,
                        found.better,
                        found.shown,
                        own.same_outputs,
                        tuple(_notes(own)),
                    )
                )
                shown.advance(second.count(name), 0)
    return Comparison(
        _label(both.identities[0]),
        _label(both.identities[1]),
        (str(baseline), str(candidate)),
        both.differing,
        tuple(compared),
        tuple(result for gate in gates for result in decide(gate, paired)),
        tuple(_left_out(both, names)),
    )


@contextmanager
def _opened(folder: Path) -> Iterator[ReadOnlyStore]:
    store = ReadOnlyStore(folder)
    try:
        yield store
    finally:
        store.close()


def _known(name: str, tasks: Sequence[str]) -> str:
    if name not in tasks:
        raise not_found("task", name, tasks)
    return name


def refuse_missing(gates: Sequence[Gate], names: Sequence[str], both: Comparable) -> None:
    """A gate on a task of which the candidate has nothing must not pass by its absence.

    Raises:
        UserError: a gate is about a task that only one run has, or none.
    """
    for gate in gates:
        for identity, whose in zip(both.identities, ("baseline", "candidate"), strict=True):
            for name in {task for one in both.identities for task in one["tasks"]}:
                if gate.is_about(name) and name not in identity["tasks"]:
                    raise UserError(f"gate '{gate.key}': the {whose} has not judged {name}")
        if not any(gate.is_about(name) for name in names):
            known = not_found("task", gate.key, names)
            raise UserError(f"{gate.file}: {known}")


def _paired(name: str, both: Comparable, first: ReadOnlyStore, second: ReadOnlyStore) -> PairedTask:
    before, now = both.identities
    task = registry.get(name).create(now["tasks"][name]["arguments"])
    found = pair(
        task,
        Side.of(first, before, name),
        Side.of(second, now, name),
        same_data=both.same_data[name],
    )
    if not found.n:
        raise UserError(f"{name}: the runs share no item")
    return found


def refuse_unfinished(task: PairedTask, folders: Sequence[Path], allowed: Collection[str]) -> None:
    """Refuse runs that have not judged all of a task.

    Raises:
        UserError: names the run and how it is finished.
    """
    for missing, folder in zip(task.missing, folders, strict=True):
        if missing and "unfinished" not in allowed:
            raise UserError(
                f"{folder} is not finished: {missing:,} items of {task.name} are still to be"
                f" judged; finish it with its 'unieval run' and --out {folder}, or compare what"
                " there is with --allow unfinished"
            )


def _changes(task: PairedTask) -> Iterator[Change]:
    for (group, metric), own in task.figures.items():
        yield Change(
            task.name,
            group,
            metric,
            own.baseline.value,
            own.candidate.value,
            own.candidate.n,
            own.difference,
            own.mcnemar,
            own.sign,
            metric in task.shown_first or (bool(group) and metric == "accuracy"),
        )


def _notes(task: PairedTask) -> Iterator[str]:
    if task.same_outputs:
        yield "no output differs"
    for count, whose in zip(task.only, ("baseline", "candidate"), strict=True):
        if count:
            yield f"{count:,} items that only the {whose} has are left out"


def _left_out(both: Comparable, names: Sequence[str]) -> Iterator[str]:
    for identity, whose in zip(both.identities, ("baseline", "candidate"), strict=True):
        alone = [name for name in identity["tasks"] if name not in both.tasks]
        if alone:
            yield f"only the {whose} judged {', '.join(alone)}"
    unasked = [name for name in both.tasks if name not in names]
    if unasked:
        yield f"not asked for: {', '.join(unasked)}"


def _label(identity: Mapping[str, Any]) -> str:
    """Who is compared: the model that was asked, or the judge; with its checkpoint if it says."""
    who = identity.get("model") or identity["judge"]
    arguments = ", ".join(f"{key}={value}" for key, value in who["arguments"].items())
    label = f"{who['name']} ({arguments})" if arguments else str(who["name"])
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}..."
