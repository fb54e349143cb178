"""Noise levels, targets and latents, by hand and against what diffusers' own schedulers do."""

from __future__ import annotations

import types

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    UniPCMultistepScheduler,
)
from PIL import Image
from tiny_pipelines import tiny_vae
from unieval.dpo.diffusion.latents import encode, pixels
from unieval.dpo.diffusion.noising import draw, noising_of
from unieval.harness.errors import UserError

SAMPLE, NOISE = torch.randn(2, 4, 3, 3), torch.randn(2, 4, 3, 3)
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_diffusion_noises_and_aims_as_diffusers_does(prediction):
    scheduler = DDIMScheduler(**BETAS, prediction_type=prediction)
    noising = noising_of(scheduler, None)
    levels = torch.tensor([10, 900])
    timesteps = noising.timesteps[levels]
    assert timesteps.tolist() == [10, 900]
    expected = scheduler.add_noise(SAMPLE, NOISE, timesteps)
    assert torch.allclose(noising.noisy(SAMPLE, NOISE, levels), expected, atol=1e-5)
    target = {
        "epsilon": NOISE,
        "sample": SAMPLE,
        "v_prediction": scheduler.get_velocity(SAMPLE, NOISE, timesteps),
    }[prediction]
    assert torch.allclose(noising.target(SAMPLE, NOISE, levels), target, atol=1e-5)


def test_the_velocity_by_hand():
    """alpha_bar(t) of a scheduler with two steps of beta 0.36: 0.64 and 0.4096."""
    scheduler = DDIMScheduler(
        num_train_timesteps=2, trained_betas=[0.36, 0.36], prediction_type="v_prediction"
    )
    noising = noising_of(scheduler, None)
    x, e = torch.full((2, 1), 2.0), torch.full((2, 1), 3.0)
    levels = torch.tensor([0, 1])
    a = np.sqrt([0.64, 0.4096])
    b = np.sqrt([0.36, 0.5904])
    assert noising.noisy(x, e, levels).flatten().tolist() == pytest.approx(list(a * 2 + b * 3))
    assert noising.target(x, e, levels).flatten().tolist() == pytest.approx(list(a * 3 - b * 2))


@pytest.mark.parametrize("kind", [EulerDiscreteScheduler, EulerAncestralDiscreteScheduler])
def test_schedulers_that_scale_their_samples_give_models_the_same_input(kind):
    """Their own noised sample is x + sigma * noise, scaled before the model sees it."""
    scheduler = kind(**BETAS)
    noising = noising_of(scheduler, [249, 999])
    scheduler.set_timesteps(1000)
    for level, timestep in enumerate((249, 999)):
        (place,) = (scheduler.timesteps == timestep).nonzero().flatten().tolist()
        t = scheduler.timesteps[place : place + 1]
        scaled = scheduler.add_noise(SAMPLE[:1], NOISE[:1], t)
        scheduler._step_index = None
        scaled = scheduler.scale_model_input(scaled, t[0])
        found = noising.noisy(SAMPLE[:1], NOISE[:1], torch.tensor([level]))
        assert torch.allclose(found, scaled, atol=1e-4)
        scheduler._step_index = None


def test_flow_matching_noises_as_diffusers_does_and_aims_at_the_velocity():
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    noising = noising_of(scheduler, None)
    levels = torch.tensor([99, 899])
    # sigma 0.1 and 0.9, shifted: 3 s / (1 + 2 s)
    shifted = [0.3 / 1.2, 2.7 / 2.8]
    assert noising.noise[levels].tolist() == pytest.approx(shifted)
    assert noising.timesteps[levels].tolist() == pytest.approx([1000 * s for s in shifted])
    timesteps = scheduler.timesteps[[1000 - 100, 1000 - 900]]
    assert torch.allclose(timesteps, noising.timesteps[levels])
    expected = scheduler.scale_noise(SAMPLE, timesteps, NOISE)
    assert torch.allclose(noising.noisy(SAMPLE, NOISE, levels), expected, atol=1e-6)
    assert torch.equal(noising.target(SAMPLE, NOISE, levels), NOISE - SAMPLE)


