"""Lessons: a picture or film with statements about it, from single words to captions and answers.

>>> one = picture_lesson("counts", Dice(4))
>>> one.text
'two big yellow stars one yellow star two yellow stars one star two yellow triangles'

The easiest come first: words for a colour or shape, then both, numbers, relations and motions, at
last whole captions and answers to questions. Many statements share one picture, because looking
at it is what costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeVar, get_args

from ...harness.items import Verdict
from .answers import AnswerPair
from .asked import any_picture_answers, film_answers, film_of, picture_of
from .caption import caption
from .cast_caption import cast_caption
from .cast_faults import CAST_FAULTS
from .cast_questions import CastQuestionKind, cast_question
from .dense import Seen
from .dice import Dice
from .facts import Caption
from .faults import Faults
from .films import Film, film_pair, unlike_film_pair
from .jerks import any_jerk
from .labels import OVERALL, TIE_THRESHOLD, better, latent_score
from .motion import Cast, cast
from .pictures import Picture, picture_pair
from .quality import FLAWS, PICTURE_FLAWS
from .samples import Shot, shot
from .scene import Scene, generate, rearranged
from .scene_faults import SCENE_FAULTS
from .scene_questions import SceneQuestionKind, scene_question
from .statements import (
    Mark,
    Statement,
    answered,
    counted,
    moving,
    named,
    related,
    replied,
    stated,
)

S = TypeVar("S")
Kind = Literal[
    "colours", "shapes", "kinds", "counts", "relations", "motions", "captions", "questions",
    "pairs", "answers", "points",
]  # fmt: skip
PICTURE_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "motions")
FILM_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "relations")

_HOW_MANY: dict[Kind, int] = {
    "colours": 14,
    "shapes": 14,
    "kinds": 12,
    "counts": 9,
    "relations": 5,
    "motions": 6,
    "captions": 4,
    "questions": 5,
}
_FLAWED = 0.4
_ELSEWHERE = 0.35
_CHANGES = {0: 3, 1: 3, 2: 3, 3: 1}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A picture or film and a text about it, with what can be known at its words.

    Attributes:
        shot: the picture or film.
        text: all statements in a row.
        marks: what can be known where.
        answers: (start, end) of right answers to questions, which can be said and not only judged.
        flaw: the flaw and how bad it is: 0 for none, else 3 * kind + severity, kinds from 0.
        jerk: the same of the motion.
    """

    shot: Shot
    text: str
    marks: tuple[Mark, ...]
    answers: tuple[tuple[int, int], ...]
    flaw: int
    jerk: int


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What is read at a time.

    Attributes:
        parts: one, or for *pairs* the two candidates, each with the same caption.
        judged: for *pairs*, *answers* and *points* what a judge should say at the end: a verdict,
            or a latent score.
    """

    parts: tuple[Part, ...]
    judged: Verdict | float | None = None


def picture_lesson(kind: Kind, dice: Dice, size: int = 64) -> Lesson:
    """A lesson about pictures, of one of ``PICTURE_KINDS``."""
    match kind:
        case "pairs" | "points":
            made = picture_pair(generate(dice), dice).candidates
            return _candidates(made if kind == "pairs" else made[:1], size)
        case "answers":
            return _answers(any_picture_answers(dice), size)
    while True:
        scene = generate(dice)
        picture = _flawed_picture(scene, dice)
        shown = shot(picture, size)
        if statements := _several(kind, partial(_of_picture, kind, picture, shown, dice)):
            return Lesson((_part(shown, statements),))


def film_lesson(kind: Kind, dice: Dice, size: int = 64) -> Lesson:
    """A lesson about films, of one of ``FILM_KINDS``."""
    match kind:
        case "pairs" | "points":
            make = film_pair if dice.chance(0.5) else unlike_film_pair
            films = make(cast(dice), dice).candidates
            return _candidates(films if kind == "pairs" else films[:1], size)
        case "answers":
            return _answers(film_answers(dice), size)
    while True:
        film = _flawed_film(cast(dice), dice)
        shown = shot(film, size)
        if statements := _several(kind, partial(_of_film, kind, film, shown, dice)):
            return Lesson((_part(shown, statements),))


def _candidates(made: Sequence[Picture] | Sequence[Film], size: int) -> Lesson:
    parts = []
    for one in made:
        shown = shot(one, size)
        truth = one.scene if isinstance(one, Picture) else one.cast
        parts.append(_part(shown, [stated(one.caption, truth, shown.dense.things, _worth(one))]))
    first, *other = (one.score for one in made)
    return Lesson(tuple(parts), better(first, other[0], TIE_THRESHOLD) if other else first)


def _answers(pair: AnswerPair[Picture] | AnswerPair[Film], size: int) -> Lesson:
    said = [replied(pair.question, answer) for answer in pair.answers]
    first, second = (answer.score for answer in pair.answers)
    return Lesson((_part(shot(pair.subject, size), said),), better(first, second, 0.0))


def _of_picture(kind: Kind, picture: Picture, shown: Shot, dice: Dice) -> Statement | None:
    scene, things = picture.scene, shown.dense.things
    match kind:
        case "relations":
            return related(things, dice)
        case "captions":
            said = caption(_other_scene(scene, dice), dice)
            return stated(said, scene, things, _worth(picture))
        case "questions":
            asked = scene_question(dice.choice(get_args(SceneQuestionKind)), scene, dice)
            return answered(asked, dice) if asked else None
        case _:
            return _of_either(kind, things, dice)


def _of_film(kind: Kind, film: Film, shown: Shot, dice: Dice) -> Statement | None:
    things = shown.dense.things
    match kind:
        case "motions":
            return moving(things, dice)
        case "captions":
            said = cast_caption(_changed(film.cast, CAST_FAULTS, cast_caption, dice), dice)
            return stated(said, film.cast, things, _worth(film))
        case "questions":
            asked = cast_question(dice.choice(get_args(CastQuestionKind)), film.cast, dice)
            return answered(asked, dice) if asked else None
        case _:
            return _of_either(kind, things, dice)


def _worth(one: Picture | Film) -> Callable[[float], float]:
    """The latent score of a picture or film, by the share of a caption's facts that hold."""
    if isinstance(one, Picture):
        return partial(latent_score, severity=one.severity)
    rest = sum(OVERALL[name] * one.dimensions[name] for name in ("VQ", "MQ"))
    return lambda held: rest + OVERALL["TA"] * held


