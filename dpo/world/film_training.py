"""A small generator of films of the shapes world, trained from nothing.

The output folder is a diffusers pipeline; beside it lie ``curves.png``, ``samples.png``,
``manifest.json`` and ``README.md``, the card, which is written last. While it learns, the state
lies in ``work/``, and the same call goes on where it was stopped.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ...harness.progress import tell
from ...reward_training.claims import claim
from ...reward_training.surroundings import quiet
from .film_card import film_card, film_sheet
from .film_learning import encoded_films, plain_attention
from .film_model import film_denoiser, film_pipeline
from .film_settings import FilmSettings, load_film_settings
from .image_learning import denoising, latents_of, reconstruction
from .image_model import autoencoder, save
from .image_settings import require_packages
from .image_training import draw_curve
from .optimising import Plan, optimise

_CARD = "README.md"
_FREE = {"save_every", "sampling"}


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
    chosen = load_film_settings(settings)
    require_packages()
    claim(out, {"films": chosen.model_dump(mode="json", exclude=_FREE)}, 1)
    if (out / _CARD).is_file():
        tell(f"{out} is finished; nothing to do")
        return out
    from diffusers.utils import logging

    with quiet(logging):
        _train(chosen, out)
    return out


def _train(settings: FilmSettings, out: Path) -> None:
    work = out / "work"
    small, own = settings.autoencoder, settings.denoiser
    vae, parts = autoencoder(small, settings.seed), film_denoiser(settings)
    folding = Plan(
        "autoencoder, steps",
        small.steps,
        small.learning_rate,
        save_every=settings.save_every,
        seed=settings.seed,
    )
    filming = Plan(
        "denoiser, steps",
        own.steps,
        own.learning_rate,
        average=own.average,
        save_every=settings.save_every,
        seed=settings.seed,
    )
    seen = optimise(
        {"vae": vae}, reconstruction(vae, small, settings.seed), folding, work / "autoencoder"
    )
    latents, words = latents_of(
        vae, work / "latents.safetensors", lambda: encoded_films(vae, settings)
    )
    with plain_attention(parts):
        lesson = denoising(parts, latents, words, batch_size=own.batch_size, wordless=own.wordless)
        learnt = optimise(parts, lesson, filming, work / "denoiser")
    pipe = film_pipeline(settings, vae, parts)
    save(pipe, out)
    draw_curve(learnt, out / "curves.png")
    film_sheet(pipe, settings).save(out / "samples.png")
    unfinished = out / f"{_CARD}.part"
    unfinished.write_text(film_card(settings, out.name, seen, learnt), encoding="utf-8")
    unfinished.replace(out / _CARD)
    shutil.rmtree(work)
