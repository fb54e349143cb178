"""Checkpoints judged on benchmarks during training, as a user would judge them.

A checkpoint is written as a folder that loads with ``from_pretrained``, and judged through
the harness by the judge that a user would name. Each benchmark is an ordinary run folder below
``evaluations/step-000200/``: what a kill interrupts goes on, and ``unieval leaderboard`` reads it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from ..harness.progress import tell
from ..harness.run import RESULTS, Prepared, execute, prepare
from ..harness.run import Settings as RunSettings
from ..judges.backends.checkpoints import Checkpoint
from .arguments import is_due
from .export import export
from .loop import Evaluations
from .settings import WRITER, CommonSettings, EvaluationSettings


@dataclass(frozen=True)
class Figure:
    """One metric of one benchmark at one step; some have no interval."""

    step: int
    task: str
    metric: str
    value: float
    interval: tuple[float, float] | None
    n: int
    headline: bool

    @property
    def range(self) -> str:
        """The interval as it is written; empty without one."""
        return "" if self.interval is None else "{:.3f} to {:.3f}".format(*self.interval)


@dataclass(frozen=True)
class Benchmarks:
    """The benchmarks of a training.

    Args:
        settings: the training's.
        start: the checkpoint that it starts from.
        device: where the judge computes.
    """

    settings: CommonSettings
    start: Checkpoint
    device: str

    def check(self) -> None:
        """Read all data and build all judges once, before anything is trained.

        Raises:
            UserError: a task, its data or its arguments do not fit.
        """
        for each in self.settings.evaluate:
            self._prepared(each, self.settings.model.path)

    def judge(self, step: int, checkpoint: Path) -> None:
        """Judge the checkpoint of a step; what is judged already is left alone."""
        folder = step_folder(self.settings.output, step)
        missing = [each for each in self.settings.evaluate if not self._done(folder, each)]
        if not missing:
            return
        model = folder / "model"
        with undisturbed():
            export(self.settings, self.start, checkpoint, model)
            self._judge(missing, folder, str(model))
        shutil.rmtree(model)

    def judge_start(self) -> None:
        """Judge the checkpoint that training starts from, as step 0."""
        self._judge_at(0, self.settings.model.path)

    def judge_final(self, step: int) -> None:
        """Judge what training has made, where the user finds it."""
        self._judge_at(step, str(self.settings.output))

    def _judge_at(self, step: int, model: str) -> None:
        folder = step_folder(self.settings.output, step)
        missing = [each for each in self.settings.evaluate if not self._done(folder, each)]
        with undisturbed():
            self._judge(missing, folder, model)

    def _judge(self, these: list[EvaluationSettings], folder: Path, model: str) -> None:
        for each in these:
            run = folder / _name(each)
            run.mkdir(parents=True, exist_ok=True)
            found = execute(self._prepared(each, model), run, tell)
            tell(f"{folder.name}: {_in_short(found)}")

    def _done(self, folder: Path, each: EvaluationSettings) -> bool:
        return (folder / _name(each) / RESULTS).is_file()

    def _prepared(self, each: EvaluationSettings, model: str) -> Prepared:
        chosen = self.settings.model
        judge, shown = self.settings.judge()
        arguments: dict[str, object] = {
            "path": model,
            **shown,
            "device": self.device,
            "trust_remote_code": chosen.trust_remote_code,
        }
        if judge == WRITER:
            arguments |= {"decode": "generate", "max_new_tokens": each.max_new_tokens}
        if chosen.attention is not None:
            arguments["attention"] = chosen.attention
        if model == chosen.path and chosen.revision is not None:
            arguments["revision"] = chosen.revision
        return prepare(
            RunSettings(
                judge=judge,
                tasks=(each.task,),
                judge_arguments=arguments,
                task_arguments=each.task_args,
                data=each.data,
                limit=each.limit,
                order=each.order,
                seed=each.seed,
                batch_size=each.batch_size,
            )
        )


class DuringTraining(TrainerCallback):  # type: ignore[misc]
    """Judges checkpoints when it is time; one process does, the others wait.

    ``report`` is told the figures, to log them beside the losses.
    """

    def __init__(self, benchmarks: Evaluations, every: int | None) -> None:
        self._benchmarks, self._every = benchmarks, every
        self.report: Any = None

    def on_save(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Called when a checkpoint is written and marked complete."""
        step = state.global_step
        if step == args.max_steps or not is_due(step, args.max_steps, self._every):
            return
        if state.is_world_process_zero:
            self._benchmarks.judge(step, Path(args.output_dir) / f"checkpoint-{step}")
            found = figures(self._benchmarks.settings.output, only=step)
            if found:
                self.report(args, state, control, as_logs(found))
        args.distributed_state.wait_for_everyone()


def figures(output: Path, only: int | None = None) -> list[Figure]:
    """Every figure measured so far, by step and task."""
    found: list[Figure] = []
    for file in sorted((output / "evaluations").glob(f"step-*/*/{RESULTS}")):
        step = int(file.parent.parent.name.removeprefix("step-"))
        if only is None or step == only:
            found += _figures(step, json.loads(file.read_text(encoding="utf-8")))
    return found


def as_logs(found: list[Figure]) -> dict[str, float]:
    """Headline figures as a trainer logs them."""
    return {f"eval_{f.task}_{f.metric}": f.value for f in found if f.headline}


def step_folder(output: Path, step: int) -> Path:
    """Where a step's evaluations are."""
    return output / "evaluations" / f"step-{step:06}"


def _figures(step: int, results: Mapping[str, Any]) -> Iterator[Figure]:
    for task, entry in results["tasks"].items():
        for metric, measured in entry["metrics"].items():
            if measured["value"] is None:
                continue
            interval = measured["ci95"] and tuple(measured["ci95"])
            headline = metric in entry["headline"]
            yield Figure(step, task, metric, measured["value"], interval, measured["n"], headline)


def _name(each: EvaluationSettings) -> str:
    """The run's folder: the task, and a hash of all that is asked of it."""
    return f"{each.task}-{blake2b(each.model_dump_json().encode(), digest_size=4).hexdigest()}"


def _in_short(results: Mapping[str, Any]) -> str:
    found = (f for f in _figures(0, results) if f.headline)
    return ", ".join(f"{f.task} {f.metric} {f.value:.3f} {f.range}".strip() for f in found)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Load a second model beside the one in training, and leave that as it was.

    Training gets its random numbers back. DeepSpeed, which would shard whatever is loaded over all
    processes, is not told of a model that one of them loads.
    """
    import torch
    from transformers.integrations import deepspeed

    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    known = deepspeed._hf_deepspeed_config_weak_ref
    deepspeed.unset_hf_deepspeed_config()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        deepspeed._hf_deepspeed_config_weak_ref = known
    if devices:
        torch.cuda.empty_cache()
