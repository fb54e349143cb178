"""Pairs of the shapes world that a voter decided, written down as benchmarks without ties.

As in ``demo``, each function writes one demo set, its table last, and ``seed`` names the set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ...harness.items import Verdict
from ...harness.truth import Truth, with_truth
from ..editreward_bench import asked
from .counting import Progress, counted
from .dice import Dice
from .draw import draw, encode
from .edited import Edited, edited_pairs
from .pairs import Pair, decided
from .pictures import Picture, picture_pairs
from .tables import Kind, Row, write_parquet

_SOURCES = ("shapes-a", "shapes-b")
_LETTERS = {Verdict.FIRST: "A", Verdict.SECOND: "B"}


def write_mmrb2(
    folder: Path,
    config: Literal["t2i", "edit"],
    *,
    items: int = 60,
    seed: int = 0,
    progress: Progress | None = None,
) -> None:
    """Write a configuration of Multimodal RewardBench 2: ``<config>/test-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    own = Dice("shapes", "mmrb2", config, seed).below(2**31)
    drawn: Iterator[Pair[Any]]
    drawn = (edited_pairs if config == "edit" else picture_pairs)(4 * items, seed=own)
    rows: list[Row] = []
    for index, pair in counted(decided(drawn, items), items, progress):
        first, second = pair.candidates
        name = f"{config}-{index:04d}"
        source = [_file(encode(draw(first.edit.source)), name)] if isinstance(first, Edited) else []
        rows.append(
            {
                "pair_id": name,
                "prompt_text": "".join(f"<image_{i}> " for i in range(len(source))) + pair.prompt,
                "prompt_images": source,
                "response_a_text": "<image_0>",
                "response_a_images": [_candidate(first, first.truth(), f"{name}-a")],
                "response_b_text": "<image_0>",
                "response_b_images": [_candidate(second, second.truth(), f"{name}-b")],
                "chosen": _LETTERS[pair.label],
                "prompt_source": _SOURCES[index % len(_SOURCES)],
            }
        )
    columns: dict[str, Kind] = {
        key: "images" if key.endswith("images") else "string" for key in rows[0]
    }
    write_parquet(folder / config / "test-00000-of-00001.parquet", columns, rows)


def write_editscore_bench(
    folder: Path,
    dimension: str,
    *,
    items: int = 60,
    seed: int = 0,
    progress: Progress | None = None,
) -> None:
    """Write a dimension of EditScore's EditReward-Bench: ``data/train-*.parquet``.

    The better edit comes first, as there. Every dimension shows the world's one latent score:
    nothing here is good in one way alone.

    Raises:
        OSError: the folder cannot be written.
    """
    own = Dice("shapes", "editscore", dimension, seed).below(2**31)
    rows: list[Row] = []
    for index, pair in counted(decided(edited_pairs(4 * items, seed=own), items), items, progress):
        shown = pair.candidates if pair.label is Verdict.FIRST else pair.candidates[::-1]
        name = f"{dimension}-{index:04d}"
        truths = [replace(one.truth(), prompt=asked(pair.prompt, dimension)) for one in shown]
        rows.append(
            {
                "key": [f"{name}-a", f"{name}-b"],
                "instruction": pair.prompt,
                "input_image": _file(encode(draw(shown[0].edit.source)), name),
                "output_images": [
                    _candidate(one, truth, f"{name}-{side}")
                    for one, truth, side in zip(shown, truths, "ab", strict=True)
                ],
                "task_type": shown[0].edit.kind,
                "dimension": dimension,
            }
        )
    columns: dict[str, Kind] = {"key": "strings", "instruction": "string", "input_image": "image"}
    columns |= {"output_images": "images", "task_type": "string", "dimension": "string"}
    write_parquet(folder / "data" / "train-00000-of-00001.parquet", columns, rows)


def _candidate(shown: Picture | Edited, truth: Truth, name: str) -> dict[str, object]:
    return _file(with_truth(encode(shown.pixels()), truth), name)


def _file(content: bytes, name: str) -> dict[str, object]:
    return {"bytes": content, "path": f"{name}.png"}
