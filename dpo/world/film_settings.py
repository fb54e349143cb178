"""The settings of the generator of films: a YAML file, ``film.yaml`` beside this one if none."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ...reward_training.configuration import read_settings
from ...reward_training.settings import Section
from .image_settings import AutoencoderSettings, SamplingSettings

SHIPPED = Path(__file__).parent / "film.yaml"


class FilmDenoiserSettings(Section):
    """The UNet over space and time and the text encoder, learnt together.

    Args:
        widths: channels of each level of the UNet, the finest first; on all but the finest, words
            are looked at, and places and frames look at each other.
        head_width: channels of a head of an attention.
        text_width: features of a token.
        tokens: of a prompt, start and end included.
        films: how many it learns from.
        wordless: share of captions that are left out, for guidance.
        average: decay of the weights' running average, which is the result.
        steps, batch_size, learning_rate: optimizer steps, films a step, highest rate.
    """

    widths: tuple[int, ...] = Field((32, 64, 96), min_length=2)
    head_width: int = Field(8, ge=1)
    text_width: int = Field(128, ge=32, multiple_of=32)
    tokens: int = Field(28, ge=8)
    films: int = Field(ge=1)
    wordless: float = Field(0.1, ge=0, lt=1)
    average: float = Field(0.995, ge=0, lt=1)
    steps: int = Field(ge=1)
    batch_size: int = Field(16, ge=1)
    learning_rate: float = Field(2e-3, gt=0)

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        odd = [width for width in self.widths if width % 8 or width % self.head_width]
        if odd:
            raise ValueError(f"widths must be multiples of 8 and of head_width, {odd[0]} is not")
        return self


class FilmSettings(Section):
    """A generator of films, from nothing.

    Args:
        seed: of weights, films and all chance.
        most_things: things in a film, at most; what prompts speak of, too.
        autoencoder, denoiser: what is learnt.
        sampling: how the card's films are made.
        save_every: steps between saved states.
    """

    seed: int = 0
    most_things: int = Field(1, ge=1, le=3)
    autoencoder: AutoencoderSettings
    denoiser: FilmDenoiserSettings
    sampling: SamplingSettings = SamplingSettings()
    save_every: int = Field(100, ge=1)

    @model_validator(mode="after")
    def _deep(self) -> Self:
        side, halvings = 64 >> self.autoencoder.halvings, len(self.denoiser.widths) - 1
        if side >> halvings < 2:
            raise ValueError(
                f"denoiser.widths: latents are {side} x {side}, too small to be halved"
                f" {halvings} times"
            )
        return self


def load_film_settings(path: Path | None) -> FilmSettings:
    """Read the settings from a file, or the shipped ones.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    return read_settings(path or SHIPPED, FilmSettings)
