"""One batch of pairs: noised alike, denoised by the model and by its reference, and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from .cached import Cache
from .families import Family
from .loss import Preferences, errors, preference_loss
from .noising import Noising, draw
from .pairs import Pair
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Task:
    """What is learnt, and with what.

    Args:
        settings: the training's.
        pairs: the preferences.
        cache: their latents and embeddings.
        family: the pipeline's family.
        noising: noise levels and targets.
        bf16: whether to compute in bfloat16.
    """

    settings: Settings
    pairs: Sequence[Pair]
    cache: Cache
    family: Family
    noising: Noising
    bf16: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of pairs: of every tensor the first half is chosen, the second rejected.

    Args:
        noisy: noised latents, shape (2 * pairs, channels, [frames,] height, width).
        timesteps: as the model takes them, shape (2 * pairs,).
        target: what it should predict, of the shape of the latents.
        conditions: of the prompts, each of shape (2 * pairs, ...).
    """

    noisy: Any
    timesteps: Any
    target: Any
    conditions: dict[str, Any]


def make_batch(task: Task, rows: Sequence[tuple[int, Pair]], device: Any) -> Batch:
    """Noise pairs: both of a pair at the same timestep with the same noise.

    Args:
        task: what is learnt.
        rows: pairs with their places in the training, which decide their noise.
        device: where to.
    """
    import torch

    noising, data, seed = task.noising, task.settings.data, task.settings.training.seed
    sides: tuple[list[Any], list[Any]] = ([], [])
    noises, levels = [], []
    shape = task.cache.medium(rows[0][1].chosen).shape
    for place, pair in rows:
        chance = draw(len(noising.timesteps), shape, seed=seed, place=place, row=pair.id)
        for side, medium in zip(sides, (pair.chosen, pair.rejected), strict=True):
            side.append(task.cache.medium(medium, flipped=data.flip and chance.flip))
        noises.append(chance.noise)
        levels.append(chance.level)
    samples = torch.stack([*sides[0], *sides[1]]).float().to(device)
    noise = torch.stack([*noises, *noises]).to(device)
    level = torch.tensor([*levels, *levels], device=device)
    prompts = [task.cache.prompt(pair.prompt) for _, pair in rows]
    return Batch(
        noising.noisy(samples, noise, level),
        noising.timesteps.to(device)[level],
        noising.target(samples, noise, level),
        {name: torch.stack([p[name] for p in prompts] * 2).to(device) for name in prompts[0]},
    )


def compare(
    task: Task,
    batch: Batch,
    model: Any,
    reference: Callable[[Callable[[Any], Any]], Any],
) -> Preferences:
    """The loss of a batch: the model's errors against the reference's."""

    def error(denoiser: Any) -> Any:
        dtype = getattr(denoiser, "module", denoiser).dtype  # of most weights
        given = {
            name: each.to(dtype) if each.is_floating_point() else each
            for name, each in batch.conditions.items()
        }
        with _computing(batch.noisy.device.type, task.bf16):
            output = task.family.predict(denoiser, batch.noisy.to(dtype), batch.timesteps, given)
        return errors(output, batch.target)

    training = task.settings.training
    before = reference(error)  # first, so that adapters are on again when gradients are computed
    return preference_loss(
        error(model), before, beta=training.beta, label_smoothing=training.label_smoothing
    )


def _computing(device: str, bf16: bool) -> AbstractContextManager[Any]:
    import torch

    return torch.autocast(device, torch.bfloat16) if bf16 else nullcontext()
