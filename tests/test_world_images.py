"""The generator of pictures: trained for a few steps, killed, loaded as any pipeline is, used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from generator_setup import killed_at, weights, write_settings
from typer.testing import CliRunner
from unieval.cli import app
from unieval.dpo.world.image_learning import standing_out
from unieval.dpo.world.image_settings import load_image_settings
from unieval.dpo.world.image_training import train_image_model
from unieval.dpo.world.prompts import write_image_prompts
from unieval.dpo.world.text import _pieces, text_parts, tokenizer
from unieval.harness.errors import UserError
from unieval.tasks.shapes import streams
from unieval.tasks.shapes.captioned import PARTS, captioned_scene, part_of

TINY = {
    "autoencoder": {"width": 8, "steps": 6, "batch_size": 2},
    "denoiser": {
        "widths": [8, 16],
        "heads": 2,
        "text_width": 32,
        "pictures": 24,
        "steps": 8,
        "batch_size": 4,
    },
    "sampling": {"steps": 2},
    "save_every": 2,
}


@pytest.fixture(scope="module", name="trained")
def train_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("world")
    config(folder)
    return train_image_model(folder / "tiny.yaml", folder / "model")


def config(folder: Path, **changes: object) -> Path:
    return write_settings(folder, TINY, **changes)


def test_the_folder_is_a_pipeline_that_draws_the_same_from_a_seed(trained: Path) -> None:
    from diffusers import DiffusionPipeline, StableDiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(trained, use_safetensors=True)
    assert type(pipe) is StableDiffusionPipeline
    pipe.set_progress_bar_config(disable=True)

    def draw(prompt: str, seed: int) -> np.ndarray:
        chance = torch.Generator().manual_seed(seed)
        (made,) = pipe(prompt, num_inference_steps=2, guidance_scale=2.0, generator=chance).images
        assert made.size == (64, 64)
        return np.asarray(made)

    one = draw("A red circle.", 3)
    assert np.array_equal(one, draw("A red circle.", 3))
    assert not np.array_equal(one, draw("A red circle.", 4))
    assert not np.array_equal(one, draw("Two blue stars.", 3))
    assert (trained / "samples.png").is_file()
    assert (trained / "curves.png").is_file()
    assert not (trained / "work").exists()


def test_latents_deviate_as_set_where_the_pipeline_scales_them(trained: Path) -> None:
    from diffusers import AutoencoderTiny
    from unieval.dpo.world.pixels import as_values
    from unieval.tasks.shapes.draw import draw

    vae = AutoencoderTiny.from_pretrained(trained / "vae").eval()
    scenes = [captioned_scene("learning", 0, number, 3)[0] for number in range(24)]
    with torch.no_grad():
        latents = vae.encode(as_values(np.stack([draw(scene) for scene in scenes]))).latents
    assert float(latents.std()) * vae.config.scaling_factor == pytest.approx(0.3, abs=0.001)


def test_what_stands_out_of_the_ground_is_found_whatever_the_scale() -> None:
    latents = torch.full((2, 2, 3, 3), 0.5)
    latents[0, :, 1, 1] = 9.5  # two channels 9 apart from the ground: 81 squared
    latents[1, 0, 0, 2] = 2.5  # one channel 2 apart: 2 squared, as the mean of both
    variance = float(np.var(latents.numpy(), ddof=1))
    found = standing_out(latents)
    assert found.shape == (2, 3, 3)
    assert found[0, 1, 1] == 1
    assert float(found[1, 0, 2]) == pytest.approx(2 / (5 * variance))
    assert float(found.sum()) == pytest.approx(1 + 2 / (5 * variance))
    torch.testing.assert_close(standing_out(latents * 0.3), found)


@pytest.mark.parametrize("line", ["autoencoder, steps: 3/6", "denoiser, steps: 5/8"])
def test_a_training_that_was_killed_ends_with_the_same_weights(
    trained: Path, tmp_path: Path, line: str
) -> None:
    settings = config(tmp_path)
    killed_at(line, lambda: train_image_model(settings, tmp_path / "model"))
    assert not (tmp_path / "model" / "README.md").exists()
    again = weights(train_image_model(settings, tmp_path / "model"))
    once = weights(trained)
    assert again.keys() == once.keys()
    assert all(torch.equal(again[name], once[name]) for name in once)


def test_a_finished_model_is_left_as_it_is(trained: Path) -> None:
    def times() -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in trained.rglob("*")}

    before = times()
    found = CliRunner().invoke(
        app, ["shapes-model", "image", str(trained.parent / "tiny.yaml"), "--out", str(trained)]
    )
    assert found.exit_code == 0, found.output
    assert times() == before


def test_other_settings_are_refused_by_name(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="seed"):
        train_image_model(config(tmp_path, seed=1), trained)
    with pytest.raises(UserError, match=r"denoiser\.widths: .* halved 5 times"):
        load_image_settings(
            config(tmp_path, denoiser={**TINY["denoiser"], "widths": [8] * 6})  # type: ignore[dict-item]
        )
    with pytest.raises(UserError, match="did you mean 'width'"):
        load_image_settings(config(tmp_path, autoencoder={"steps": 3, "widht": 3}))


def test_the_shipped_settings_fit() -> None:
    settings = load_image_settings(None)
    assert settings.most_things == 2


def test_parts_share_nothing_that_a_caption_says(tmp_path: Path) -> None:
    said = {
        part: [captioned_scene(part, 0, number, 3)[1] for number in range(300)] for part in PARTS
    }
    facts = {part: {frozenset(map(repr, each.facts)) for each in said[part]} for part in PARTS}
    assert not facts["learning"] & facts["aligning"]
    assert not facts["learning"] & facts["test"]
    assert not facts["aligning"] & facts["test"]
    assert all(part_of(each) == part for part in PARTS for each in said[part])

    files = [
        write_image_prompts(tmp_path / part / f"{seed}.jsonl", 40, seed, part=part)  # type: ignore[arg-type]
        for part in ("aligning", "test")
        for seed in (0, 1)
    ]
    prompts = [[json.loads(line) for line in file.read_text().splitlines()] for file in files]
    texts = [{row["prompt"] for row in rows} for rows in prompts]
    assert [len(each) for each in texts] == [40] * 4
    learnt = {each.text for each in said["learning"]}
    assert not (texts[0] | texts[1]) & (texts[2] | texts[3])
    assert not learnt & set.union(*texts)
    assert len({row["id"] for rows in prompts for row in rows}) == 160


def test_tokens_have_the_same_numbers_whenever_they_are_made() -> None:
    one = tokenizer(36)
    _pieces.cache_clear()
    other = tokenizer(36)
    assert other is not one
    assert other.backend_tokenizer.to_str() == one.backend_tokenizer.to_str()


def test_every_word_of_the_world_is_one_token(tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    words, encoder = text_parts(36)
    for made in (streams.image_captions(5), streams.video_captions(5)):
        for number in range(50):
            text = made.planned(number).caption.text
            spoken = text.replace(",", " ,").replace(";", " ;").replace(".", " .").split()
            assert len(words(text)["input_ids"]) == len(spoken) + 2
    words.save_pretrained(tmp_path)
    stored = CLIPTokenizer.from_pretrained(tmp_path)
    strange = "A zebra under 12 red stars, naïvely!"
    assert stored(strange)["input_ids"] == tokenizer(36)(strange)["input_ids"]
    assert stored.unk_token_id not in stored(strange)["input_ids"][1:-1]
    read = words([strange], padding="max_length", return_tensors="pt")
    assert encoder(read["input_ids"]).last_hidden_state.shape == (1, 36, 128)
