"""Gates that may end a run early: every ``max_drop`` is looked at after each round of items.

A task ends as soon as all its rules are decided, and the whole run as soon as one has failed. Rules
that cannot be looked at early (all but ``max_drop`` of a plain mean) need all items of their task,
and are decided then as ``unieval compare`` decides them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..harness import manifest
from ..harness.early_stop import Decision, SoFar, can_decide, rounds, visiting_order
from ..harness.errors import UserError, not_found
from ..harness.paired_runs import PairedTask, Place
from ..harness.plan import Plan
from ..harness.read_only import ReadOnlyStore
from ..harness.store import Store
from .compare import refuse_missing, refuse_unfinished
from .compare_manifests import agreeing
from .compare_model import Outcome, RuleResult, defined, worst
from .compare_words import WORDS
from .gates import Gate, Rules
from .gates_decide import decide, judged, place_of

DEFAULT_DROP = 0.02
"""Without a gate file: the first figure of each task that can be looked at early may not be worse
than the baseline's by more than this."""
_DEFAULT = Path("the default gate")
_STATES: dict[str, Outcome] = {"passes": "pass", "fails": "fail", "undecided": "inconclusive"}


class EarlyGates:
    """Holds a run under way against a finished one; a :class:`~unieval.harness.early_stop.Watch`.

    Args:
        baseline: folder of the finished run.
        gates: what has to hold; *None* for the default.
    """

    def __init__(self, baseline: Path, gates: Sequence[Gate] | None = None) -> None:
        self.baseline = baseline
        self.results: list[RuleResult] = []
        self._gates = list(gates or [])
        self._default = gates is None
        self._seed = 0
        self._task: dict[str, str] = {}
        self._early: dict[str, Place] = {}
        self._decisions: dict[str, Decision] = {}

    def check(self, identity: Mapping[str, Any]) -> None:
        """See :class:`~unieval.harness.early_stop.Watch`; gates that do not fit are refused too."""
        before = manifest.read_identity(self.baseline)
        now = json.loads(json.dumps(identity))
        both = agreeing((before, now), (str(self.baseline), "this run"))
        if graded := [name for name, own in now["tasks"].items() if own.get("grading")]:
            raise UserError(
                f"--baseline does not go with {', '.join(graded)}, where a judge grades answers"
                " that must all be there first; finish the run, then say 'unieval compare'"
            )
        self._seed = now["seed"]
        with ReadOnlyStore(self.baseline) as records:
            alone = {name: SoFar.of(self.baseline, records, name).paired for name in both.tasks}
        for task in alone.values():
            refuse_unfinished(task, (self.baseline, self.baseline), ())
        if self._default:
            self._gates = [_default_gate(task) for task in alone.values()]
        refuse_missing(self._gates, both.tasks, both)
        for gate in self._gates:
            list(decide(gate, alone))  # refuses what does not fit
            self._enlist(gate, alone, now)

    def _enlist(self, gate: Gate, tasks: Mapping[str, PairedTask], now: Mapping[str, Any]) -> None:
        task, group, metric = place_of(gate, tasks)
        self._task[gate.key] = task.name
        drop, order = gate.rules.max_drop, now["tasks"][task.name]["order"]
        if drop is None or drop >= 1 or order == "circular":
            return
        if can_decide(task.figures[group, metric]):
            self._early[gate.key] = group, metric

    def rounds(self, plan: Plan, store: Store) -> Iterator[Plan]:
        """See :class:`~unieval.harness.early_stop.Watch`."""
        task = plan.task.name
        if self._rejected:
            return
        if not any(self._task[key] == task for key in self._early):
            yield plan
            return
        clusters = SoFar.of(self.baseline, store, task).clusters[""]
        for part in rounds(visiting_order(clusters, self._seed)):
            self._look(task, store)
            if self._rejected or self._settled(task):
                return
            yield replace(plan, clusters=part)
        self._look(task, store)

    def _look(self, task: str, store: Store) -> None:
        found = SoFar.of(self.baseline, store, task)
        for gate in self._gates:
            place = self._early.get(gate.key)
            if place is None or self._task[gate.key] != task:
                continue
            figure = found.paired.figures.get(place)
            if figure is None:  # no item of that group yet
                continue
            if not can_decide(figure):  # the candidate's is another sort
                del self._early[gate.key]
                continue
            self._decisions[gate.key] = found.decide(
                place,
                margin=gate.rules.max_drop or 0.0,
                confidence=gate.rules.confidence,
                seed=self._seed,
            )

    @property
    def _rejected(self) -> bool:
        return any(decision.state == "fails" for decision in self._decisions.values())

    def _settled(self, task: str) -> bool:
        """Whether every rule about a task has been decided."""
        own = [gate for gate in self._gates if self._task[gate.key] == task]
        return all(
            list(gate.rules.given) == ["max_drop"]
            and gate.key in self._decisions
            and self._decisions[gate.key].state != "undecided"
            for gate in own
        )

    def told(self, store: Store) -> dict[str, Any]:
        """See :class:`~unieval.harness.early_stop.Watch`."""
        with ReadOnlyStore(store.folder) as records:
            tasks = {
                name: SoFar.of(self.baseline, records, name).paired
                for name in dict.fromkeys(self._task.values())
            }
        self.results = [own for gate in self._gates for own in self._judged(gate, tasks)]
        items = {name: [task.n, task.n + task.missing[1]] for name, task in tasks.items()}
        content = {
            "run": self.baseline.resolve().name,
            "outcome": self.outcome,
            "stopped": self._stopped(items),
            "items": items,
            "gates": [asdict(result) for result in self.results],
        }
        found: dict[str, Any] = defined(content)
        return found

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of all rules, once the run has been told of."""
        return worst([result.outcome for result in self.results])

    def _judged(self, gate: Gate, tasks: Mapping[str, PairedTask]) -> Iterator[RuleResult]:
        task = tasks[self._task[gate.key]]
        early = gate.key in self._early
        if early:
            yield self._of(gate, task)
        rest = gate.rules.model_copy(update={"max_drop": None}) if early else gate.rules
        if not rest.given:
            return
        if not task.missing[1]:
            yield from decide(replace(gate, rules=rest), tasks)
            return
        for rule, limit in rest.given.items():
            reason = f"needs all items of {task.name}, and the run was stopped before"
            yield judged(gate, rule, limit, "inconclusive", reason, None)

    def _of(self, gate: Gate, task: PairedTask) -> RuleResult:
        """What looking early has said of a ``max_drop``."""
        limit = gate.rules.max_drop or 0.0
        found = self._decisions.get(gate.key)
        if found is None or not found.items:
            reason = f"no item of {task.name} was judged before the run was stopped"
            return judged(gate, "max_drop", limit, "inconclusive", reason, None)
        state = found.state
        reason = (
            f"change {found.difference:+.4f} over {found.items:,} items, looked at all the time,"
            f" confidence {gate.rules.confidence:.4g}; max_drop {limit:g}"
        )
        if state == "undecided" and task.same_outputs and not task.missing[1]:
            return judged(gate, "max_drop", limit, "pass", "no output differs", 0.0)
        if state == "undecided" and not task.missing[1]:
            reason += ". These are all; a test that looks once ('unieval compare') needs fewer"
        return judged(gate, "max_drop", limit, _STATES[state], reason, found.difference)

    def _stopped(self, items: Mapping[str, Sequence[int]]) -> str | None:
        """Why not all items were judged; ``None`` if they were."""
        cut = {name: (n, of) for name, (n, of) in items.items() if n < of}
        if not cut:
            return None
        why = [
            f"{result.gate} {WORDS[result.outcome]} (max_drop {result.limit:g})"
            for result in self.results
            if result.gate in self._early and result.decided != "inconclusive"
        ]
        where = ", ".join(f"{n:,} of {of:,} items of {name}" for name, (n, of) in cut.items())
        return f"stopped early after {where}: {'; '.join(why)}"


def _default_gate(task: PairedTask) -> Gate:
    names = [name for name in task.shown_first if ("", name) in task.figures]
    plain = [name for name in names if can_decide(task.figures["", name])]
    if not names:
        raise not_found("metric", f"{task.name}, first figure", [m for _, m in task.figures])
    return Gate(f"{task.name}.{(plain or names)[0]}", Rules(max_drop=DEFAULT_DROP), _DEFAULT)
