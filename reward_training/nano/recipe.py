"""Everything that makes ``unifiedreward-nano``, in order; what is done already is not done again.

1. ``data/``: preferences of the shapes world, as files.
2. ``seen/``: a vision tower that has learnt to see (:mod:`.vision`).
3. ``read/``: a model that has learnt to look for what words name (:mod:`.language`).
4. ``judge/``: the judge, trained on the preferences by ``unieval train-reward nano.yaml``.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from ...judges.nano import PROMPTS

CONFIG = Path(__file__).parent / "nano.yaml"


@dataclass(frozen=True)
class Recipe:
    """How much of everything.

    Args:
        seed: of weights, lessons and preferences.
        vision_steps, language_steps: steps of the two courses.
        rows: preferences of each kind.
    """

    seed: int = 1
    vision_steps: int = 3000
    language_steps: int = 6500
    rows: dict[str, int] = field(
        default_factory=lambda: {
            "image-pairs": 9000,
            "edit-pairs": 5000,
            "video-pairs": 9000,
            "answer-pairs": 8000,
            "video-answer-pairs": 5000,
            "image-points": 2000,
            "video-points": 2000,
            "answer-points": 2000,
            "video-answer-points": 2000,
        }
    )


def make(folder: Path, recipe: Recipe) -> Path:
    """Make the judge, in this process or in several that ``accelerate launch`` started.

    Returns:
        ``folder/judge``, a checkpoint for ``--judge transformers`` and ``unifiedreward-nano``.

    Raises:
        UserError: the folder belongs to a training with other settings.
    """
    from ..train import train
    from .data import write
    from .warm_up import read, see, workers

    together = workers()
    if together.is_main_process:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "data", recipe.rows, seed=recipe.seed, processes=os.cpu_count() or 1)
        shutil.copytree(PROMPTS, folder / "prompts", dirs_exist_ok=True)
        shutil.copyfile(CONFIG, folder / CONFIG.name)
    together.wait_for_everyone()
    see(folder, seed=recipe.seed, steps=recipe.vision_steps)
    read(folder, seed=recipe.seed, steps=recipe.language_steps)
    return train(folder / CONFIG.name)
