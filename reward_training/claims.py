"""Which training an output folder holds: one goes on only in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..harness import manifest
from ..harness.errors import UserError
from ..judges.backends.checkpoints import Checkpoint
from .preferences import Preference
from .rows import fingerprint
from .settings import CommonSettings

# What changes nothing about the curve: how a step's rows are shared among processes, and when
# checkpoints are written.
_FREE = {
    *("steps", "epochs", "batch_size", "accumulate", "workers", "wandb"),
    *("save_every", "keep", "eval_every", "log_every"),
}
_SHOWN = {"frames", "video", "max_pixels", "prompts", "rationale", "two_way"}


def identity(
    settings: CommonSettings,
    start: Checkpoint,
    rows: Sequence[Preference],
    batch: int,
    steps: int,
    own: Mapping[str, Any],
) -> dict[str, Any]:
    """What decides the learning curve; a training goes on only where all of it agrees.

    Args:
        settings: the training's.
        start: the checkpoint that it starts from.
        rows: what it learns.
        batch: rows learnt from in each step.
        steps: how many steps.
        own: what decides it only in this kind of training.
    """
    return {
        **own,
        "training": {
            **settings.training.model_dump(mode="json", exclude=_FREE),
            "rows_a_step": batch,
            "steps": steps,
        },
        "model": {
            "fingerprint": start.fingerprint,
            "dtype": settings.model.dtype,
            "attention": settings.model.attention,
        },
        "data": {
            **settings.data.model_dump(mode="json", include=_SHOWN),
            "rows": len(rows),
            "fingerprint": fingerprint(rows),
        },
    }


def is_claimed(folder: Path, identity: Mapping[str, Any], what: str) -> bool:
    """Whether an output folder holds this very thing already; if not, it is free.

    Args:
        folder: where it is written.
        identity: what decides it, as plain data.
        what: what a message calls it.

    Raises:
        UserError: the folder holds one with other settings, or something else.
    """
    if (folder / manifest.NAME).is_file():
        known = json.loads(json.dumps(identity))
        differing = list(manifest.differences(manifest.read(folder)["identity"], known))
        if differing:
            raise UserError(
                f"{folder} holds {what} with other settings: {'; '.join(differing[:3])}."
                " Choose another output, or give the same settings to go on"
            )
        return True
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} holds something else than {what}; choose another output")
    return False


def claim(folder: Path, identity: Mapping[str, Any], batch_size: int) -> None:
    """Write an output folder's manifest, or check that it holds this very training.

    Args:
        folder: where the training writes.
        identity: what decides its learning curve, as plain data.
        batch_size: rows that a process computes at a time; it may change.

    Raises:
        UserError: the folder holds another training, or something else.
    """
    if is_claimed(folder, identity, "a training"):
        return
    folder.mkdir(parents=True, exist_ok=True)
    manifest.write_or_match(folder, identity, manifest.environment(batch_size))
