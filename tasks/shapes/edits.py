"""Edits: an instruction in plain English to change one thing of a scene.

>>> instruction(Dice(3)).text
'Change the small blue triangle to yellow.'

The thing is named so that only one fits, and everything else is to be left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from .caption import WHERE
from .dice import Dice
from .facts import DIRECTIONS, Direction, lies, offset
from .scene import CELL, COLOURS, SHAPES, SIZES, UNITS, Scene, Thing, generate, is_free, placed
from .words import Description, kind_of, names, sentence

EditKind = Literal["recolour", "reshape", "resize", "remove", "add", "move"]

_HOW_OFTEN: dict[EditKind, float] = {
    "recolour": 4,
    "reshape": 3,
    "resize": 2,
    "remove": 2,
    "add": 2,
    "move": 4,
}
_RECOLOUR = (
    "change {it} to {new}",
    "make {it} {new}",
    "paint {it} {new}",
    "recolour {it} to {new}",
)
_RESHAPE = ("turn {it} into a {new}", "make {it} a {new}", "replace {it} with a {colour} {new}")
_LARGER = ("make {it} bigger", "make {it} large", "enlarge {it}")
_SMALLER = ("make {it} smaller", "make {it} small", "shrink {it}")
_REMOVE = ("remove {it}", "delete {it}", "take away {it}", "erase {it}")
_ADD = ("add {new}", "draw {new} as well", "insert {new}", "put {new} into the picture")
_ADD_THERE = ("add {new} {where}", "put {new} {where}", "draw {new} {where}")
_MOVE = ("move {it} {where}", "put {it} {where}", "shift {it} {where}")
_AN_EDGE = 0.35
_SAY_WHERE = 0.5
_TRIES = 60
_EDGES: dict[Direction, str] = {"left": "left", "right": "right", "above": "top", "below": "bottom"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing is to be: at an edge of the picture, or on a side of another thing.

    ``but_not`` is an edge or side where it is not to be at the same time.
    """

    direction: Direction
    beside: Thing | None = None
    but_not: Direction | None = None

    def holds(self, thing: Thing) -> bool:
        """Whether the thing is there."""
        if self.but_not and not Place(self.but_not, self.beside).is_far(thing):
            return False
        if self.beside:
            return lies(thing, self.direction, self.beside)
        along = thing.x if self.direction in ("left", "right") else thing.y
        return along < CELL if self.direction in ("left", "above") else along >= UNITS - CELL

    def is_far(self, thing: Thing) -> bool:
        """Whether the thing is clearly not there."""
        if self.beside:
            return offset(thing, self.direction, self.beside) <= 0
        return not self.holds(thing)


@dataclass(frozen=True, slots=True)
class Edit:
    """An instruction about a scene.

    Attributes:
        kind: what is to be done.
        text: the instruction.
        source: the scene before.
        target: the thing to change; ``None`` where one is to be added.
        result: how it is to look then; ``None`` where it is to be removed.
        place: where it is to be then, if the instruction says so.
    """

    kind: EditKind
    text: str
    source: Scene
    target: Thing | None
    result: Thing | None
    place: Place | None = None

    @property
    def rest(self) -> list[Thing]:
        """Everything that is to be left as it is."""
        return [thing for thing in self.source.things if thing is not self.target]

    def carried_out(self, dice: Dice) -> Scene:
        """The source scene with what was asked for done; a place is left to the dice."""
        result = self.result
        if result and (self.place or self.target is None):
            result = set_down(result, self.rest, self.place, dice)
        return changed(self.source, self.target, result)


def instruction(dice: Dice) -> Edit:
    """A random scene of two things or more, and something to do about it."""
    while True:
        if edit := instruction_about(generate(dice), dice):
            return edit


def instruction_about(source: Scene, dice: Dice) -> Edit | None:
    """Something to do about a scene; ``None`` where there is nothing."""
    left = dict(_HOW_OFTEN) if len(source.things) > 1 else {}
    while left:
        kind = dice.weighted(left)
        if edit := _ASK[kind](source, dice):
            return edit
        del left[kind]
    return None


def changed(scene: Scene, old: Thing | None, new: Thing | None) -> Scene:
    """The scene with one thing instead of another; ``None`` for nothing."""
    things = [new if thing is old else thing for thing in scene.things]
    if old is None:
        things.append(new)
    return replace(scene, things=tuple(thing for thing in things if thing is not None))


def set_down(thing: Thing, others: Iterable[Thing], place: Place | None, dice: Dice) -> Thing:
    """The thing at a random free place, there where it is to be."""
    others = list(others)
    while True:
        moved = placed(thing, others, dice)
        if place is None or place.holds(moved):
            return moved


def can_be(thing: Thing, others: Iterable[Thing], place: Place, dice: Dice) -> bool:
    """Whether there is room for the thing at that place, as far as some tries can tell."""
    others = list(others)
    return any(place.holds(placed(thing, others, dice)) for _ in range(_TRIES))


def _named(scene: Scene, dice: Dice) -> tuple[Thing, str] | None:
    """A thing that can be named, and its name."""
    for thing in dice.shuffled(scene.things):
        if found := names(thing, scene.things):
            return thing, f"the {dice.choice(found).noun()}"
    return None


def _recolour(source: Scene, dice: Dice) -> Edit | None:
    if not (named := _named(source, dice)):
        return None
    thing, it = named
    new = dice.choice([colour for colour in COLOURS if colour != thing.colour])
    text = dice.choice(_RECOLOUR).format(it=it, new=new)
    return Edit("recolour", sentence(text), source, thing, replace(thing, colour=new))


def _reshape(source: Scene, dice: Dice) -> Edit | None:
    if not (named := _named(source, dice)):
        return None
    thing, it = named
    new = dice.choice([shape for shape in SHAPES if shape != thing.shape])
    text = dice.choice(_RESHAPE).format(it=it, new=new, colour=thing.colour)
    return Edit("reshape", sentence(text), source, thing, replace(thing, shape=new))


def _resize(source: Scene, dice: Dice) -> Edit | None:
    if not (named := _named(source, dice)):
        return None
    thing, it = named
    result = replace(thing, size="large" if thing.size == "small" else "small")
    if not is_free(result, (other for other in source.things if other is not thing)):
        return None
    text = dice.choice(_LARGER if result.size == "large" else _SMALLER).format(it=it)
    return Edit("resize", sentence(text), source, thing, result)


def _remove(source: Scene, dice: Dice) -> Edit | None:
    if not (named := _named(source, dice)):
        return None
    thing, it = named
    return Edit("remove", sentence(dice.choice(_REMOVE).format(it=it)), source, thing, None)


def _add(source: Scene, dice: Dice) -> Edit | None:
    what = Description(dice.choice(COLOURS), dice.choice(SHAPES))
    if what.colour is None or what.shape is None or what.found(source.things):
        return None
    new = Thing(what.shape, what.colour, dice.choice(SIZES), 0, 0)
    said = replace(what, size=new.size if dice.chance(0.3) else None).phrase(1, dice)
    if dice.chance(_SAY_WHERE) and (there := _place(source, None, dice)):
        place, where = there
        if not can_be(new, source.things, place, dice):
            return None
        text = dice.choice(_ADD_THERE).format(new=said, where=where)
        return Edit("add", sentence(text), source, None, new, place)
    return Edit("add", sentence(dice.choice(_ADD).format(new=said)), source, None, new)


def _move(source: Scene, dice: Dice) -> Edit | None:
    if not (named := _named(source, dice)):
        return None
    thing, it = named
    if not (there := _place(source, thing, dice)):
        return None
    place, where = there
    others = [other for other in source.things if other is not thing]
    if not place.is_far(thing) or not can_be(thing, others, place, dice):
        return None
    text = dice.choice(_MOVE).format(it=it, where=where)
    return Edit("move", sentence(text), source, thing, thing, place)


def _place(source: Scene, thing: Thing | None, dice: Dice) -> tuple[Place, str] | None:
    """A place for the thing (``None`` for a new one), in words as well."""
    direction = dice.choice(DIRECTIONS)
    if dice.chance(_AN_EDGE):
        return Place(direction), f"{'to' if thing else 'at'} the {_EDGES[direction]} edge"
    others = [
        other
        for other in source.things
        if other is not thing and kind_of(other) in names(other, source.things)
    ]
    if not others:
        return None
    beside = dice.choice(others)
    where = f"{dice.choice(WHERE[direction])} the {kind_of(beside).noun()}"
    return Place(direction, beside), where


_ASK: dict[EditKind, Callable[[Scene, Dice], Edit | None]] = {
    "recolour": _recolour,
    "reshape": _reshape,
    "resize": _resize,
    "remove": _remove,
    "add": _add,
    "move": _move,
}
