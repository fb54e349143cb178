"""How a generator of the shapes world is trained from nothing, whatever it makes.

The output folder is a diffusers pipeline; beside it lie ``curves.png``, ``samples.png``,
``manifest.json`` and ``README.md``, the card, which is written last. While it learns, the state
lies in ``work/``, and the same call goes on where it was stopped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from ...harness.progress import tell
from ...reward_training.claims import claim
from ...reward_training.curves import LOSS, draw
from ...reward_training.surroundings import quiet
from .generator_settings import GeneratorSettings, require_packages
from .image_learning import denoising, latents_of, reconstruction
from .image_model import autoencoder, save
from .optimising import Plan, optimise

CARD = "README.md"
_FREE = {"save_every", "sampling"}

S = TypeVar("S", bound=GeneratorSettings)
Curve = Sequence[Mapping[str, float]]
Parts = Mapping[str, Any]


@dataclass(frozen=True)
class Kind(Generic[S]):
    """What tells one generator from another.

    Attributes:
        makes: the manifest's word for what is made.
        denoiser: makes the parts that are learnt together, from settings.
        encoded: latents and tokens of what is learnt from, by an autoencoder.
        pipeline: puts settings, an autoencoder and the parts together.
        sheet: a picture of samples.
        card: the card as Markdown: settings, the model's name, the autoencoder's curve, the
            denoiser's.
        learning: what the parts need around them while they learn.
    """

    makes: str
    denoiser: Callable[[S], Parts]
    encoded: Callable[[Any, S], tuple[Any, Any]]
    pipeline: Callable[[S, Any, Parts], Any]
    sheet: Callable[[Any, S], Any]
    card: Callable[[S, str, Curve, Curve], str]
    learning: Callable[[Parts], AbstractContextManager[Any]] = nullcontext


def train_generator(kind: Kind[S], settings: S, out: Path) -> Path:
    """Train a generator, or go on with its training; a finished one is left as it is.

    Args:
        kind: which.
        settings: how.
        out: folder that everything is written into.

    Returns:
        ``out``, which ``DiffusionPipeline.from_pretrained`` loads.

    Raises:
        UserError: a package is missing, or the folder holds something else.
    """
    require_packages()
    claim(out, {kind.makes: settings.model_dump(mode="json", exclude=_FREE)}, 1)
    if (out / CARD).is_file():
        tell(f"{out} is finished; nothing to do")
        return out
    from diffusers.utils import logging

    with quiet(logging):
        _train(kind, settings, out)
    return out


def _train(kind: Kind[S], settings: S, out: Path) -> None:
    work = out / "work"
    small, own = settings.autoencoder, settings.denoiser
    vae, parts = autoencoder(small, settings.seed), kind.denoiser(settings)
    folding = reconstruction(vae, settings)
    plan = partial(Plan, save_every=settings.save_every, seed=settings.seed)
    first = plan("autoencoder, steps", small.steps, small.learning_rate)
    seen = optimise({"vae": vae}, folding, first, work / "autoencoder")
    latents, words = latents_of(
        vae, work / "latents.safetensors", lambda: kind.encoded(vae, settings), own.spread
    )
    second = plan("denoiser, steps", own.steps, own.learning_rate, average=own.average)
    with kind.learning(parts):
        lesson = denoising(parts, latents, words, own)
        learnt = optimise(parts, lesson, second, work / "denoiser")
    pipe = kind.pipeline(settings, vae, parts)
    save(pipe, out)
    _draw_curve(learnt, out / "curves.png")
    kind.sheet(pipe, settings).save(out / "samples.png")
    unfinished = out / f"{CARD}.part"
    unfinished.write_text(kind.card(settings, out.name, seen, learnt), encoding="utf-8")
    unfinished.replace(out / CARD)
    shutil.rmtree(work)


def _draw_curve(curve: Sequence[dict[str, float]], file: Path) -> None:
    """Draw the denoiser's curve, each point the mean of a hundredth of it."""
    width = max(1, len(curve) // 100)
    points: list[dict[str, Any]] = []
    for begin in range(0, len(curve), width):
        some = curve[begin : begin + width]
        points.append({key: sum(point[key] for point in some) / len(some) for key in some[0]})
    draw(points, [], file, [LOSS])
