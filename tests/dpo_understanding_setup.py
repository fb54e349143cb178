"""Small alignments for tests: pairs of answers about noise, tiny checkpoints, a configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from tiny_checkpoints import picture, save_tiny_llava, save_tiny_qwen
from unieval.reward_training.adapters import read
from unieval.reward_training.preferences import Preference

ANSWERS = ("a red square", "a blue circle above it", "both are equally good", "nothing")


def said(text: str, role: str = "assistant", *media: str) -> list[dict[str, Any]]:
    """One turn as ``build-preferences`` writes it."""
    blocks: list[dict[str, Any]] = [{"type": kind, "text": None} for kind in media]
    return [{"role": role, "content": [*blocks, {"type": "text", "text": text}]}]


def write_pairs(folder: Path, count: int = 12) -> Path:
    """``preferences.parquet`` about pictures of noise, as ``build-preferences`` writes it."""
    (folder / "media").mkdir(parents=True)
    rows = []
    for i in range(count):
        picture(32, 32 + 8 * (i % 2), i).save(folder / "media" / f"{i}.png")
        chosen, rejected = ANSWERS[i % 4], ANSWERS[(i + 1) % 4]
        rows.append(
            {
                "id": f"q{i}",
                "modality": "image",
                "prompt": said(f"What is shown in {i}?", "user", "image"),
                "chosen": said(chosen),
                "rejected": said(rejected),
                "media": [f"media/{i}.png"],
                "chosen_score": 8.0,
                "rejected_score": 3.0,
                "margin": 5.0,
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), folder / "preferences.parquet")
    return folder


def write_plain(file: Path, *rows: dict[str, Any]) -> Path:
    """Rows as JSON Lines."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def pairs_of(path: Path) -> list[Preference]:
    """The pairs of a folder or file."""
    return list(read("answer-pairs", path))


def configuration(folder: Path, name: str, family: str = "qwen", **sections: Any) -> Path:
    """A configuration; the sections given are merged into small defaults."""
    given: dict[str, Any] = {
        "model": {"path": family},
        "data": {"path": "pairs"},
        "dpo": {},
        "training": {
            "steps": 4,
            "batch_size": 2,
            "learning_rate": 0.001,
            "schedule": "constant",
            "warmup": 0,
            "save_every": 2,
            "log_every": 1,
            "workers": 0,
        },
    }
    merged = {key: {**given.get(key, {}), **values} for key, values in sections.items()}
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({**given, **merged, "output": name}), encoding="utf-8")
    return file


@pytest.fixture(scope="module", name="workshop")
def make_workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pairs of answers and both tiny checkpoints."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("workshop")
    write_pairs(folder / "pairs")
    save_tiny_qwen(folder / "qwen")
    save_tiny_llava(folder / "llava")
    return folder


def logged(output: Path, key: str) -> dict[int, float]:
    """A logged number by step."""
    from unieval.reward_training.checkpoints import history, latest

    checkpoint = latest(output / "checkpoints")
    assert checkpoint is not None
    return {int(entry["step"]): entry[key] for entry in history(checkpoint) if key in entry}
