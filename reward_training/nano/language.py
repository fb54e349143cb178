"""The second course: the language part learns to look for what words name.

It reads lessons of the shapes world (``tasks/shapes/lessons.py``): statements about a picture or
film. At the words that are marked, heads say what can be known there; like those of the first
course they are thrown away afterwards. Right answers to questions are learnt as words, and so is,
later in the course, what a judge says about two candidates, two answers, or one candidate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ...harness.items import Verdict
from ...harness.scores import SCORE_RANGES, written
from ...tasks.shapes.dice import Dice
from ...tasks.shapes.lessons import Kind, Lesson, Part, film_lesson, picture_lesson
from ...tasks.shapes.motion import FPS
from ...tasks.shapes.statements import BITS, CLASSES, STEPS
from .architecture import SIDE, TOKENS, WIDTH
from .pixels import grids, patches
from .vocabulary import END, IMAGE, START, VIDEO, VISION_END, VISION_START, stepped

Weights = Mapping[Kind, float]
Marks = dict[str, list[tuple[int, Any]]]
PICTURES: tuple[tuple[float, Weights], ...] = (
    (0.0, {"colours": 1, "shapes": 1, "kinds": 1}),
    (0.015, {"colours": 0.5, "shapes": 0.5, "kinds": 1, "counts": 2, "relations": 2}),
    (0.05, {"kinds": 0.3, "counts": 2, "relations": 1.5, "captions": 2, "questions": 2}),
    (0.2, {"counts": 1, "relations": 0.7, "captions": 2, "questions": 2, "pairs": 3, "answers": 3}),
    (0.6, {"counts": 1, "captions": 1, "questions": 1, "pairs": 4, "answers": 3, "points": 1}),
)
"""What lessons about pictures are about, from which share of the course on: easy ones first."""
FILMS: tuple[tuple[float, Weights], ...] = (
    (0.12, {"colours": 0.5, "shapes": 0.5, "kinds": 1, "counts": 1, "motions": 2}),
    (0.2, {"kinds": 0.3, "counts": 1, "motions": 2, "captions": 2, "questions": 1.5}),
    (0.35, {"counts": 1, "motions": 1, "captions": 2, "questions": 2, "pairs": 3, "answers": 2}),
    (0.6, {"motions": 0.7, "captions": 1, "questions": 1, "pairs": 4, "answers": 2, "points": 1}),
)
FILM_SHARE = 0.5
"""Share of batches with films, once they come."""
_TOKENS = 450
"""Of one process's batch, padding included."""
_NEAR = 0.1
"""How far off a score may be to count as right."""

# Bits are summed over a head's outputs, since most are zero.
_WEIGHTS = {
    "cells": 0.5,
    "path": 0.3,
    "sides": 0.5,
    "count": 0.5,
    "colour": 0.3,
    "shape": 0.3,
    "size": 0.3,
    "motion": 0.5,
    "holds": 1.0,
    "answer": 1.0,
    "broken": 0.3,
    "flaw": 0.3,
    "jerk": 0.3,
    "step": 0.2,
    "does": 0.5,
    "score": 10.0,
    "said": 0.5,
    "judged": 1.0,
}


@dataclass(frozen=True, slots=True)
class Read:
    """A lesson in tokens: their ids, and (place, value) of what can be known, for each head."""

    lesson: Lesson
    ids: list[int]
    marks: Marks


