"""Faults of alignment that pictures have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .dice import Dice
from .facts import Caption, Relation
from .faults import Faults, alike, exchanged, recoloured, reduced, reshaped, swapped
from .scene import SIZES, Scene, is_free, placed, rearranged

MOST_THINGS = 6


def _recoloured(scene: Scene, caption: Caption[Scene], dice: Dice) -> Iterator[Scene]:
    return (replace(scene, things=things) for things in recoloured(scene.things))


def _reshaped(scene: Scene, caption: Caption[Scene], dice: Dice) -> Iterator[Scene]:
    return (replace(scene, things=things) for things in reshaped(scene.things))


def _swapped(scene: Scene, caption: Caption[Scene], dice: Dice) -> Iterator[Scene]:
    return (replace(scene, things=things) for things in swapped(scene.things))


def _reduced(scene: Scene, caption: Caption[Scene], dice: Dice) -> Iterator[Scene]:
    return (replace(scene, things=things) for things in reduced(scene.things))


def _resized(scene: Scene, caption: Caption[Scene], dice: Dice) -> Iterator[Scene]:
    for index, thing in enumerate(scene.things):
        for size in SIZES:
            changed = replace(thing, size=size)
            if is_free(changed, (other for other in scene.things if other is not thing)):
                yield replace(scene, things=exchanged(scene.things, index, changed))


def _miscounted(scene: Scene, caption: Caption[Scene], dice: Dice) -> Iterator[Scene]:
    """One more of a kind, or one fewer of a kind of which some remain."""
    for index, thing in enumerate(scene.things):
        if len(scene.things) < MOST_THINGS:
            twin = placed(thing, scene.things, dice)
            yield replace(scene, things=(*scene.things, twin))
        if any(alike(thing, other) for other in scene.things if other is not thing):
            yield replace(scene, things=exchanged(scene.things, index, None))


def _misplaced(scene: Scene, caption: Caption[Scene], dice: Dice) -> Iterator[Scene]:
    """All things elsewhere, so that what was left of the other is now right of it."""
    for fact in caption.facts:
        if isinstance(fact, Relation) and fact.holds(scene):
            moved = rearranged(scene, dice)
            while not fact.reversed.holds(moved):
                moved = rearranged(scene, dice)
            yield replace(moved, ground=scene.ground)


SCENE_FAULTS = Faults(
    changes={
        "relation": _misplaced,
        "swap": _swapped,
        "colour": _recoloured,
        "shape": _reshaped,
        "count": _miscounted,
        "size": _resized,
        "missing": _reduced,
    },
    how_often={
        "relation": 5,
        "swap": 4,
        "colour": 3,
        "shape": 2,
        "count": 2,
        "size": 2,
        "missing": 1,
    },
)
