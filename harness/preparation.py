"""From what was asked for to a judge or model and its planned tasks.

Nothing is loaded or written yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from .demo import demo_data
from .engines import EngineSettings
from .errors import UserError
from .grading import GradingPlan, survey_of_grades
from .judge import Judge, answering
from .model import Model, check_model, check_takes
from .parsing import get_grammar
from .plan import Ask, NoItemsError, Plan, Survey
from .registry import Entry, judges, models, tasks
from .shards import Shard
from .store import Store
from .support import asked_by, check_support
from .task import Data, Grading, OrderPlan, Presentation, Task, grading_of, kind_of


@dataclass(frozen=True)
class Settings:
    """Everything ``unieval run`` can be told about one judge, or one model and its grader.

    With a ``model``, that is what answers, and the ``judge`` grades where a task needs it.
    ``order`` *None* means both orders for the robust protocol and the task's own for the official
    one. ``batch_size`` *None* leaves it to the judge or model.
    """

    judge: str | None
    tasks: tuple[str, ...]
    judge_arguments: Mapping[str, object] = field(default_factory=dict)
    task_arguments: Mapping[str, object] = field(default_factory=dict)
    data: str = "hub"
    limit: int | None = None
    shard: Shard | None = None
    order: OrderPlan | None = None
    votes: int = 1
    seed: int = 0
    protocol: Literal["robust", "official"] = "robust"
    batch_size: int | None = None
    model: str | None = None
    model_arguments: Mapping[str, object] = field(default_factory=dict)
    engine: EngineSettings = field(default_factory=EngineSettings)


@dataclass(frozen=True)
class Prepared:
    """A judge or model and its planned tasks, surveyed; nothing is loaded or written yet.

    With a model, ``judge`` is its grader, and ``grades`` is about what grading will amount to.
    """

    settings: Settings
    judge: Judge | None
    plans: Mapping[str, Plan]
    surveys: Mapping[str, Survey]
    model: Model | None = None
    grades: Mapping[str, Survey] = field(default_factory=dict)

    @property
    def batch_size(self) -> int:
        """Requests a batch, as asked or as the judge or model prefers."""
        return self.size_for(self.model or self.judge)

    def size_for(self, by: Judge | Model | None) -> int:
        """Requests a batch for one of the two."""
        own = getattr(by, "batch_size", 1024)
        return max(1, self.settings.batch_size or int(own))

    def estimate(self, task: str) -> tuple[float | None, float | None]:
        """Seconds and dollars that one task will take; *None* where that cannot be told."""
        return _estimate(self.model or self.judge, self.surveys[task])

    def estimate_of_grades(self, task: str) -> tuple[float | None, float | None]:
        """The same for the grading of its answers."""
        return _estimate(self.judge, self.grades[task])

    @property
    def dollars(self) -> float:
        """What the whole plan will cost, as far as that can be told."""
        answers = sum(self.estimate(task)[1] or 0 for task in self.plans)
        return answers + sum(self.estimate_of_grades(task)[1] or 0 for task in self.grades)


def _estimate(by: Judge | Model | None, survey: Survey) -> tuple[float | None, float | None]:
    estimate = getattr(by, "estimate", None)
    if estimate is None:
        return None, None
    seconds, dollars = estimate(survey)
    return seconds, dollars


def prepare(settings: Settings) -> Prepared:
    """Build the judge or model and the plans, and read the data once.

    Raises:
        UserError: unknown names or arguments, a judge or model that cannot take a task, bad data.
    """
    entries = tasks.resolve(list(settings.tasks))
    _refuse_unknown_arguments(settings.task_arguments, entries)
    if settings.model is not None:
        return _prepare_model(settings, settings.model, entries)
    if settings.judge is None:
        raise UserError("say who is to be measured: --judge NAME, or --model NAME")
    judge = _judge(settings, settings.judge)
    plans = {e.name: _plan(settings, e, judge, settings.judge) for e in entries}
    surveys = _surveyed(plans, settings.tasks)
    plans = {name: plans[name] for name in surveys}
    for name, survey in surveys.items():
        check_support(name, survey.asks, judge.supports, settings.judge)
    _expect(judge, plans)
    return Prepared(settings, judge, plans, surveys)


def _judge(settings: Settings, name: str) -> Judge:
    judge = answering(judges.get(name).create(settings.judge_arguments), name)
    get_grammar(judge.grammar)
    return judge


def _expect(by: Judge | Model, plans: Mapping[str, Plan]) -> None:
    expect = getattr(by, "expect", None)
    if expect is not None:
        for plan in plans.values():
            expect(replace(plan, shard=None))


def _prepare_model(settings: Settings, name: str, entries: Sequence[Entry[Task]]) -> Prepared:
    """A model under test, and the judge that grades its answers where a task needs one."""
    model = check_model(name, models.get(name).create(settings.model_arguments))
    plans = {entry.name: _asked(settings, entry, model, name) for entry in entries}
    surveys = _surveyed(plans, settings.tasks)
    plans = {task: plans[task] for task in surveys}
    for task, survey in surveys.items():
        for ask in survey.asks:
            check_takes(task, ask.kind, ask.modality, name, model.supports)
    graded = {t: g for t, plan in plans.items() if (g := grading_of(plan.task)) is not None}
    judge = _grader(settings, graded, plans)
    _expect(model, plans)
    grades = {
        task: survey_of_grades(surveys[task], plans[task], grading, _orders(settings, grading))
        for task, grading in graded.items()
    }
    return Prepared(settings, judge, plans, surveys, model, grades)


def _asked(settings: Settings, entry: Entry[Task], model: Model, name: str) -> Plan:
    task: Task = entry.create(own_arguments(settings, entry))
    kind = kind_of(task)
    if kind not in ("question", "prompt"):
        raise UserError(f"{task.name} measures judges, not models: say --judge, not --model")
    check_takes(task.name, kind, task.modality, name, model.supports)
    get_grammar(getattr(task, "answers", "open"))
    order: Presentation = "circular" if getattr(task, "circular", False) else "plain"
    data = _data(settings, task)
    return Plan(
        task, data, order, settings.votes, settings.seed, settings.limit, shard=settings.shard
    )


def _grader(
    settings: Settings, graded: Mapping[str, Grading], plans: Mapping[str, Plan]
) -> Judge | None:
    name = settings.judge
    if not graded:
        if name is not None:
            raise UserError(
                f"nothing here is graded, so judge '{name}' has nothing to do; leave out --judge"
            )
        return None
    if name is None:
        raise UserError(
            f"the answers to {', '.join(graded)} are graded by a judge: say --judge NAME (openai,"
            " transformers, vllm, ...), or --judge reference-match to see it work"
        )
    judge = _judge(settings, name)
    for task, grading in graded.items():
        asked = plans[task].task
        ask = Ask(grading.kind, asked.modality, asked.objective)
        check_support(task, [ask], judge.supports, name)
    return judge


def grading_plan(settings: Settings, plan: Plan, grading: Grading, store: Store) -> GradingPlan:
    """What the grader will be asked about the answers in a store."""
    return GradingPlan.of(plan, grading, store, grading_order(settings, grading))


def grading_order(settings: Settings, grading: Grading) -> Presentation:
    """How the grader is shown an answer: alone, or beside another one in some order."""
    usual: OrderPlan = "given" if settings.protocol == "official" else "both"
    return (settings.order or usual) if grading.compares else "single"


def _orders(settings: Settings, grading: Grading) -> int:
    """How many grades an answer gets."""
    return 2 if grading_order(settings, grading) == "both" else 1


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


def _plan(settings: Settings, entry: Entry[Task], judge: Judge, name: str) -> Plan:
    task: Task = entry.create(own_arguments(settings, entry))
    if kind_of(task) in ("question", "prompt"):
        raise UserError(
            f"{task.name} measures models, not judges: say --model NAME; a --judge only grades"
        )
    check_support(task.name, [asked_by(task)], judge.supports, name)
    order, free = _order(settings, task, judge), judge.supports.order_free
    data = _data(settings, task)
    return Plan(
        task, data, order, settings.votes, settings.seed, settings.limit, free, shard=settings.shard
    )


def _order(settings: Settings, task: Task, judge: Judge) -> Presentation:
    if kind_of(task) == "point":
        return "single"
    usual: OrderPlan = task.official_order if settings.protocol == "official" else "both"
    return settings.order or getattr(judge, "order", None) or usual


def own_arguments(settings: Settings, entry: Entry[Task]) -> dict[str, object]:
    """Those of the task arguments that the task takes."""
    return {k: v for k, v in settings.task_arguments.items() if k in entry.parameters}


def _data(settings: Settings, task: Task) -> Data:
    if settings.data in ("hub", "stream"):
        if task.source is None:
            raise UserError(
                f"{task.name} has no data on the hub; give --data PATH in the schema that"
                f" `unieval tasks {task.name}` shows, or --data demo"
            )
        return Data(None, f"hub:{task.source.dataset}", streamed=settings.data == "stream")
    if settings.data == "demo":
        return Data(demo_data(task, settings.seed), "demo")
    path = Path(settings.data)
    if not path.exists():
        raise UserError(
            f"--data {settings.data}: no such file or folder (or say hub, stream, or demo)"
        )
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
