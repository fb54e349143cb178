"""What there is, in words: tasks, judges and plans, for the terminal and as JSON."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .harness.judge import Supports
from .harness.model import Takes
from .harness.registry import Entry
from .harness.registry import judges as judge_registry
from .harness.registry import models as model_registry
from .harness.registry import tasks as task_registry
from .harness.task import HubSource, grading_of, kind_of

_NARROW = {"metric": 100, "what": 110, "group": 150, "size": 130, "licence": 170}
"""Columns of a table that only terminals of at least this width show."""

_UNBOUNDED = 1000
"""Columns where tables go to a file or another program: a row stays a line, for grep."""

if TYPE_CHECKING:
    from rich.console import Console

    from .harness.plan import Survey
    from .harness.run import Prepared
    from .leaderboard import PublishedFigure


def all_tasks() -> list[dict[str, Any]]:
    """One line a task."""
    return [_task_line(task_registry.get(name)) for name in task_registry.names()]


def _task_line(entry: Entry[Any]) -> dict[str, Any]:
    built = entry.create({})
    source = built.source
    return {
        "task": entry.name,
        "group": entry.group or "",
        "judges": " ".join(filter(None, (built.modality, built.objective, _kinds(built)))),
        "items": f"{source.items:,}" if source and source.items else "",
        "metric": built.headline[0],
        "demo": "yes" if getattr(built, "write_demo", None) else "no",
        "verified": "" if source is None else "yes" if source.verified else "no",
        "size": source.size if source else "",
        "licence": source.licence if source else "",
        "what": entry.summary,
    }


def _kinds(task: Any) -> str:
    """What its items are, and for a model's answers whether they are graded."""
    asks = kind_of(task) in ("question", "prompt")
    graded = asks and grading_of(task) is not None
    return f"{kind_of(task)}s" + (" for a model" if asks else "") + (", graded" if graded else "")


def task(name: str) -> dict[str, Any]:
    """Everything about one task: data, columns, figures, published results.

    Raises:
        UserError: there is no such task (a group's name is not one).
    """
    from .leaderboard.figures import figures

    entry = task_registry.get(name)
    built = entry.create({})
    return {
        **_task_line(entry),
        "about": inspect.getdoc(inspect.getmodule(entry.factory)) or "",
        "version": built.version,
        **(_hub(built.source) if built.source else {"data set": "your own, --data PATH"}),
        "columns": dict(built.columns),
        "answers": [str(choice) for choice in built.choices] or [_answer(built)],
        "headline figures": list(built.headline),
        "official order": built.official_order,
        "arguments": _arguments(entry),
        "published": _published(figures(name)),
    }


def _answer(task: Any) -> str:
    if kind_of(task) == "point":
        return "a score in the item's range"
    if grading_of(task) is not None:
        return "whatever the model makes, graded by --judge"
    return "the letter of an option"


def _hub(source: HubSource) -> dict[str, str]:
    return {
        "data set": source.dataset,
        "configuration": source.config or "default",
        "split": source.split,
        "revision": source.revision,
    }


def _published(figures: Sequence[PublishedFigure]) -> list[str]:
    """One line a judge and source, in percent."""
    lines: dict[tuple[str, str], list[str]] = {}
    for f in figures:
        where = f"{f.group} " if f.group else ""
        lines.setdefault((f.judge, f.source.text), []).append(
            f"{where}{f.metric} {100 * f.value:.2f}"
        )
    return [f"{judge}: {', '.join(cells)} [{source}]" for (judge, source), cells in lines.items()]


def all_judges() -> list[dict[str, Any]]:
    """One line a judge."""
    return [_judge_line(judge_registry.get(name)) for name in judge_registry.names()]


def _judge_line(entry: Entry[Any]) -> dict[str, Any]:
    preset = getattr(entry.factory, "preset", None)
    return {
        "judge": entry.name,
        "judges": _supported(entry),
        "engine": getattr(entry.factory, "engine", ""),
        "size": getattr(preset, "size", ""),
        "licence": getattr(preset, "licence", ""),
        "what": entry.summary,
    }


def _supported(entry: Entry[Any]) -> str:
    """Which kinds of items a judge takes, in whichever way it is asked, where its class says so."""
    supports = getattr(entry.factory, "supports", None)
    if not isinstance(supports, Supports):
        return ""
    ways = [way.supports for way in getattr(entry.factory, "ways", ())] or [supports]
    pairs = any(way.pairwise for way in ways)
    points = any(way.pointwise for way in ways) or hasattr(entry.factory, "score")
    grades = supports.grading and not (pairs or points)
    return ", ".join(["pairs"] * pairs + ["points"] * points + ["grades"] * grades)


def judge(name: str) -> dict[str, Any]:
    """Everything about one judge that can be told without building it, and what it asks.

    Raises:
        UserError: there is no such judge.
    """
    entry = judge_registry.get(name)
    return {
        **_judge_line(entry),
        "about": inspect.getdoc(inspect.getmodule(entry.factory)) or "",
        "arguments": _arguments(entry),
        "defined in": entry.origin,
        **getattr(entry.factory, "asked", dict)(),
    }


def all_models() -> list[dict[str, Any]]:
    """One line a model."""
    return [_model_line(model_registry.get(name)) for name in model_registry.names()]


def _model_line(entry: Entry[Any]) -> dict[str, Any]:
    takes = getattr(entry.factory, "supports", Takes())
    answers = [f"answers about {each}s" for each in sorted(takes.questions)]
    makes = [f"makes {each}s" for each in sorted(takes.prompts)]
    return {"model": entry.name, "does": ", ".join(answers + makes), "what": entry.summary}


def model(name: str) -> dict[str, Any]:
    """Everything about one model that can be told without building it.

    Raises:
        UserError: there is no such model.
    """
    entry = model_registry.get(name)
    return {
        **_model_line(entry),
        "about": inspect.getdoc(inspect.getmodule(entry.factory)) or "",
        "arguments": _arguments(entry),
        "defined in": entry.origin,
    }


def _arguments(entry: Entry[Any]) -> dict[str, str]:
    return {
        name: "required"
        if p.default is p.empty
        else "optional"
        if p.default is None
        else f"default {p.default}"
        for name, p in entry.parameters.items()
    }


def show(described: list[dict[str, Any]] | dict[str, Any]) -> None:
    """Print a list as a table, or one thing as labelled lines."""
    console = _console()
    if isinstance(described, list):
        console.print(_table(described, console.width))
        return
    for key, value in described.items():
        console.print(f"[bold]{key}[/bold]", end="")
        lines = _lines(value)
        if len(lines) == 1:
            console.print(f": {lines[0]}", markup=False, highlight=False, soft_wrap=True)
            continue
        console.print()
        for line in lines:
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    if console.is_terminal or os.environ.get("COLUMNS"):
        return console
    return Console(width=_UNBOUNDED)


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}: {text}" for name, text in value.items()] or ["none"]
    if isinstance(value, list):
        return [str(text) for text in value] or ["none"]
    return str(value).splitlines() or ["none"]


def _table(lines: Sequence[Mapping[str, Any]], width: int) -> Any:
    """A line a row; a narrow terminal shows fewer columns."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    every = list(lines[0]) if lines else []
    least = _NARROW if "licence" not in every else _NARROW | {"what": 230}
    names = [name for name in every if width >= least.get(name, 0)]
    for name in names:
        table.add_column(name, no_wrap=name in (every[0], "metric"), overflow="fold")
    for line in lines:
        table.add_row(*(str(line[name]) for name in names))
    return table


def show_plans(prepared: Sequence[Prepared]) -> None:
    """Print what a run would do: counts, tokens, time and money."""
    lines = [line for each in prepared for line in _planned(each)]
    console = _console()
    console.print(_table(lines, console.width))
    for each in prepared:
        for survey in each.surveys.values():
            for warning in survey.warnings:
                console.print(f"warning: {warning}", markup=False, highlight=False)


def _planned(each: Prepared) -> Iterator[dict[str, str]]:
    """A line a task, and one for its grading."""
    who = each.settings.model or str(each.settings.judge)
    for name, survey in each.surveys.items():
        order = each.plans[name].order
        yield _plan_line(who, name, order, survey, each.estimate(name))
    for name, survey in each.grades.items():
        cost = each.estimate_of_grades(name)
        yield _plan_line(str(each.settings.judge), f"{name}, grading", "", survey, cost)


def _plan_line(
    who: str, task: str, order: str, survey: Survey, cost: tuple[float | None, float | None]
) -> dict[str, str]:
    return {
        "judge": who,
        "task": task,
        "items": f"{survey.taken:,}",
        "order": order,
        "requests": f"{survey.requests:,}",
        "media": f"{survey.media:,}",
        "tokens": f"~{survey.text_tokens:,}",
        **_cost(*cost),
    }


def _cost(seconds: float | None, dollars: float | None) -> dict[str, str]:
    time = "unknown" if seconds is None else _duration(seconds)
    if dollars is None:
        return {"time": time, "cost": "unknown"}
    return {"time": time, "cost": f"~${dollars:,.2f}" if dollars else "none"}


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"~{seconds / size:,.1f} {unit}"
    return f"~{max(1, round(seconds))} s"
