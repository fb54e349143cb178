"""What the generator of pictures learns: first to make pictures small and big again, then to draw.

The second lesson sees latents alone, computed once and kept in a file, so that a step is no more
than the UNet and the text encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...harness.progress import progress
from ...tasks.shapes.captioned import captioned_scene
from ...tasks.shapes.draw import draw
from .generator_settings import SIDE, DenoiserSettings, GeneratorSettings
from .image_model import scheduler
from .image_settings import ImageSettings
from .pixels import as_values, crowded_frames, flawed
from .text import tokenizer

_ABSOLUTE = 0.3
"""Weight of the absolute error beside the squared one: it keeps edges sharp."""
_SPREAD = 3e-3
"""Weight of what latents' mean square has above 1."""
_STANDS_OUT = 5.0
"""Squared deviations from the ground at which a place counts as foreground."""
_FADED = 0.45
"""Share of the steps after which the foreground counts no more than the ground."""
_ENCODED_AT_ONCE = 100


def reconstruction(vae: Any, settings: GeneratorSettings) -> Callable[[int, Any], Any]:
    """The autoencoder's loss of a step: what is lost of pictures that are full of shapes."""
    import torch

    own = settings.autoencoder

    def loss(step: int, chance: Any) -> Any:
        shown = crowded_frames(settings.seed, step, own.batch_size, settings.flawed)
        latents = vae.encode(shown).latents
        noise = torch.randn(latents.shape, generator=chance)
        error = vae.decode(latents + own.noise * noise).sample - shown
        too_wide = (latents.square().mean() - 1).clamp(min=0)
        return error.square().mean() + _ABSOLUTE * error.abs().mean() + _SPREAD * too_wide

    return loss


def latents_of(
    vae: Any, file: Path, encoded: Callable[[], tuple[Any, Any]], spread: float
) -> tuple[Any, Any]:
    """What the denoiser learns from, read from the file or written into it.

    Also sets the autoencoder's ``scaling_factor``, so that latents deviate by so much.

    Args:
        vae: the autoencoder.
        file: safetensors.
        encoded: makes latents, as the autoencoder gives them, and tokens.
        spread: their deviation.

    Returns:
        Latents, float32 of shape (samples, channels, ..., rows, columns), and the captions' tokens,
        of shape (samples, tokens).
    """
    import torch
    from safetensors.torch import load_file, save_file

    if not file.is_file():
        unfinished = file.with_suffix(".part")
        latents, words = encoded()
        save_file({"latents": latents, "words": words}, unfinished)
        unfinished.replace(file)
    kept: dict[str, Any] = load_file(file)
    latents = kept["latents"]
    scale = round(spread / float(torch.std(latents)), 4)
    vae.register_to_config(scaling_factor=scale)
    return latents * scale, kept["words"]


def encoded_pictures(vae: Any, settings: ImageSettings) -> tuple[Any, Any]:
    """Latents of the pictures to learn from, and the tokens of their captions."""
    import numpy as np
    import torch

    count, texts, latents = settings.denoiser.pictures, list[str](), []
    with progress("pictures, encoded", count) as bar, torch.no_grad():
        for begin in range(0, count, _ENCODED_AT_ONCE):
            numbers = range(begin, min(begin + _ENCODED_AT_ONCE, count))
            some = [
                captioned_scene("learning", settings.seed, number, settings.most_things)
                for number in numbers
            ]
            pixels = np.stack(
                [
                    flawed(draw(scene, SIDE), settings.flawed, settings.seed, number)
                    for number, (scene, _) in zip(numbers, some, strict=True)
                ]
            )
            latents.append(vae.encode(as_values(pixels)).latents)
            texts += [said.text for _, said in some]
            bar.advance(len(some), 0)
    return torch.cat(latents), tokens_of(texts, settings.denoiser.tokens)


def denoising(
    parts: Mapping[str, Any], latents: Any, words: Any, settings: DenoiserSettings
) -> Callable[[int, Any], Any]:
    """The denoiser's loss of a step: weighted mean squared error of the predicted v.

    Args:
        parts: the UNet and the text encoder.
        latents, words: as :func:`latents_of` gives them.
        settings: the denoiser's.
    """
    import torch

    from ..diffusion.noising import noising_of

    unet, text_encoder = parts["unet"], parts["text_encoder"]
    noising = noising_of(scheduler(), None)
    silence = tokens_of([""], words.shape[1])
    outstanding = standing_out(latents)
    size, fades_over = settings.batch_size, max(1, round(_FADED * settings.steps))

    def loss(step: int, chance: Any) -> Any:
        rows = torch.randint(len(latents), (size,), generator=chance)
        left_out = torch.rand(size, generator=chance) < settings.wordless
        said = torch.where(left_out[:, None], silence, words[rows])
        sample = latents[rows]
        noise = torch.randn(sample.shape, generator=chance)
        level = torch.randint(len(noising.timesteps), (size,), generator=chance)
        predicted = unet(
            noising.noisy(sample, noise, level),
            noising.timesteps[level],
            encoder_hidden_states=text_encoder(said).last_hidden_state,
        ).sample
        error = (predicted - noising.target(sample, noise, level)).square().mean(1)
        weight = 1 + settings.foreground * max(0, 1 - step / fades_over) * outstanding[rows]
        each = (error * weight).flatten(1).sum(1) / weight.flatten(1).sum(1)
        # the fainter the noise, the less of it can be told: alike, that would be most of the loss
        return (each * noising.noise[level]).mean()

    return loss


def standing_out(latents: Any) -> Any:
    """Where something stands out of its ground, from 0 to 1.

    Args:
        latents: shape (samples, channels, ..., rows, columns). Most places of each are ground.

    Returns:
        Shape (samples, ..., rows, columns).
    """
    places = latents.flatten(2)
    apart = (places - places.median(2, keepdim=True).values).square().mean(1)
    share = (apart / (_STANDS_OUT * latents.var())).clamp(max=1)
    return share.unflatten(1, latents.shape[2:])


def tokens_of(texts: list[str], length: int) -> Any:
    """Tokens of captions, each filled up to the length; shape (texts, length)."""
    import torch

    read = tokenizer(length)(texts, padding="max_length", truncation=True)
    return torch.tensor(read["input_ids"])
