"""A small generator of pictures of the shapes world, see :mod:`.generator_training`."""

from __future__ import annotations

from pathlib import Path

from .generator_training import Kind, train_generator
from .image_card import card, sheet
from .image_learning import encoded_pictures
from .image_model import denoiser, pipeline
from .image_settings import load_image_settings


def train_image_model(settings: Path | None, out: Path) -> Path:
    """Train the generator, or go on with its training; a finished one is left as it is.

    Args:
        settings: YAML file, see :class:`~.image_settings.ImageSettings`; None is the shipped one.
        out: folder that everything is written into.

    Returns:
        ``out``, which ``DiffusionPipeline.from_pretrained`` loads.

    Raises:
        UserError: a setting does not fit, a package is missing, or the folder holds something else.
    """
    kind = Kind("pictures", denoiser, encoded_pictures, pipeline, sheet, card)
    return train_generator(kind, load_image_settings(settings), out)
