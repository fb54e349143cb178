"""Edits of the shapes world's pictures written down as EditReward-Bench's rankings."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

from ...harness.truth import with_truth
from .counting import Progress
from .dice import Dice
from .draw import draw, encode
from .edited import Edited, edited
from .edits import instruction
from .labels import human_score
from .pairs import PAINTERS
from .tables import Kind, Row, write_parquet

_CLOSE = 0.04
"""Scores that are no further apart than this are a tie."""


def write_editreward_bench(
    folder: Path, *, items: int = 24, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write ``data/train-*.parquet``: every pair of ``items`` rankings of two to four edits.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index in range(items):
        rows += _ranking(index, Dice("shapes", "edit rankings", seed, index))
        if progress:
            progress(index + 1, items)
    texts: dict[str, Kind] = dict.fromkeys(
        ("id", "instruction", "comparison_type", "ranking"), "string"
    )
    images: dict[str, Kind] = dict.fromkeys(("source_image", "candidate_1", "candidate_2"), "image")
    columns = texts | images | {"num_candidates": "number"}
    write_parquet(folder / "data" / "train-00000-of-00001.parquet", columns, rows)


def _ranking(index: int, dice: Dice) -> list[Row]:
    edit, size = instruction(dice), 2 + index % 3
    made = [edited(edit, PAINTERS[name], dice) for name in dice.shuffled(list(PAINTERS))[:size]]
    seen = [human_score(one.score, dice) for one in made]
    source = {"bytes": encode(draw(edit.source)), "path": f"{index:04d}-source.png"}
    files = [_image(one, f"{index:04d}-{i}.png") for i, one in enumerate(made)]
    return [
        {
            "id": str(index),
            "instruction": edit.text,
            "source_image": source,
            "candidate_1": files[a],
            "candidate_2": files[b],
            "comparison_type": f"{'ABCD'[a]}vs{'ABCD'[b]}",
            "ranking": f"{'ABCD'[a]}{_sign(seen[a] - seen[b])}{'ABCD'[b]}",
            "num_candidates": size,
        }
        for a, b in combinations(range(size), 2)
    ]


def _sign(ahead: float) -> str:
    return "=" if abs(ahead) <= _CLOSE else ">" if ahead > 0 else "<"


def _image(shown: Edited, name: str) -> dict[str, object]:
    return {"bytes": with_truth(encode(shown.pixels()), shown.truth()), "path": name}
