"""Learning from scratch: steps of AdamW with averaged weights, that go on where they were stopped.

All of a training's state is one file, written under another name and moved into place, so a kill
at any moment leaves the last state whole. Chance belongs to a step, not to what came before it, so
a training that went on ends with the weights of one that never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from ...harness.progress import progress
from ...harness.seeds import seed_for

_STATE = "state.pt"
_AVERAGED_OVER = 10
"""A running average starts out over so few steps: it must not remember the random start."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How something is learnt.

    Args:
        name: what progress calls it; seeds its chance, too.
        steps: how many.
        learning_rate: the highest; it rises over the first twentieth of the steps and falls to
            nothing by a half cosine.
        average: decay of the weights' running average, which is the result.
        weight_decay: AdamW's.
        save_every: steps between saved states.
        seed: of all chance.
    """

    name: str
    steps: int
    learning_rate: float
    average: float = 0.99
    weight_decay: float = 0.01
    save_every: int = 200
    seed: int = 0


def optimise(
    models: Mapping[str, Any], loss_of: Callable[[int, Any], Any], plan: Plan, folder: Path
) -> list[dict[str, float]]:
    """Train models together, in place, from the state in the folder on.

    Args:
        models: torch modules by name; at the end they hold the averaged weights, in evaluation
            mode.
        loss_of: the loss of a step, from its number (from 0) and a ``torch.Generator`` of its own.
        plan: how.
        folder: where the state lies.

    Returns:
        The curve: step, loss and learning_rate of each step.

    Raises:
        UserError: the loss is not a number any more.
    """
    import torch

    weights = [weight for model in models.values() for weight in model.parameters()]
    averaged = [weight.detach().clone() for weight in weights]
    optimizer = torch.optim.AdamW(
        weights, lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=plan.weight_decay
    )
    folder.mkdir(parents=True, exist_ok=True)
    curve = _taken_up(folder / _STATE, weights, averaged, optimizer)
    for model in models.values():
        model.train()
    with progress(plan.name, plan.steps, len(curve)) as bar:
        for step in range(len(curve), plan.steps):
            rate = learning_rate(plan, step)
            for group in optimizer.param_groups:
                group["lr"] = rate
            chance = torch.Generator().manual_seed(seed_for(plan.seed, plan.name, step))
            loss = loss_of(step, chance)
            found = float(loss.detach())
            if not math.isfinite(found):
                raise UserError(
                    f"{plan.name}: the loss is {found} at step {step + 1}; lower"
                    " learning_rate and start in another folder"
                )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            keep = min(plan.average, (step + 1) / (step + _AVERAGED_OVER))
            with torch.no_grad():
                torch._foreach_lerp_(averaged, weights, 1 - keep)
            curve.append({"step": step + 1, "loss": found, "learning_rate": rate})
            if (step + 1) % plan.save_every == 0 or step + 1 == plan.steps:
                _keep(folder / _STATE, weights, averaged, optimizer, curve)
            bar.advance(1, 0)
    with torch.no_grad():
        for weight, mean in zip(weights, averaged, strict=True):
            weight.copy_(mean)
    for model in models.values():
        model.eval()
    return curve


def learning_rate(plan: Plan, step: int) -> float:
    """The learning rate of a step, counted from 0."""
    warmup = max(1, plan.steps // 20)
    if step < warmup:
        return plan.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, plan.steps - warmup)
    return plan.learning_rate * (1 + math.cos(math.pi * done)) / 2


def _taken_up(file: Path, weights: Any, averaged: Any, optimizer: Any) -> list[dict[str, float]]:
    """Put a saved state into place; its curve, empty if there is none."""
    import torch

    if not file.is_file():
        return []
    state = torch.load(file, weights_only=True)
    with torch.no_grad():
        for into, kept in ((weights, state["weights"]), (averaged, state["averaged"])):
            for mine, stored in zip(into, kept, strict=True):
                mine.copy_(stored)
    optimizer.load_state_dict(state["optimizer"])
    curve: list[dict[str, float]] = state["curve"]
    return curve


def _keep(file: Path, weights: Any, averaged: Any, optimizer: Any, curve: Any) -> None:
    import torch

    unfinished = file.with_suffix(".part")
    torch.save(
        {
            "weights": [weight.detach() for weight in weights],
            "averaged": averaged,
            "optimizer": optimizer.state_dict(),
            "curve": curve,
        },
        unfinished,
    )
    unfinished.replace(file)
