"""Faults of alignment: a scene made slightly wrong, so that its caption is no longer true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from .caption import Caption, Fact, Relation
from .dice import Dice
from .scene import COLOURS, SHAPES, SIZES, Scene, Thing, is_free, placed, rearranged

Slip = Literal["colour", "shape", "size", "count", "relation", "swap", "missing"]

_HOW_OFTEN: dict[Slip, float] = {
    "relation": 5,
    "swap": 4,
    "colour": 3,
    "shape": 2,
    "count": 2,
    "size": 2,
    "missing": 1,
}
_MOST_THINGS = 6


@dataclass(frozen=True, slots=True)
class Wrong:
    """A scene after one slip, and the facts of the caption that this slip made false."""

    scene: Scene
    slip: Slip
    broken: frozenset[Fact]


def any_slip(scene: Scene, caption: Caption, dice: Dice) -> Wrong | None:
    """Make one slip of a random kind; ``None`` where nothing more can be made false."""
    left = dict(_HOW_OFTEN)
    while left:
        kind = dice.weighted(left)
        if wrong := slip(kind, scene, caption, dice):
            return wrong
        del left[kind]
    return None


def slip(kind: Slip, scene: Scene, caption: Caption, dice: Dice) -> Wrong | None:
    """Make one slip of this kind.

    Whatever was false stays false, and at least one more fact becomes so; ``None`` where no slip
    of this kind does that (no relation was stated, say).
    """
    before = caption.broken(scene)
    worse = [
        Wrong(changed, kind, after - before)
        for changed in _CHANGES[kind](scene, caption, dice)
        if (after := caption.broken(changed)) > before
    ]
    return dice.choice(worse) if worse else None


def _recoloured(scene: Scene, caption: Caption, dice: Dice) -> Iterator[Scene]:
    for thing in scene.things:
        for colour in COLOURS:
            yield _with(scene, {thing: replace(thing, colour=colour)})


def _reshaped(scene: Scene, caption: Caption, dice: Dice) -> Iterator[Scene]:
    for thing in scene.things:
        for shape in SHAPES:
            yield _with(scene, {thing: replace(thing, shape=shape)})


def _resized(scene: Scene, caption: Caption, dice: Dice) -> Iterator[Scene]:
    for thing in scene.things:
        for size in SIZES:
            changed = replace(thing, size=size)
            if is_free(changed, (other for other in scene.things if other is not thing)):
                yield _with(scene, {thing: changed})


def _miscounted(scene: Scene, caption: Caption, dice: Dice) -> Iterator[Scene]:
    """One more of a kind, or one fewer of a kind of which some remain."""
    for thing in scene.things:
        if len(scene.things) < _MOST_THINGS:
            twin = placed(thing, scene.things, dice)
            yield replace(scene, things=(*scene.things, twin))
        if any(_alike(thing, other) for other in scene.things if other is not thing):
            yield _with(scene, {thing: None})


def _misplaced(scene: Scene, caption: Caption, dice: Dice) -> Iterator[Scene]:
    """All things elsewhere, so that what was left of the other is now right of it."""
    for fact in caption.facts:
        if isinstance(fact, Relation) and fact.holds(scene):
            moved = rearranged(scene, dice)
            while not fact.reversed.holds(moved):
                moved = rearranged(scene, dice)
            yield replace(moved, ground=scene.ground)


def _swapped(scene: Scene, caption: Caption, dice: Dice) -> Iterator[Scene]:
    """Two things with each other's colours."""
    for one, other in combinations(scene.things, 2):
        yield _with(
            scene,
            {one: replace(one, colour=other.colour), other: replace(other, colour=one.colour)},
        )


def _reduced(scene: Scene, caption: Caption, dice: Dice) -> Iterator[Scene]:
    """The only thing of its kind gone, if that leaves any."""
    for thing in scene.things:
        rest = [other for other in scene.things if other is not thing]
        if rest and not any(_alike(thing, other) for other in rest):
            yield _with(scene, {thing: None})


_CHANGES: dict[Slip, Callable[[Scene, Caption, Dice], Iterator[Scene]]] = {
    "colour": _recoloured,
    "shape": _reshaped,
    "size": _resized,
    "count": _miscounted,
    "relation": _misplaced,
    "swap": _swapped,
    "missing": _reduced,
}


def _with(scene: Scene, changes: dict[Thing, Thing | None]) -> Scene:
    things = (changes.get(thing, thing) for thing in scene.things)
    return replace(scene, things=tuple(thing for thing in things if thing is not None))


def _alike(one: Thing, other: Thing) -> bool:
    return (one.colour, one.shape) == (other.colour, other.shape)
