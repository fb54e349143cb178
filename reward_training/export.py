"""What training gives to its user: a folder that loads with ``from_pretrained``."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..judges.backends.checkpoints import Checkpoint
from ..judges.bradley_terry import HEAD
from .models import save_usable
from .settings import CommonSettings


def export(settings: CommonSettings, start: Checkpoint, checkpoint: Path, folder: Path) -> None:
    """Write a training checkpoint as a model of its family, with its score head if it has one.

    Raises:
        UserError: the start or the checkpoint cannot be loaded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_usable(settings, start, checkpoint, folder)
    if (checkpoint / HEAD).is_file():
        shutil.copyfile(checkpoint / HEAD, folder / HEAD)
