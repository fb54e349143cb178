"""Answers in which texts and pictures follow one another, in pairs.

Steps: two edits of a picture, one after the other, each told and shown. The score is the mean of
those of the steps, less what is left out where a step is not told. Worked: a question about a
picture, answered after a look at its parts, which some answers show enlarged. The score is that of
the answer alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import fmean

from .answers import LEFT_OUT
from .asked import picture_answers
from .dice import Dice
from .draw import Pixels, draw
from .edited import Edited, edited
from .edits import Edit, instruction, instruction_about
from .labels import human_label
from .pairs import PAINTERS, Model, Pair, grouped, two_of
from .pictures import Picture
from .scene import UNITS

_UNTOLD = 0.35
"""How often a model that slips with every edit does not say what it does."""
_PUZZLES = ("mathverse", "mmmu_pro_validation_Shapes")
"""The sources of answers whose questions are about numbers, comparisons and places."""
_SHOWN = 0.6
"""How often a worked answer shows what it looks at."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """An answer: its texts and pictures in order, its latent score, and the picture asked about."""

    parts: tuple[str | Pixels, ...]
    score: float
    source: Pixels


def step_pairs(items: int, *, seed: int = 0) -> Iterator[Pair[Told]]:
    """The first ``items`` pairs of steps of the set named by ``seed``; some share a request."""
    return grouped("steps", seed, items, _two_edits, _step_pair)


def worked_pairs(items: int, *, seed: int = 0) -> Iterator[Pair[Told]]:
    """The first ``items`` pairs of worked answers of the set named by ``seed``."""
    for index in range(items):
        yield _worked_pair(Dice("shapes", "worked", seed, index))


def _two_edits(dice: Dice) -> tuple[Edit, Edit]:
    """An edit, and another one of what the first comes to."""
    while True:
        first = instruction(dice)
        if second := instruction_about(first.carried_out(dice), dice):
            return first, second


def _step_pair(edits: tuple[Edit, Edit], dice: Dice) -> Pair[Told]:
    names = two_of(PAINTERS, dice)
    first, second = (_steps(edits, PAINTERS[name], dice) for name in names)
    label = human_label(first.score, second.score, dice)
    wanted = " ".join(f"{number}. {edit.text}" for number, edit in enumerate(edits, 1))
    request = f"Change the picture in two steps. {wanted} Tell and show each step."
    return Pair(request, (first, second), names, label)


def _steps(edits: tuple[Edit, Edit], model: Model, dice: Dice) -> Told:
    made: list[Edited] = []
    parts: list[str | Pixels] = []
    untold = 0
    for number, edit in enumerate(edits, 1):
        made.append(edited(edit, model, dice))
        silent = dice.chance(_UNTOLD * model.slips)
        untold += silent
        parts += [f"Step {number}." if silent else f"Step {number}: {edit.text}", made[-1].pixels()]
    score = fmean(step.score for step in made) - LEFT_OUT * untold / len(edits)
    return Told(tuple(parts), max(0.0, score), draw(edits[0].source))


def _worked_pair(dice: Dice) -> Pair[Told]:
    asked = picture_answers(dice.choice(_PUZZLES), dice)
    first, second = (
        Told((*_looked(asked.subject, dice), f"Answer: {answer.text}"), answer.score, pixels)
        for pixels in [asked.subject.pixels()]
        for answer in asked.answers
    )
    return Pair(asked.question, (first, second), asked.models, asked.label)


def _looked(picture: Picture, dice: Dice) -> list[str | Pixels]:
    """How many things the halves of a picture have, which is so whatever the answer is."""
    shown, pixels = dice.chance(_SHOWN), replace(picture, flaw=None, severity=0).pixels()
    middle, parts = pixels.shape[1] // 2, list[str | Pixels]()
    for name, there, half in (
        ("left", [t for t in picture.scene.things if 2 * t.x < UNITS], pixels[:, :middle]),
        ("right", [t for t in picture.scene.things if 2 * t.x >= UNITS], pixels[:, middle:]),
    ):
        parts.append(f"Shapes whose middle is in the {name} half: {len(there)}.")
        if shown:
            parts.append(half.repeat(2, axis=0).repeat(2, axis=1))
    return parts
