"""How a sample is noised for training, and what the model should say about it.

All kinds of models are one table: at training timestep t, noisy = signal[t] * sample + noise[t] *
noise. For diffusion, signal and noise are sqrt(alpha_bar) and sqrt(1 - alpha_bar) (Ho et al. 2020);
for flow matching, 1 - sigma and sigma (Lipman et al. 2022). The table is read from the scheduler's
configuration, not from its ``add_noise``: some samplers scale their samples in a way of their own,
which pipelines undo before the model sees them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...harness.errors import UserError
from ...harness.seeds import seed_for

Prediction = Literal["epsilon", "v_prediction", "sample", "flow"]
_FLOW_SCHEDULERS = ("FlowMatch",)


@dataclass(frozen=True, slots=True)
class Noising:
    """The noise levels that training draws from, each with the same probability.

    Args:
        prediction: what the model predicts.
        timesteps: as the model takes them, shape (levels,).
        signal: share of the sample, shape (levels,).
        noise: share of the noise, shape (levels,).
    """

    prediction: Prediction
    timesteps: Any
    signal: Any
    noise: Any

    def noisy(self, sample: Any, noise: Any, levels: Any) -> Any:
        """The noised samples; ``levels`` are indices into the table, shape (samples,)."""
        return self._at(self.signal, levels, sample) * sample + (
            self._at(self.noise, levels, sample) * noise
        )

    def target(self, sample: Any, noise: Any, levels: Any) -> Any:
        """What the model should predict, of the shape of the samples.

        ``v_prediction`` is sqrt(alpha_bar) * noise - sqrt(1 - alpha_bar) * sample (Salimans and Ho
        2022), ``flow`` the velocity noise - sample.
        """
        match self.prediction:
            case "epsilon":
                return noise
            case "sample":
                return sample
            case "flow":
                return noise - sample
            case "v_prediction":
                return self._at(self.signal, levels, sample) * noise - (
                    self._at(self.noise, levels, sample) * sample
                )

    @staticmethod
    def _at(shares: Any, levels: Any, like: Any) -> Any:
        chosen = shares.to(like.device)[levels]
        return chosen.reshape(-1, *[1] * (like.dim() - 1))


def noising_of(scheduler: Any, chosen: Sequence[float] | None) -> Noising:
    """The noise levels of a pipeline's scheduler.

    Args:
        scheduler: as the pipeline loads it.
        chosen: timesteps to train on; the default is the scheduler's whole training range.

    Raises:
        UserError: the scheduler is of a kind that is not known, or a timestep is not in its range.
    """
    config: Mapping[str, Any] = scheduler.config
    name = type(scheduler).__name__
    flow = name.startswith(_FLOW_SCHEDULERS) or config.get("prediction_type") == "flow_prediction"
    return _flow(config, chosen) if flow else _diffusion(scheduler, name, chosen)


def _diffusion(scheduler: Any, name: str, chosen: Sequence[float] | None) -> Noising:
    import torch

    kept = getattr(scheduler, "alphas_cumprod", None)
    prediction = scheduler.config.get("prediction_type", "epsilon")
    if kept is None or prediction not in get_args(Prediction):
        raise UserError(
            f"scheduler {name} with prediction_type {prediction!r} is none that training knows;"
            " it needs alphas_cumprod and epsilon, v_prediction or sample, or flow matching"
        )
    steps = torch.arange(len(kept))
    if chosen is not None:
        for t in chosen:
            if t != int(t) or not 0 <= t < len(kept):
                raise UserError(
                    f"training.timesteps: {t:g} is no whole number of 0..{len(kept) - 1}"
                )
        steps = torch.tensor([int(t) for t in chosen])
    alpha = kept.double()[steps]
    return Noising(prediction, steps, alpha.sqrt().float(), (1 - alpha).sqrt().float())


def _flow(config: Mapping[str, Any], chosen: Sequence[float] | None) -> Noising:
    """Flow matching: sigma in (0, 1] is the timestep over the length of the training range.

    Uniform over the range before the shift towards noise that the scheduler is configured with
    (Esser et al. 2024, section 5.3.2), as sampling takes its steps; without it where the shift
    depends on the resolution.
    """
    import torch

    length = int(config.get("num_train_timesteps", 1000))
    if chosen is None:
        sigma = torch.arange(1, length + 1, dtype=torch.float64) / length
        if not config.get("use_dynamic_shifting"):
            shift = float(config.get("shift") or config.get("flow_shift") or 1.0)
            sigma = shift * sigma / (1 + (shift - 1) * sigma)
    else:
        for t in chosen:
            if not 0 < t <= length:
                raise UserError(f"training.timesteps: {t:g} is not within (0, {length}]")
        sigma = torch.tensor(list(chosen), dtype=torch.float64) / length
    return Noising("flow", (sigma * length).float(), (1 - sigma).float(), sigma.float())


@dataclass(frozen=True, slots=True)
class Draw:
    """The chance in one pair's training: one noise level, one noise and one flip for both samples.

    Args:
        level: index into the table of a :class:`Noising`.
        noise: standard normal, of the shape of one sample.
        flip: whether both are mirrored.
    """

    level: int
    noise: Any
    flip: bool


def draw(levels: int, shape: Sequence[int], *, seed: int, place: int, row: str) -> Draw:
    """Draw for a pair, from nothing but the seed, its place in the training, and its name.

    So a resume, the number of processes and the size of batches change nothing. Drawn on the CPU,
    so that the kind of GPU changes nothing either.
    """
    import torch

    chance = torch.Generator().manual_seed(seed_for(seed, "draw", place, row))
    level = int(torch.randint(levels, (1,), generator=chance))
    flip = bool(torch.rand(1, generator=chance) < 0.5)
    return Draw(level, torch.randn(tuple(shape), generator=chance), flip)
