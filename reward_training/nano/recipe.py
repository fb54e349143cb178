"""Everything that makes ``unifiedreward-nano``, in order; what is done already is not done again.

1. ``data/``: preferences of the shapes world, as files.
2. ``seen/``: a vision tower that has learnt to see (:mod:`.vision`).
3. ``read/``: a model that has learnt to look for what words name (:mod:`.language`).
4. ``judge/``: the judge, trained on the preferences by ``unieval train-reward nano.yaml``.
5. ``shipped/``: the judge in half precision, as it lies in ``judges/nano/checkpoint``.
"""

from __future__ import annotations

import os
import shutil
import sys
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
    vision_steps: int = 5000
    language_steps: int = 28000
    rows: dict[str, int] = field(
        default_factory=lambda: {
            "image-pairs": 6000,
            "edit-pairs": 3000,
            "video-pairs": 6000,
            "answer-pairs": 5000,
            "video-answer-pairs": 4000,
            "image-points": 3000,
            "video-points": 3000,
            "answer-points": 3000,
            "video-answer-points": 3000,
        }
    )


def make(folder: Path, recipe: Recipe) -> Path:
    """Make the judge, in this process or in several that ``accelerate launch`` started.

    Returns:
        ``folder/shipped``, a checkpoint for ``--judge unifiedreward-nano --judge-arg path=...``.

    Raises:
        UserError: the folder belongs to a training with other settings.
    """
    from ..train import train
    from .curves import draw
    from .data import write
    from .warm_up import read, see, workers

    together = workers()
    if together.is_main_process:
        print(f"processes: {together.num_processes}", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "data", recipe.rows, seed=recipe.seed, processes=os.cpu_count() or 1)
        shutil.copytree(PROMPTS, folder / "prompts", dirs_exist_ok=True)
        shutil.copyfile(CONFIG, folder / CONFIG.name)
    together.wait_for_everyone()
    see(folder, seed=recipe.seed, steps=recipe.vision_steps)
    read(folder, seed=recipe.seed, steps=recipe.language_steps)
    if together.is_main_process:
        draw(folder)
    judge = train(folder / CONFIG.name)
    if together.is_main_process:
        ship(judge, folder / "shipped")
    together.wait_for_everyone()
    return folder / "shipped"


def ship(judge: Path, folder: Path) -> None:
    """Write a judge in half precision, with its card and curves; half the size on disk."""
    import torch
    from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

    from .architecture import save

    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(judge, dtype=torch.float16)
    save(model, AutoTokenizer.from_pretrained(judge), folder)
    for name in ("README.md", "curves.png"):
        shutil.copyfile(judge / name, folder / name)
