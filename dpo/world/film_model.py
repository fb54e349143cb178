"""The generator of films: a ``TextToVideoSDPipeline`` of small parts with random weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...tasks.shapes.motion import FRAMES
from .film_settings import FilmSettings
from .generator_settings import SIDE
from .image_model import scheduler
from .text import text_parts


def film_denoiser(settings: FilmSettings) -> Mapping[str, Any]:
    """A ``UNet3DConditionModel``, and the ``CLIPTextModel`` that it is told the caption by."""
    import torch
    from diffusers import UNet3DConditionModel

    own, channels = settings.denoiser, settings.autoencoder.channels
    coarser = len(own.widths) - 1
    _, text_encoder = text_parts(own.tokens, width=own.text_width, seed=settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        unet = UNet3DConditionModel(
            sample_size=SIDE >> settings.autoencoder.halvings,
            in_channels=channels,
            out_channels=channels,
            block_out_channels=own.widths,
            down_block_types=("DownBlock3D",) + ("CrossAttnDownBlock3D",) * coarser,
            up_block_types=("CrossAttnUpBlock3D",) * coarser + ("UpBlock3D",),
            layers_per_block=1,
            cross_attention_dim=own.text_width,
            attention_head_dim=own.head_width,
            norm_num_groups=8,
        )
    for layer in unet.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0  # so short a training has nothing to fear from learning by heart
    return {"unet": unet, "text_encoder": text_encoder}


def film_pipeline(settings: FilmSettings, vae: Any, parts: Mapping[str, Any]) -> Any:
    """The parts as one pipeline."""
    from diffusers import TextToVideoSDPipeline

    own = settings.denoiser
    tokenizer, _ = text_parts(own.tokens, width=own.text_width)
    made = TextToVideoSDPipeline(vae=vae, tokenizer=tokenizer, scheduler=scheduler(), **parts)
    made.set_progress_bar_config(disable=True)
    return made


def films_of(pipe: Any, prompts: Sequence[str], settings: FilmSettings, seed: int = 0) -> Any:
    """A film of each prompt, each from the noise of its own seed.

    Args:
        pipe: the pipeline.
        prompts: what to film.
        settings: how, under ``sampling``.
        seed: of the first; the next ones follow it.

    Returns:
        uint8 of shape (films, frames, rows, columns, 3).
    """
    import numpy as np
    import torch

    chance = [torch.Generator().manual_seed(seed + number) for number in range(len(prompts))]
    made = pipe(
        list(prompts),
        num_frames=FRAMES,
        num_inference_steps=settings.sampling.steps,
        guidance_scale=settings.sampling.guidance,
        generator=chance,
        output_type="np",
    ).frames
    return (made * 255).round().astype(np.uint8)
