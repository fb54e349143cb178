"""Small trainings of the shapes world's generators for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import killing
import torch
import yaml
from safetensors.torch import load_file

PARTS = ("vae", "unet", "text_encoder")


def write_settings(folder: Path, settings: Mapping[str, object], **changes: object) -> Path:
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump({**settings, **changes}), encoding="utf-8")
    return file


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}": weight
        for part in PARTS
        for file in (folder / part).glob("*.safetensors")
        for name, weight in load_file(file).items()
    }


def killed_at(line: str, train: Callable[[], object]) -> None:
    """Train in a process of its own, and kill it (SIGKILL) at a line that holds this."""

    def telling_all() -> None:
        from unieval.harness import progress

        progress._Lines.EVERY = 0.0
        train()

    killing.killed(telling_all, lambda said: line in said)
