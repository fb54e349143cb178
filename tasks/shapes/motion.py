"""Films: a few shapes, each with a motion of its own, that never meet.

>>> cast(Dice(54)).things
(Actor(shape='star', colour='white', size='small', motion='circling'),)

A *cast* says who does what, which is all that a caption speaks of; a *clip* puts it on stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from .dice import Dice
from .scene import COLOURS, GAP, RADIUS, SHAPES, SIZES, UNITS, Colour, Shape, Size, ground_level

Motion = Literal[
    "left", "right", "up", "down", "circling", "bouncing", "growing", "shrinking", "still"
]
MOTIONS: tuple[Motion, ...] = get_args(Motion)
STRAIGHT: tuple[Motion, ...] = ("left", "right", "up", "down")
BACK: dict[Motion, Motion] = {
    "left": "right",
    "right": "left",
    "up": "down",
    "down": "up",
    "growing": "shrinking",
    "shrinking": "growing",
}
"""The motion that runs the other way."""

FRAMES = 8
FPS = 8

_HOW_MANY = {1: 3, 2: 6, 3: 3}
_TWINS = 0.2
_MOST_ACTORS = 3
_HOW_OFTEN: dict[Motion, float] = {
    "left": 3,
    "right": 3,
    "up": 3,
    "down": 3,
    "circling": 3,
    "bouncing": 3,
    "growing": 2,
    "shrinking": 2,
    "still": 3,
}
_REACH: dict[Motion, tuple[int, int]] = {
    "left": (130, 210),
    "right": (130, 210),
    "up": (130, 210),
    "down": (130, 210),
    "circling": (100, 150),
    "bouncing": (110, 180),
    "growing": (0, 0),
    "shrinking": (0, 0),
    "still": (0, 0),
}
"""How far a thing gets from the middle of its path, in units."""
_SMALLEST, _LARGEST = 56, 126
"""Radius at the two ends of growing and shrinking."""
_ROUND = (
    (256, 0),
    (181, 181),
    (0, 256),
    (-181, 181),
    (-256, 0),
    (-181, -181),
    (0, -256),
    (181, -181),
)
"""Eight places on a circle of radius 256, clockwise on the screen."""
_UP_AND_DOWN = (-256, 0, 256, 0)
_TRIES = 30


@dataclass(frozen=True, slots=True)
class Actor:
    """One shape of a film and what it does."""

    shape: Shape
    colour: Colour
    size: Size
    motion: Motion


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in a film."""

    things: tuple[Actor, ...]


@dataclass(frozen=True, slots=True)
class Sprite:
    """A shape as one frame shows it: its centre and radius in units."""

    shape: Shape
    colour: Colour
    x: int
    y: int
    radius: int


@dataclass(frozen=True, slots=True)
class Mover:
    """An actor on stage: the middle of its path, how far it gets from there, and where it begins.

    ``turn`` is 1 or -1 for circling clockwise or not, and ``phase`` the frame of the circle or
    bounce with which it begins.
    """

    actor: Actor
    x: int
    y: int
    reach: int
    turn: int
    phase: int

    def at(self, frame: int) -> Sprite:
        """How a frame shows it."""
        x, y, radius = self.x, self.y, RADIUS[self.actor.size]
        along = self.reach * (2 * frame - FRAMES + 1) // (FRAMES - 1)
        match self.actor.motion:
            case "left":
                x -= along
            case "right":
                x += along
            case "up":
                y -= along
            case "down":
                y += along
            case "circling":
                right, down = _ROUND[(self.phase + self.turn * frame) % len(_ROUND)]
                x, y = x + right * self.reach // 256, y + down * self.reach // 256
            case "bouncing":
                down = _UP_AND_DOWN[(self.phase + frame) % len(_UP_AND_DOWN)]
                y += down * self.reach // 256
            case "growing":
                radius = _SMALLEST + (_LARGEST - _SMALLEST) * frame // (FRAMES - 1)
            case "shrinking":
                radius = _LARGEST - (_LARGEST - _SMALLEST) * frame // (FRAMES - 1)
        return Sprite(self.actor.shape, self.actor.colour, x, y, radius)

    @property
    def room(self) -> tuple[int, int, int, int]:
        """What its whole path fills: left, top, right and bottom."""
        motion = self.actor.motion
        radius = _LARGEST if motion in ("growing", "shrinking") else RADIUS[self.actor.size]
        across = self.reach if motion in ("left", "right", "circling") else 0
        down = self.reach if motion in ("up", "down", "circling", "bouncing") else 0
        return (
            self.x - across - radius,
            self.y - down - radius,
            self.x + across + radius,
            self.y + down + radius,
        )


@dataclass(frozen=True, slots=True)
class Clip:
    """What a film shows; ``ground`` is the grey level of the background, 0 to 255."""

    movers: tuple[Mover, ...]
    ground: int

    def frame(self, number: int) -> tuple[Sprite, ...]:
        """Everything as that frame shows it."""
        return tuple(mover.at(number) for mover in self.movers)


def cast(dice: Dice) -> Cast:
    """One to three random actors, of whom at least one moves; twins do the same."""
    actors: list[Actor] = []
    groups = dice.weighted(_HOW_MANY)
    while len(actors) < groups:
        looks = dice.choice(SHAPES), dice.choice(COLOURS)
        if looks in {(actor.shape, actor.colour) for actor in actors}:
            continue
        motion = dice.weighted(_HOW_OFTEN)
        if not actors:
            while motion == "still":
                motion = dice.weighted(_HOW_OFTEN)
        actors.append(Actor(*looks, dice.choice(SIZES), motion))
        if len(actors) < _MOST_ACTORS and dice.chance(_TWINS):
            actors.append(replace(actors[-1], size=dice.choice(SIZES)))
    return Cast(tuple(dice.shuffled(actors)))


def staged(who: Cast, dice: Dice) -> Clip:
    """The cast at random places, no path touching another; reach shrinks where room is scarce."""
    tries = 0
    while True:
        movers: list[Mover] = []
        for actor in who.things:
            mover = _placed(actor, tries // _TRIES, dice)
            if any(_touching(mover, other) for other in movers):
                break
            movers.append(mover)
        else:
            return Clip(tuple(movers), ground_level(dice))
        tries += 1


def is_clear(mover: Mover, others: Sequence[Mover]) -> bool:
    """Whether its path lies within the picture and touches no other."""
    left, top, right, bottom = mover.room
    inside = min(left, top) >= GAP and max(right, bottom) <= UNITS - GAP
    return inside and not any(_touching(mover, other) for other in others)


def _placed(actor: Actor, less: int, dice: Dice) -> Mover:
    low, high = _REACH[actor.motion]
    reach = max(low * 3 // 4, dice.between(low, high) - 12 * less) if high else 0
    turn, phase = dice.choice((1, -1)), dice.below(8)
    mover = Mover(actor, 0, 0, reach, turn, phase)
    left, top, right, bottom = mover.room
    x = dice.between(GAP - left, UNITS - GAP - right)
    y = dice.between(GAP - top, UNITS - GAP - bottom)
    return replace(mover, x=x, y=y)


def _touching(one: Mover, other: Mover) -> bool:
    (left, top, right, bottom), (left2, top2, right2, bottom2) = one.room, other.room
    return (
        left < right2 + GAP and left2 < right + GAP and top < bottom2 + GAP and top2 < bottom + GAP
    )
