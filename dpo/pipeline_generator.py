"""Candidates that a diffusers pipeline draws or films."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import UserError
from ..harness.items import Modality
from .candidates import Made, Wanted

if TYPE_CHECKING:
    from .build_settings import PipelineSettings


class PipelineGenerator:
    """Images or videos by a diffusers pipeline, each from the noise of its own seed.

    Noise is drawn on the CPU, so it is the same on every machine.

    Args:
        settings: which pipeline, and how.
        modality: image or video.

    Raises:
        UserError: diffusers is not installed.
    """

    def __init__(self, settings: PipelineSettings, modality: Modality) -> None:
        if find_spec("diffusers") is None:
            raise UserError(
                "candidates.pipeline needs diffusers; install it with"
                " pip install 'unieval[generation]'"
            )
        self.settings, self.modality = settings, modality
        self.batch_size = settings.batch_size

    def make(self, wanted: Sequence[Wanted]) -> list[Made]:
        """Draw or film each."""
        import torch

        seeds = [each.seed for each in wanted]
        output = self._pipeline(
            prompt=[each.prompt.text for each in wanted],
            generator=[torch.Generator("cpu").manual_seed(seed or 0) for seed in seeds],
            output_type="np" if self.modality == "video" else "pil",
            **self._arguments,
        )
        flagged = getattr(output, "nsfw_content_detected", None) or [False] * len(wanted)
        found = output.frames if self.modality == "video" else output.images
        return [
            Made(failure="the pipeline's safety checker blanked it")
            if blank
            else self._encoded(each)
            for each, blank in zip(found, flagged, strict=True)
        ]

    def _encoded(self, made: Any) -> Made:
        pixels = _pixels(made)
        if pixels is None:
            return Made(failure="the pipeline made pixels that are not numbers")
        if self.modality == "video":
            from ..tasks.shapes.mp4 import encode_film

            return Made(data=encode_film(pixels, self.settings.fps), suffix=".mp4")
        from ..tasks.shapes.draw import encode

        return Made(data=encode(pixels), suffix=".png")

    @cached_property
    def _pipeline(self) -> Any:
        import torch
        from diffusers import DiffusionPipeline

        own = self.settings
        device = own.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        usual = "float32" if device == "cpu" else "float16"
        dtype = getattr(torch, usual if own.dtype == "auto" else own.dtype)
        try:
            pipeline = DiffusionPipeline.from_pretrained(
                own.path, revision=own.revision, torch_dtype=dtype, use_safetensors=True
            ).to(device)
        except Exception as error:  # whatever is wrong with a folder or the hub
            reason = (str(error).splitlines() or [""])[0]
            raise UserError(
                f"candidates.pipeline: {own.path} cannot be loaded ({type(error).__name__}:"
                f" {reason}); give a folder or hub id of a diffusers pipeline with safetensors"
                " weights"
            ) from error
        pipeline.set_progress_bar_config(disable=True)
        self._check(pipeline)
        return pipeline

    def _check(self, pipeline: Any) -> None:
        takes = inspect.signature(pipeline.__call__).parameters
        for name in self._arguments:
            if name not in takes:
                known = {call: setting for setting, call in _SETTINGS.items()}
                raise UserError(
                    f"candidates.pipeline.{known.get(name, f'arguments.{name}')}:"
                    f" {type(pipeline).__name__} takes no {name}; leave it out"
                )
        if "generator" not in takes:
            raise UserError(
                f"candidates.pipeline: {type(pipeline).__name__} takes no generator, so its"
                " candidates could not be made again; choose another pipeline"
            )

    @property
    def _arguments(self) -> dict[str, Any]:
        own = self.settings
        named = {call: getattr(own, setting) for setting, call in _SETTINGS.items()}
        return {k: v for k, v in named.items() if v is not None} | dict(own.arguments)

    def identity(self) -> Mapping[str, object]:
        """The pipeline's fingerprint, and what it is called with."""
        own = self.settings
        return {
            "pipeline": own.path,
            "fingerprint": pipeline_fingerprint(own.path, own.revision),
            "dtype": own.dtype,
            "arguments": self._arguments,
            **({"fps": own.fps} if self.modality == "video" else {}),
        }

    def close(self) -> None:
        """Let go of the weights."""
        self.__dict__.pop("_pipeline", None)


_SETTINGS = {
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "height": "height",
    "width": "width",
    "num_frames": "num_frames",
}
"""Settings, and what diffusers calls them."""


def _pixels(made: Any) -> Any:
    """A picture or frames as whole numbers up to 255; *None* if some are no numbers."""
    import numpy as np

    if isinstance(made, list):
        made = np.stack([np.asarray(frame) for frame in made])
    pixels = made if isinstance(made, np.ndarray) else np.asarray(made.convert("RGB"))
    if pixels.dtype == np.uint8:
        return pixels
    if not np.isfinite(pixels).all():
        return None
    return (pixels.clip(0, 1) * 255).round().astype(np.uint8)


def pipeline_fingerprint(path: str, revision: str | None) -> str:
    """Hash of a pipeline folder's settings and samples of its weights, or its commit on the hub.

    Raises:
        UserError: there is no such pipeline.
    """
    from ..judges.backends.checkpoints import folder_fingerprint

    folder = Path(path).expanduser()
    if folder.is_dir():
        if not (folder / "model_index.json").is_file():
            raise UserError(
                f"candidates.pipeline.path: {folder} is no diffusers pipeline: it has no"
                " model_index.json"
            )
        parts = [folder, *sorted(each for each in folder.iterdir() if each.is_dir())]
        digest = blake2b(digest_size=16)
        for part in parts:
            digest.update(f"{part.name if part != folder else ''}\0".encode())
            digest.update(folder_fingerprint(part).encode())
        return digest.hexdigest()
    from huggingface_hub import hf_hub_download

    try:
        index = Path(hf_hub_download(path, "model_index.json", revision=revision))
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"candidates.pipeline.path: '{path}' is neither a local folder nor a pipeline that can"
            f" be had from the hub ({type(error).__name__}: {reason})"
        ) from None
    return index.parent.name  # the cache keeps each commit's files in a folder of its name
