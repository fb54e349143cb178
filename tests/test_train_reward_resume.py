"""A training that is killed goes on as if nothing had happened."""

from __future__ import annotations

import random
import shutil

import pytest
from train_reward_setup import configuration, killed_at, losses, make_workshop
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
    ends = [
        (folder / "model.safetensors").read_bytes() for folder in (whole, broken.with_suffix(""))
    ]
    assert ends[0] == ends[1]


BENCHMARK = {"task": "genai-bench-image", "data": "demo", "limit": 4}


def test_judging_checkpoints_does_not_change_the_training(workshop):
    training = {"eval_every": 2, **LORA}
    judged = train(configuration(workshop, "judged", training=training, evaluate=[BENCHMARK]))
    assert len(list(judged.glob("evaluations/*/*/results.json"))) == 3
    alone = train(configuration(workshop, "alone", training=training))
    assert losses(judged) == losses(alone)


def test_a_checkpoint_that_was_not_judged_yet_is_judged_when_training_goes_on(workshop):
    config = configuration(workshop, "late", training={"eval_every": 2}, evaluate=[BENCHMARK])
    killed_at(3, config)
    shutil.rmtree(workshop / "late" / "evaluations")  # as if the kill had come between
    train(config)
    judged = sorted(path.parts[-3] for path in workshop.glob("late/evaluations/*/*/results.json"))
    assert judged == ["step-000002", "step-000004", "step-000006"]


def test_a_half_written_checkpoint_is_not_taken_up(workshop):
    config = configuration(workshop, "half")
    killed_at(3, config)
    broken = workshop / "half" / "checkpoints" / "checkpoint-5"
    broken.mkdir()
    (broken / "trainer_state.json").write_text("{")
    assert latest(broken.parent) == broken.with_name("checkpoint-2")
    assert len(losses(train(config))) == 6
