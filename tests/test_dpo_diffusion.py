"""``unieval dpo image`` and ``unieval dpo video``, with tiny pipelines of every family."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from dpo_diffusion_setup import (
    FAMILIES,
    VIDEO,
    configuration,
    curve,
    losses,
    make_workshop,
    modality,
)
from safetensors.torch import load_file
from tiny_pipelines import save_tiny_pixels
from unieval.dpo.diffusion import comparing, families, learning
from unieval.dpo.diffusion.train import train

__all__ = ["make_workshop"]

LORA = {"lora": {"rank": 4}}
BARE = "unet3d"  # diffusers has neither LoRA nor gradient checkpointing for it


def generate(pipe, family):
    """A picture, or frames, as numbers."""
    pipe.set_progress_bar_config(disable=True)
    more = {"num_frames": 5} if family in VIDEO else {}
    made = pipe(
        "a red square",
        height=32,
        width=32,
        num_inference_steps=2,
        output_type="np",
        generator=torch.Generator().manual_seed(0),
        **more,
    )
    return np.asarray(made.frames if family in VIDEO else made.images)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fully_trained_pipeline_loads_and_generates_something_else(workshop, family):
    from diffusers import DiffusionPipeline

    config = configuration(workshop, f"full-{family}", family, training={"steps": 2})
    out = train(config, modality(family))
    assert curve(out)[0]["loss"] == pytest.approx(math.log(2), abs=1e-4)
    before = generate(DiffusionPipeline.from_pretrained(workshop / family), family)
    after = generate(DiffusionPipeline.from_pretrained(out), family)
    assert after.shape == before.shape
    assert not np.allclose(after, before)
    assert str(workshop) not in (out / "README.md").read_text()
    for name in ("curves.png", "manifest.json", "tensorboard"):
        assert (out / name).exists()


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != BARE])
def test_adapters_load_into_the_pipeline_and_change_what_it_generates(workshop, family):
    from diffusers import DiffusionPipeline

    training = {"steps": 2, "learning_rate": 0.05, **LORA}
    config = configuration(workshop, f"lora-{family}", family, training=training)
    out = train(config, modality(family))
    assert curve(out)[0]["loss"] == pytest.approx(math.log(2), abs=1e-6)  # off is the start
    pipe = DiffusionPipeline.from_pretrained(workshop / family)
    before = generate(pipe, family)
    pipe.load_lora_weights(out)
    assert not np.allclose(generate(pipe, family), before)
    assert not (out / "model_index.json").exists()


def test_a_loaded_adapter_predicts_what_the_trained_model_did(workshop, monkeypatch):
    """Nothing is lost on the way to the file: rank, scale and every layer arrive."""
    from diffusers import DiffusionPipeline

    kept = {}
    learn = learning.learn

    def spy(task, model, accelerator):
        found = learn(task, model, accelerator)
        kept["model"] = model
        return found

    monkeypatch.setattr(learning, "learn", spy)
    training = {"steps": 3, "learning_rate": 0.05, "lora": {"rank": 3, "alpha": 7}}
    out = train(configuration(workshop, "arrives", training=training), "image")
    pipe = DiffusionPipeline.from_pretrained(workshop / "sd")
    pipe.load_lora_weights(out)
    noise, text = torch.randn(1, 4, 8, 8), torch.randn(1, 16, 32)
    with torch.no_grad():
        expected = kept["model"](noise, 10, text, return_dict=False)[0]
        found = pipe.unet(noise, 10, text, return_dict=False)[0]
    assert torch.allclose(found, expected, atol=1e-5)


def test_a_copy_and_switched_off_adapters_are_the_same_reference(workshop, monkeypatch):
    """The reference's errors of the first batch, under both."""
    seen = {}
    for kind, more in (("full", {}), ("lora", LORA)):
        found = seen.setdefault(kind, [])
        original = comparing.preference_loss

        def spy(error, reference, *, _found=found, _original=original, **given):
            _found.append((error.detach().clone(), reference.clone()))
            return _original(error, reference, **given)

        monkeypatch.setattr(comparing, "preference_loss", spy)
        training = {"steps": 2, "learning_rate": 0.01, **more}
        train(configuration(workshop, f"reference-{kind}", training=training), "image")
        monkeypatch.setattr(comparing, "preference_loss", original)
    for step in range(2):
        assert torch.allclose(seen["full"][step][1], seen["lora"][step][1], atol=1e-6)
    for found in seen.values():
        assert torch.allclose(*found[0], atol=1e-6)
        assert not torch.allclose(*found[1], atol=1e-6)  # after a step the model has moved


