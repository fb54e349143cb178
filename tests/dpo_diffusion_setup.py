"""Small Diffusion-DPO trainings for tests: pairs of pictures and films, and a way to kill one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import killing
import numpy as np
import pytest
import tiny_pipelines
import torch
import yaml
from PIL import Image

PROMPTS = ("a red square", "a blue circle", "two yellow stars")
FAMILIES: dict[str, Callable[..., Path]] = {
    "sd": tiny_pipelines.save_tiny_sd,
    "sdxl": tiny_pipelines.save_tiny_sdxl,
    "sd3": tiny_pipelines.save_tiny_flow,
    "flux": tiny_pipelines.save_tiny_flux,
    "unet3d": tiny_pipelines.save_tiny_video,
    "wan": tiny_pipelines.save_tiny_wan,
}
VIDEO = {"unet3d", "wan"}


def write_pairs(folder: Path, count: int = 6) -> None:
    """Pairs of pictures and of films (5 frames): reddish ones are chosen, bluish rejected."""
    rng = np.random.default_rng(0)
    rows: dict[str, list[dict[str, Any]]] = {"image": [], "video": []}
    for i in range(count):
        names = {}
        for side, tint in (("chosen", (200, 40, 40)), ("rejected", (40, 40, 200))):
            frames = [noisy(rng, tint) for _ in range(5)]
            frames[0].save(folder / f"{i}-{side}.png")
            film = folder / f"{i}-{side}"
            film.mkdir(exist_ok=True)
            for number, frame in enumerate(frames):
                frame.save(film / f"{number}.png")
            names[side] = f"{i}-{side}"
        prompt = PROMPTS[i % len(PROMPTS)]
        rows["video"].append({"prompt": prompt, **names})
        rows["image"].append({"prompt": prompt, **{k: f"{v}.png" for k, v in names.items()}})
    for kind, each in rows.items():
        lines = "".join(json.dumps({"id": f"row-{n}", **r}) + "\n" for n, r in enumerate(each))
        (folder / f"{kind}.jsonl").write_text(lines, encoding="utf-8")


def noisy(rng: Any, tint: tuple[int, int, int]) -> Image.Image:
    values = np.array(tint) + rng.integers(-40, 40, (40, 36, 3))
    return Image.fromarray(values.clip(0, 255).astype("uint8"))


def configuration(folder: Path, name: str, family: str = "sd", **sections: Any) -> Path:
    """A configuration; the sections given are merged into small defaults."""
    kind = "video" if family in VIDEO else "image"
    given: dict[str, Any] = {
        "model": {"path": family},
        "data": {"path": f"{kind}.jsonl", "resolution": 32},
        "training": {
            "steps": 5,
            "batch_size": 2,
            "learning_rate": 0.001,
            "beta": 100,
            "warmup": 0,
            "save_every": 2,
            "log_every": 1,
        },
        "output": name,
    }
    if family in VIDEO:
        given["data"]["num_frames"] = 5
    for section, values in sections.items():
        given[section] = {**given.get(section, {}), **values}
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    return file


def modality(family: str) -> Any:
    return "video" if family in VIDEO else "image"


@pytest.fixture(scope="module", name="workshop")
def make_workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pairs and a tiny pipeline of every family."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("workshop")
    write_pairs(folder)
    for family, save in FAMILIES.items():
        save(folder / family)
    return folder


def curve(output: Path) -> list[dict[str, float]]:
    """The entry of every step."""
    from unieval.reward_training.checkpoints import history, latest

    checkpoint = latest(output / "checkpoints")
    assert checkpoint is not None
    return history(checkpoint)


def losses(output: Path) -> dict[int, float]:
    return {int(point["step"]): point["loss"] for point in curve(output)}


def killed(when: str, config: Path, kind: Any = "image") -> None:
    """Train in a process of its own, and kill it (SIGKILL) at a line that begins so."""
    from unieval.dpo.diffusion.train import train

    killing.killed(lambda: train(config, kind), lambda line: line.startswith(when))
