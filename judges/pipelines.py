"""Diffusers pipelines: pictures or videos of texts, each from the noise of its own seed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from ..harness.encoding import encode_mp4, encode_png
from ..harness.errors import UserError
from ..harness.items import Modality

Made = tuple[bytes, str] | str
"""A file's content and its name's ending, or the reason why there is none."""

_NAMES = {
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "height": "height",
    "width": "width",
    "num_frames": "num_frames",
}
"""Settings, and what diffusers calls them."""


@dataclass(kw_only=True)
class Pipeline:
    """One pipeline and how it is called; what is None is its own default.

    Noise is drawn on the CPU, so it is the same on every machine.

    Args:
        path: local folder or hub id, weights in safetensors files.
        modality: image or video.
        where: what errors call it.
        revision: branch, tag or commit of a hub repository.
        steps: ``num_inference_steps``.
        guidance: ``guidance_scale``.
        height, width: of what is made, in pixels.
        num_frames: of a video.
        fps: frames a second of the files in which videos are kept.
        dtype: number format; ``auto`` is float32 on a CPU and float16 elsewhere.
        device: ``auto`` is the GPU if there is one.
        arguments: whatever else the pipeline takes, such as ``negative_prompt``.

    Raises:
        UserError: diffusers is not installed.
    """

    path: str
    modality: Modality
    where: str
    revision: str | None = None
    steps: int | None = None
    guidance: float | None = None
    height: int | None = None
    width: int | None = None
    num_frames: int | None = None
    fps: int = 8
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if find_spec("diffusers") is None:
            raise UserError(
                f"{self.where} needs diffusers; install it with pip install 'unieval[generation]'"
            )

    def make(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Made]:
        """Draw or film each prompt."""
        import torch

        output = self._loaded(
            prompt=list(prompts),
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            output_type="np" if self.modality == "video" else "pil",
            **self._call,
        )
        flagged = getattr(output, "nsfw_content_detected", None) or [False] * len(prompts)
        found = output.frames if self.modality == "video" else output.images
        return [
            "the pipeline's safety checker blanked it" if blank else self._encoded(each)
            for each, blank in zip(found, flagged, strict=True)
        ]

    def _encoded(self, made: Any) -> Made:
        pixels = _pixels(made)
        if pixels is None:
            return "the pipeline made pixels that are not numbers"
        if self.modality == "video":
            return encode_mp4(pixels, self.fps), ".mp4"
        return encode_png(pixels), ".png"

    @cached_property
    def _loaded(self) -> Any:
        import torch
        from diffusers import DiffusionPipeline

        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        usual = "float32" if device == "cpu" else "float16"
        dtype = getattr(torch, usual if self.dtype == "auto" else self.dtype)
        try:
            pipeline = DiffusionPipeline.from_pretrained(
                self.path, revision=self.revision, torch_dtype=dtype, use_safetensors=True
            ).to(device)
        except Exception as error:  # whatever is wrong with a folder or the hub
            reason = (str(error).splitlines() or [""])[0]
            raise UserError(
                f"{self.where}: {self.path} cannot be loaded ({type(error).__name__}:"
                f" {reason}); give a folder or hub id of a diffusers pipeline with safetensors"
                " weights"
            ) from error
        pipeline.set_progress_bar_config(disable=True)
        self._check(pipeline)
        return pipeline

    def _check(self, pipeline: Any) -> None:
        takes = inspect.signature(pipeline.__call__).parameters
        for name in self._call:
            if name not in takes:
                known = {call: setting for setting, call in _NAMES.items()}
                raise UserError(
                    f"{self.where}.{known.get(name, f'arguments.{name}')}:"
                    f" {type(pipeline).__name__} takes no {name}; leave it out"
                )
        if "generator" not in takes:
            raise UserError(
                f"{self.where}: {type(pipeline).__name__} takes no generator, so what it makes"
                " could not be made again; choose another pipeline"
            )

    @property
    def _call(self) -> dict[str, Any]:
        named = {call: getattr(self, setting) for setting, call in _NAMES.items()}
        return {k: v for k, v in named.items() if v is not None} | dict(self.arguments)

    def identity(self) -> Mapping[str, object]:
        """The pipeline's fingerprint, and what it is called with.

        Raises:
            UserError: there is no such pipeline.
        """
        return {
            "pipeline": self.path,
            "fingerprint": pipeline_fingerprint(self.path, self.revision, self.where),
            "dtype": self.dtype,
            "arguments": self._call,
            **({"fps": self.fps} if self.modality == "video" else {}),
        }

    def close(self) -> None:
        """Let go of the weights."""
        self.__dict__.pop("_loaded", None)


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


def pipeline_fingerprint(path: str, revision: str | None, where: str = "pipeline") -> str:
    """Hash of a pipeline folder's settings and samples of its weights, or its commit on the hub.

    Raises:
        UserError: there is no such pipeline; ``where`` is what the error calls it.
    """
    from .backends.checkpoints import folder_fingerprint

    folder = Path(path).expanduser()
    if folder.is_dir():
        if not (folder / "model_index.json").is_file():
            raise UserError(
                f"{where}.path: {folder} is no diffusers pipeline: it has no model_index.json"
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
            f"{where}.path: '{path}' is neither a local folder nor a pipeline that can"
            f" be had from the hub ({type(error).__name__}: {reason})"
        ) from None
    return index.parent.name  # the cache keeps each commit's files in a folder of its name
