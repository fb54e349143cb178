"""Grading: the answers of a model, as they are stored, become what a judge is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from .items import (
    SCORE,
    THREE_WAY,
    Candidate,
    Item,
    Kind,
    Media,
    Modality,
    Objective,
    Verdict,
)
from .parsing import answer_span
from .plan import Plan, Survey
from .store import Store
from .task import Data, Grading, HubSource, OrderPlan, Presentation

_CHUNK = 256


def grades_name(task: str) -> str:
    """The name under which a task's grades are stored, beside its answers."""
    return f"{task}:grades"


@dataclass
class GradingTask:
    """The answers to one task as a task of its own, whose items a :class:`GradingPlan` gives."""

    name: str
    kind: Kind
    modality: Modality | None
    objective: Objective | None
    version: str = "1"
    choices: tuple[Verdict, ...] = SCORE
    official_order: OrderPlan = "given"
    headline: tuple[str, ...] = ()
    source: HubSource | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def items(self, data: Data) -> Iterator[Item]:
        """None: there are no answers outside a run folder."""
        return iter(())


@dataclass(frozen=True, kw_only=True)
class GradingPlan(Plan):
    """What a judge will be asked about the answers in a store.

    Every answer has a position that depends on nothing but its item and vote, so that grading goes
    on after answers that had failed are there.
    """

    asked: Plan
    grading: Grading
    store: Store

    @classmethod
    def of(cls, asked: Plan, grading: Grading, store: Store, order: Presentation) -> GradingPlan:
        """The plan for the answers to another plan's requests, shown in that order."""
        task = GradingTask(
            grades_name(asked.task.name),
            grading.kind,
            asked.task.modality,
            asked.task.objective,
            choices=THREE_WAY if grading.kind == "pair" else SCORE,
        )
        return cls(
            task=task,
            data=asked.data,
            order=order,
            votes=1,
            seed=asked.seed,
            limit=asked.limit,
            asked=asked,
            grading=grading,
            store=store,
        )

    def items(self, *, media: bool = False) -> Iterator[tuple[int, Item]]:
        """Every stored answer with its position; a question's rotations are not graded."""
        stream = self.asked.items(media=media)
        while chunk := list(islice(stream, _CHUNK)):
            answers = self.store.texts(self.asked.task.name, chunk[0][0], chunk[-1][0])
            for position, item in chunk:
                for vote in range(self.asked.votes):
                    raw = answers.get((position, vote))
                    if raw is not None:
                        name = item.id if self.asked.votes == 1 else f"{item.id}#{vote}"
                        graded = self.grading.item(item, self._answer(item, raw), name)
                        yield position * self.asked.votes + vote, graded

    def _answer(self, item: Item, raw: str) -> Candidate:
        """What is graded: the answer without the reasoning before it, or the file it stands for."""
        if item.objective == "generation":
            return Media(item.modality, str(self.store.folder / raw), name=raw)
        return (answer_span(raw) or "").strip()


def survey_of_grades(answers: Survey, plan: Plan, grading: Grading, passes: int) -> Survey:
    """About what grading will amount to, before there are answers."""
    number = answers.taken * plan.votes
    requests = number * passes
    own = answers.characters // max(1, answers.requests)
    characters = requests * (2 * own + grading.characters)
    return Survey(number, requests, answers.media * passes, characters, "", number)
