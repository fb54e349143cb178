"""What does not fit is refused by name, before anything is computed."""

from __future__ import annotations

import json

import pytest
import yaml
from dpo_diffusion_setup import configuration, write_pairs
from tiny_pipelines import save_tiny_sd, save_tiny_video, save_tiny_wan
from unieval.dpo.diffusion.pairs import read_pairs
from unieval.dpo.diffusion.settings import load_settings
from unieval.dpo.diffusion.train import train
from unieval.harness.errors import UserError


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("input")
    write_pairs(folder, 2)
    save_tiny_sd(folder / "sd")
    save_tiny_video(folder / "unet3d")
    save_tiny_wan(folder / "wan")
    return folder


def rows(folder, name, *given):
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    return folder / name


PAIR = {"prompt": "a red square", "chosen": "0-chosen.png", "rejected": "0-rejected.png"}


def test_a_folder_of_preferences_and_the_columns_of_others_are_read(workshop):
    import pyarrow as pa
    import pyarrow.parquet as pq

    more = {"id": "7", "modality": "image", "chosen_score": 4.0, "rejected_score": 1.0}
    pq.write_table(pa.Table.from_pylist([{**PAIR, **more}]), workshop / "preferences.parquet")
    (table,), _ = read_pairs(workshop, "image")
    theirs = {"caption": "a red square", "jpg_0": "0-chosen.png", "jpg_1": "0-rejected.png"}
    equal = {**PAIR, "rejected": PAIR["chosen"]}
    (other,), left_out = read_pairs(rows(workshop, "theirs.jsonl", theirs, equal), "image")
    assert left_out == 1
    assert table.id == "7"
    assert (table.prompt, table.chosen, table.rejected) == (
        other.prompt,
        other.chosen,
        other.rejected,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([{**PAIR, "chosen": "gone.png"}], "row 1, chosen: .*gone.png does not exist"),
        ([PAIR, {**PAIR, "prompt": None}], "row 2 has no prompt or caption"),
        ([{**PAIR, "rejected": PAIR["chosen"]}], "no usable pair"),
        ([], "no usable pair"),
        ([{**PAIR, "modality": "video"}], "is about video, not image; use `unieval dpo video`"),
        ([{**PAIR, "prompt": [{"role": "user"}]}], "prompt: must be a text.*dpo understanding"),
        (["text"], "line 1 is no JSON object"),
    ],
)
def test_rows_that_do_not_fit(workshop, given, said):
    with pytest.raises(UserError, match=said):
        read_pairs(rows(workshop, "bad.jsonl", *given), "image")


def test_data_that_is_not_there(workshop):
    for path, said in (
        ("nowhere", "nowhere does not exist; give the folder"),
        ("image.yaml", "must be a .jsonl or .parquet"),
    ):
        (workshop / "image.yaml").touch()
        with pytest.raises(UserError, match=said):
            read_pairs(workshop / path, "image")


@pytest.mark.parametrize(
    ("family", "kind", "sections", "said"),
    [
        ("sd", "video", {"data": {"num_frames": 5}}, "which generates images; use `unieval dpo"),
        ("sd", "image", {"data": {"resolution": 30}}, "30 is no multiple of 8.*nearest is 32"),
        ("sd", "image", {"data": {"num_frames": 4}}, "data.num_frames: images have none"),
        ("sd", "image", {"training": {"batchsize": 2}}, "training.batchsize.*'batch_size'"),
        ("sd", "image", {"training": {"timesteps": [1000]}}, "1000 is no whole number of 0..999"),
        ("sd", "image", {"training": {"timesteps": []}}, "training.timesteps: name at least one"),
        ("sd", "image", {"model": {"path": "gone"}}, "model.path: folder gone does not exist"),
        ("sd", "image", {"model": {"variant": "fp16"}}, "check that the pipeline is complete"),
        ("sd", "image", {"training": {"lora": {"targets": ["q"]}}}, "no layers named q; there"),
        ("unet3d", "video", {"training": {"lora": {}}}, "no LoRA for UNet3DConditionModel"),
        ("unet3d", "video", {"training": {"gradient_checkpointing": True}}, "has none for UNet3D"),
        (
            "unet3d",
            "video",
            {"data": {"num_frames": 6}},
            "has 5 frames, fewer than data.num_frames",
        ),
        ("wan", "video", {"data": {"num_frames": 4}}, "num_frames: 4 does not fit.* 1 or 5"),
        ("wan", "video", {"training": {"timesteps": [0]}}, r"0 is not within \(0, 1000\]"),
    ],
)
def test_settings_and_models_that_do_not_fit(workshop, tmp_path, family, kind, sections, said):
    config = configuration(workshop, f"bad-{tmp_path.name}", family, **sections)
    with pytest.raises(UserError, match=said):
        train(config, kind)


def test_pipelines_of_other_families_are_named(workshop):
    folder = workshop / "other"
    folder.mkdir()
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "KandinskyPipeline"}))
    config = configuration(workshop, "unknown", model={"path": "other"})
    with pytest.raises(UserError, match=r"a KandinskyPipeline, .*supported: FluxPipeline, Stable"):
        train(config, "image")
    (folder / "model_index.json").unlink()
    with pytest.raises(UserError, match="no diffusers pipeline: it has no model_index"):
        train(config, "image")


def test_two_transformers_are_refused(workshop):
    index = workshop / "wan" / "model_index.json"
    parts = index.read_text()
    index.write_text(
        json.dumps({**json.loads(parts), "transformer_2": ["diffusers", "WanTransformer3DModel"]})
    )
    try:
        with pytest.raises(UserError, match="two transformers"):
            train(configuration(workshop, "two", "wan"), "video")
    finally:
        index.write_text(parts)


def test_an_unreadable_picture_is_named(workshop):
    (workshop / "broken.png").write_bytes(b"no picture")
    rows(workshop, "broken.jsonl", {**PAIR, "chosen": "broken.png"})
    config = configuration(workshop, "unreadable", data={"path": "broken.jsonl"})
    with pytest.raises(UserError, match=r"broken.png.*not an image"):
        train(config, "image")


def test_a_loss_that_is_no_number_stops_the_training(workshop):
    training = {"learning_rate": 1e30, "clip": 1e30}
    with pytest.raises(UserError, match=r"the loss is nan at step \d: lower"):
        train(configuration(workshop, "nan", training=training), "image")


def test_a_command_of_its_own_says_what_is_wrong(workshop, unieval):
    done = unieval("dpo", "image", workshop / "none.yaml")
    assert (done.code, done.err) == (
        2,
        f"unieval: configuration {workshop / 'none.yaml'} does not exist\n",
    )


def test_paths_are_relative_to_the_file(workshop):
    settings = load_settings(configuration(workshop, "paths"), "image")
    assert settings.model.path == str(workshop / "sd")
    assert settings.data.path == workshop / "image.jsonl"
    assert settings.output == workshop / "paths"
    given = yaml.safe_load((workshop / "paths.yaml").read_text())
    given["model"]["path"] = "stabilityai/sdxl-turbo"
    (workshop / "hub.yaml").write_text(yaml.safe_dump(given))
    assert load_settings(workshop / "hub.yaml", "image").model.path == "stabilityai/sdxl-turbo"
