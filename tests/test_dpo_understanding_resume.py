"""An alignment that is killed goes on as if nothing had happened; several processes share one."""

from __future__ import annotations

from typing import Any

import pytest
from dpo_understanding_setup import configuration, logged, make_workshop
from train_reward_setup import in_two_processes, killed_at
from unieval.dpo.understanding.train import train
from unieval.reward_training.checkpoints import latest

__all__ = ["make_workshop"]

LORA = {"lora": {"rank": 4, "dropout": 0.2}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "kind", "reference"),
    [
        ("qwen", "full", "precomputed"),
        ("qwen", "lora", "adapter"),
        ("llava", "full", "copy"),
        ("llava", "lora", "adapter"),
    ],
)
def test_a_killed_alignment_ends_with_the_curve_of_an_unbroken_one(
    workshop, family, kind, reference
):
    shared: dict[str, Any] = {
        "training": {"steps": 6, "accumulate": 2, **(LORA if kind == "lora" else {})},
        "dpo": {"reference": reference},
        "data": {"held_out": 0.2},
    }
    whole = train(configuration(workshop, f"{family}-{kind}-whole", family, **shared))
    broken = configuration(workshop, f"{family}-{kind}-broken", family, **shared)
    killed_at(5, broken, train)
    checkpoint = latest(workshop / f"{family}-{kind}-broken" / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-4"
    found = train(broken)
    for key in ("loss", "rewards/margins", "kl"):
        expected = logged(whole, key)
        assert list(expected) == [1, 2, 3, 4, 5, 6]
        assert logged(found, key) == pytest.approx(expected, abs=1e-5), key
    ends = [(folder / "model.safetensors").read_bytes() for folder in (whole, found)]
    assert ends[0] == ends[1]


@pytest.mark.slow
def test_two_processes_end_like_one_of_the_same_batch(workshop, tmp_path):
    shared: dict[str, Any] = {"dpo": {"reference": "precomputed"}, "data": {"held_out": 0.2}}
    one = train(configuration(workshop, "one", training={"batch_size": 4}, **shared))
    two = configuration(workshop, "two", training={"batch_size": 2}, **shared)
    told = in_two_processes("unieval.dpo.understanding.train", two, tmp_path)
    assert told.count("step 4/4: loss") == 1
    for key in ("loss", "rewards/margins", "kl"):
        expected = logged(one, key)
        assert logged(workshop / "two", key) == pytest.approx(expected, abs=2e-3), key
