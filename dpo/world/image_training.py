"""A small generator of pictures of the shapes world, trained from nothing.

The output folder is a diffusers pipeline; beside it lie ``curves.png``, ``samples.png``,
``manifest.json`` and ``README.md``, the card, which is written last. While it learns, the state
lies in ``work/``, and the same call goes on where it was stopped.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ...harness.progress import tell
from ...reward_training.claims import claim
from ...reward_training.curves import LOSS, draw
from ...reward_training.surroundings import quiet
from .image_card import card, sheet
from .image_learning import denoising, encoded_pictures, latents_of, reconstruction
from .image_model import autoencoder, denoiser, pipeline, save
from .image_settings import ImageSettings, load_image_settings, require_packages
from .optimising import Plan, optimise

_CARD = "README.md"
_FREE = {"save_every", "sampling"}


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
    chosen = load_image_settings(settings)
    require_packages()
    claim(out, {"pictures": chosen.model_dump(mode="json", exclude=_FREE)}, 1)
    if (out / _CARD).is_file():
        tell(f"{out} is finished; nothing to do")
        return out
    from diffusers.utils import logging

    with quiet(logging):
        _train(chosen, out)
    return out


def _train(settings: ImageSettings, out: Path) -> None:
    work = out / "work"
    vae, parts = autoencoder(settings.autoencoder, settings.seed), denoiser(settings)
    first, second = _plans(settings)
    folding = reconstruction(vae, settings.autoencoder, settings.seed)
    seen = optimise({"vae": vae}, folding, first, work / "autoencoder")
    latents, words = latents_of(
        vae, work / "latents.safetensors", lambda: encoded_pictures(vae, settings)
    )
    lesson = denoising(
        parts,
        latents,
        words,
        batch_size=settings.denoiser.batch_size,
        wordless=settings.denoiser.wordless,
        lean=settings.denoiser.lean,
    )
    learnt = optimise(parts, lesson, second, work / "denoiser")
    pipe = pipeline(settings, vae, parts)
    save(pipe, out)
    draw_curve(learnt, out / "curves.png")
    sheet(pipe, settings).save(out / "samples.png")
    unfinished = out / f"{_CARD}.part"
    unfinished.write_text(card(settings, out.name, seen, learnt), encoding="utf-8")
    unfinished.replace(out / _CARD)
    shutil.rmtree(work)


def _plans(settings: ImageSettings) -> tuple[Plan, Plan]:
    small, drawing = settings.autoencoder, settings.denoiser
    return (
        Plan(
            "autoencoder, steps",
            small.steps,
            small.learning_rate,
            save_every=settings.save_every,
            seed=settings.seed,
        ),
        Plan(
            "denoiser, steps",
            drawing.steps,
            drawing.learning_rate,
            average=drawing.average,
            save_every=settings.save_every,
            seed=settings.seed,
        ),
    )


def draw_curve(curve: list[dict[str, float]], file: Path) -> None:
    """Draw the denoiser's curve, each point the mean of a hundredth of it."""
    width = max(1, len(curve) // 100)
    points: list[dict[str, Any]] = []
    for begin in range(0, len(curve), width):
        some = curve[begin : begin + width]
        points.append({key: sum(point[key] for point in some) / len(some) for key in some[0]})
    draw(points, [], file, [LOSS])
