"""Several processes train as one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from train_reward_setup import configuration, losses, make_workshop
from unieval.reward_training.train import train

__all__ = ["make_workshop"]

CONFIGS = ROOT / "reward_training" / "accelerate"
SCRIPT = """\
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from unieval.reward_training.train import train
train(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_two_processes_end_like_one_of_the_same_batch(workshop, tmp_path):
    shared = {"data": {"held_out": 0.2}}
    one = train(configuration(workshop, "one", training={"batch_size": 4}, **shared))
    two = configuration(workshop, "two", training={"batch_size": 2}, **shared)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    launch = [sys.executable, "-m", "accelerate.commands.launch"]
    done = subprocess.run(
        [*launch, "--config_file", str(CONFIGS / "cpu2.yaml"), str(script), str(two)],
        env={**os.environ, "MASTER_PORT": "0", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = losses(workshop / "two")
    assert losses(one) == pytest.approx(found, abs=1e-3)
    assert done.stderr.count("step 6/6: loss") == 1
    rng = workshop / "two" / "checkpoints" / "checkpoint-6"
    assert len(list(rng.glob("rng_state_*.pth"))) == 2  # there were two indeed


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
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