class Language(nn.Module):  # type: ignore[misc]
    """The whole model and its heads."""

    def __init__(self, model: Any, words: Any) -> None:
        super().__init__()
        self.model, self.words = model, words
        watched = {"step": STEPS, "does": CLASSES["motion"]}
        sizes = dict[str, int]([*BITS.items(), *CLASSES.items(), *watched.items(), ("score", 1)])
        self.heads = nn.ModuleDict({name: nn.Linear(WIDTH, n) for name, n in sizes.items()})

    def batch(self, done: float, *seed: object) -> list[Read]:
        """Lessons of one kind that fit into a batch.

        Args:
            done: share of the course that is behind.
            seed: what the batch is drawn from.
        """
        dice = Dice("shapes", "nano", "language", *seed)
        films = done >= FILMS[0][0] and dice.chance(FILM_SHARE)
        weights = [w for begin, w in (FILMS if films else PICTURES) if done >= begin][-1]
        kind = dice.weighted(weights)
        make = film_lesson if films else picture_lesson
        made: list[Read] = []
        longest = 0
        while longest * (len(made) + 1) <= _TOKENS:
            made.append(self._read(make(kind, dice, SIDE)))
            longest = max(longest, len(made[-1].ids))
        return made

    def forward(self, lessons: Sequence[Read]) -> tuple[Any, dict[str, float]]:
        """The loss, and how much is right."""
        film = len(lessons[0].lesson.parts[0].shot.pixels) > 1
        inputs = self._inputs(lessons, film)
        states = self.model.model(**inputs).last_hidden_state
        loss, right = states.new_zeros(()), {}
        for name in {name for one in lessons for name in one.marks}:
            found = [
                (row, place, value)
                for row, one in enumerate(lessons)
                for place, value in one.marks.get(name, ())
            ]
            rows, places, values = (list(part) for part in zip(*found, strict=True))
            part, hit = self._judged(name, states[rows, places], torch.tensor(values))
            loss = loss + _WEIGHTS[name] * part
            right[f"{'film' if film else 'picture'} {name}"] = hit.float().mean().item()
        return loss, right

    def _judged(self, name: str, states: Any, values: Any) -> tuple[Any, Any]:
        """The loss of one head, and which of its answers are right in all their parts."""
        if name in ("said", "judged"):
            found = self.model.lm_head(states)
            return cross_entropy(found, values), found.argmax(-1) == values
        found = self.heads[name](states)
        if name == "score":
            off = found.squeeze(-1) - values
            return off.square().mean(), off.abs() < _NEAR
        if name in BITS:
            each = binary_cross_entropy_with_logits(found, values.float(), reduction="none")
            return each.sum(-1).mean(), ((found > 0) == (values > 0)).all(-1)
        return cross_entropy(found, values), found.argmax(-1) == values

    def _read(self, lesson: Lesson) -> Read:
        token = self.words.convert_tokens_to_ids
        marks: Marks = defaultdict(list)
        ids = [token(START), token("user")]
        for part in lesson.parts:
            self._read_part(part, ids, marks)
        if lesson.judged is not None:
            question, answer = _question(lesson)
            ids += [*self._ids(question), token(END), token(START), token("assistant")]
            marks["judged"].append((len(ids) - 1, token(answer)))
        return Read(lesson, ids, marks)

    def _read_part(self, part: Part, ids: list[int], marks: Marks) -> None:
        """Put a part's tokens after those that are there, and its marks where they then are."""
        token = self.words.convert_tokens_to_ids
        film = len(part.shot.pixels) > 1
        shown = [token(VIDEO if film else IMAGE)] * (TOKENS * ((len(part.shot.pixels) + 1) // 2))
        ids += [token(VISION_START), *shown, token(VISION_END)]
        marks["flaw"].append((len(ids) - 1, part.flaw))
        if film:
            marks["jerk"].append((len(ids) - 1, part.jerk))
            self._watch(part, len(ids) - 1 - len(shown), marks)
        read = self.words(part.text, add_special_tokens=False)
        for mark in part.marks:
            marks[mark.head].append((len(ids) + read.char_to_token(mark.at), mark.value))
        for start, end in part.answers:
            first, last = (read.char_to_token(at) for at in (start, end - 1))
            for place in range(first, last + 1):  # each is said at the word before it
                marks["said"].append((len(ids) + place - 1, read["input_ids"][place]))
        ids += read["input_ids"]

    def _watch(self, part: Part, first: int, marks: Marks) -> None:
        """Marks at the tokens of a film, of which the first is at that place: which step of time it
        is, and what the thing there does, over all steps so far."""
        motions = part.shot.dense.motions[1::2].reshape(-1)
        for place, motion in enumerate(motions.tolist()):
            marks["step"].append((first + place, place // TOKENS))
            if motion:
                marks["does"].append((first + place, motion))
                if place >= len(motions) - TOKENS:
                    marks["jerk"].append((first + place, part.jerk))

    def _ids(self, text: str) -> list[int]:
        found: list[int] = self.words(text, add_special_tokens=False)["input_ids"]
        return found

    def _inputs(self, lessons: Sequence[Read], film: bool) -> dict[str, Any]:
        ids, mask = (
            nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
            for rows in zip(*((one.ids, [1] * len(one.ids)) for one in lessons), strict=True)
        )
        shots = [part.shot for one in lessons for part in one.lesson.parts]
        shown = ids == self.words.convert_tokens_to_ids(VIDEO if film else IMAGE)
        kind = ("pixel_values_videos", "video_grid_thw")
        names = kind if film else ("pixel_values", "image_grid_thw")
        inputs = {
            "input_ids": ids,
            "attention_mask": mask,
            "mm_token_type_ids": shown.long() * (2 if film else 1),
            **dict(zip(names, (patches(shots), grids(shots)), strict=True)),
        }
        if film:
            inputs["second_per_grid_ts"] = torch.full((len(shots),), 2 / FPS)
        return inputs


def _question(lesson: Lesson) -> tuple[str, str]:
    """What the judge is asked at the end, in the words of its templates, and what it should say."""
    film = len(lesson.parts[0].shot.pixels) > 1
    noun = "video" if film else "image"
    if isinstance(lesson.judged, float):
        low, high = of = SCORE_RANGES["video" if film else "image", "generation"]
        score = stepped(low + lesson.judged * (high - low), of)
        return f"How good is the {noun}?", f"Final Score: {written(score)}"
    noun = noun if len(lesson.parts) == 2 else "answer"
    tie = ", or are both good" if noun != "answer" else ""
    match lesson.judged:
        case Verdict.FIRST:
            said = f"{noun.capitalize()} 1 is better"
        case Verdict.SECOND:
            said = f"{noun.capitalize()} 2 is better"
        case _:
            said = f"Both {noun}s are equally good"
    return f"Which {noun} is better{tie}?", said
