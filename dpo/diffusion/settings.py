"""The settings of ``unieval dpo image`` and ``unieval dpo video``: a YAML file, checked by field.

::

    model: {path: stabilityai/stable-diffusion-xl-base-1.0, variant: fp16}
    data: {path: preferences, resolution: 1024}
    training: {steps: 1000, batch_size: 1, accumulate: 64, learning_rate: 1.0e-5, lora: {rank: 16}}
    output: runs/my-sdxl

Paths are relative to the file's folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ...harness.errors import UserError
from ...harness.items import Modality
from ...reward_training.configuration import read_settings
from ...reward_training.settings import Section


class ModelSettings(Section):
    """The pipeline that training starts from.

    Args:
        path: local folder or hub id of a diffusers pipeline.
        revision: branch, tag or commit of a hub repository.
        variant: which weights of it, such as ``fp16``; they are stored as that again.
        dtype: number format of the trained component's weights in memory; ``auto`` is bfloat16 for
            the frozen weights under LoRA where the device computes in it, and float32 otherwise,
            because small steps vanish in bfloat16.
    """

    path: str
    revision: str | None = None
    variant: str | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"


class DataSettings(Section):
    """The pairs, and how they are shown.

    Args:
        path: folder of ``preferences.parquet`` as ``unieval build-preferences`` writes it, or a
            parquet or JSON Lines file of pairs.
        resolution: pixels of the shorter side, or height and width; what is outside is cut off.
        num_frames: frames of a video, spread evenly over it.
        latents: the ``mean`` of the VAE's distribution, or one ``sample`` of it, drawn once.
        flip: mirror half of the pairs, always both samples together; not for prompts that say left
            or right.
    """

    path: Path
    resolution: int | tuple[int, int] = 512
    num_frames: int | None = Field(None, ge=1)
    latents: Literal["mean", "sample"] = "mean"
    flip: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        given = self.resolution
        return (given, given) if isinstance(given, int) else given


class LoraSettings(Section):
    """Low-rank adapters, trained in place of the weights.

    Args:
        rank: rank of the adapters.
        alpha: their scale is alpha / rank; the default is the rank.
        targets: ends of the names of the linear layers that get one; the default is the projections
            of every attention.
    """

    rank: int = Field(16, ge=1)
    alpha: int | None = Field(None, gt=0)
    targets: list[str] = Field(["to_q", "to_k", "to_v", "to_out.0"], min_length=1)


class TrainingSettings(Section):
    """How it is learnt.

    Args:
        steps: optimizer steps.
        batch_size: pairs that one process computes at a time.
        accumulate: such batches of every process a step; a step learns from batch_size * accumulate
            * processes pairs.
        learning_rate: its peak.
        schedule: how it goes on after the warm-up.
        warmup: steps over which it rises; below 1, a share of all steps.
        weight_decay: AdamW's.
        clip: largest gradient norm.
        optimizer: ``adafactor`` needs a fraction of AdamW's memory.
        beta: how closely the model stays to where it started, see :mod:`.loss`; 5000 is the paper's
            for Stable Diffusion 1.5 and XL predicting noise. Other predictions have errors of other
            sizes, so watch the margins.
        label_smoothing: probability that a label is wrong.
        timesteps: those to train on, as the model takes them; the default is all. Models distilled
            to few steps learn at their own: SDXL-Turbo at [249, 499, 749, 999].
        bf16: compute in bfloat16; ``auto`` is where the device has it.
        gradient_checkpointing: compute activations twice rather than keep them.
        lora: train adapters rather than all weights.
        save_every: steps between checkpoints.
        keep: checkpoints kept.
        log_every: steps between points of the curve.
        seed: seeds order, noise, timesteps, flips and adapters.
    """

    steps: int = Field(ge=1)
    batch_size: int = Field(1, ge=1)
    accumulate: int = Field(1, ge=1)
    learning_rate: float = Field(1e-5, gt=0)
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warmup: float = Field(0.03, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    clip: float = Field(1.0, gt=0)
    optimizer: Literal["adamw", "adafactor"] = "adamw"
    beta: float = Field(5000.0, gt=0)
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    timesteps: list[float] | None = None
    bf16: Literal["auto", True, False] = "auto"
    gradient_checkpointing: bool = False
    lora: LoraSettings | None = None
    save_every: int = Field(200, ge=1)
    keep: int = Field(2, ge=1)
    log_every: int = Field(10, ge=1)
    seed: int = 0

    @field_validator("timesteps")
    @classmethod
    def _some(cls, timesteps: list[float] | None) -> list[float] | None:
        if timesteps is not None and not timesteps:
            raise ValueError("name at least one timestep, or leave it out to train on all")
        return timesteps


class Settings(Section):
    """A Diffusion-DPO training.

    Args:
        model: where it starts, which is also the reference.
        data: what is learnt.
        training: how.
        output: folder that everything is written into.
    """

    model: ModelSettings
    data: DataSettings
    training: TrainingSettings
    output: Path

    @model_validator(mode="after")
    def _sized(self) -> Self:
        if min(self.data.size) < 8:
            raise ValueError("data.resolution: at least 8 pixels are needed")
        return self


def load_settings(path: Path, modality: Modality) -> Settings:
    """Read a configuration; its paths become absolute or relative to the working folder.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    settings = read_settings(path, Settings)
    if (settings.data.num_frames is None) == (modality == "video"):
        cure = "say how many frames are learnt" if modality == "video" else "images have none"
        raise UserError(f"{path}, data.num_frames: {cure}")
    folder, model = path.parent, settings.model
    local = folder / model.path
    return settings.model_copy(
        update={
            "model": model.model_copy(update={"path": str(local)}) if local.exists() else model,
            "data": settings.data.model_copy(update={"path": folder / settings.data.path}),
            "output": folder / settings.output,
        }
    )
