"""Statements about what is shown, true and false, with what can be known at each of their words.

>>> dice = Dice(5)
>>> seen = of_scene(generate(dice)).things
>>> one = counted(seen, dice)
>>> one.text, [(mark.head, mark.value) for mark in one.marks if mark.head in ("count", "holds")]
('three white triangles', [('count', 3), ('holds', 1)])

A model that is to compare pictures must first learn to look for what a word says. Whether a whole
caption is true is too little to learn that from; so a *mark* says, at the last letter of a word,
where the thing is that the words name, how many of it there are, on which side of another it
lies, what it does, and whether what was said so far is true.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from .answers import WRONG, Answer
from .caption import WHERE
from .cast_caption import VERBS, Moves
from .dense import Seen
from .dice import Dice
from .facts import CLEARLY, DIRECTIONS, OPPOSITE, Caption, Count, Direction, Relation
from .motion import FRAMES, MOTIONS
from .questions import Question
from .scene import CELL, COLOURS, GRID, SHAPES, SIZES, UNITS, Colour, Shape
from .words import Description, kind_of

T = TypeVar("T")
Head = Literal[
    "cells", "path", "count", "colour", "shape", "size", "motion",
    "sides", "holds", "broken", "answer", "flaw", "jerk", "score",
]  # fmt: skip
STEPS = FRAMES // 2
BITS: dict[Head, int] = {
    "cells": GRID * GRID,
    "path": STEPS * GRID * GRID,
    "sides": len(DIRECTIONS),
}
"""Heads whose value is a tuple of zeros and ones: the cells of a picture in which such things are;
those of every second frame of a film, one frame's after the other's; and the directions in which
one thing lies from another."""
CLASSES: dict[Head, int] = {
    "count": 8,
    "colour": 1 + len(COLOURS),
    "shape": 1 + len(SHAPES),
    "size": 1 + len(SIZES),
    "motion": 1 + len(MOTIONS),
    "holds": 2,
    "broken": 4,
    "flaw": 16,
    "jerk": 10,
    "answer": 2,
}
"""Heads whose value is a class, and how many classes there are. What is true of things that words
name (*colour* to *motion*) is 0 if there are none, or if they differ in it; *broken* is how many
facts do not hold, 3 for more; *flaw* and *jerk* are 0 for none, else 3 * kind + severity. *score*
alone is neither bits nor a class but a number from 0 to 1, the latent score."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What can be known at the character ``at`` of a text, the last one of a word."""

    at: int
    head: Head
    value: float | tuple[int, ...]

    def moved(self, by: int) -> Mark:
        """The mark in a text that has so many more characters before."""
        return replace(self, at=self.at + by)


@dataclass(frozen=True, slots=True)
class Statement:
    """Words about what is shown, and their marks.

    ``answer`` is the place, start and end, of a right answer to a question: words that can be
    said by who has seen the picture, and not only judged.
    """

    text: str
    marks: tuple[Mark, ...]
    answer: tuple[int, int] | None = None


def named(things: Sequence[Seen], dice: Dice, *, colour: bool, shape: bool) -> Statement:
    """A colour, a shape, or both: whether there is such a thing, and where."""
    thing = dice.choice(things)
    of = (thing.colour if colour else None), (thing.shape if shape else None)
    if dice.chance(0.5):
        of = _nearly(*of, things, dice)
    what = Description(*of)
    # a colour alone, or a shape alone, without a noun
    text = what.noun() if shape else str(of[0])
    return Statement(
        text, (*_seen(what, things, len(text)), _holds(bool(what.found(things)), text))
    )


def counted(things: Sequence[Seen], dice: Dice) -> Statement:
    """So many of a kind, where there are as many, or one more or fewer, or none."""
    thing = dice.choice(things)
    form = dice.below(4)
    of = (thing.colour if form != 1 else None), (thing.shape if form != 0 else None)
    if dice.chance(0.3):
        of = _nearly(*of, things, dice)
    what = Description(*of, thing.size if dice.chance(0.3) else None)
    number = said = len(what.found(things))
    if number == 0:
        said = dice.choice((1, 1, 2))
    elif dice.chance(0.45):
        said = dice.choice([n for n in (number - 1, number + 1) if n > 0])
    text = what.phrase(min(said, 6), dice)
    return Statement(text, (*_seen(what, things, len(text)), _holds(number == said, text)))


def related(things: Sequence[Seen], dice: Dice) -> Statement | None:
    """On which side of another thing a thing lies; ``None`` if no two things can be told apart."""
    single = _only_ones(things)
    pairs = [(a, b) for a in single for b in single if a is not b and any(_sides(a, b))]
    if not pairs:
        return None
    one, other = dice.choice(pairs)
    true = [d for d, lies in zip(DIRECTIONS, _sides(one, other), strict=True) if lies]
    said = dice.choice(true)
    if dice.chance(0.5):
        said = OPPOSITE[said]
    head = kind_of(one).noun()
    text = f"{head} {dice.choice(WHERE[said])} {dice.choice(('', 'the '))}{kind_of(other).noun()}"
    marks = (
        *_seen(kind_of(one), things, len(head)),
        *_seen(kind_of(other), things, len(text)),
        Mark(len(text) - 1, "sides", _sides(one, other)),
        _holds(said in true, text),
    )
    return Statement(text, marks)


def moving(things: Sequence[Seen], dice: Dice) -> Statement:
    """What a kind of thing does, or what it does not."""
    thing = dice.choice(things)
    motion = thing.motion
    if dice.chance(0.5):
        motion = dice.choice([t.motion for t in things] + [dice.choice(MOTIONS)])
    what = kind_of(thing)
    head = what.noun()
    text = f"{head} {dice.choice(dice.choice(VERBS[motion]))}"
    marks = (*_seen(what, things, len(head)), _holds(motion == thing.motion, text))
    return Statement(text, marks)


