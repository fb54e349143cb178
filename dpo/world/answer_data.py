"""What the model that answers reads: questions about pictures and films, with answers given.

Questions and answers are those that the nano judge has learnt to judge (``tasks/shapes/asked.py``),
drawn from dice of their own. As in what people write, not all answers are good ones. Several
questions are asked about one picture or film, because looking at it is what costs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...harness.items import Modality
from ...harness.progress import progress
from ...harness.scores import SCORE_RANGES
from ...tasks.shapes.answers import AnswerPair
from ...tasks.shapes.asked import any_picture_answers, film_answers, more_answers
from ...tasks.shapes.dice import Dice
from ...tasks.shapes.draw import encode
from ...tasks.shapes.films import Film
from ...tasks.shapes.motion import FPS
from ...tasks.shapes.mp4 import encode_film
from .answer_settings import AnswerSettings

TABLE = "answers.jsonl"
SOURCE = "shapes-answers"
NEXT = "\n"
"""What stands between an answer and the next question; the chat template makes a new turn of it."""


def write_answers(folder: Path, settings: AnswerSettings) -> Path:
    """Write the answers as plain preferences with scores, media beside them; or find them written.

    Returns:
        The table, which appears when it is complete.

    Raises:
        OSError: the folder cannot be written.
    """
    table = folder / TABLE
    if table.is_file():
        return table
    (folder / "media").mkdir(parents=True, exist_ok=True)
    unfinished = table.with_suffix(".part")
    with (
        unfinished.open("w", encoding="utf-8") as out,
        progress("drawing", settings.pictures + settings.films) as shown,
    ):
        for row in _rows(folder, settings):
            out.write(json.dumps(row) + "\n")
            shown.advance(1, 0)
    unfinished.replace(table)
    return table


def asked_about(modality: Modality, dice: Dice) -> AnswerPair[Any]:
    """A picture or film with a question and two answers, as the judge has met them."""
    return any_picture_answers(dice) if modality == "image" else film_answers(dice)


def encoded(pair: AnswerPair[Any]) -> tuple[str, bytes]:
    """What is asked about as a file: how its name ends, and its content. It tells no truth."""
    shown = pair.subject
    if isinstance(shown, Film):
        return ".mp4", encode_film(shown.pixels(), FPS)
    return ".png", encode(shown.pixels())


def _rows(folder: Path, settings: AnswerSettings) -> Iterator[dict[str, object]]:
    counts: tuple[tuple[Modality, int], ...] = (
        ("image", settings.pictures),
        ("video", settings.films),
    )
    for modality, count in counts:
        for number in range(count):
            dice = Dice("shapes", "answers", modality, settings.seed, number)
            pair = asked_about(modality, dice)
            suffix, content = encoded(pair)
            name = f"media/{modality}-{number}{suffix}"
            (folder / name).write_bytes(content)
            yield _row(f"{modality}-{number}", modality, pair, _talk(pair, settings, dice), name)


def _talk(pair: AnswerPair[Any], settings: AnswerSettings, dice: Dice) -> str:
    """An answer to the first question, then other questions about the same, each answered."""
    film = isinstance(pair.subject, Film)
    said = _given(pair, settings.better, dice)
    for _ in range((settings.asked_of_films if film else settings.asked_of_pictures) - 1):
        more = more_answers(pair, dice)
        said += f"{NEXT}{more.question} {_given(more, settings.better, dice)}"
    return said


def _given(pair: AnswerPair[Any], better: float, dice: Dice) -> str:
    worst, best = sorted(pair.answers, key=lambda answer: answer.score)
    return best.text if dice.chance(better) else worst.text


def _row(
    name: str, modality: Modality, pair: AnswerPair[Any], talk: str, media: str
) -> dict[str, object]:
    low, _ = SCORE_RANGES[modality, "understanding"]
    return {
        "id": name,
        "source": SOURCE,
        "modality": modality,
        "objective": "understanding",
        "prompt": pair.question,
        "context": [media],
        "candidates": [talk],
        "score": low,  # the schema wants one; it is not learnt
        "cluster": media,
    }