@pytest.mark.parametrize("family", ["sd", "wan"])
def test_both_of_a_pair_get_the_same_timestep_and_noise(workshop, family, monkeypatch):
    calls = []
    original = families.FAMILIES[name_of(family)]

    def spy(model, noisy, timesteps, given):
        calls.append((noisy.detach().clone(), timesteps.clone(), dict(given)))
        return original.predict(model, noisy, timesteps, given)

    entry = families.Family(
        original.modality, original.part, original.multiple, original.encode, spy
    )
    monkeypatch.setattr(
        families, "FAMILIES", {**families.FAMILIES, name_of(family): entry}, raising=True
    )
    batches = []
    make = learning.make_batch
    monkeypatch.setattr(
        learning, "make_batch", lambda *given: batches.append(make(*given)) or batches[-1]
    )
    out = train(configuration(workshop, f"same-{family}", family), modality(family))
    assert len(calls) == 2 * len(batches) == 2 * len(curve(out))
    levels = set()
    for batch, reference, model in zip(batches, calls[::2], calls[1::2], strict=True):
        for one, other in zip(reference[:2], model[:2], strict=True):
            assert torch.equal(one, other)  # the reference sees what the model sees
        chosen, rejected = batch.timesteps.chunk(2)
        assert torch.equal(chosen, rejected)
        levels.update(chosen.tolist())
        for name, each in batch.conditions.items():
            assert torch.equal(*each.chunk(2)), name
        noise = implied_noise(batch, family)
        assert torch.allclose(*noise.chunk(2), atol=1e-4)
        assert not torch.allclose(noise[0], noise[1])  # different pairs, different noise
    assert len(levels) > 5


def name_of(family):
    return {"sd": "StableDiffusionPipeline", "wan": "WanPipeline"}[family]


def implied_noise(batch, family):
    if family == "sd":
        return batch.target  # epsilon
    # flow: noisy = x + sigma * (noise - x), target = noise - x
    sigma = (batch.timesteps / 1000).reshape(-1, 1, 1, 1, 1)
    return batch.noisy + (1 - sigma) * batch.target


def test_timesteps_are_those_asked_for(workshop, monkeypatch):
    seen = set()
    make = learning.make_batch

    def spy(*given):
        batch = make(*given)
        seen.update(batch.timesteps.tolist())
        return batch

    monkeypatch.setattr(learning, "make_batch", spy)
    chosen = [249, 499, 749, 999]
    training = {"steps": 12, "timesteps": chosen, "batch_size": 4}
    train(configuration(workshop, "turbo", "sdxl", training=training), "image")
    assert seen == set(chosen)


def test_a_flip_mirrors_both_of_a_pair_or_neither(workshop, monkeypatch):
    asked = []
    from unieval.dpo.diffusion.cached import Cache

    read = Cache.medium

    def spy(self, medium, *, flipped=False):
        asked.append(flipped)
        return read(self, medium, flipped=flipped)

    monkeypatch.setattr(Cache, "medium", spy)
    training = {"steps": 8}
    train(configuration(workshop, "flip", data={"flip": True}, training=training), "image")
    assert len(asked) == 8 * (1 + 2 * 2)
    pairs = [
        asked[batch + first : batch + first + 2]  # a batch begins with a look at the shape
        for batch in range(0, len(asked), 5)
        for first in (1, 3)
    ]
    assert {tuple(pair) for pair in pairs} == {(True, True), (False, False)}
    stored = load_file(next((workshop / "flip").glob("cache/*/media/*/*")))
    assert set(stored) == {"latents", "flipped"}


def test_adafactor_schedules_and_checkpointing_of_gradients(workshop):
    plain = {"steps": 3, "optimizer": "adafactor", "schedule": "cosine", "warmup": 1}
    a = train(configuration(workshop, "ada", training=plain), "image")
    b = train(
        configuration(workshop, "ada-less", training={**plain, "gradient_checkpointing": True}),
        "image",
    )
    assert losses(b) == pytest.approx(losses(a), abs=1e-5)
    assert [point["learning_rate"] for point in curve(a)] == pytest.approx([1e-3, 1e-3, 5e-4])


@pytest.mark.parametrize("family", FAMILIES)
def test_bf16_starts_at_log_2_and_stays_finite(workshop, family):
    # with adapters, over bfloat16 weights
    more = {} if family == BARE else {"gradient_checkpointing": True, **LORA}
    training = {"steps": 2, "bf16": True, **more}
    config = configuration(workshop, f"bf16-{family}", family, training=training)
    points = curve(train(config, modality(family)))
    assert points[0]["loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert len(points) == 2


def test_the_stored_format_is_that_of_the_start(workshop):
    from diffusers import UNet2DConditionModel

    start = workshop / "half"
    FAMILIES["sd"](start)
    UNet2DConditionModel.from_pretrained(start / "unet").half().save_pretrained(
        start / "unet", variant="fp16"
    )
    training = {"steps": 1}
    model = {"path": "half", "variant": "fp16"}
    out = train(configuration(workshop, "out-half", model=model, training=training), "image")
    weights = load_file(out / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert 'variant="fp16"' in (out / "README.md").read_text()


def test_a_model_of_pixels_needs_no_vae_and_prefers_the_chosen_after_a_few_steps(workshop):
    save_tiny_pixels(workshop / "pixels")
    training = {"steps": 25, "learning_rate": 5e-4, "save_every": 100}
    config = configuration(workshop, "out", model={"path": "pixels"}, training=training)
    out = train(config, "image")
    stored = load_file(next(out.glob("cache/*/media/*/*")))["latents"]
    assert stored.shape == (3, 32, 32)
    assert -1 <= float(stored.min()) < float(stored.max()) <= 1
    assert json.loads((out / "model_index.json").read_text())["vae"] == [None, None]
    points = curve(out)
    assert np.mean([point["accuracy"] for point in points[-10:]]) > 0.9
    assert np.mean([point["loss"] for point in points[-10:]]) < 0.9 * math.log(2)
    assert np.mean([point["margin"] for point in points[-10:]]) > 0
