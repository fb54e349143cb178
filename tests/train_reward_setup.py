"""Small trainings for tests: preferences about noise, tiny checkpoints, and a way to kill one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import killing
import pytest
import torch
import yaml
from conftest import ROOT
from tiny_checkpoints import picture, save_tiny_llava, save_tiny_qwen

FAMILIES: dict[str, Callable[[Path], Path]] = {"qwen": save_tiny_qwen, "llava": save_tiny_llava}
VERDICTS = ("first", "second", "tie")
ACCELERATE = ROOT / "reward_training" / "accelerate"


def write_preferences(folder: Path, pairs: int = 24, points: int = 6) -> Path:
    """Pairs and scores about pictures of noise, as a user's own JSON Lines."""
    rows: list[dict[str, Any]] = []
    for i in range(pairs):
        names = [f"{i}-first.png", f"{i}-second.png"]
        for side, name in enumerate(names):
            picture(32, 32, 2 * i + side).save(folder / name)
        rows.append({"candidates": names, "verdict": VERDICTS[i % 3]})
    rows += [{"candidates": [f"{i}-first.png"], "score": 1 + i % 5} for i in range(points)]
    shared = {"source": "mine", "modality": "image", "objective": "generation"}
    lines = [
        json.dumps({"id": str(i), "prompt": f"a red square {i}", **shared, **row})
        for i, row in enumerate(rows)
    ]
    file = folder / "preferences.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def configuration(folder: Path, name: str, family: str = "qwen", **sections: Any) -> Path:
    """A configuration; the sections given are merged into small defaults."""
    given: dict[str, Any] = {
        "model": {"path": family},
        "data": {"sources": {"mine": {"adapter": "jsonl", "data": "preferences.jsonl"}}},
        "training": {
            "steps": 6,
            "batch_size": 2,
            "learning_rate": 0.001,
            "save_every": 2,
            "log_every": 1,
            "workers": 0,
        },
        "output": name,
    }
    for section, values in sections.items():
        known = given.get(section)
        given[section] = {**known, **values} if isinstance(known, dict) else values
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    return file


@pytest.fixture(scope="module", name="workshop")
def make_workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with preferences and both tiny checkpoints."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("workshop")
    write_preferences(folder)
    for family, save in FAMILIES.items():
        save(folder / family)
    return folder


def losses(output: Path) -> dict[int, float]:
    """The training loss of every step."""
    from unieval.reward_training.checkpoints import history, latest

    checkpoint = latest(output / "checkpoints")
    assert checkpoint is not None
    return {int(e["step"]): e["loss"] for e in history(checkpoint) if "loss" in e}


def train_reward(config: Path) -> Path:
    """``unieval train-reward``."""
    from unieval.reward_training.train import train

    return train(config)


def killed_at(step: int, config: Path, train: Callable[[Path], Path] = train_reward) -> None:
    """Train in a process of its own, and kill it (SIGKILL) when it has taken so many steps."""
    killing.killed(lambda: train(config), lambda line: line.startswith(f"step {step}/"))


def in_two_processes(module: str, config: Path, folder: Path) -> str:
    """Train by a module's ``train`` in two processes on the CPU; what they told."""
    script = folder / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nimport torch\ntorch.set_num_threads(1)\n"
        f"from {module} import train\ntrain(Path(sys.argv[1]))\n",
        encoding="utf-8",
    )
    launch = [sys.executable, "-m", "accelerate.commands.launch"]
    done = subprocess.run(
        [*launch, "--config_file", str(ACCELERATE / "cpu2.yaml"), str(script), str(config)],
        env={**os.environ, "MASTER_PORT": "0", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr
