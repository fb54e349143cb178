"""What there is, in words: tasks, judges and plans, for the terminal and as JSON."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .harness.registry import Entry
from .harness.registry import judges as judge_registry
from .harness.registry import tasks as task_registry

if TYPE_CHECKING:
    from .harness.run import Prepared


def all_tasks() -> list[dict[str, Any]]:
    """One line a task."""
    return [_task_line(task_registry.get(name)) for name in task_registry.names()]


def _task_line(entry: Entry[Any]) -> dict[str, Any]:
    built = entry.create({})
    return {
        "task": entry.name,
        "group": entry.group or "",
        "judges": f"{built.modality} {built.objective}",
        "demo": "yes" if getattr(built, "write_demo", None) else "no",
        "what": entry.summary,
    }


def task(name: str) -> dict[str, Any]:
    """Everything about one task: data, columns, figures, published results.

    Raises:
        UserError: there is no such task (a group's name is not one).
    """
    from .leaderboard.figures import figures

    entry = task_registry.get(name)
    built = entry.create({})
    source = built.source
    return {
        **_task_line(entry),
        "version": built.version,
        "data set": source.dataset,
        "configuration": source.config or "default",
        "split": source.split,
        "revision": source.revision,
        "licence": source.licence,
        "columns": dict(built.columns),
        "answers": [str(choice) for choice in built.choices],
        "headline figures": list(built.headline),
        "official order": built.official_order,
        "arguments": _arguments(entry),
        "published": [
            f"{f.judge}: {f.metric}{f' ({f.group})' if f.group else ''} {100 * f.value:.2f}"
            for f in figures(name)
        ],
        "about": inspect.getdoc(inspect.getmodule(entry.factory)) or "",
    }


def all_judges() -> list[dict[str, Any]]:
    """One line a judge."""
    return [
        {"judge": name, "what": judge_registry.get(name).summary} for name in judge_registry.names()
    ]


def judge(name: str) -> dict[str, Any]:
    """Everything about one judge that can be told without building it.

    Raises:
        UserError: there is no such judge.
    """
    entry = judge_registry.get(name)
    return {
        "judge": name,
        "what": entry.summary,
        "arguments": _arguments(entry),
        "defined in": entry.origin,
        "about": inspect.getdoc(entry.factory) or "",
    }


def _arguments(entry: Entry[Any]) -> dict[str, str]:
    return {
        name: "required" if p.default is p.empty else f"default {p.default}"
        for name, p in entry.parameters.items()
    }


def show(described: list[dict[str, Any]] | dict[str, Any]) -> None:
    """Print a list as a table, or one thing as labelled lines."""
    from rich.console import Console

    console = Console()
    if isinstance(described, list):
        console.print(_table(described))
        return
    for key, value in described.items():
        if isinstance(value, Mapping):
            console.print(f"[bold]{key}[/bold]")
            for name, text in value.items():
                console.print(f"  {name}: {text}", markup=False, highlight=False)
        elif isinstance(value, list):
            console.print(f"[bold]{key}[/bold]")
            for text in value:
                console.print(f"  {text}", markup=False, highlight=False)
        else:
            console.print(f"[bold]{key}[/bold]: ", end="")
            console.print(str(value), markup=False, highlight=False)


def _table(lines: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in lines[0] if lines else []:
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(*map(str, line.values()))
    return table


def show_plans(prepared: Sequence[Prepared]) -> None:
    """Print what a run would do: counts, tokens, time and money."""
    from rich.console import Console

    lines = [
        {
            "judge": each.settings.judge,
            "task": name,
            "items": f"{survey.items:,}",
            "order": each.plans[name].order,
            "requests": f"{survey.requests:,}",
            "media": f"{survey.media:,}",
            "text tokens": f"~{survey.text_tokens:,}",
            **_cost(each, name),
        }
        for each in prepared
        for name, survey in each.surveys.items()
    ]
    console = Console()
    console.print(_table(lines))
    for each in prepared:
        for survey in each.surveys.values():
            for warning in survey.warnings:
                console.print(f"warning: {warning}", markup=False, highlight=False)


def _cost(prepared: Prepared, task: str) -> dict[str, str]:
    estimate = getattr(prepared.judge, "estimate", None)
    if estimate is None:
        return {"time": "not known", "cost": "not known"}
    seconds, dollars = estimate(prepared.surveys[task])
    return {"time": _duration(seconds), "cost": f"${dollars:,.2f}" if dollars else "none"}


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"~{seconds / size:,.1f} {unit}"
    return f"~{max(1, round(seconds))} s"
