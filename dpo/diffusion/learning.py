"""The training loop on accelerate: steps, points of the curve, and when to save."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from ...harness.seeds import seed_for
from ...reward_training.checkpoints import history, latest, step_of
from . import states
from .comparing import Task, compare, make_batch
from .settings import TrainingSettings
from .trained import reference_of, trainable


def learn(task: Task, model: Any, accelerator: Any) -> list[dict[str, float]]:
    """Train the model in place, from its newest checkpoint on.

    Args:
        task: what is learnt.
        model: the component, as :func:`~.trained.load` gives it.
        accelerator: of accelerate; each of its processes computes its part of every step.

    Returns:
        The curve: an entry of step, loss, accuracy, margin and learning_rate for each step.

    Raises:
        UserError: the loss is not a number any more.
    """
    training = task.settings.training
    model.to(accelerator.device)
    reference = reference_of(model, training.lora)
    optimizer = _optimizer(training, trainable(model))
    if training.lora is not None:
        states.keep_adapters_only(accelerator)
    model, optimizer = accelerator.prepare(model, optimizer)
    folder = task.settings.output / "checkpoints"
    checkpoint = latest(folder)
    curve: list[dict[str, float]] = []
    if checkpoint is not None:
        accelerator.load_state(str(checkpoint))
        curve = history(checkpoint)
    first = 0 if checkpoint is None else step_of(checkpoint)
    writer = _tensorboard(task.settings.output, first) if accelerator.is_main_process else None
    order = list(_order(len(task.pairs), rows_a_step(training, accelerator), training))
    told = _Told(training, first)
    for step in range(first + 1, training.steps + 1):
        rate = learning_rate(training, step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        said = _step(task, model, reference, optimizer, accelerator, order, step)
        point = {"step": step, **said, "learning_rate": rate}
        if not math.isfinite(point["loss"]):
            raise UserError(
                f"the loss is {point['loss']} at step {step}: lower training.learning_rate or"
                " training.beta; if training.bf16 is true, try false"
            )
        curve.append(point)
        if writer is not None:
            _log(writer, point)
            told.tell(curve)
        if step % training.save_every == 0 or step == training.steps:
            states.save(accelerator, folder, step, curve, training.keep)
    if writer is not None:
        writer.close()
    return curve


def rows_a_step(training: TrainingSettings, accelerator: Any) -> int:
    """How many pairs all processes together learn from in one step."""
    return training.batch_size * training.accumulate * int(accelerator.num_processes)


def learning_rate(training: TrainingSettings, step: int) -> float:
    """The learning rate of a step, counted from 1."""
    warmup = training.warmup if training.warmup >= 1 else training.warmup * training.steps
    warmup = math.ceil(warmup)
    if step <= warmup:
        return training.learning_rate * step / warmup
    done = (step - warmup - 1) / max(1, training.steps - warmup)
    match training.schedule:
        case "constant":
            share = 1.0
        case "linear":
            share = 1 - done
        case "cosine":
            share = (1 + math.cos(math.pi * done)) / 2
    return training.learning_rate * share


def _order(rows: int, batch: int, training: TrainingSettings) -> Iterator[int]:
    """The pair's numbers of a whole training, each epoch in an order of its own."""
    left = batch * training.steps
    epoch = 0
    while left > 0:
        numbers = list(range(rows))
        random.Random(seed_for(training.seed, "epoch", epoch)).shuffle(numbers)
        yield from numbers[:left]
        left -= rows
        epoch += 1


def _step(
    task: Task,
    model: Any,
    reference: Callable[[Callable[[Any], Any]], Any],
    optimizer: Any,
    accelerator: Any,
    order: Sequence[int],
    step: int,
) -> dict[str, float]:
    """One optimizer step; gives its loss, accuracy and margin over all processes."""
    import torch

    training = task.settings.training
    size, processes = training.batch_size, accelerator.num_processes
    place = (step - 1) * rows_a_step(training, accelerator)
    said = []
    for part in range(training.accumulate):
        begin = place + (part * processes + accelerator.process_index) * size
        places = range(begin, begin + size)
        batch = make_batch(task, [(p, task.pairs[order[p]]) for p in places], accelerator.device)
        with accelerator.accumulate(model):
            found = compare(task, batch, model, reference)
            accelerator.backward(found.loss)
            if accelerator.sync_gradients:
                accelerator.clip_grad_norm_(trainable(model), training.clip)
            optimizer.step()
            optimizer.zero_grad()
        said.append(torch.stack([found.loss.detach(), found.accuracy, found.margin]))
    mean = accelerator.reduce(torch.stack(said).mean(0), reduction="mean")
    return dict(zip(("loss", "accuracy", "margin"), mean.tolist(), strict=True))


def _optimizer(training: TrainingSettings, weights: list[Any]) -> Any:
    import torch
    from transformers.optimization import Adafactor

    rate, decay = training.learning_rate, training.weight_decay
    if training.optimizer == "adafactor":
        return Adafactor(
            weights, lr=rate, weight_decay=decay, relative_step=False, scale_parameter=False
        )
    return torch.optim.AdamW(weights, lr=rate, weight_decay=decay)


def _tensorboard(output: Path, step: int) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    # what was logged after the checkpoint is going to be logged again
    return SummaryWriter(str(output / "tensorboard"), purge_step=step + 1)


def _log(writer: Any, point: dict[str, float]) -> None:
    for name, value in point.items():
        if name != "step":
            writer.add_scalar(f"train/{name}", value, int(point["step"]))


class _Told:
    """One line on standard error for every so many steps, with their means and the time left."""

    def __init__(self, training: TrainingSettings, first: int) -> None:
        self._every, self._steps = training.log_every, training.steps
        self._began, self._first = time.monotonic(), first

    def tell(self, curve: Sequence[dict[str, float]]) -> None:
        step = int(curve[-1]["step"])
        if step % self._every and step != self._steps and step != 1:
            return
        last = curve[-self._every :]
        means = {
            key: sum(p[key] for p in last) / len(last) for key in ("loss", "accuracy", "margin")
        }
        pace = (time.monotonic() - self._began) / (step - self._first)
        print(
            f"step {step:,}/{self._steps:,}: loss {means['loss']:.4g},"
            f" accuracy {means['accuracy']:.3f}, margin {means['margin']:.3g};"
            f" {pace:.2f} s a step, {pace * (self._steps - step):,.0f} s left",
            file=sys.stderr,
            flush=True,
        )
