"""``unifiedreward-nano``, the judge that ships with the program: trained in the shapes world."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A small trained judge that ships with the program; it knows the world of ``--data demo``.

    A vision-language model of 2.4 million parameters that compares and scores pictures and films
    of coloured shapes, and answers about them. Elsewhere it only guesses. ``docs/nano.md`` tells
    how it was made and what it scores. Takes the arguments of ``transformers``; ``path`` and
    ``prompts`` are its own unless you name others.
    """

    path: str = ""
    video: Literal["frames", "native"] = "native"
    max_pixels: int = 64 * 64
    max_new_tokens: int = 4
    batch_size: int = 32

    def __post_init__(self) -> None:
        self.path = self.path or str(CHECKPOINT)
        self.prompts = self.prompts or PROMPTS
        super().__post_init__()

    def identity(self) -> Mapping[str, object]:
        """As of every checkpoint; the shipped one is called so, wherever the program lies."""
        shipped = self.path == str(CHECKPOINT)
        return {**super().identity(), **({"checkpoint": "shipped"} if shipped else {})}
