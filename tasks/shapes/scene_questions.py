"""Questions about a picture: attributes, numbers, places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Literal

from .caption import WHERE
from .dice import Dice
from .facts import CLEARLY, DIRECTIONS, OPPOSITE, Direction, lies, offset
from .questions import CARDINALS, Question, colour_question, count_question, exists_question
from .scene import COLOURS, SHAPES, Scene, Thing
from .words import Description, kind_of, names

SceneQuestionKind = Literal[
    "colour", "shape", "size", "exists", "count", "more", "same", "where", "furthest"
]

FURTHEST: dict[Direction, str] = {
    "left": "furthest to the left",
    "right": "furthest to the right",
    "above": "highest up",
    "below": "lowest down",
}
_ASK_ABOUT_ALIKE = 0.81
"""How often a question about equal colours looks for equal ones: they are rare, and *yes* should be
as often true as *no*."""


def scene_question(kind: SceneQuestionKind, scene: Scene, dice: Dice) -> Question | None:
    """A question of this kind; ``None`` where the scene offers none."""
    return _ASK[kind](scene, dice)


def _colour(scene: Scene, dice: Dice) -> Question | None:
    if not (found := _pointed_out(scene, "colour", dice)):
        return None
    return colour_question(*found, scene.things, dice)


def _shape(scene: Scene, dice: Dice) -> Question | None:
    if not (found := _pointed_out(scene, "shape", dice)):
        return None
    thing, it = found

    def told(shape: str) -> tuple[str, ...]:
        return f"{it.capitalize()} is a {shape}.", f"It is a {shape}.", f"A {shape}."

    present = {other.shape for other in scene.things} - {thing.shape}
    wrong = [s for s in SHAPES if s != thing.shape for _ in range(1 + 3 * (s in present))]
    texts = ("What shape is {0}?", "Which shape does {0} have?", "Tell me the shape of {0}.")
    return Question(
        "shape",
        dice.choice(texts).format(it),
        told(thing.shape),
        tuple(told(shape) for shape in wrong),
        thing.shape,
        aside=tuple(other for other in scene.things if other.colour != thing.colour),
    )


def _size(scene: Scene, dice: Dice) -> Question | None:
    single = _single(scene)
    if not single:
        return None
    thing = dice.choice(single)
    it = f"the {kind_of(thing).noun()}"

    def told(size: str) -> tuple[str, ...]:
        return f"{it.capitalize()} is {size}.", f"It is {size}.", f"{size.capitalize()}."

    asked = dice.choice(("small or large", "large or small"))
    other = "small" if thing.size == "large" else "large"
    return Question("size", f"Is {it} {asked}?", told(thing.size), (told(other),), thing.size)


def _exists(scene: Scene, dice: Dice) -> Question:
    return exists_question(scene.things, dice)


def _count(scene: Scene, dice: Dice) -> Question:
    return count_question(scene.things, dice)


def _more(scene: Scene, dice: Dice) -> Question | None:
    """Whether there are more of one shape, or colour, than of another."""
    of_shape = dice.chance(0.6)
    options: list[Description] = (
        [Description(None, shape) for shape in {thing.shape: 0 for thing in scene.things}]
        if of_shape
        else [Description(colour, None) for colour in {thing.colour: 0 for thing in scene.things}]
    )
    if len(options) < 2:
        return None
    one, other = dice.shuffled(options)[:2]
    number, than = len(one.found(scene.things)), len(other.found(scene.things))
    if number < than and dice.chance(0.8):
        one, other, number, than = other, one, than, number
    words = f"more {one.noun(2)} than {other.noun(2)}"

    def told(n: int, m: int) -> tuple[str, ...]:
        yes = "Yes" if n > m else "No"
        is_are = "is" if n == 1 else "are"
        counts = f"{CARDINALS[n]} {one.noun(n)} and {CARDINALS[m]} {other.noun(m)}"
        return f"{yes}, there {is_are} {counts}.", f"{yes}."

    wrong = [(number + 1, than), (number, than + 1), (number - 1, than), (number, than - 1)]
    false = [(n, m) for n, m in wrong if (n > m) != (number > than) and min(n, m) > 0]
    if not false:
        return None
    return Question(
        "more",
        f"Are there {words}?",
        told(number, than),
        tuple(told(n, m) for n, m in false),
        "yes" if number > than else "no",
    )


def _same(scene: Scene, dice: Dice) -> Question | None:
    """Whether two things have the same colour."""
    single = [t for t in scene.things if Description(None, t.shape) in names(t, scene.things)]
    alike = dice.chance(_ASK_ABOUT_ALIKE)
    pairs = [
        pair for pair in permutations(single, 2) if (pair[0].colour == pair[1].colour) == alike
    ]
    if not pairs:
        return None
    one, other = dice.choice(pairs)
    pair = f"the {one.shape} and the {other.shape}"
    unlike = dice.choice([c for c in COLOURS if c != one.colour]) if alike else other.colour
    yes = (f"Yes, both are {dice.choice((one.colour, other.colour))}.", "Yes.")
    no = (f"No, the {one.shape} is {one.colour} and the {other.shape} is {unlike}.", "No.")
    texts = (f"Do {pair} have the same colour?", f"Are {pair} of the same colour?")
    right, wrong = (yes, no) if alike else (no, yes)
    return Question("same", dice.choice(texts), right, (wrong,), "yes" if alike else "no")


def _where(scene: Scene, dice: Dice) -> Question | None:
    """On which side of another thing a thing lies."""
    single = _single(scene)
    found = [
        (one, direction, other)
        for one in single
        for other in single
        for direction in DIRECTIONS
        if one is not other and lies(one, direction, other)
    ]
    if not found:
        return None
    one, direction, other = dice.choice(found)
    it, that = f"the {kind_of(one).noun()}", f"the {kind_of(other).noun()}"
    pair = ("left", "right") if direction in ("left", "right") else ("above", "below")
    sides = dice.shuffled(pair)
    of = " of" if "left" in pair else ""

    def told(side: Direction) -> tuple[str, ...]:
        words = WHERE[side][0]
        return f"{it.capitalize()} is {words} {that}.", f"It is {words} {that}.", f"{side.title()}."

    text = f"Is {it} {sides[0]} or {sides[1]}{of} {that}?"
    return Question("where", text, told(direction), (told(OPPOSITE[direction]),), direction)


def _furthest(scene: Scene, dice: Dice) -> Question | None:
    """Which thing lies clearly furthest in a direction."""
    direction = dice.choice(DIRECTIONS)
    single = _single(scene)
    if len(single) < 2:
        return None
    first = max(single, key=lambda thing: offset(thing, direction, single[0]))
    rest = [thing for thing in scene.things if thing is not first]
    if any(offset(first, direction, thing) < CLEARLY for thing in rest):
        return None
    others = [thing for thing in single if thing is not first]
    where = FURTHEST[direction]

    def told(thing: Thing) -> tuple[str, ...]:
        it = f"the {kind_of(thing).noun()}"
        return f"{it.capitalize()} is {where}.", f"It is {it}.", f"{it.capitalize()}."

    return Question(
        "furthest",
        f"Which shape is {where}?",
        told(first),
        tuple(told(thing) for thing in others),
        kind_of(first).noun(),
    )


def _single(scene: Scene) -> list[Thing]:
    """Things that their colour and shape alone pick out."""
    return [thing for thing in scene.things if kind_of(thing) in names(thing, scene.things)]


def _pointed_out(
    scene: Scene, hidden: Literal["colour", "shape"], dice: Dice
) -> tuple[Thing, str] | None:
    """A thing, and words that pick it out and do not tell its colour, or its shape."""
    found: list[tuple[Thing, str]] = []
    for thing in scene.things:
        of_shape = hidden == "colour"
        bare = Description(None, thing.shape) if of_shape else Description(thing.colour, None)
        for what in (bare, replace(bare, size=thing.size)):
            if len(what.found(scene.things)) == 1:
                found.append((thing, f"the {what.noun()}"))
                break
    for other in _single(scene):
        rest = [thing for thing in scene.things if thing is not other]
        for direction in DIRECTIONS:
            there = [thing for thing in rest if offset(thing, direction, other) > 0]
            if len(there) == 1 and lies(there[0], direction, other):
                words = f"{dice.choice(WHERE[direction])} the {kind_of(other).noun()}"
                found.append((there[0], f"the shape {words}"))
    return dice.choice(found) if found else None


_ASK: dict[SceneQuestionKind, Callable[[Scene, Dice], Question | None]] = {
    "colour": _colour,
    "shape": _shape,
    "size": _size,
    "exists": _exists,
    "count": _count,
    "more": _more,
    "same": _same,
    "where": _where,
    "furthest": _furthest,
}
