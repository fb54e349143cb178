"""Diffusers pipelines under test: they draw or film prompts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ...harness.errors import UserError
from ...harness.items import Modality, Output, Request, Status
from ...harness.model import Takes
from ...harness.registry import model
from ..pipelines import Pipeline


@model("diffusers")
@dataclass
class DiffusionModel:
    """A text-to-image or text-to-video pipeline of diffusers, from the hub or a folder.

    Args:
        path: local folder or hub id, weights in safetensors files.
        makes: image or video.
        revision: branch, tag or commit of a hub repository.
        steps: inference steps; this and what follows is the pipeline's own where it is not given.
        guidance: guidance scale.
        height, width: of what is made, in pixels.
        num_frames: of a video.
        fps: frames a second of the files in which videos are kept.
        batch_size: how many are made at a time.
        dtype: number format; ``auto`` is float32 on a CPU and float16 elsewhere.
        device: ``auto`` is the GPU if there is one.
        arguments: whatever else the pipeline takes, as a JSON object.

    Raises:
        UserError: diffusers is not installed, or ``arguments`` is no JSON object.
    """

    path: str
    makes: Modality = "image"
    revision: str | None = None
    steps: int | None = None
    guidance: float | None = None
    height: int | None = None
    width: int | None = None
    num_frames: int | None = None
    fps: int = 8
    batch_size: int = 4
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    arguments: str = "{}"

    supports: Takes = field(
        init=False, default=Takes(frozenset(), frozenset({"image", "video"}), needs_media=False)
    )

    def __post_init__(self) -> None:
        self.supports = Takes(frozenset(), frozenset({self.makes}), needs_media=False)
        if self.batch_size < 1:
            raise UserError(f"model argument batch_size={self.batch_size} must be at least 1")
        self._pipeline  # noqa: B018 (what is wrong is told now)

    @cached_property
    def _pipeline(self) -> Pipeline:
        return Pipeline(
            path=self.path,
            modality=self.makes,
            where="model argument diffusers",
            revision=self.revision,
            steps=self.steps,
            guidance=self.guidance,
            height=self.height,
            width=self.width,
            num_frames=self.num_frames,
            fps=self.fps,
            dtype=self.dtype,
            device=self.device,
            arguments=self._more(),
        )

    def _more(self) -> dict[str, Any]:
        try:
            found = json.loads(self.arguments)
        except ValueError as error:
            raise UserError(
                f"model argument arguments={self.arguments}: not JSON: {error}"
            ) from None
        if not isinstance(found, dict):
            raise UserError(f"model argument arguments={self.arguments}: expected a JSON object")
        return found

    def respond(self, batch: Sequence[Request]) -> list[Output]:
        """Draw or film each prompt, from the request's own seed."""
        prompts = [request.item.prompt for request in batch]
        made = self._pipeline.make(prompts, [request.seed for request in batch])
        return [
            Output(failure=(Status.REQUEST_FAILED, each))
            if isinstance(each, str)
            else Output(made=each)
            for each in made
        ]

    def identity(self) -> Mapping[str, object]:
        """The pipeline's fingerprint, and what it is called with."""
        return self._pipeline.identity()

    def close(self) -> None:
        """Let go of the weights."""
        self._pipeline.close()
