"""What the generator of films learns from: latents of films, computed once, and their captions.

Its lessons are those of the generator of pictures, see :mod:`.image_learning`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...harness.progress import progress
from .film_data import captioned_film, filmed
from .film_settings import FilmSettings
from .image_learning import tokens_of
from .pixels import as_values, flawed

_ENCODED_AT_ONCE = 20


def encoded_films(vae: Any, settings: FilmSettings) -> tuple[Any, Any]:
    """Latents of the films to learn from, and the tokens of their captions.

    Returns:
        Latents of shape (films, channels, frames, rows, columns), and tokens of shape (films,
        tokens).
    """
    import numpy as np
    import torch

    count, texts, latents = settings.denoiser.films, list[str](), []
    with progress("films, encoded", count) as bar, torch.no_grad():
        for begin in range(0, count, _ENCODED_AT_ONCE):
            numbers = range(begin, min(begin + _ENCODED_AT_ONCE, count))
            some = [
                captioned_film("learning", settings.seed, number, settings.most_things)
                for number in numbers
            ]
            shown = [
                flawed(filmed(clip), settings.flawed, settings.seed, number)
                for number, (clip, _) in zip(numbers, some, strict=True)
            ]
            values = as_values(np.stack(shown))
            each = vae.encode(values.flatten(0, 1)).latents
            latents.append(each.unflatten(0, values.shape[:2]).transpose(1, 2))
            texts += [said.text for _, said in some]
            bar.advance(len(some), 0)
    return torch.cat(latents), tokens_of(texts, settings.denoiser.tokens)


@contextmanager
def plain_attention(parts: Mapping[str, Any]) -> Iterator[None]:
    """Attention as two products: a third of a step is gained where sequences are eight frames."""
    from diffusers.models.attention_processor import AttnProcessor

    usual = parts["unet"].attn_processors
    parts["unet"].set_attn_processor(AttnProcessor())
    try:
        yield
    finally:
        parts["unet"].set_attn_processor(usual)
