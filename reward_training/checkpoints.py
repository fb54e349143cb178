"""Checkpoints of a training: written so that a half-written one is never taken up again.

The file ``complete`` is written last, when every process has saved its part.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from ..judges.backends.checkpoints import Checkpoint
from .models import copy_processor

_COMPLETE = "complete"
_STATE = "trainer_state.json"


def latest(folder: Path) -> Path | None:
    """The newest complete checkpoint among ``checkpoint-STEP`` folders."""
    found = [path.parent for path in folder.glob(f"checkpoint-*/{_COMPLETE}")]
    return max(found, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def history(checkpoint: Path) -> list[dict[str, float]]:
    """What was logged up to a checkpoint: one entry a point of the curve, with its step."""
    state = json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    logged: list[dict[str, float]] = state["log_history"]
    return logged


class MarkComplete(TrainerCallback):  # type: ignore[misc]
    """Marks each checkpoint once all processes have written it."""

    def on_save(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Called on every process when it has written its part."""
        args.distributed_state.wait_for_everyone()
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            (folder / _COMPLETE).touch()


class Checkpointed:
    """What trainers here do with checkpoints; stands before the trainer among a class's bases.

    A checkpoint holds the model as ``from_pretrained`` reads it, with the processor's files, and
    no pickled arguments.
    """

    start: Checkpoint
    model: Any
    args: Any

    def _save(
        self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None
    ) -> None:
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        self._save_model(folder, state_dict)
        copy_processor(self.start, folder)

    def _save_model(self, folder: Path, state_dict: dict[str, Any] | None) -> None:
        self.model.save_pretrained(folder, state_dict=state_dict)

    def _load_from_checkpoint(self, *checkpoint: Any) -> None:
        """Nothing: the model came from the checkpoint already, see ``models.load_model``."""

    def create_model_card(self, *given: Any, **named: Any) -> None:
        """Nothing: checkpoints need none, and the output folder gets its own."""
