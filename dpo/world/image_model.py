"""The generator of pictures: a ``StableDiffusionPipeline`` of small parts with random weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .generator_settings import SIDE, AutoencoderSettings
from .image_settings import ImageSettings
from .text import text_parts

_NOISE_LEVELS = 1000


def autoencoder(settings: AutoencoderSettings, seed: int) -> Any:
    """An ``AutoencoderTiny``: residual convolutions, one block a level but for the finest."""
    import torch
    from diffusers import AutoencoderTiny

    levels = settings.halvings + 1
    blocks = (0, *(1 for _ in range(levels - 2)), 2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AutoencoderTiny(
            encoder_block_out_channels=(settings.width,) * levels,
            decoder_block_out_channels=(settings.width,) * levels,
            num_encoder_blocks=blocks,
            num_decoder_blocks=blocks[::-1],
            latent_channels=settings.channels,
        )


def denoiser(settings: ImageSettings) -> Mapping[str, Any]:
    """A ``UNet2DConditionModel``, and the ``CLIPTextModel`` that it is told the caption by."""
    import torch
    from diffusers import UNet2DConditionModel

    own = settings.denoiser
    coarser = len(own.widths) - 1
    _, text_encoder = text_parts(own.tokens, width=own.text_width, seed=settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        unet = UNet2DConditionModel(
            sample_size=SIDE >> settings.autoencoder.halvings,
            in_channels=settings.autoencoder.channels,
            out_channels=settings.autoencoder.channels,
            block_out_channels=own.widths,
            down_block_types=("DownBlock2D",) * coarser + ("CrossAttnDownBlock2D",),
            up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * coarser,
            layers_per_block=own.layers,
            transformer_layers_per_block=own.attentions,
            cross_attention_dim=own.text_width,
            attention_head_dim=own.heads,  # diffusers takes it for the number of heads
            addition_embed_type="text",  # the caption as a whole goes to every block
            addition_embed_type_num_heads=own.heads,
            norm_num_groups=8,
            use_linear_projection=True,
        )
    return {"unet": unet, "text_encoder": text_encoder}


def scheduler() -> Any:
    """A ``DDIMScheduler`` whose last level is noise alone (Lin et al. 2024, arXiv 2305.08891).

    What is predicted is v (Salimans and Ho 2022, arXiv 2202.00512), the one target that says
    something there; steps are spread from that level on.
    """
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        num_train_timesteps=_NOISE_LEVELS,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
    )


def pipeline(settings: ImageSettings, vae: Any, parts: Mapping[str, Any]) -> Any:
    """The parts as one pipeline."""
    from diffusers import StableDiffusionPipeline

    tokenizer, _ = text_parts(settings.denoiser.tokens, width=settings.denoiser.text_width)
    made = StableDiffusionPipeline(
        vae=vae,
        tokenizer=tokenizer,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        **parts,
    )
    made.set_progress_bar_config(disable=True)
    return made


def drawn(pipe: Any, prompts: list[str], settings: ImageSettings, seed: int = 0) -> list[Any]:
    """A picture of each prompt, each from the noise of its own seed.

    Args:
        pipe: the pipeline.
        prompts: what to draw.
        settings: how, under ``sampling``.
        seed: of the first; the next ones follow it.

    Returns:
        PIL images.
    """
    import torch

    chance = [torch.Generator().manual_seed(seed + number) for number in range(len(prompts))]
    made: list[Any] = pipe(
        prompts,
        num_inference_steps=settings.sampling.steps,
        guidance_scale=settings.sampling.guidance,
        generator=chance,
    ).images
    return made


def save(pipe: Any, folder: Path) -> None:
    """Write the pipeline as ``DiffusionPipeline.from_pretrained`` loads it."""
    import json

    pipe.save_pretrained(folder)
    # diffusers writes this of AutoencoderTiny, and then wonders at it when it loads it
    file = folder / "vae" / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config.pop("block_out_channels", None)
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
