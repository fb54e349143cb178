"""The settings of the generator of films: a YAML file, ``film.yaml`` beside this one if none."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ...reward_training.configuration import read_settings
from .generator_settings import DenoiserSettings, GeneratorSettings

SHIPPED = Path(__file__).parent / "film.yaml"


class FilmDenoiserSettings(DenoiserSettings):
    """A UNet over space and time.

    On all levels but the finest, words are looked at, and places and frames look at each other.

    Args:
        head_width: channels of a head of an attention.
        films: how many it learns from.
    """

    widths: tuple[int, ...] = Field((32, 64, 96), min_length=2)
    head_width: int = Field(8, ge=1)
    tokens: int = Field(28, ge=8)
    films: int = Field(ge=1)
    batch_size: int = Field(16, ge=1)

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        odd = [width for width in self.widths if width % 8 or width % self.head_width]
        if odd:
            raise ValueError(f"widths must be multiples of 8 and of head_width, {odd[0]} is not")
        return self


class FilmSettings(GeneratorSettings):
    """A generator of films, from nothing."""

    most_things: int = Field(1, ge=1, le=3)
    denoiser: FilmDenoiserSettings
    save_every: int = Field(100, ge=1)


def load_film_settings(path: Path | None) -> FilmSettings:
    """Read the settings from a file, or the shipped ones.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    return read_settings(path or SHIPPED, FilmSettings)
