"""Pairs of the shapes world that a voter decided, written down as benchmarks without ties.

As in ``demo``, each function writes one demo set, its table last, and ``seed`` names the set.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...harness.items import Verdict
from ...harness.truth import Truth, with_truth
from ..editreward_bench import asked
from .counting import Progress, counted
from .dice import Dice
from .draw import draw, encode
from .edited import Edited, edited_pairs
from .pairs import decided
from .tables import Kind, Row, write_parquet


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


def _candidate(shown: Edited, truth: Truth, name: str) -> dict[str, object]:
    return _file(with_truth(encode(shown.pixels()), truth), name)


def _file(content: bytes, name: str) -> dict[str, object]:
    return {"bytes": content, "path": f"{name}.png"}
