"""Faults of edits: not done, done to another thing, done wrongly, or more done than was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from .dice import Dice
from .edits import Edit, Place, can_be, changed, set_down
from .facts import DIRECTIONS, OPPOSITE, Direction
from .scene import CELL, COLOURS, SHAPES, Scene, Thing, is_free, placed

EditFault = Literal["undone", "object", "value", "extra"]

_HOW_OFTEN: dict[EditFault, float] = {"object": 4, "value": 3, "extra": 4, "undone": 2}
_WRONG_VALUE = 0.4
"""How much a thing changed in the right respect, but to a wrong value, is worth."""
_ALIKE = 8
"""How much rather a thing of the same colour or shape is mistaken for the target."""
_TWO_EXTRAS = 0.3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an edit came to.

    Attributes:
        scene: the scene afterwards.
        fault: what went wrong; ``None`` where nothing did.
        done: how much of what was asked for is done, 0 to 1.
        others: how many things were changed that should have been left alone.
    """

    scene: Scene
    fault: EditFault | None
    done: float
    others: int


def carried_out(edit: Edit, dice: Dice) -> Outcome:
    """The edit as it should be."""
    return Outcome(edit.carried_out(dice), None, 1.0, 0)


def any_fault(edit: Edit, dice: Dice) -> Outcome:
    """The edit gone wrong in a random way."""
    left = dict(_HOW_OFTEN)
    while True:
        kind = dice.weighted(left)
        if outcome := fault(kind, edit, dice):
            return outcome
        del left[kind]


def fault(kind: EditFault, edit: Edit, dice: Dice) -> Outcome | None:
    """The edit gone wrong in this way; ``None`` where it cannot."""
    return _FAULTS[kind](edit, dice)


def _undone(edit: Edit, dice: Dice) -> Outcome:
    return Outcome(edit.source, "undone", 0.0, 0)


def _wrong_object(edit: Edit, dice: Dice) -> Outcome | None:
    """The same change to another thing, most likely to one that resembles the target."""
    target = edit.target
    if target is None:
        return None
    results = {other: _done_to(other, edit, dice) for other in edit.rest}
    wrong = {
        other: _ALIKE if other.colour == target.colour or other.shape == target.shape else 1
        for other, scene in results.items()
        if scene
    }
    if not wrong:
        return None
    scene = results[dice.weighted(wrong)]
    return Outcome(scene, "object", 0.0, 1) if scene else None


def _done_to(other: Thing, edit: Edit, dice: Dice) -> Scene | None:
    """The source with the change done to another thing, if that changes anything."""
    result, rest = edit.result, [thing for thing in edit.source.things if thing is not other]
    if result is None:
        return changed(edit.source, other, None)
    if edit.place:
        if edit.place.beside is other or not edit.place.is_far(other):
            return None
        if not can_be(other, rest, edit.place, dice):
            return None
        return changed(edit.source, other, set_down(other, rest, edit.place, dice))
    aspect = {"recolour": "colour", "reshape": "shape", "resize": "size"}[edit.kind]
    new = replace(other, **{aspect: getattr(result, aspect)})
    return changed(edit.source, other, new) if new != other and is_free(new, rest) else None


def _wrong_value(edit: Edit, dice: Dice) -> Outcome | None:
    """The right thing changed in the right respect, but to what was not asked for."""
    result, target = edit.result, edit.target
    if result is None or edit.kind == "resize":
        return None
    if edit.place and dice.chance(0.6 if target is None else 1.0):
        if not (place := _elsewhere(result, target, edit.place, edit.rest, dice)):
            return None
        new = set_down(result, edit.rest, place, dice)
    else:
        recolour = edit.kind == "recolour" or (edit.kind == "add" and dice.chance(0.5))
        new = (
            _other_colour(result, target, dice) if recolour else _other_shape(result, target, dice)
        )
        if target is None:
            new = set_down(new, edit.rest, edit.place, dice)
    return Outcome(changed(edit.source, target, new), "value", _WRONG_VALUE, 0)


def _elsewhere(
    result: Thing, target: Thing | None, asked: Place, rest: list[Thing], dice: Dice
) -> Place | None:
    """Another place than was asked for, where the target is not yet: the opposite one if it can."""
    sides: list[Direction] = [OPPOSITE[asked.direction]]
    sides += dice.shuffled([side for side in DIRECTIONS if side not in (asked.direction, *sides)])
    for side in sides:
        place = replace(asked, direction=side, but_not=asked.direction)
        if target and not place.is_far(target):
            continue
        if can_be(result, rest, place, dice):
            return place
    return None


def _other_colour(result: Thing, before: Thing | None, dice: Dice) -> Thing:
    taken = {result.colour, before.colour if before else None}
    return replace(result, colour=dice.choice([c for c in COLOURS if c not in taken]))


def _other_shape(result: Thing, before: Thing | None, dice: Dice) -> Thing:
    taken = {result.shape, before.shape if before else None}
    return replace(result, shape=dice.choice([s for s in SHAPES if s not in taken]))


def _over_edited(edit: Edit, dice: Dice) -> Outcome | None:
    """Done as asked, and one or two other things changed as well."""
    beside = edit.place.beside if edit.place else None
    touched = dice.shuffled([thing for thing in edit.rest if thing is not beside])
    del touched[2 if dice.chance(_TWO_EXTRAS) else 1 :]
    if not touched:
        return None
    scene = edit.carried_out(dice)
    for other in touched:
        scene = changed(scene, other, _otherwise(other, scene, dice))
    return Outcome(scene, "extra", 1.0, len(touched))


def _otherwise(thing: Thing, scene: Scene, dice: Dice) -> Thing | None:
    """The thing with another colour or shape, elsewhere, or gone."""
    match dice.weighted({"colour": 4, "shape": 3, "place": 2, "gone": 2}):
        case "colour":
            return _other_colour(thing, None, dice)
        case "shape":
            return _other_shape(thing, None, dice)
        case "gone":
            return None
        case _:
            while True:
                moved = placed(thing, scene.things, dice)
                if max(abs(moved.x - thing.x), abs(moved.y - thing.y)) > CELL:
                    return moved


_FAULTS: dict[EditFault, Callable[[Edit, Dice], Outcome | None]] = {
    "undone": _undone,
    "object": _wrong_object,
    "value": _wrong_value,
    "extra": _over_edited,
}
