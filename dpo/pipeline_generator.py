"""Candidates that a diffusers pipeline draws or films."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..harness.items import Modality
from ..judges.pipelines import Pipeline
from .candidates import Made, Wanted

if TYPE_CHECKING:
    from .build_settings import PipelineSettings


class PipelineGenerator:
    """Images or videos by a diffusers pipeline, each from the noise of its own seed.

    Args:
        settings: which pipeline, and how.
        modality: image or video.

    Raises:
        UserError: diffusers is not installed.
    """

    def __init__(self, settings: PipelineSettings, modality: Modality) -> None:
        own = settings.model_dump(exclude={"batch_size"})
        self._pipeline = Pipeline(**own, modality=modality, where="candidates.pipeline")
        self.batch_size = settings.batch_size

    def make(self, wanted: Sequence[Wanted]) -> list[Made]:
        """Draw or film each."""
        prompts, seeds = [each.prompt.text for each in wanted], [each.seed or 0 for each in wanted]
        return [
            Made(failure=made) if isinstance(made, str) else Made(data=made[0], suffix=made[1])
            for made in self._pipeline.make(prompts, seeds)
        ]

    def identity(self) -> Mapping[str, object]:
        """The pipeline's fingerprint, and what it is called with."""
        return self._pipeline.identity()

    def close(self) -> None:
        """Let go of the weights."""
        self._pipeline.close()
