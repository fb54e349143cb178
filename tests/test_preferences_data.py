"""Small preference sets in their published layouts, and preferences made up for tests."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from unieval.harness.errors import UserError
from unieval.harness.items import Media, Verdict
from unieval.reward_training.adapters import read
from unieval.reward_training.preferences import Preference


def png(seed: int, size: tuple[int, int] = (24, 16)) -> bytes:
    buffer = io.BytesIO()
    colour = (seed * 37 % 256, seed * 91 % 256, seed * 17 % 256)
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def embedded(seed: int) -> Media:
    return Media.embedded("image", png(seed))


def pair(name: str, verdict: Verdict = Verdict.FIRST, **fields: Any) -> Preference:
    given: dict[str, Any] = {
        "source": "test",
        "modality": "image",
        "objective": "generation",
        "prompt": f"prompt of {name}",
        "candidates": (Media("image", f"{name}-a.png"), Media("image", f"{name}-b.png")),
    }
    return Preference(id=name, verdict=verdict, **given | fields)


def point(name: str, score: float = 3, **fields: Any) -> Preference:
    given: dict[str, Any] = {
        "source": "test",
        "modality": "image",
        "objective": "generation",
        "prompt": f"prompt of {name}",
        "candidates": (Media("image", f"{name}.png"),),
    }
    return Preference(id=name, score=score, **given | fields)


def write_json(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def hub_image(seed: int) -> dict[str, Any]:
    """An image as the hub's Parquet files hold it."""
    return {"bytes": png(seed), "path": f"{seed}.png"}


def turns(human: str, gpt: str) -> list[dict[str, str]]:
    return [{"from": "human", "value": human}, {"from": "gpt", "value": gpt}]


def one(name: str, data: Path, **options: Any) -> Preference:
    (found,) = read(name, data, **options)
    return found


def refused(name: str, data: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        list(read(name, data, **options))
    return str(caught.value)
