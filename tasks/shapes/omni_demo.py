"""The shapes world written down as Omni-RewardBench: pairs with a criterion in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ...harness.items import Verdict
from ...harness.truth import Truth, with_truth
from ..omni_rewardbench import with_criterion
from .asked import any_picture_answers, film_answers
from .counting import Progress
from .dice import Dice
from .draw import Pixels, draw, encode
from .edited import Edited, edited_pairs
from .films import Film, film_pairs
from .motion import FPS
from .mp4 import encode_film
from .pairs import Pair
from .pictures import picture_pairs
from .tables import Row, write_json_lines

_CRITERIA = {
    "text_to_image": "How true is the picture to the prompt, and how clean is it?",
    "text_image_to_image": "Is the edit carried out, and nothing else changed or spoiled?",
    "text_to_video": "How true is the film to the prompt, how clean, and how smooth its motion?",
    "text_image_to_text": "Is the answer true of the picture?",
    "text_video_to_text": "Is the answer true of the film?",
}
_WORDS = {Verdict.FIRST: "response1", Verdict.SECOND: "response2"}


def write_omni_rewardbench(
    folder: Path, config: str, *, items: int = 60, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write one configuration: ``<config>/test.jsonl`` and ``<config>/media/``.

    Raises:
        OSError: the folder cannot be written.
    """
    write = _answers if config.endswith("to_text") else _made
    rows: list[Row] = []
    for row in islice(write(folder, config, items, seed), items):
        rows.append(row)
        if progress:
            progress(len(rows), items)
    write_json_lines(folder / config / "test.jsonl", rows)


def _made(folder: Path, config: str, items: int, seed: int) -> Iterator[Row]:
    own = Dice("shapes", "omni", config, seed).below(2**31)
    for index, pair in enumerate(_pairs(config, items, own)):
        row: Row = {"prompt": pair.prompt, "criteria": _CRITERIA[config]}
        first = pair.candidates[0]
        if isinstance(first, Edited):
            source = draw(first.edit.source)
            row["image"] = _saved(folder, f"{config}/media/{index:04d}-source", source, None)
        for number, one in enumerate(pair.candidates, 1):
            truth = one.truth(dimensions=False) if isinstance(one, Film) else one.truth()
            name = f"{config}/media/{index:04d}-{number}"
            row[f"response{number}"] = _saved(folder, name, one.pixels(), _by(truth, config))
        yield row | {"criteria_preference": _WORDS.get(pair.label, "tie")}


def _pairs(config: str, items: int, seed: int) -> Iterator[Pair[Any]]:
    if config == "text_to_video":
        return film_pairs(items, seed=seed)
    if config == "text_to_image":
        return picture_pairs(items, seed=seed)
    return edited_pairs(items, seed=seed)


def _answers(folder: Path, config: str, items: int, seed: int) -> Iterator[Row]:
    video = config == "text_video_to_text"
    for index in range(items):
        dice = Dice("shapes", "omni", config, seed, index)
        pair = film_answers(dice) if video else any_picture_answers(dice)
        name = f"{config}/media/{index:04d}"
        shown = _saved(folder, name, pair.subject.pixels(), _by(pair.known(), config))
        yield {
            "prompt": pair.question,
            "criteria": _CRITERIA[config],
            "video" if video else "image": shown,
            "response1": pair.answers[0].text,
            "response2": pair.answers[1].text,
            "criteria_preference": _WORDS[pair.label],
        }


def _by(truth: Truth, config: str) -> Truth:
    """The truth of a file that is judged by the configuration's criterion."""
    return replace(truth, prompt=with_criterion(truth.prompt, _CRITERIA[config]))


def _saved(folder: Path, name: str, pixels: Pixels, truth: Truth | None) -> str:
    """Write a picture's or film's file, and say where it is."""
    film = pixels.ndim == 4
    path = folder / f"{name}.{'mp4' if film else 'png'}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if film:
        path.write_bytes(encode_film(pixels, FPS, truth))
    else:
        path.write_bytes(with_truth(encode(pixels), truth) if truth else encode(pixels))
    return path.relative_to(folder).as_posix()
