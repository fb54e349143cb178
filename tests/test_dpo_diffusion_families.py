"""The denoiser is asked in training what its own pipeline asks it when it generates."""

from __future__ import annotations

import pytest
import torch
from dpo_diffusion_setup import FAMILIES, VIDEO
from unieval.dpo.diffusion.families import FAMILIES as KNOWN

PROMPT = "a red square above a blue circle"


@pytest.mark.parametrize("name", FAMILIES)
def test_training_calls_the_denoiser_as_the_pipeline_does(tmp_path, name):
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(FAMILIES[name](tmp_path / name))
    pipe.set_progress_bar_config(disable=True)
    family = KNOWN[type(pipe).__name__]
    model = getattr(pipe, family.part)
    seen = []

    def spy(module, args, kwargs, output):
        noisy = args[0] if args else kwargs["hidden_states"]
        timestep = args[1] if len(args) > 1 else kwargs["timestep"]
        seen.append((noisy.clone(), timestep.clone(), output[0].clone()))

    hook = model.register_forward_hook(spy, with_kwargs=True)
    more = {"num_frames": 5} if name in VIDEO else {}
    guidance = 3.5 if name == "flux" else 1.0  # distilled guidance, or none
    pipe(
        PROMPT,
        height=32,
        width=32,
        num_inference_steps=1,
        guidance_scale=guidance,
        output_type="latent",
        **more,
    )
    hook.remove()
    noisy, timestep, expected = seen[0]
    if name == "flux":
        noisy, expected = (
            pipe._unpack_latents(each, 32, 32, pipe.vae_scale_factor) for each in (noisy, expected)
        )
        timestep = timestep * 1000
    with torch.no_grad():
        given = family.encode(pipe, PROMPT, (32, 32), "cpu")
        batch = {key: torch.stack([each, each]) for key, each in given.items()}
        twice = torch.cat([noisy, noisy])
        found = family.predict(model, twice, timestep.reshape(-1)[:1].expand(2), batch)
    assert found.shape == twice.shape
    assert torch.allclose(found[0], expected[0], atol=1e-5)
    assert torch.allclose(found[1], expected[0], atol=1e-5)
