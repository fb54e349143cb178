"""The settings of the generator of pictures: a YAML file; ``image.yaml`` beside this is shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ...reward_training.configuration import read_settings
from .generator_settings import DenoiserSettings, GeneratorSettings

SHIPPED = Path(__file__).parent / "image.yaml"


class ImageDenoiserSettings(DenoiserSettings):
    """A UNet; words are looked at on its coarsest level.

    Args:
        layers: residual blocks of a level on the way down; there is one more on the way up.
        attentions: transformer layers after each of the blocks that look at words.
        heads: of each attention.
        pictures: how many it learns from.
    """

    widths: tuple[int, ...] = Field((32, 64, 128), min_length=1)
    layers: int = Field(1, ge=1)
    attentions: int = Field(1, ge=1)
    heads: int = Field(4, ge=1)
    tokens: int = Field(36, ge=8)
    pictures: int = Field(ge=1)
    batch_size: int = Field(32, ge=1)

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        odd = [width for width in self.widths if width % 8 or width % self.heads]
        if odd:
            raise ValueError(f"widths must be multiples of 8 and of heads, but {odd[0]} is not")
        return self


class ImageSettings(GeneratorSettings):
    """A generator of pictures, from nothing."""

    most_things: int = Field(3, ge=1, le=5)
    denoiser: ImageDenoiserSettings


def load_image_settings(path: Path | None) -> ImageSettings:
    """Read the settings from a file, or the shipped ones.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    return read_settings(path or SHIPPED, ImageSettings)
