"""Whether a judge can do what a task asks for."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import UserError
from .judge import Supports
from .plan import Ask
from .task import Task, kind_of


def asked_by(task: Task) -> Ask:
    """What a task says about its items, before any is read."""
    return Ask(kind_of(task), task.modality, task.objective)


def check_support(name: str, asks: Iterable[Ask], supports: Supports, judge: str) -> None:
    """Refuse a judge that cannot do what a task asks for.

    Raises:
        UserError: names what the judge lacks, and the cure.
    """
    for kind, modality, objective in asks:
        if kind == "grade":
            if not supports.grading:
                raise UserError(
                    f"judge '{judge}' does not grade answers, which {name} needs; choose a judge"
                    " that writes (transformers, vllm, openai, ...), or reference-match"
                )
            continue  # what it is told of media is up to the task
        if not (supports.pairwise if kind == "pair" else supports.pointwise):
            lacks = "compare pairs" if kind == "pair" else "score single candidates"
            raise UserError(
                f"judge '{judge}' does not {lacks}, which {name} needs; choose another judge, or a"
                f" task of {'single candidates' if kind == 'pair' else 'pairs'}"
            )
        if modality not in (None, *supports.modalities):
            raise UserError(
                f"judge '{judge}' does not take {modality}s, which {name} needs; it takes:"
                f" {', '.join(sorted(supports.modalities))}. Choose another judge, or other data"
            )
        if objective not in (None, *supports.objectives):
            raise UserError(
                f"judge '{judge}' does not judge {objective}, which {name} needs; it judges:"
                f" {', '.join(sorted(supports.objectives))}. Choose another judge, or other data"
            )
