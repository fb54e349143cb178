"""The generator of films: trained for a few steps, killed, loaded as any pipeline is, used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from generator_setup import killed_at, weights, write_settings
from unieval.dpo.world.film_data import captioned_film, filmed
from unieval.dpo.world.film_learning import encoded_films
from unieval.dpo.world.film_prompts import write_film_prompts
from unieval.dpo.world.film_settings import load_film_settings
from unieval.dpo.world.film_training import train_film_model
from unieval.dpo.world.pixels import as_values, crowded_frames
from unieval.harness.errors import UserError
from unieval.tasks.shapes.captioned import MOST_THINGS, PARTS, part_of

TINY = {
    "autoencoder": {"width": 8, "halvings": 3, "channels": 4, "steps": 4, "batch_size": 2},
    "denoiser": {"widths": [8, 16], "text_width": 32, "films": 12, "steps": 6, "batch_size": 2},
    "sampling": {"steps": 2},
    "save_every": 2,
}
SIZE = {"num_frames": 8, "num_inference_steps": 2, "guidance_scale": 3.0}


@pytest.fixture(scope="module", name="trained")
def train_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("world")
    return train_film_model(config(folder), folder / "model")


def config(folder: Path, **changes: object) -> Path:
    return write_settings(folder, TINY, **changes)


def test_the_folder_is_a_pipeline_that_films_the_same_from_a_seed(trained: Path) -> None:
    from diffusers import DiffusionPipeline, TextToVideoSDPipeline

    pipe = DiffusionPipeline.from_pretrained(trained, use_safetensors=True)
    assert type(pipe) is TextToVideoSDPipeline
    pipe.set_progress_bar_config(disable=True)

    def film(prompt: str, seed: int) -> np.ndarray:
        chance = torch.Generator().manual_seed(seed)
        made: np.ndarray = pipe(prompt, generator=chance, output_type="np", **SIZE).frames
        assert made.shape == (1, 8, 64, 64, 3)
        return made

    one = film("A red circle rises.", 3)
    assert np.array_equal(one, film("A red circle rises.", 3))
    assert not np.array_equal(one, film("A red circle rises.", 4))
    assert not np.array_equal(one, film("Two blue stars.", 3))
    assert all((trained / name).is_file() for name in ("samples.png", "curves.png"))
    assert not (trained / "work").exists()


def test_a_film_does_not_depend_on_its_batch(trained: Path) -> None:
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(trained, use_safetensors=True)
    pipe.set_progress_bar_config(disable=True)
    prompts = ["A red circle rises.", "Two blue stars."]
    seeds = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    both = pipe(prompts, generator=seeds, output_type="np", **SIZE).frames
    second = torch.Generator().manual_seed(1)
    alone = pipe(prompts[1], generator=second, output_type="np", **SIZE).frames
    assert np.allclose(both[1], alone[0], atol=1e-3)


def test_it_learns_latents_frame_by_frame(trained: Path, tmp_path: Path) -> None:
    from diffusers import AutoencoderTiny

    vae = AutoencoderTiny.from_pretrained(trained / "vae").eval()
    settings = load_film_settings(config(tmp_path))
    latents, words = encoded_films(vae, settings)
    assert latents.shape == (12, 4, 8, 8, 8)
    assert words.shape == (12, settings.denoiser.tokens)
    clip, _ = captioned_film("learning", settings.seed, 5, settings.most_things)
    with torch.no_grad():
        frame = vae.encode(as_values(filmed(clip))[3:4]).latents[0]
    assert torch.allclose(latents[5, :, 3], frame, atol=1e-5)
    assert float(latents.std()) * vae.config.scaling_factor == pytest.approx(0.3, abs=0.001)


@pytest.mark.parametrize("line", ["autoencoder, steps: 3/4", "denoiser, steps: 3/6"])
def test_a_training_that_was_killed_ends_with_the_same_weights(
    trained: Path, tmp_path: Path, line: str
) -> None:
    settings = config(tmp_path)
    killed_at(line, lambda: train_film_model(settings, tmp_path / "model"))
    assert not (tmp_path / "model" / "README.md").exists()
    again = weights(train_film_model(settings, tmp_path / "model"))
    once = weights(trained)
    assert again.keys() == once.keys()
    assert all(torch.equal(again[name], once[name]) for name in once)


def test_a_finished_model_is_left_as_it_is(trained: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in trained.rglob("*")}
    train_film_model(trained.parent / "tiny.yaml", trained)
    assert {file: file.stat().st_mtime_ns for file in trained.rglob("*")} == before


def test_other_settings_are_refused_by_name(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="seed"):
        train_film_model(config(tmp_path, seed=1), trained)
    for changes, message in (
        ({"widths": [8] * 5}, r"denoiser\.widths: .* halved 4 times"),
        ({"widths": [8, 20]}, "multiples of 8 and of head_width, 20 is not"),
        ({"filns": 3}, "did you mean 'films'"),
    ):
        given = config(tmp_path, denoiser={**TINY["denoiser"], **changes})  # type: ignore[dict-item]
        with pytest.raises(UserError, match=message):
            load_film_settings(given)


def test_the_shipped_settings_fit() -> None:
    assert load_film_settings(None).most_things == MOST_THINGS["video"]


def test_parts_share_nothing_that_a_caption_says(tmp_path: Path) -> None:
    said = {
        part: [captioned_film(part, 0, number, 2)[1] for number in range(150)] for part in PARTS
    }
    facts = {part: {frozenset(map(repr, each.facts)) for each in said[part]} for part in PARTS}
    assert not facts["learning"] & facts["aligning"]
    assert not facts["learning"] & facts["test"]
    assert not facts["aligning"] & facts["test"]
    assert all(part_of(each) == part for part in PARTS for each in said[part])

    files = [
        write_film_prompts(tmp_path / part / f"{seed}.jsonl", 30, seed, part=part)  # type: ignore[arg-type]
        for part in ("aligning", "test")
        for seed in (0, 1)
    ]
    prompts = [[json.loads(line) for line in file.read_text().splitlines()] for file in files]
    texts = [{row["prompt"] for row in rows} for rows in prompts]
    assert [len(each) for each in texts] == [30] * 4
    assert not (texts[0] | texts[1]) & (texts[2] | texts[3])
    assert not {each.text for each in said["learning"]} & set.union(*texts)
    assert len({row["id"] for rows in prompts for row in rows}) == 120


def test_captions_are_true_of_their_films_and_fit_into_the_prompt() -> None:
    from unieval.dpo.world.text import tokenizer

    settings = load_film_settings(None)
    words = tokenizer(settings.denoiser.tokens)
    for number in range(200):
        clip, said = captioned_film("learning", 1, number, 2)
        shown = type("Shown", (), {"things": tuple(mover.actor for mover in clip.movers)})
        assert 1 <= len(clip.movers) <= 2
        assert all(fact.holds(shown) for fact in said.facts)
        assert len(words(said.text)["input_ids"]) <= settings.denoiser.tokens


def test_frames_to_make_small_are_full_and_seeded() -> None:
    frames = crowded_frames(0, 3, 2, 0.5)
    assert frames.shape == (2, 3, 64, 64)
    assert float(frames.amin()) >= -1
    assert float(frames.amax()) <= 1
    assert torch.equal(frames, crowded_frames(0, 3, 2, 0.5))
    assert not torch.equal(frames, crowded_frames(0, 4, 2, 0.5))
    films = as_values(filmed(captioned_film("learning", 0, 0, 2)[0]))
    assert _bright(frames) > 2 * _bright(films)


def _bright(frames: torch.Tensor) -> float:
    """The share of pixels that belong to a shape."""
    return float((frames.amax(1) > 0).float().mean())
