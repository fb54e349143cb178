"""Checkpoints of a training, by accelerate: weights, optimizer, random states, and the curve."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ...reward_training.checkpoints import step_of

_ADAPTERS = "adapters.safetensors"
_STATE = "trainer_state.json"


def save(
    accelerator: Any, folder: Path, step: int, curve: list[dict[str, float]], keep: int
) -> None:
    """Write a checkpoint, whose file ``complete`` comes last, and remove old ones."""
    checkpoint = folder / f"checkpoint-{step}"
    if accelerator.is_main_process:
        shutil.rmtree(checkpoint, ignore_errors=True)  # what a kill has left
        checkpoint.mkdir(parents=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(checkpoint))
    accelerator.wait_for_everyone()
    if not accelerator.is_main_process:
        return
    (checkpoint / _STATE).write_text(json.dumps({"log_history": curve}), encoding="utf-8")
    (checkpoint / "complete").touch()
    complete = sorted((path.parent for path in folder.glob("*/complete")), key=step_of)
    for old in complete[:-keep]:
        shutil.rmtree(old)


def keep_adapters_only(accelerator: Any) -> None:
    """Leave the frozen weights out of checkpoints."""
    from safetensors.torch import load_file, save_file

    def named(model: Any) -> dict[str, Any]:
        bare = accelerator.unwrap_model(model)
        return {name: w for name, w in bare.named_parameters() if w.requires_grad}

    def save(models: list[Any], weights: list[Any], folder: str) -> None:
        if accelerator.is_main_process:
            tensors = {name: w.detach().cpu() for name, w in named(models[0]).items()}
            save_file(tensors, Path(folder) / _ADAPTERS)
        weights.clear()

    def load(models: list[Any], folder: str) -> None:
        import torch

        stored = load_file(Path(folder) / _ADAPTERS)
        with torch.no_grad():
            for name, weight in named(models.pop()).items():
                weight.copy_(stored[name])

    accelerator.register_save_state_pre_hook(save)
    accelerator.register_load_state_pre_hook(load)
