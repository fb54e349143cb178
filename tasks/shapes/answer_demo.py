"""The shapes world written down as benchmarks of answers about images and videos.

As in ``demo``, each function writes one demo set, its table last, and ``seed`` names the set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...harness.items import Verdict
from ...harness.truth import with_truth
from .answers import AnswerPair, turned
from .asked import any_picture_answers, film_answers
from .counting import Progress, dice_of
from .draw import encode
from .films import Film
from .motion import FPS
from .mp4 import encode_film
from .pictures import Picture
from .tables import Kind, Row, write_json_lines, write_parquet

_AREAS = (
    ("vqa", "vqa"),
    ("knowledge", "mmmupro"),
    ("reasoning", "mathvista"),
    ("reasoning", "emma"),
    ("safety", "pairs"),
    ("safety", "hateful"),
    ("open_generation/preference_task", "open"),
    ("open_generation/correctness_task", "nocaps"),
)
"""Categories of Multimodal RewardBench, and how ids begin there; only names here."""
_DIMENSIONS = ("perception-long", "perception-short", "knowledge", "reasoning", "safety")


def write_multimodal_rewardbench(
    folder: Path, *, items: int = 120, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write Multimodal RewardBench: ``data/test-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, dice in dice_of("multimodal-rewardbench", seed, items, progress):
        pair = any_picture_answers(dice)
        category, prefix = _AREAS[index % len(_AREAS)]
        rows.append(
            {
                "ID": f"{prefix}_{index}",
                "Text": pair.question,
                "Output1": pair.answers[0].text,
                "Output2": pair.answers[1].text,
                "Better": "Output1" if pair.label is Verdict.FIRST else "Output2",
                "Category": category,
                "Image": {"bytes": _content(pair), "path": f"{index:05d}.png"},
            }
        )
    columns: dict[str, Kind] = {name: "string" for name in rows[0] if name != "Image"}
    place = folder / "data" / "test-00000-of-00001.parquet"
    write_parquet(place, columns | {"Image": "image"}, rows)


def write_mm_rlhf_rewardbench(
    folder: Path, *, items: int = 80, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write MM-RLHF-RewardBench: ``mm_reward_bench.jsonl`` and ``media/``; the better answer first.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, dice in dice_of("mm-rlhf-rewardbench", seed, items, progress):
        word = ("mcq", "long", "short", "safety", "video")[index // 2 % 5]
        if word == "video":
            pair: AnswerPair[Any] = film_answers(dice)
        else:
            pair = any_picture_answers(dice)
        chosen, rejected = _better_first(pair).answers
        column = "video" if word == "video" else "image"
        # Two rows in turn share an id, as rows of one ranking do.
        row: Row = {"id": f"{index // 2:04d}", "prompt": pair.question}
        row |= {column: _saved(folder / "media" / word, f"{index:04d}", pair, folder)}
        rows.append(row | {"chosen": chosen.text, "rejected": rejected.text})
    write_json_lines(folder / "mm_reward_bench.jsonl", rows)


def write_videorewardbench(
    folder: Path, *, items: int = 60, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write VideoRewardBench: ``test.jsonl`` and ``videos/``; the better answer first.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, dice in dice_of("videorewardbench", seed, items, progress):
        pair = film_answers(dice)
        chosen, rejected = _better_first(pair).answers
        rows.append(
            {
                "question": pair.question,
                "video": _saved(folder / "videos", f"{index:04d}", pair, folder),
                "chosen": chosen.text,
                "rejected": rejected.text,
                "dimension": _DIMENSIONS[index % len(_DIMENSIONS)],
            }
        )
    write_json_lines(folder / "test.jsonl", rows)


def _better_first(pair: AnswerPair[Any]) -> AnswerPair[Any]:
    return pair if pair.label is Verdict.FIRST else turned(pair)


def _content(pair: AnswerPair[Picture] | AnswerPair[Film]) -> bytes:
    if isinstance(pair.subject, Film):
        return encode_film(pair.subject.pixels(), FPS, pair.known())
    return with_truth(encode(pair.subject.pixels()), pair.known())


def _saved(place: Path, name: str, pair: AnswerPair[Any], folder: Path) -> str:
    """Write the file of what is asked about, and say where it is."""
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{name}.{'mp4' if isinstance(pair.subject, Film) else 'png'}"
    file.write_bytes(_content(pair))
    return file.relative_to(folder).as_posix()
