"""Several processes train as one does."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from train_reward_setup import (
    ACCELERATE,
    configuration,
    in_two_processes,
    losses,
    make_workshop,
)
from unieval.reward_training.train import train

__all__ = ["make_workshop"]


@pytest.mark.slow
def test_two_processes_end_like_one_of_the_same_batch(workshop, tmp_path):
    shared = {"data": {"held_out": 0.2}}
    one = train(configuration(workshop, "one", training={"batch_size": 4}, **shared))
    two = configuration(workshop, "two", training={"batch_size": 2}, **shared)
    told = in_two_processes("unieval.reward_training.train", two, tmp_path)
    found = losses(workshop / "two")
    assert losses(one) == pytest.approx(found, abs=1e-3)
    assert told.count("step 6/6: loss") == 1
    rng = workshop / "two" / "checkpoints" / "checkpoint-6"
    assert len(list(rng.glob("rng_state_*.pth"))) == 2  # there were two indeed


@pytest.mark.parametrize("file", sorted(ACCELERATE.glob("*.yaml")), ids=lambda file: file.stem)
def test_accelerate_takes_every_shipped_configuration(file: Path):
    from accelerate.commands.config.config_args import load_config_from_file

    loaded = load_config_from_file(str(file))
    given = yaml.safe_load(file.read_text())
    assert loaded.num_processes == given["num_processes"]
    if "fsdp_config" in given:
        from accelerate import FullyShardedDataParallelPlugin

        known = {name.removeprefix("fsdp_") for name in given["fsdp_config"]}
        fields = set(FullyShardedDataParallelPlugin.__dataclass_fields__)
        assert known <= {*fields, "version", "offload_params"}
