"""Scenes: one to five coloured shapes on a dark ground, none touching another.

>>> generate(Dice(7)).things[0]
Thing(shape='triangle', colour='yellow', size='large', x=623, y=650)

Lengths are in units of 1/1024 of the picture's side, so a scene can be drawn at any size; x runs
to the right and y down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from .dice import Dice

Shape = Literal["circle", "square", "triangle", "star"]
Colour = Literal["red", "green", "blue", "yellow", "purple", "white"]
Size = Literal["small", "large"]

SHAPES: tuple[Shape, ...] = get_args(Shape)
COLOURS: tuple[Colour, ...] = get_args(Colour)
SIZES: tuple[Size, ...] = get_args(Size)

UNITS = 1024
GRID = 4
CELL = UNITS // GRID
RADIUS: dict[Size, int] = {"small": 70, "large": 108}
GAP = 10
JITTER = 30
"""How far a centre may lie from its cell's. Two large things and a gap fit into CELL - JITTER, so
a thing can always be placed in a free cell, wherever its neighbours are."""

_HOW_MANY = {1: 2, 2: 5, 3: 6, 4: 4, 5: 3}
_ANOTHER_OF_THE_SAME = 0.3


@dataclass(frozen=True, slots=True)
class Thing:
    """One shape: its attributes and its centre, in units."""

    shape: Shape
    colour: Colour
    size: Size
    x: int
    y: int

    @property
    def radius(self) -> int:
        """Half the side of the square that the shape fills, in units."""
        return RADIUS[self.size]


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture shows; ``ground`` is the grey level of the background, 0 to 255."""

    things: tuple[Thing, ...]
    ground: int


def generate(dice: Dice) -> Scene:
    """A random scene of one to five things."""
    things: list[Thing] = []
    for _ in range(dice.weighted(_HOW_MANY)):
        if things and dice.chance(_ANOTHER_OF_THE_SAME):
            twin = dice.choice(things)
            shape, colour = twin.shape, twin.colour
        else:
            shape, colour = dice.choice(SHAPES), dice.choice(COLOURS)
        thing = Thing(shape, colour, dice.choice(SIZES), 0, 0)
        things.append(placed(thing, things, dice))
    return Scene(tuple(things), ground_level(dice))


def rearranged(scene: Scene, dice: Dice) -> Scene:
    """The same things at other places on another ground."""
    things: list[Thing] = []
    for thing in scene.things:
        things.append(placed(thing, things, dice))
    return Scene(tuple(things), ground_level(dice))


def placed(thing: Thing, others: Iterable[Thing], dice: Dice) -> Thing:
    """The thing at a random free place (there is one beside up to five others)."""
    others = list(others)
    while True:
        x, y = (_coordinate(thing.radius, dice) for _ in range(2))
        moved = replace(thing, x=x, y=y)
        if is_free(moved, others):
            return moved


def is_free(thing: Thing, others: Iterable[Thing]) -> bool:
    """Whether the thing lies within the picture and a gap away from all the others."""
    near, far = thing.radius + GAP, UNITS - thing.radius - GAP
    if not (near <= thing.x <= far and near <= thing.y <= far):
        return False
    return not any(_touching(thing, other) for other in others)


def _touching(one: Thing, other: Thing) -> bool:
    reach = one.radius + other.radius + GAP
    return abs(one.x - other.x) < reach and abs(one.y - other.y) < reach


def _coordinate(radius: int, dice: Dice) -> int:
    centre = dice.below(GRID) * CELL + CELL // 2 + dice.between(-JITTER, JITTER)
    return min(max(centre, radius + GAP), UNITS - radius - GAP)


def ground_level(dice: Dice) -> int:
    """A dark grey for the background."""
    return dice.between(18, 46)
