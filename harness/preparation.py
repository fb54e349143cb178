"""From what was asked for to a judge and its planned tasks; nothing is loaded or written yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .demo import demo_data
from .errors import UserError
from .judge import Judge, answering
from .parsing import get_grammar
from .plan import NoItemsError, Plan, Survey, asked_by, check_support
from .registry import Entry, judges, tasks
from .task import Data, OrderPlan, Presentation, Task, kind_of


@dataclass(frozen=True)
class Settings:
    """Everything ``unieval run`` can be told about one judge.

    ``order`` *None* means both orders for the robust protocol and the task's own for the official
    one. ``batch_size`` *None* leaves it to the judge.
    """

    judge: str
    tasks: tuple[str, ...]
    judge_arguments: Mapping[str, object] = field(default_factory=dict)
    task_arguments: Mapping[str, object] = field(default_factory=dict)
    data: str = "hub"
    limit: int | None = None
    order: OrderPlan | None = None
    votes: int = 1
    seed: int = 0
    protocol: Literal["robust", "official"] = "robust"
    batch_size: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A judge and its planned tasks, surveyed; nothing is loaded or written yet."""

    settings: Settings
    judge: Judge
    plans: Mapping[str, Plan]
    surveys: Mapping[str, Survey]

    @property
    def batch_size(self) -> int:
        """Requests a batch, as asked or as the judge prefers."""
        own = getattr(self.judge, "batch_size", 1024)
        return max(1, self.settings.batch_size or int(own))

    def estimate(self, task: str) -> tuple[float | None, float | None]:
        """Seconds and dollars that one task will take; *None* where the judge cannot tell."""
        estimate = getattr(self.judge, "estimate", None)
        if estimate is None:
            return None, None
        seconds, dollars = estimate(self.surveys[task])
        return seconds, dollars

    @property
    def dollars(self) -> float:
        """What the whole plan will cost, as far as the judge can tell."""
        return sum(self.estimate(task)[1] or 0 for task in self.plans)


def prepare(settings: Settings) -> Prepared:
    """Build the judge and the plans, and read the data once.

    Raises:
        UserError: unknown names or arguments, a judge that cannot take a task, bad data.
    """
    entries = tasks.resolve(list(settings.tasks))
    _refuse_unknown_arguments(settings.task_arguments, entries)
    entry = judges.get(settings.judge)
    judge = answering(entry.create(settings.judge_arguments), settings.judge)
    get_grammar(judge.grammar)
    plans = {e.name: _plan(settings, e, judge) for e in entries}
    surveys = _surveyed(plans, settings.tasks)
    plans = {name: plans[name] for name in surveys}
    for name, survey in surveys.items():
        check_support(name, survey.asks, judge.supports, settings.judge)
    expect = getattr(judge, "expect", None)
    if expect is not None:
        for plan in plans.values():
            expect(plan)
    return Prepared(settings, judge, plans, surveys)


def _surveyed(plans: Mapping[str, Plan], named: Sequence[str]) -> dict[str, Survey]:
    """What each plan amounts to; a member of a group that the data do not serve is left out."""
    surveys: dict[str, Survey] = {}
    empty: list[NoItemsError] = []
    for name, plan in plans.items():
        try:
            surveys[name] = plan.survey()
        except NoItemsError as error:
            if name in named:
                raise
            empty.append(error)
    if not surveys:
        raise empty[0]
    return surveys


def _plan(settings: Settings, entry: Entry[Task], judge: Judge) -> Plan:
    task: Task = entry.create(own_arguments(settings, entry))
    check_support(task.name, [asked_by(task)], judge.supports, settings.judge)
    order, free = _order(settings, task, judge), judge.supports.order_free
    data = _data(settings, task)
    return Plan(task, data, order, settings.votes, settings.seed, settings.limit, free)


def _order(settings: Settings, task: Task, judge: Judge) -> Presentation:
    if kind_of(task) == "point":
        return "single"
    usual: OrderPlan = task.official_order if settings.protocol == "official" else "both"
    return settings.order or getattr(judge, "order", None) or usual


def own_arguments(settings: Settings, entry: Entry[Task]) -> dict[str, object]:
    """Those of the task arguments that the task takes."""
    return {k: v for k, v in settings.task_arguments.items() if k in entry.parameters}


def _data(settings: Settings, task: Task) -> Data:
    if settings.data == "hub":
        if task.source is None:
            raise UserError(
                f"{task.name} has no data on the hub; give --data PATH in the schema that"
                f" `unieval tasks {task.name}` shows, or --data demo"
            )
        return Data(None, f"hub:{task.source.dataset}")
    if settings.data == "demo":
        return Data(demo_data(task, settings.seed), "demo")
    path = Path(settings.data)
    if not path.exists():
        raise UserError(f"--data {settings.data}: no such file or folder (or say hub, or demo)")
    return Data(path, path.name)


def _refuse_unknown_arguments(arguments: Mapping[str, object], entries: list[Entry[Task]]) -> None:
    known = sorted({name for entry in entries for name in entry.parameters})
    for key in arguments:
        if key not in known:
            names = ", ".join(entry.name for entry in entries)
            raise UserError(
                f"--task-arg {key}: {names} takes no such argument; it takes:"
                f" {', '.join(known) or 'none'}"
            )