def test_the_velocity_leads_from_noise_to_the_sample():
    """What the pipeline's sampler does with a perfect prediction is one step to the sample."""
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    noising = noising_of(scheduler, None)
    scheduler.set_timesteps(1)
    velocity = noising.target(SAMPLE, NOISE, torch.tensor([999, 999]))
    stepped = scheduler.step(velocity, scheduler.timesteps[0], NOISE).prev_sample
    assert torch.allclose(stepped, SAMPLE, atol=1e-5)


def test_wans_scheduler_is_flow_matching_too():
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0
    )
    noising = noising_of(scheduler, None)
    assert noising.prediction == "flow"
    assert float(noising.noise[499]) == pytest.approx(2.5 / 3)
    dynamic = FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    assert float(noising_of(dynamic, None).noise[499]) == pytest.approx(0.5)
    chosen = noising_of(scheduler, [250.5, 1000])
    assert chosen.noise.tolist() == pytest.approx([0.2505, 1.0])


def test_other_schedulers_are_refused():
    from diffusers import EDMEulerScheduler

    with pytest.raises(UserError, match=r"EDMEulerScheduler .* is none that training knows"):
        noising_of(EDMEulerScheduler(), None)


def test_a_draw_depends_on_seed_place_and_row_alone():
    given = {"levels": 1000, "shape": (4, 8, 8)}
    one = draw(**given, seed=0, place=7, row="a")
    again = draw(**given, seed=0, place=7, row="a")
    assert (one.level, one.flip) == (again.level, again.flip)
    assert torch.equal(one.noise, again.noise)
    for other in ({"seed": 1}, {"place": 8}, {"row": "b"}):
        different = draw(**given, **{"seed": 0, "place": 7, "row": "a", **other})
        assert not torch.equal(one.noise, different.noise)
    many = [draw(10, (1,), seed=0, place=p, row="a") for p in range(2000)]
    counts = np.bincount([d.level for d in many], minlength=10)
    assert counts.min() > 140  # uniform: 200 each, sd 13
    assert counts.max() < 260
    assert 0.45 < np.mean([d.flip for d in many]) < 0.55
    assert abs(np.mean([float(d.noise) for d in many])) < 0.1


def test_pictures_are_scaled_to_cover_and_cut_around_the_middle(tmp_path):
    wide = Image.new("RGB", (64, 16), (255, 0, 0))
    wide.paste((0, 0, 255), (24, 0, 40, 16))
    wide.save(tmp_path / "wide.png")
    values = pixels(tmp_path / "wide.png", "image", (32, 32), None)
    assert values.shape == (3, 32, 32)
    assert values[:, 16, 16].tolist() == [-1.0, -1.0, 1.0]
    assert values[2].mean() > 0.9  # the blue middle is all there is


def test_latents_are_scaled_as_the_pipeline_will_undo_it():
    torch.manual_seed(0)
    vae = tiny_vae(scaling_factor=0.5, shift_factor=0.25)
    values = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        plain = vae.encode(values).latent_dist
        found = encode(vae, values, "mean", 0)
        assert torch.allclose(found / 0.5 + 0.25, plain.mode(), atol=1e-6)
        drawn = [encode(vae, values, "sample", seed) for seed in (1, 1, 2)]
        assert torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[0], drawn[2])
        film = torch.rand(1, 3, 5, 32, 32)
        frames = encode(vae, film, "mean", 0)
        assert frames.shape == (1, 4, 5, 8, 8)
        alone = encode(vae, film[:, :, 3], "mean", 0)
        assert torch.allclose(frames[:, :, 3], alone, atol=1e-5)


def test_latents_with_a_mean_and_a_spread_of_their_own():
    class Vae:
        config = types.SimpleNamespace(
            get={"latents_mean": [1.0, 2.0], "latents_std": [2.0, 4.0]}.get
        )
        encoder = torch.nn.Conv3d(3, 2, 1)

        def encode(self, values):
            shape = (1, 2, *values.shape[2:])
            return types.SimpleNamespace(latents=torch.full(shape, 5.0))

    found = encode(Vae(), torch.zeros(1, 3, 1, 2, 2), "mean", 0)
    # pipelines decode latents * std + mean
    assert found[0, :, 0, 0, 0].tolist() == [2.0, 0.75]
