"""A run's results as metadata of a model card on the hub: the ``model-index`` format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..harness.errors import UserError, not_found
from ..harness.registry import tasks as registry
from ..harness.task import Task, kind_of
from .layout import plain
from .names import judge_labels
from .render import render
from .runs import Run, TaskResult, Value, read_run
from .table import GROUP_METRIC, build

_TASKS = {
    ("answer", "image"): "image-text-to-text",
    ("answer", "video"): "video-text-to-text",
    ("make", "image"): "text-to-image",
    ("make", "video"): "text-to-video",
}
"""What a model is asked to do, by its output and modality, in the hub's words."""


def card(folder: Path, name: str = "") -> str:
    """YAML front matter with the run's results, and the leaderboard of this run in Markdown.

    Each task's first figures, the groups' own among them; values are shares or in the metric's
    own units, with the 95% interval and the number of items in ``metrics.args``.

    Args:
        folder: the run.
        name: of the model; default: the judge's, as in leaderboards.

    Raises:
        UserError: no run, no task with a figure, or a task that is not known here.
    """
    from huggingface_hub import ModelCardData

    run = read_run(folder)
    results = [own for task, result in run.tasks.items() for own in _results(run, task, result)]
    if not results:
        raise UserError(f"{folder} has no figure to show; finish the run, or choose another")
    data = ModelCardData(model_name=name or judge_labels([run])[0], eval_results=results)
    return f"---\n{data.to_yaml()}\n---\n\n{render(build([folder]), 'markdown')}"


def _results(run: Run, name: str, result: TaskResult) -> Iterator[Any]:
    if name not in registry.names():
        raise not_found("task", name, registry.names())
    task: Task = registry.get(name).create({})
    for (group, metric), value in _figures(result):
        if value.value is not None:
            yield _result(run, name, task, result, group, metric, value)


def _figures(result: TaskResult) -> Iterator[tuple[tuple[str, str], Value]]:
    for metric in result.headline:
        yield ("", metric), result.metrics.get(metric, Value())
    for group, part in result.groups.items():
        for metric in [m for m in result.headline if m in part.metrics] or [GROUP_METRIC]:
            yield (group, metric), part.metrics.get(metric, Value())


def _result(
    run: Run, name: str, task: Task, result: TaskResult, group: str, metric: str, value: Value
) -> Any:
    from huggingface_hub import EvalResult

    makes = "make" if kind_of(task) == "prompt" else "answer"
    source = task.source if result.data.name.startswith("hub:") else None
    asked: dict[str, Any] = {"n": value.n, "protocol": run.protocol, "order": result.order}
    if value.ci95:
        asked["ci95"] = list(value.ci95)
    if run.votes != 1:
        asked["votes"] = run.votes
    if not result.whole:
        asked["incomplete"] = True
    return EvalResult(
        task_type=_TASKS[makes, task.modality or "image"],
        task_name=name,
        dataset_type=source.dataset if source else result.data.name,
        dataset_name=name,
        # The hub's library merges results of one task type, data set, configuration and split.
        dataset_config=source.config if source else name,
        dataset_split=source.split if source else None,
        dataset_revision=result.data.revision,
        dataset_args={"fingerprint": result.data.fingerprint, **result.arguments},
        metric_type=metric,
        metric_name=plain(f"{group} {metric}".strip()),
        metric_value=value.value,
        metric_args=asked,
    )
