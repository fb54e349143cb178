"""Faults of motion quality: films that show the right motion badly.

*jitter*: everything trembles. *stutter*: the film stands still for some frames and then jumps to
where it should be. *teleport*: one thing is suddenly elsewhere, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from .dice import Dice
from .motion import FRAMES, STRAIGHT, Clip, Mover, Sprite, is_clear

JerkKind = Literal["jitter", "stutter", "teleport"]
JERKS: tuple[JerkKind, ...] = get_args(JerkKind)

# Strengths by severity: none, mild, plain, strong.
_TREMBLE = (0, 34, 54, 84)
_HELD = (1, 4, 5, 6)
_LEAP = (0, 130, 200, 290)
_TRAVELS = (*STRAIGHT, "circling", "bouncing")


@dataclass(frozen=True, slots=True)
class Jerk:
    """One fault of motion in one clip.

    Attributes:
        kind: what goes wrong.
        severity: 1 (mild), 2 or 3 (strong).
        frame: where it begins.
        seed: of the trembling.
        who: number of the mover that leaps.
        leap: how far it leaps, in units to the right and down.
    """

    kind: JerkKind
    severity: int
    frame: int = 0
    seed: int = 0
    who: int = 0
    leap: tuple[int, int] = (0, 0)


def any_jerk(clip: Clip, severity: int, dice: Dice) -> Jerk:
    """A random fault of this severity that shows in this clip."""
    left = list(JERKS)
    if not any(mover.actor.motion in _TRAVELS for mover in clip.movers):
        left.remove("stutter")  # what only grows hardly shows it
    for kind in dice.shuffled(left):
        if found := jerk(kind, clip, severity, dice):
            return found
    raise AssertionError("trembling is always possible")


def jerk(kind: JerkKind, clip: Clip, severity: int, dice: Dice) -> Jerk | None:
    """A fault of this kind; ``None`` where there is no room for it."""
    match kind:
        case "jitter":
            return Jerk(kind, severity, seed=dice.below(2**31))
        case "stutter":
            return Jerk(kind, severity, dice.between(0, FRAMES - 1 - _HELD[severity]))
        case "teleport":
            return _teleport(clip, severity, dice)


def frames(clip: Clip, flawed: Jerk | None = None) -> list[tuple[Sprite, ...]]:
    """What each frame shows."""
    whole = [clip.frame(number) for number in range(FRAMES)]
    if flawed is None:
        return whole
    match flawed.kind:
        case "jitter":
            dice = Dice("jitter", flawed.seed)
            far = _TREMBLE[flawed.severity]
            return [tuple(_trembling(sprite, far, dice) for sprite in frame) for frame in whole]
        case "stutter":
            start, stop = flawed.frame, flawed.frame + _HELD[flawed.severity]
            return [whole[start] if start <= n < stop else whole[n] for n in range(FRAMES)]
        case "teleport":
            return [*whole[: flawed.frame], *(_leapt(f, flawed) for f in whole[flawed.frame :])]


def _teleport(clip: Clip, severity: int, dice: Dice) -> Jerk | None:
    for who, mover in dice.shuffled(list(enumerate(clip.movers))):
        # What turns on its way has to leap further before it shows.
        far = _LEAP[severity] + mover.reach // 2 * (mover.actor.motion in ("circling", "bouncing"))
        others = [other for other in clip.movers if other is not mover]
        for right, down in dice.shuffled(_sideways(mover)):
            leap = (right * far, down * far)
            if is_clear(replace(mover, x=mover.x + leap[0], y=mover.y + leap[1]), others):
                return Jerk("teleport", severity, dice.between(3, 5), who=who, leap=leap)
    return None


def _sideways(mover: Mover) -> Sequence[tuple[int, int]]:
    """Directions that cannot be taken for the motion itself."""
    across, along = [(1, 0), (-1, 0)], [(0, 1), (0, -1)]
    if mover.actor.motion in ("left", "right"):
        return along
    return across if mover.actor.motion in ("up", "down", "bouncing") else across + along


def _trembling(sprite: Sprite, far: int, dice: Dice) -> Sprite:
    """Off by a distance near ``far`` in each direction, so that every frame shows it."""
    right, down = (dice.choice((-1, 1)) * dice.between(far * 2 // 3, far) for _ in range(2))
    return replace(sprite, x=sprite.x + right, y=sprite.y + down)


def _leapt(frame: tuple[Sprite, ...], flawed: Jerk) -> tuple[Sprite, ...]:
    right, down = flawed.leap
    sprite = frame[flawed.who]
    moved = replace(sprite, x=sprite.x + right, y=sprite.y + down)
    return (*frame[: flawed.who], moved, *frame[flawed.who + 1 :])
