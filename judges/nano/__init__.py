"""``unifiedreward-nano``, the judge that ships with the program: trained in the shapes world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...harness.registry import judge
from ..vlm import VisionLanguageJudge

CHECKPOINT = Path(__file__).parent / "checkpoint"
PROMPTS = Path(__file__).parent.parent / "prompts" / "nano"


@judge("unifiedreward-nano")
@dataclass
class UnifiedRewardNano(VisionLanguageJudge):
    """A vision-language model of 2.4 million parameters that knows one small world.

    It compares and scores pictures and films of coloured shapes, and answers about them, as
    ``--data demo`` has them; elsewhere it only guesses. ``docs/nano.md`` tells how it was trained.
    Takes the arguments of ``transformers``.
    """

    path: str = str(CHECKPOINT)
    prompts: Path | None = PROMPTS
    video: Literal["frames", "native"] = "native"
    max_pixels: int = 64 * 64
    max_new_tokens: int = 4
    batch_size: int = 32
