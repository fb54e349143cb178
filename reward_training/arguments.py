"""The trainers' arguments, from the settings; all objectives share them."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from ..harness.errors import UserError
from .models import uses_bf16
from .settings import CommonSettings, TrainingSettings

_SCHEDULES = {"constant": "constant_with_warmup"}
# while one process judges benchmarks, the others wait
_PATIENCE = 12 * 3600


def trainer_arguments(settings: CommonSettings) -> dict[str, Any]:
    """Everything but the number of steps, which depends on how many processes there are."""
    import torch

    training = settings.training
    return {
        "output_dir": str(settings.output / "checkpoints"),
        "per_device_train_batch_size": training.batch_size,
        "per_device_eval_batch_size": training.batch_size,
        "gradient_accumulation_steps": training.accumulate,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": _SCHEDULES.get(training.schedule, training.schedule),
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.clip,
        "bf16": uses_bf16(settings),
        "activation_checkpointing": training.gradient_checkpointing,
        "activation_checkpointing_kwargs": {"use_reentrant": False},
        "save_strategy": "steps",
        "save_steps": training.save_every,
        "save_total_limit": training.keep,
        "logging_steps": training.log_every,
        "logging_first_step": True,
        "seed": training.seed,
        "report_to": ["wandb"] if training.wandb else [],
        "dataloader_num_workers": training.workers,
        "train_sampling_strategy": "sequential",  # the schedule is the order
        "remove_unused_columns": False,
        "ddp_timeout": _PATIENCE,
        "use_cpu": not torch.cuda.is_available(),
        "disable_tqdm": True,
        "log_level_replica": "error",
    }


def set_length(arguments: Any, training: TrainingSettings, rows: int) -> int:
    """Put the number of steps and of warm-up steps into the arguments.

    Returns:
        How many rows all processes learn from in one step.

    Raises:
        UserError: several GPUs, and one process that would use only the first.
    """
    if arguments.n_gpu > 1:
        raise UserError(
            f"{arguments.n_gpu} GPUs are visible to one process; start one for each with"
            " `accelerate launch` (see docs/training.md), or show one: CUDA_VISIBLE_DEVICES=0"
        )
    batch = training.batch_size * training.accumulate * arguments.world_size
    steps = training.steps
    if steps is None:
        assert training.epochs is not None
        steps = max(1, math.ceil(training.epochs * rows / batch))
    warmup = training.warmup if training.warmup >= 1 else training.warmup * steps
    arguments.max_steps, arguments.warmup_steps = steps, math.ceil(warmup)
    return int(batch)


class Pace(TrainerCallback):  # type: ignore[misc]
    """Asks for a checkpoint, and for the held-out loss, at every evaluation and at the end."""

    def __init__(self, every: int | None, held_out: bool) -> None:
        self._every, self._held_out = every, held_out

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> Any:
        """Called after every step."""
        if is_due(state.global_step, args.max_steps, self._every):
            control.should_save = True
            control.should_evaluate = self._held_out
        return control


def is_due(step: int, steps: int, every: int | None) -> bool:
    """Whether an evaluation belongs to a step."""
    return step == steps or (every is not None and step % every == 0)


SHOWN = {"loss": "loss", "eval_loss": "held-out loss"}
"""What is told of each point of the curve, and under which name."""


class Told(TrainerCallback):  # type: ignore[misc]
    """One line on standard error for each point of the curve."""

    def __init__(self, shown: Mapping[str, str] = SHOWN) -> None:
        self._shown = shown
        self._began: tuple[float, int] | None = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Called before every step; the first one starts the clock."""
        if self._began is None:
            self._began = time.monotonic(), state.global_step

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float], **given: Any
    ) -> None:
        """Called with each point of a curve."""
        said = [f"{name} {logs[key]:.4g}" for key, name in self._shown.items() if key in logs]
        if not said or not state.is_world_process_zero or self._began is None:
            return
        start, first = self._began
        pace = (time.monotonic() - start) / max(1, state.global_step - first)
        left = pace * (args.max_steps - state.global_step)
        print(
            f"step {state.global_step:,}/{args.max_steps:,}: {', '.join(said)};"
            f" {pace:.2f} s a step, {left:,.0f} s left",
            file=sys.stderr,
            flush=True,
        )
