"""A small generator of films of the shapes world, see :mod:`.generator_training`."""

from __future__ import annotations

from pathlib import Path

from .film_card import film_card, film_sheet
from .film_learning import encoded_films, plain_attention
from .film_model import film_denoiser, film_pipeline
from .film_settings import load_film_settings
from .generator_training import Kind, train_generator


def train_film_model(settings: Path | None, out: Path) -> Path:
    """Train the generator, or go on with its training; a finished one is left as it is.

    Args:
        settings: YAML file, see :class:`~.film_settings.FilmSettings`; None is the shipped one.
        out: folder that everything is written into.

    Returns:
        ``out``, which ``DiffusionPipeline.from_pretrained`` loads.

    Raises:
        UserError: a setting does not fit, a package is missing, or the folder holds something else.
    """
    kind = Kind(
        "films",
        film_denoiser,
        encoded_films,
        film_pipeline,
        film_sheet,
        film_card,
        plain_attention,
    )
    return train_generator(kind, load_film_settings(settings), out)
