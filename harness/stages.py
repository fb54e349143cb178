"""What a run does, one after the other: a judge at its tasks, or a model and then its grader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .judge import Judge
from .model import Model
from .plan import Plan
from .preparation import Prepared, grading_plan
from .store import Store
from .task import grading_of


@dataclass(frozen=True)
class Stage:
    """One plan carried out by the judge or the model.

    ``grammar`` reads the outputs; ``batch_size`` and ``requests``, how many there will be, are in
    requests.
    """

    title: str
    who: Literal["model", "judge"]
    by: Judge | Model
    plan: Plan
    grammar: str
    batch_size: int
    requests: int


def stages(prepared: Prepared, store: Store) -> Iterator[Stage]:
    """Every stage; what a grader is asked is known when the answers are there, so they are lazy."""
    settings, model, judge = prepared.settings, prepared.model, prepared.judge
    for name, plan in prepared.plans.items():
        requests = prepared.surveys[name].requests
        if model is not None:
            title, grammar = f"{settings.model} on {name}", getattr(plan.task, "answers", "open")
            size = prepared.size_for(model)
            yield Stage(title, "model", model, plan, grammar, size, requests)
        elif judge is not None:
            title, size = f"{settings.judge} on {name}", prepared.size_for(judge)
            yield Stage(title, "judge", judge, plan, judge.grammar, size, requests)
    if model is None or judge is None:
        return
    for name, asked in prepared.plans.items():
        grading = grading_of(asked.task)
        if grading is not None:
            plan = grading_plan(settings, asked, grading, store)
            requests = plan.passes * sum(1 for _ in plan.items())
            title, grammar = f"{settings.judge} grades {name}", grading.grammar or judge.grammar
            size = prepared.size_for(judge)
            yield Stage(title, "judge", judge, plan, grammar, size, requests)
