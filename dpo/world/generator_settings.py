"""The settings that the generators of pictures and of films have in common."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ...harness.errors import UserError
from ...reward_training.settings import Section

SIDE = 64
"""Pixels of a side of a picture or film."""


class AutoencoderSettings(Section):
    """What makes pictures small and big again; learnt first.

    Args:
        width: channels of its convolutions.
        halvings: how often it halves the side of a picture.
        channels: of a latent.
        noise: deviation of the noise that is added to latents while it learns, so that near latents
            mean near pictures.
        steps, batch_size, learning_rate: optimizer steps, pictures a step, highest rate.
    """

    width: int = Field(24, ge=1)
    halvings: int = Field(2, ge=1, le=4)
    channels: int = Field(4, ge=1)
    noise: float = Field(0.1, ge=0)
    steps: int = Field(ge=1)
    batch_size: int = Field(8, ge=1)
    learning_rate: float = Field(2.5e-3, gt=0)


class DenoiserSettings(Section):
    """What draws or films, and the text encoder that tells it the caption; learnt together.

    Args:
        widths: channels of each level, the finest first.
        text_width: features of a token.
        tokens: of a prompt, start and end included.
        wordless: share of captions that are left out, for guidance.
        spread: deviation of latents, where the noise's is 1. Things stand out of their ground by
            many deviations; the less there is of them, the more levels of noise leave it open what
            is where (Chen 2023, arXiv 2301.10972).
        foreground: weight of what stands out, beside 1 of the ground, at the beginning; things are
            a small part of a picture, and a caption speaks of nothing else. It fades to nothing,
            since so weighted a model shows too many of them.
        average: decay of the weights' running average, which is the result.
        steps, batch_size, learning_rate: optimizer steps, samples a step, highest rate.
    """

    widths: tuple[int, ...] = Field(min_length=1)
    text_width: int = Field(128, ge=32, multiple_of=32)
    tokens: int = Field(ge=8)
    wordless: float = Field(0.1, ge=0, lt=1)
    spread: float = Field(0.3, gt=0)
    foreground: float = Field(10.0, ge=0)
    average: float = Field(0.995, ge=0, lt=1)
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(2e-3, gt=0)


class SamplingSettings(Section):
    """How the samples of the card are made.

    Args:
        steps: of the sampler.
        guidance: how much the caption is exaggerated; 1 is not at all.
    """

    steps: int = Field(default=12, ge=1)
    guidance: float = Field(default=2.0, ge=1)


class GeneratorSettings(Section):
    """A generator, from nothing; each kind narrows its denoiser.

    Args:
        seed: of weights, what is learnt from, and all chance.
        most_things: things in a sample, at most; what prompts speak of, too.
        flawed: share of what is learnt from that is blurred or has a colour cast, as part of the
            web is: what an alignment can put right.
        autoencoder, denoiser: what is learnt.
        sampling: how the card's samples are made.
        save_every: steps between saved states.
    """

    seed: int = 0
    most_things: int = Field(ge=1)
    flawed: float = Field(0.0, ge=0, lt=1)
    autoencoder: AutoencoderSettings
    denoiser: DenoiserSettings
    sampling: SamplingSettings = SamplingSettings()
    save_every: int = Field(200, ge=1)

    @model_validator(mode="after")
    def _deep(self) -> Self:
        side, halvings = SIDE >> self.autoencoder.halvings, len(self.denoiser.widths) - 1
        if side >> halvings < 2:
            raise ValueError(
                f"denoiser.widths: latents are {side} x {side}, too small to be halved"
                f" {halvings} times"
            )
        return self


def require_packages() -> None:
    """See that everything that training imports is there.

    Raises:
        UserError: something is not installed.
    """
    from importlib.util import find_spec

    missing = [name for name in ("diffusers", "matplotlib") if find_spec(name) is None]
    if missing:
        raise UserError(
            f"the generator needs {', '.join(missing)}: pip install 'unieval[train,generation]'"
        )
