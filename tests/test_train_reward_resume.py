"""A training that is killed goes on as if nothing had happened."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from train_reward_setup import configuration, killed_at, losses, make_workshop
from unieval.harness.errors import UserError
from unieval.reward_training.checkpoints import latest
from unieval.reward_training.train import train

__all__ = ["make_workshop"]

LORA = {"lora": {"rank": 4, "dropout": 0.2}}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["qwen", "llava"])
@pytest.mark.parametrize("kind", ["full", "lora"])
def test_a_killed_training_ends_with_the_curve_of_an_unbroken_one(workshop, family, kind):
    training = {"accumulate": 2, **(LORA if kind == "lora" else {})}
    shared = {"family": family, "training": training, "data": {"held_out": 0.2}}
    whole = train(configuration(workshop, f"{family}-{kind}-whole", **shared))
    broken = configuration(workshop, f"{family}-{kind}-broken", **shared)
    step = random.randint(3, 5)
    killed_at(step, broken)
    checkpoint = latest(workshop / f"{family}-{kind}-broken" / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.name != "checkpoint-6"
    expected, found = losses(whole), losses(train(broken))
    assert list(found) == list(expected) == [1, 2, 3, 4, 5, 6]
    for number, loss in expected.items():
        assert found[number] == pytest.approx(loss, abs=1e-5), f"step {number}, killed at {step}"
    ends = [(folder / "model.safetensors").read_bytes() for folder in (whole, broken.with_suffix(""))]
    assert ends[0] == ends[1]
