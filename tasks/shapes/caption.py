"""Captions in plain English, and the facts they state.

>>> said = caption(generate(Dice(6)))
>>> said.text
'One little purple triangle right of one yellow triangle.'
>>> said.facts[1]
Count(what=Description(colour='purple', shape='triangle', size='small'), number=1)

A caption mentions every thing of its scene, and counts are meant exactly: *a red circle* is false
of a picture with two.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Literal, get_args

from .dice import Dice
from .scene import CELL, Colour, Scene, Shape, Size, Thing

Direction = Literal["left", "right", "above", "below"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
OPPOSITE: dict[Direction, Direction] = {
    "left": "right",
    "right": "left",
    "above": "below",
    "below": "above",
}

CLEARLY = CELL // 2
"""How far apart, in units, two centres must be before one is called left of the other."""

_SAY_THE_SIZE = 0.35
_SAY_A_RELATION = 0.6
_NUMBERS = {1: ("a", "one"), 2: ("two",), 3: ("three",), 4: ("four",), 5: ("five",)}
_SIZES: dict[Size, tuple[str, ...]] = {"small": ("small", "little"), "large": ("large", "big")}
_DIRECTIONS: dict[Direction, tuple[str, ...]] = {
    "left": ("to the left of", "left of"),
    "right": ("to the right of", "right of"),
    "above": ("above",),
    "below": ("below", "under"),
}
_FRAMES = (
    "{things}",
    "a picture of {things}",
    "an image showing {things}",
    "{things} on a dark background",
    "a dark canvas with {things}",
    "there {verb} {things}",
)


@dataclass(frozen=True, slots=True)
class Description:
    """Words that pick out things; no size means any size."""

    colour: Colour
    shape: Shape
    size: Size | None = None

    def fits(self, thing: Thing) -> bool:
        """Whether the thing answers to the description."""
        return (
            thing.colour == self.colour
            and thing.shape == self.shape
            and self.size in (None, thing.size)
        )

    def found(self, scene: Scene) -> list[Thing]:
        """Everything in the scene that answers to the description."""
        return [thing for thing in scene.things if self.fits(thing)]


@dataclass(frozen=True, slots=True)
class Count:
    """Exactly ``number`` things of the scene answer to the description."""

    what: Description
    number: int

    def holds(self, scene: Scene) -> bool:
        """Whether this is true of the scene."""
        return len(self.what.found(scene)) == self.number


@dataclass(frozen=True, slots=True)
class Relation:
    """The one thing that ``subject`` picks out lies clearly in that direction from the other."""

    subject: Description
    direction: Direction
    other: Description

    def holds(self, scene: Scene) -> bool:
        """Whether this is true of the scene; never where either is missing or not the only one."""
        subjects, others = self.subject.found(scene), self.other.found(scene)
        if len(subjects) != 1 or len(others) != 1:
            return False
        return lies(subjects[0], self.direction, others[0])

    @property
    def reversed(self) -> Relation:
        """The relation that says the opposite."""
        return replace(self, direction=OPPOSITE[self.direction])


Fact = Count | Relation


@dataclass(frozen=True, slots=True)
class Caption:
    """What is said, and the facts that must hold for it to be true (at least one, all distinct)."""

    text: str
    facts: tuple[Fact, ...]

    def broken(self, scene: Scene) -> frozenset[Fact]:
        """The facts that do not hold in the scene."""
        return frozenset(fact for fact in self.facts if not fact.holds(scene))


def caption(scene: Scene) -> Caption:
    """The scene in words; the choice of words belongs to the scene, so it is always the same."""
    dice = Dice("caption", scene)
    groups = _groups(scene, dice)
    relation = _relation(scene, groups, dice) if dice.chance(_SAY_A_RELATION) else None
    facts: list[Fact] = []
    for what, number in groups.items():
        facts.append(Count(replace(what, size=None), number))
        if what.size:
            facts.append(Count(what, number))
    if relation:
        facts.append(relation)
    return Caption(_text(groups, relation, dice), tuple(facts))


def lies(one: Thing, direction: Direction, other: Thing) -> bool:
    """Whether ``one`` lies clearly in that direction from ``other``."""
    right, down = one.x - other.x, one.y - other.y
    offset = {"left": -right, "right": right, "above": -down, "below": down}[direction]
    return offset >= CLEARLY


def _groups(scene: Scene, dice: Dice) -> dict[Description, int]:
    """Things by colour and shape, in the order of mention; a size is said where all share it."""
    alike: dict[tuple[Colour, Shape], list[Size]] = defaultdict(list)
    for thing in scene.things:
        alike[thing.colour, thing.shape].append(thing.size)
    groups: dict[Description, int] = {}
    for (colour, shape), sizes in dice.shuffled(list(alike.items())):
        say = len(set(sizes)) == 1 and dice.chance(_SAY_THE_SIZE)
        groups[Description(colour, shape, sizes[0] if say else None)] = len(sizes)
    return groups


def _relation(scene: Scene, groups: dict[Description, int], dice: Dice) -> Relation | None:
    """A true relation between two things that are the only ones of their kind."""
    single = [replace(what, size=None) for what, number in groups.items() if number == 1]
    true = [
        relation
        for subject in single
        for other in single
        for direction in DIRECTIONS
        if (relation := Relation(subject, direction, other)).holds(scene)
    ]
    return dice.choice(true) if true else None


def _text(groups: dict[Description, int], relation: Relation | None, dice: Dice) -> str:
    phrases = {replace(g, size=None): _phrase(g, n, dice) for g, n in groups.items()}
    frame = dice.choice(_FRAMES)
    verb = "is" if next(iter(groups.values())) == 1 else "are"
    tail = ""
    if relation is None:
        things = _listed(list(phrases.values()))
    elif len(groups) == 2 and dice.chance(0.5):
        verb, word = "is", dice.choice(_DIRECTIONS[relation.direction])
        things = f"{phrases[relation.subject]} {word} {phrases[relation.other]}"
    else:
        things, tail = _listed(list(phrases.values())), _tail(relation, dice)
    text = frame.format(things=things, verb=verb) + tail + "."
    return text[0].upper() + text[1:]


def _phrase(what: Description, number: int, dice: Dice) -> str:
    words = [dice.choice(_NUMBERS[number])]
    if what.size:
        words.append(dice.choice(_SIZES[what.size]))
    return " ".join([*words, what.colour, what.shape + "s" * (number > 1)])


def _tail(relation: Relation, dice: Dice) -> str:
    opening, verb = dice.choice(((", with the", ""), (". The", " is"), ("; the", " is")))
    subject, other = relation.subject, relation.other
    word = dice.choice(_DIRECTIONS[relation.direction])
    return (
        f"{opening} {subject.colour} {subject.shape}{verb} {word} the {other.colour} {other.shape}"
    )


def _listed(phrases: list[str]) -> str:
    *head, last = phrases
    return f"{', '.join(head)} and {last}" if head else last