def _of_either(kind: Kind, things: Sequence[Seen], dice: Dice) -> Statement:
    match kind:
        case "colours":
            return named(things, dice, colour=True, shape=False)
        case "shapes":
            return named(things, dice, colour=False, shape=True)
        case "kinds":
            return named(things, dice, colour=True, shape=True)
        case _:
            return counted(things, dice)


def _several(kind: Kind, one: Callable[[], Statement | None]) -> list[Statement]:
    """As many as a lesson has, or none where not even one in so many tries can be made."""
    made = [one() for _ in range(_HOW_MANY[kind])]
    return [statement for statement in made if statement]


def _part(shown: Shot, statements: Sequence[Statement]) -> Part:
    text, marks, answers = "", list[Mark](), list[tuple[int, int]]()
    for statement in statements:
        text += " " * bool(text)
        marks += [mark.moved(len(text)) for mark in statement.marks]
        if statement.answer:
            start, end = statement.answer
            answers.append((start + len(text), end + len(text)))
        text += statement.text
    dense = shown.dense
    flaw, jerk = (
        3 * (what - 1) + bad if what else 0
        for what, bad in ((dense.flaw, dense.severity), (dense.jerk, dense.jerk_severity))
    )
    return Part(shown, text, tuple(marks), tuple(answers), flaw, jerk)


def _flawed_picture(scene: Scene, dice: Dice) -> Picture:
    flaw = dice.choice(PICTURE_FLAWS) if dice.chance(_FLAWED) else None
    return replace(picture_of(scene, dice), flaw=flaw, severity=dice.between(1, 3) if flaw else 0)


def _flawed_film(who: Cast, dice: Dice) -> Film:
    film = film_of(who, dice)
    flaw = dice.choice(FLAWS) if dice.chance(_FLAWED) else None
    jerk = any_jerk(film.clip, dice.between(1, 3), dice) if dice.chance(_FLAWED) else None
    return replace(film, flaw=flaw, severity=dice.between(1, 3) if flaw else 0, jerk=jerk)


def _other_scene(scene: Scene, dice: Dice) -> Scene:
    """The scene or one like it: most facts of its caption hold of the scene, and some do not."""
    other = _changed(scene, SCENE_FAULTS, caption, dice)
    return rearranged(other, dice) if dice.chance(_ELSEWHERE) else other


def _changed(
    shown: S, faults: Faults[S], say: Callable[[S, Dice | None], Caption[S]], dice: Dice
) -> S:
    """What is shown after a few slips, or none."""
    for _ in range(dice.weighted(_CHANGES)):
        if wrong := faults.any(shown, say(shown, dice), dice):
            shown = wrong.shown
    return shown
