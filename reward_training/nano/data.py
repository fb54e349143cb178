"""What the nano judge is trained on: preferences of the shapes world, as anybody's data lie there.

A folder of JSON Lines in the plain preference schema, one file a kind, with PNG and MP4 files
beside them. Verdicts and scores are the world's own, without a voter's noise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ...harness.scores import SCORE_RANGES
from ...tasks.shapes import streams
from ...tasks.shapes.draw import encode
from ...tasks.shapes.labels import TIE_THRESHOLD, better
from ...tasks.shapes.motion import FPS
from ...tasks.shapes.mp4 import encode_film
from ...tasks.shapes.samples import (
    AnswerPoint,
    AnswersSample,
    CandidatePair,
    CandidatePoint,
    Shot,
)
from .vocabulary import stepped

STREAMS: Mapping[str, Any] = {
    "image-pairs": streams.image_pairs,
    "edit-pairs": streams.edit_pairs,
    "video-pairs": streams.video_pairs,
    "answer-pairs": streams.answer_pairs,
    "video-answer-pairs": streams.video_answer_pairs,
    "image-points": streams.image_points,
    "video-points": streams.video_points,
    "answer-points": streams.answer_points,
    "video-answer-points": streams.video_answer_points,
}
_PART = 250
"""Rows made at a time by one process."""


def write(folder: Path, rows: Mapping[str, int], *, seed: int, processes: int) -> None:
    """Write so many rows of each kind, ``folder/<kind>.jsonl``; kinds that are there stay.

    Raises:
        OSError: the folder cannot be written.
    """
    missing = {kind: count for kind, count in rows.items() if not _table(folder, kind).is_file()}
    if not missing:
        return
    with get_context("spawn").Pool(processes) as pool:
        for kind, count in missing.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            parts = [(start, min(start + _PART, count)) for start in range(0, count, _PART)]
            unfinished = _table(folder, kind).with_suffix(".part")
            with unfinished.open("w", encoding="utf-8") as out:
                for lines in pool.imap(partial(_part, folder, kind, seed), parts):
                    out.writelines(lines)
            unfinished.replace(_table(folder, kind))


def _table(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.jsonl"


def _part(folder: Path, kind: str, seed: int, numbers: tuple[int, int]) -> list[str]:
    stream, lines = STREAMS[kind](seed), []
    for number in range(*numbers):
        row = _row(stream[number], folder, kind, number)
        lines.append(json.dumps({"id": str(number), "source": kind, **row}) + "\n")
    return lines


def _row(sample: Any, folder: Path, kind: str, number: int) -> dict[str, object]:
    """One preference in the plain schema; its media are written."""
    modality = "video" if kind.startswith("video") else "image"

    def saved(shot: Shot, name: str) -> str:
        film = modality == "video"
        path = f"{kind}/{number}-{name}.{'mp4' if film else 'png'}"
        made = encode_film(shot.pixels, FPS) if film else encode(shot.pixels[0])
        (folder / path).write_bytes(made)
        return path

    match sample:
        case CandidatePair():
            context = [saved(sample.source, "source")] if sample.source else []
            shown = [saved(one, str(place)) for place, one in enumerate(sample.candidates)]
            said = {"candidates": shown, "verdict": better(*sample.scores, TIE_THRESHOLD)}
            return _framed(modality, "generation", sample.prompt, context) | said
        case CandidatePoint():
            said = {"candidates": [saved(sample.candidate, "0")]}
            framed = _framed(modality, "generation", sample.prompt, [])
            return framed | said | _scored(sample.score, modality, "generation")
        case AnswersSample():
            said = {"candidates": list(sample.answers), "verdict": better(*sample.scores, 0.0)}
            context = [saved(sample.shot, "0")]
            return _framed(modality, "understanding", sample.question, context) | said
        case AnswerPoint():
            said = {"candidates": [sample.answer]}
            context = [saved(sample.shot, "0")]
            framed = _framed(modality, "understanding", sample.question, context)
            return framed | said | _scored(sample.score, modality, "understanding")
    raise TypeError(f"no preference can be made of {type(sample).__name__}")


def _framed(modality: str, objective: str, prompt: str, context: list[str]) -> dict[str, object]:
    row = {"modality": modality, "objective": objective, "prompt": prompt}
    return {**row, "context": context} if context else dict(row)


def _scored(score: float, modality: str, objective: str) -> dict[str, object]:
    """A latent score, from 0 to 1, on the nearest step of its range."""
    low, high = SCORE_RANGES[modality, objective]  # type: ignore[index]
    return {"score": stepped(low + score * (high - low), (low, high))}