def stated(
    said: Caption[Any], shown: Any, things: Sequence[Seen], worth: Callable[[float], float]
) -> Statement:
    """A caption, with a mark for each of its facts, and for how many of them do not hold.

    Args:
        said: the caption.
        shown: the scene or cast whose truth counts.
        things: what is there and where, of ``Dense``.
        worth: the latent score, by the share of facts that hold.
    """
    text = said.text.lower()
    marks: list[Mark] = []
    for fact in said.facts:
        holds = fact.holds(shown)
        match fact:
            case Count(what=what) if what.size is None:
                at = _end_of(text, what)
                marks += _seen(what, things, at)
            case Count(what=what):
                at = _end_of(text, replace(what, size=None))
            case Relation(subject=one, other=other):
                at = _end_of(text, other, last=True)
                single = [what.found(things) for what in (one, other)]
                if all(len(found) == 1 for found in single):
                    marks.append(Mark(at - 1, "sides", _sides(single[0][0], single[1][0])))
            case Moves(what=what, motion=motion):
                start = _end_of(text, what)
                ways = [way for forms in VERBS[motion] for way in forms]
                at = min(
                    text.find(way, start) + len(way) for way in ways if text.find(way, start) >= 0
                )
            case _:
                continue
        marks.append(Mark(at - 1, "holds", int(holds)))
    broken = min(3, len(said.broken(shown)))
    marks.append(Mark(len(text) - 1, "broken", broken))
    marks.append(Mark(len(text) - 1, "score", worth(said.held(shown))))
    return Statement(text, tuple(marks))


def answered(asked: Question, dice: Dice) -> Statement:
    """A question with a right or a wrong answer."""
    right, style = dice.chance(0.5), dice.below(len(asked.right))
    said = asked.right if right else dice.choice(asked.wrong)
    question, answer = asked.text.lower(), said[style].lower()
    text = f"{question} {answer}"
    place = (len(question) + 1, len(text)) if right else None
    end = len(text) - 1
    marks = Mark(end, "answer", int(right)), Mark(end, "score", 1.0 if right else WRONG)
    return Statement(text, marks, place)


def replied(question: str, answer: Answer) -> Statement:
    """A question with an answer of known worth."""
    text = f"{question} {answer.text}".lower()
    return Statement(text, (Mark(len(text) - 1, "score", answer.score),))


def _seen(what: Description, things: Sequence[Seen], end: int) -> tuple[Mark, ...]:
    """Where such things are, how many, how they look and what they do."""
    found = what.found(things)
    looks = (
        Mark(end - 1, "count", min(7, len(found))),
        Mark(end - 1, "colour", _in_common([thing.colour for thing in found], COLOURS)),
        Mark(end - 1, "shape", _in_common([thing.shape for thing in found], SHAPES)),
        Mark(end - 1, "size", _in_common([thing.size for thing in found], SIZES)),
    )
    if len(things[0].path) == 1:
        return (Mark(end - 1, "cells", _cells(found, 0)), *looks)
    path = tuple(bit for step in range(STEPS) for bit in _cells(found, 2 * step + 1))
    motion = _in_common([thing.motion for thing in found], MOTIONS)
    return (Mark(end - 1, "path", path), Mark(end - 1, "motion", motion), *looks)


def _in_common(looks: Sequence[T], options: Sequence[T]) -> int:
    """The number, from 1, of what all have; 0 if there are none or they differ."""
    different = set(looks)
    return 1 + options.index(different.pop()) if len(different) == 1 else 0


def _cells(found: Sequence[Seen], frame: int) -> tuple[int, ...]:
    bits = [0] * (GRID * GRID)
    for thing in found:
        x, y, _ = (int(value) for value in thing.path[frame])
        row, column = (min(max(place, 0), UNITS - 1) // CELL for place in (y, x))
        bits[row * GRID + column] = 1
    return tuple(bits)


def _sides(one: Seen, other: Seen) -> tuple[int, ...]:
    """For each direction, whether ``one`` lies clearly that way from ``other`` at the beginning."""
    right, down = (int(one.path[0][axis]) - int(other.path[0][axis]) for axis in (0, 1))
    off: dict[Direction, int] = {"left": -right, "right": right, "above": -down, "below": down}
    return tuple(int(off[direction] >= CLEARLY) for direction in DIRECTIONS)


def _holds(true: bool, text: str) -> Mark:
    return Mark(len(text) - 1, "holds", int(true))


def _nearly(
    colour: Colour | None, shape: Shape | None, things: Sequence[Seen], dice: Dice
) -> tuple[Colour | None, Shape | None]:
    """The same with another colour or shape, most often of something else that is there."""
    if colour and (shape is None or dice.chance(0.5)):
        colour = dice.choice([thing.colour for thing in things] + [dice.choice(COLOURS)] * 2)
    elif shape:
        shape = dice.choice([thing.shape for thing in things] + [dice.choice(SHAPES)] * 2)
    return colour, shape


def _only_ones(things: Sequence[Seen]) -> list[Seen]:
    return [thing for thing in things if len(kind_of(thing).found(things)) == 1]


def _end_of(text: str, what: Description, *, last: bool = False) -> int:
    """Where in a text the kind is named, singular or plural: the end of its noun."""
    place = text.rfind(what.noun()) if last else text.find(what.noun())
    assert place >= 0, f"{what.noun()} is not in: {text}"
    end = place + len(what.noun())
    return end + 1 if text[end : end + 1] == "s" else end
