"""Faults of alignment that films have: in who is there, and in what they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from .dice import Dice
from .facts import Caption
from .faults import Faults, alike, exchanged, recoloured, reduced, reshaped, swapped
from .motion import BACK, MOTIONS, STRAIGHT, Cast
from .scene import SIZES

_MOST_ACTORS = 4


def _recoloured(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    return map(Cast, recoloured(cast.things))


def _reshaped(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    return map(Cast, reshaped(cast.things))


def _swapped(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    return map(Cast, swapped(cast.things))


def _reduced(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    return map(Cast, reduced(cast.things))


def _resized(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    for index, actor in enumerate(cast.things):
        for size in SIZES:
            yield Cast(exchanged(cast.things, index, replace(actor, size=size)))


def _miscounted(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    """One more that does the same, or one fewer of a kind of which some remain."""
    for index, actor in enumerate(cast.things):
        if len(cast.things) < _MOST_ACTORS:
            yield Cast((*cast.things, actor))
        rest = exchanged(cast.things, index, None)
        if any(alike(actor, other) for other in rest):
            yield Cast(rest)


def _turned(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    """One goes the other way, or growing instead of shrinking; at times off to a side."""
    for index, actor in enumerate(cast.things):
        ways = [BACK[actor.motion]] if actor.motion in BACK else []
        if actor.motion in STRAIGHT and dice.chance(0.3):
            ways = [way for way in STRAIGHT if way != actor.motion]
        for way in ways:
            yield Cast(exchanged(cast.things, index, replace(actor, motion=way)))


def _otherwise(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    """One does something quite different."""
    for index, actor in enumerate(cast.things):
        near = {
            actor.motion,
            BACK.get(actor.motion),
            *(STRAIGHT if actor.motion in STRAIGHT else ()),
        }
        for motion in MOTIONS:
            if motion not in near:
                yield Cast(exchanged(cast.things, index, replace(actor, motion=motion)))


def _traded(cast: Cast, caption: Caption[Cast], dice: Dice) -> Iterator[Cast]:
    """Two do what the other should."""
    for (i, one), (j, other) in combinations(enumerate(cast.things), 2):
        traded = exchanged(cast.things, i, replace(one, motion=other.motion))
        yield Cast(exchanged(traded, j, replace(other, motion=one.motion)))


CAST_FAULTS = Faults(
    changes={
        "direction": _turned,
        "trade": _traded,
        "motion": _otherwise,
        "swap": _swapped,
        "colour": _recoloured,
        "shape": _reshaped,
        "count": _miscounted,
        "size": _resized,
        "missing": _reduced,
    },
    how_often={
        "direction": 5,
        "trade": 4,
        "motion": 3,
        "swap": 3,
        "colour": 3,
        "shape": 2,
        "count": 2,
        "size": 1,
        "missing": 1,
    },
)
