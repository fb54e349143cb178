"""The settings of the generator of pictures: a YAML file; ``image.yaml`` beside this is shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ...harness.errors import UserError
from ...reward_training.configuration import read_settings
from ...reward_training.settings import Section

SHIPPED = Path(__file__).parent / "image.yaml"


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
    """The UNet and the text encoder, learnt together.

    Args:
        widths: channels of each level of the UNet, the finest first; words are looked at on the
            coarsest.
        layers: residual blocks of a level on the way down; there is one more on the way up.
        attentions: transformer layers after each of the blocks that look at words.
        heads: of each attention.
        text_width: features of a token.
        tokens: of a prompt, start and end included.
        pictures: how many it learns from.
        wordless: share of captions that are left out, for guidance.
        lean: power of the noise level that its probability grows with; 0 is all alike. What is
            where is decided at high levels.
        average: decay of the weights' running average, which is the result.
        steps, batch_size, learning_rate: optimizer steps, pictures a step, highest rate.
    """

    widths: tuple[int, ...] = Field((32, 64, 128), min_length=1)
    layers: int = Field(1, ge=1)
    attentions: int = Field(1, ge=1)
    heads: int = Field(4, ge=1)
    text_width: int = Field(128, ge=32, multiple_of=32)
    tokens: int = Field(36, ge=8)
    pictures: int = Field(ge=1)
    wordless: float = Field(0.1, ge=0, lt=1)
    lean: float = Field(0.0, ge=0)
    average: float = Field(0.995, ge=0, lt=1)
    steps: int = Field(ge=1)
    batch_size: int = Field(32, ge=1)
    learning_rate: float = Field(2e-3, gt=0)

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        odd = [width for width in self.widths if width % 8 or width % self.heads]
        if odd:
            raise ValueError(f"widths must be multiples of 8 and of heads, but {odd[0]} is not")
        return self


class SamplingSettings(Section):
    """How the pictures of the card are drawn.

    Args:
        steps: of the sampler.
        guidance: how much the caption is exaggerated; 1 is not at all.
    """

    steps: int = Field(default=12, ge=1)
    guidance: float = Field(default=2.0, ge=1)


class ImageSettings(Section):
    """A generator of pictures, from nothing.

    Args:
        seed: of weights, pictures and all chance.
        most_things: things in a picture, at most; what prompts speak of, too.
        autoencoder, denoiser: what is learnt.
        sampling: how the card's pictures are drawn.
        save_every: steps between saved states.
    """

    seed: int = 0
    most_things: int = Field(3, ge=1, le=5)
    autoencoder: AutoencoderSettings
    denoiser: DenoiserSettings
    sampling: SamplingSettings = SamplingSettings()
    save_every: int = Field(200, ge=1)

    @model_validator(mode="after")
    def _deep(self) -> Self:
        side = 64 >> self.autoencoder.halvings
        if side >> (len(self.denoiser.widths) - 1) < 2:
            raise ValueError(
                f"denoiser.widths: latents are {side} x {side}, too small to be halved"
                f" {len(self.denoiser.widths) - 1} times"
            )
        return self


def load_image_settings(path: Path | None) -> ImageSettings:
    """Read the settings from a file, or the shipped ones.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    return read_settings(path or SHIPPED, ImageSettings)


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
