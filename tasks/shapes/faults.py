"""Faults of alignment: what is shown made slightly wrong, so that its caption is no longer true.

The changes here serve scenes and films alike; ``scene_faults`` and ``cast_faults`` add what only
one of them can get wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Generic, TypeVar

from .dice import Dice
from .facts import Caption, Fact
from .motion import Actor
from .scene import COLOURS, SHAPES, Thing
from .words import Seen

S = TypeVar("S")
T = TypeVar("T", Thing, Actor)
U = TypeVar("U")
Change = Callable[[S, Caption[S], Dice], Iterator[S]]
"""Ways to change what is shown, right or wrong; those that break no fact are left out later."""


@dataclass(frozen=True, slots=True)
class Wrong(Generic[S]):
    """What is shown after one slip, and the facts of the caption that this slip made false."""

    shown: S
    slip: str
    broken: frozenset[Fact[S]]


@dataclass(frozen=True)
class Faults(Generic[S]):
    """The kinds of slip there are, and how often each happens."""

    changes: Mapping[str, Change[S]]
    how_often: Mapping[str, float]

    def any(self, shown: S, caption: Caption[S], dice: Dice) -> Wrong[S] | None:
        """Make one slip of a random kind; ``None`` where nothing more can be made false."""
        left = dict(self.how_often)
        while left:
            kind = dice.weighted(left)
            if wrong := self.one(kind, shown, caption, dice):
                return wrong
            del left[kind]
        return None

    def one(self, kind: str, shown: S, caption: Caption[S], dice: Dice) -> Wrong[S] | None:
        """Make one slip of this kind.

        Whatever was false stays false, and at least one more fact becomes so; ``None`` where no
        slip of this kind does that (no relation was stated, say).
        """
        before = caption.broken(shown)
        worse = [
            Wrong(changed, kind, after - before)
            for changed in self.changes[kind](shown, caption, dice)
            if (after := caption.broken(changed)) > before
        ]
        return dice.choice(worse) if worse else None


def recoloured(things: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """One thing in another colour."""
    for index, thing in enumerate(things):
        for colour in COLOURS:
            yield exchanged(things, index, replace(thing, colour=colour))


def reshaped(things: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """One thing in another shape."""
    for index, thing in enumerate(things):
        for shape in SHAPES:
            yield exchanged(things, index, replace(thing, shape=shape))


def swapped(things: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """Two things with each other's colours."""
    for (i, one), (j, other) in combinations(enumerate(things), 2):
        recoloured_one = exchanged(things, i, replace(one, colour=other.colour))
        yield exchanged(recoloured_one, j, replace(other, colour=one.colour))


def reduced(things: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """The only thing of its kind gone, if that leaves any."""
    for index, thing in enumerate(things):
        rest = exchanged(things, index, None)
        if rest and not any(alike(thing, other) for other in rest):
            yield rest


def exchanged(things: tuple[U, ...], index: int, new: U | None) -> tuple[U, ...]:
    """The things with a new one at that place, or none."""
    return (*things[:index], *([] if new is None else [new]), *things[index + 1 :])


def alike(one: Seen, other: Seen) -> bool:
    """Whether two things have colour and shape in common."""
    return (one.colour, one.shape) == (other.colour, other.shape)
