"""Facts: what a text states about what is shown, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, Protocol, TypeVar, get_args

from .scene import CELL, Scene, Thing
from .words import Description, Seen

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

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


class Shown(Protocol):
    """Anything that has things in it: a scene, the cast of a film."""

    @property
    def things(self) -> Sequence[Seen]:
        """What is there."""
        ...


class Fact(Protocol[S_contra]):
    """Something that is true or false of what is shown."""

    def holds(self, shown: S_contra, /) -> bool:
        """Whether it is true."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """Exactly ``number`` of the things answer to the description."""

    what: Description
    number: int

    def holds(self, shown: Shown, /) -> bool:
        """Whether this is true of what is shown."""
        return len(self.what.found(shown.things)) == self.number


@dataclass(frozen=True, slots=True)
class Relation:
    """The one thing that ``subject`` picks out lies clearly in that direction from the other."""

    subject: Description
    direction: Direction
    other: Description

    def holds(self, scene: Scene, /) -> bool:
        """Whether this is true of the scene; never where either is missing or not the only one."""
        subjects, others = self.subject.found(scene.things), self.other.found(scene.things)
        if len(subjects) != 1 or len(others) != 1:
            return False
        return lies(subjects[0], self.direction, others[0])

    @property
    def reversed(self) -> Relation:
        """The relation that says the opposite."""
        return replace(self, direction=OPPOSITE[self.direction])


@dataclass(frozen=True, slots=True)
class Caption(Generic[S]):
    """What is said, and the facts that must hold for it to be true (at least one, all distinct)."""

    text: str
    facts: tuple[Fact[S], ...]

    def broken(self, shown: S) -> frozenset[Fact[S]]:
        """The facts that do not hold of what is shown."""
        return frozenset(fact for fact in self.facts if not fact.holds(shown))

    def held(self, shown: S) -> float:
        """The share of facts that hold."""
        return sum(fact.holds(shown) for fact in self.facts) / len(self.facts)


def offset(one: Thing, direction: Direction, other: Thing) -> int:
    """How far ``one`` lies in that direction from ``other``, in units."""
    right, down = one.x - other.x, one.y - other.y
    return {"left": -right, "right": right, "above": -down, "below": down}[direction]


def lies(one: Thing, direction: Direction, other: Thing) -> bool:
    """Whether ``one`` lies clearly in that direction from ``other``."""
    return offset(one, direction, other) >= CLEARLY
