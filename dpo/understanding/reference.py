"""Log-probabilities of all answers under the reference, computed before training and kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from safetensors.torch import load_file, save_file

from ...harness.errors import UserError
from .batches import PairBatches

FILE = "reference.safetensors"
_TABLE = "log_probs"


def precomputed(
    trainer: Any, batches: PairBatches, count: int, file: Path, *, at_start: bool
) -> Any:
    """The table (rows, 2) of chosen and rejected answers; each process computes its share of it.

    Args:
        trainer: TRL's, its model not yet trained or with adapters to be switched off.
        batches: makes the batches.
        count: how many rows there are.
        file: where the table is kept, for a training that goes on.
        at_start: whether the trainer's model can still tell the reference's log-probabilities.

    Raises:
        UserError: the weights are spread over processes, or the file of a training that goes on is
            gone.
    """
    if file.is_file():
        return load_file(file)[_TABLE]
    if not at_start:
        raise UserError(
            f"{file} is missing, and the model is trained already; put it back, or say"
            " dpo.reference: copy"
        )
    if trainer.is_deepspeed_enabled or trainer.is_fsdp_enabled:
        raise UserError(
            "dpo.reference: precomputed needs the whole model on each GPU; say adapter (with LoRA)"
            " or copy where DeepSpeed or FSDP spreads it"
        )
    table = torch.empty(count, 2)
    for row, log_probs in gather_object(_share(trainer, batches, count)):
        table[row] = torch.tensor(log_probs)
    if trainer.args.process_index == 0:
        unfinished = file.with_suffix(".part")
        save_file({_TABLE: table}, unfinished)
        unfinished.replace(file)
    return table


def _share(trainer: Any, batches: PairBatches, count: int) -> list[tuple[int, list[float]]]:
    """Rows of this process, each with the log-probabilities of its two answers."""
    args = trainer.args
    if args.process_index == 0:
        print(f"the reference reads {count:,} pairs", file=sys.stderr, flush=True)
    size = args.per_device_train_batch_size
    found: list[tuple[int, list[float]]] = []
    trainer.model.eval()
    for start in range(size * args.process_index, count, size * args.world_size):
        rows = range(start, min(start + size, count))
        inputs = trainer._prepare_inputs(batches([{"row": row} for row in rows]))
        both = torch.stack(trainer.compute_ref_log_probs(trainer.model, inputs), dim=1)
        found += zip(rows, both.float().tolist(), strict=True)
    return found
