"""A Diffusion-DPO training that is killed goes on as if nothing had happened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from dpo_diffusion_setup import configuration, curve, killed, losses, make_workshop, modality
from safetensors.torch import load_file
from unieval.dpo.diffusion import cached
from unieval.dpo.diffusion.train import train
from unieval.harness.errors import UserError
from unieval.reward_training.checkpoints import latest

__all__ = ["make_workshop"]

LORA = {"lora": {"rank": 4}}


def weights(folder: Path) -> dict:
    files = [*folder.glob("unet/*.safetensors"), *folder.glob("transformer/*.safetensors")]
    files += folder.glob("pytorch_lora_weights.safetensors")
    assert len(files) == 1
    return load_file(files[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "kind"), [("sd", "full"), ("sd", "lora"), ("wan", "lora"), ("sd3", "full")]
)
def test_a_killed_training_ends_with_the_curve_of_an_unbroken_one(workshop, family, kind):
    training = {"accumulate": 2, "schedule": "cosine", **(LORA if kind == "lora" else {})}
    name = f"{family}-{kind}"
    whole = train(
        configuration(workshop, f"{name}-whole", family, training=training), modality(family)
    )
    broken = configuration(workshop, f"{name}-broken", family, training=training)
    killed("step 3/", broken, modality(family))
    checkpoint = latest(workshop / f"{name}-broken" / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-2"
    expected, found = losses(whole), losses(train(broken, modality(family)))
    assert list(found) == list(expected) == [1, 2, 3, 4, 5]
    for number, loss in expected.items():
        assert found[number] == pytest.approx(loss, abs=1e-5), f"step {number}"
    ends = [weights(folder) for folder in (whole, broken.with_suffix(""))]
    assert all((ends[0][name] == ends[1][name]).all() for name in ends[0])


def test_checkpoints_of_adapters_hold_no_frozen_weights(workshop):
    out = train(configuration(workshop, "small", training={"keep": 1, **LORA}), "image")
    (checkpoint,) = (out / "checkpoints").iterdir()
    stored = load_file(checkpoint / "adapters.safetensors")
    assert all("lora" in name for name in stored)
    assert not (checkpoint / "model.safetensors").exists()


def test_a_half_written_checkpoint_is_not_taken_up(workshop):
    config = configuration(workshop, "half")
    killed("step 3/", config)
    broken = workshop / "half" / "checkpoints" / "checkpoint-4"
    broken.mkdir(exist_ok=True)
    (broken / "trainer_state.json").write_text("{")
    assert latest(broken.parent) == broken.with_name("checkpoint-2")
    assert len(curve(train(config, "image"))) == 5


def test_a_kill_between_the_last_step_and_the_card_costs_nothing(workshop):
    config = configuration(workshop, "late")
    out = train(config, "image")
    before = weights(out)
    for name in ("README.md", "unet/diffusion_pytorch_model.safetensors"):
        (out / name).unlink()
    train(config, "image")
    assert (out / "README.md").is_file()
    assert all((before[name] == each).all() for name, each in weights(out).items())


def test_the_cache_is_computed_once_and_goes_on(workshop, monkeypatch):
    config = configuration(workshop, "cached")
    made = []
    store = cached._write

    def spy(file, tensors):
        made.append(file)
        if len(made) == 9:
            raise KeyboardInterrupt
        store(file, tensors)

    monkeypatch.setattr(cached, "_write", spy)
    with pytest.raises(KeyboardInterrupt):
        train(config, "image")
    made.clear()
    monkeypatch.setattr(cached, "_write", lambda *given: (made.append(given[0]), store(*given)))
    train(config, "image")
    # 3 prompts and 12 pictures, 8 of which were there already
    assert len(made) == 7
    assert len(list((workshop / "cached" / "cache").rglob("*.safetensors"))) == 15
    (workshop / "cached" / "README.md").unlink()
    made.clear()
    monkeypatch.setattr(
        "unieval.dpo.diffusion.start.Start.load_encoders", lambda *given: pytest.fail("loaded")
    )
    train(config, "image")
    assert not made


def test_a_finished_training_is_left_alone(workshop, unieval):
    config, out = configuration(workshop, "finished"), workshop / "finished"
    done = unieval("dpo", "image", config)
    assert done.code == 0
    assert done.err.endswith(f"image model: {out}\n")
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()}
    assert "nothing to do" in unieval("dpo", "image", config).err
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("section", "change", "said"),
    [
        ("training", {"beta": 7}, "training.beta: 100.0 then, 7.0 now"),
        ("training", {"lora": {"rank": 4}}, "training.lora"),
        ("data", {"flip": True}, "data.flip"),
        ("training", {"batch_size": 1}, "training.pairs_a_step: 2 then, 1 now"),
    ],
)
def test_other_settings_are_refused_by_name(workshop, section, change, said):
    if not (workshop / "claimed" / "README.md").is_file():
        train(configuration(workshop, "claimed", training={"steps": 1}), "image")
    sections = {"training": {"steps": 1}, "data": {}}
    sections[section] = {**sections[section], **change}
    with pytest.raises(UserError, match=said):
        train(configuration(workshop, "claimed", **sections), "image")


def test_settings_may_change_until_something_is_learnt(workshop):
    config = configuration(workshop, "early", training={"lora": {"targets": ["no_such_layer"]}})
    with pytest.raises(UserError, match="no layers named"):
        train(config, "image")
    train(configuration(workshop, "early", training=LORA), "image")


def test_how_a_step_is_shared_may_change(workshop):
    shared = {"steps": 3, "learning_rate": 1e-4}
    one = train(configuration(workshop, "share-one", training={**shared, "batch_size": 4}), "image")
    two = train(
        configuration(workshop, "share-two", training={**shared, "batch_size": 2, "accumulate": 2}),
        "image",
    )
    assert losses(two) == pytest.approx(losses(one), abs=1e-5)


SCRIPT = """\
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from unieval.dpo.diffusion.train import train
train(Path(sys.argv[1]), "image")
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "lora"])
def test_two_processes_end_like_one_of_the_same_batch(workshop, tmp_path, kind):
    shared = {"steps": 3, "learning_rate": 1e-4, **(LORA if kind == "lora" else {})}
    name = f"processes-{kind}"
    one = train(
        configuration(workshop, f"{name}-one", training={**shared, "batch_size": 4}), "image"
    )
    two = configuration(workshop, f"{name}-two", training={**shared, "batch_size": 2})
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    launch = [sys.executable, "-m", "accelerate.commands.launch"]
    done = subprocess.run(
        [
            *launch,
            "--config_file",
            str(ROOT / "reward_training" / "accelerate" / "cpu2.yaml"),
            str(script),
            str(two),
        ],
        env={**os.environ, "MASTER_PORT": "0", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert losses(two.with_suffix("")) == pytest.approx(losses(one), abs=1e-5)
