"""What things do in a film, by the paths they take.

Each path is compared with the paths of the world's own motions: at every phase and reach, held up
for some frames as a stuttering film is, and with a leap on the way. The likeliest wins, where what
lies off a path is taken for bell-shaped trembling of unknown strength, all motions are equally
likely, and so are all phases and reaches of one motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .motion import FRAMES, MOTIONS, STRAIGHT, Actor, Motion, Mover
from .outlines import Floats

_REACHES = range(96, 217, 15)
_HOLDS = (4, 5, 6)
"""For how many frames a stuttering film may stand still."""
_LEAPS = (0, 3, 4, 5)
"""At which frame a thing may leap; 0 for not at all."""
_FINE = 4.0
"""How far off a place is measured at least, in units."""
_A_HOLD, _A_LEAP = 5.0, 6.0
"""How much less likely (natural logarithm) a film is that is held up, or a thing that leaps."""


@dataclass(frozen=True, slots=True)
class Course:
    """What one thing does.

    Attributes:
        motion: what it does.
        astray: how far it is from the path of that motion along each axis, on average, in units.
        leap: how far it leaps on its way, in units; 0 for not at all.
    """

    motion: Motion
    astray: float
    leap: float


def courses(paths: Sequence[Floats]) -> tuple[list[Course], int]:
    """What things do that are in one film.

    Args:
        paths: centre (from the left, from the top) and radius of each, in units; of one length,
            each of the shape (frames, 3).

    Returns:
        What each does, and for how many frames in a row all stand still; 1 if they do not.
    """
    if not paths:
        return [], 1
    ways = _ways(len(paths[0]))
    losses = [_losses(path, ways) for path in paths]
    together = sum((loss.min((0, 2)) for loss in losses), np.zeros(len(ways.held)))
    hold = int((together + _A_HOLD * (np.array(ways.held) > 1)).argmin())
    found = [
        _course(path, loss[:, hold], ways, hold) for path, loss in zip(paths, losses, strict=True)
    ]
    return found, ways.held[hold]


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """The paths that things may take.

    Attributes:
        motions: of each path.
        held: for each kind of stutter, for how many frames it lasts; 1 for none.
        paths: about their middle, in units; shape (stutters, paths, frames, 3).
        leaps: at which frame of this film a thing may leap.
        rarity: natural logarithm of how many paths there are of the same motion; shape (paths,).
    """

    motions: tuple[Motion, ...]
    held: tuple[int, ...]
    paths: Floats
    leaps: tuple[int, ...]
    rarity: Floats


@lru_cache(maxsize=8)
def _ways(frames: int) -> _Ways:
    movers = [mover for motion in MOTIONS for mover in _movers(motion)]
    whole = np.array(
        [[_place(mover, frame) for frame in range(FRAMES)] for mover in movers], dtype=np.float64
    )
    stutters = [(1, 0)] + [(held, at) for held in _HOLDS for at in range(FRAMES - held)]
    orders = [
        [at if at <= frame < at + held else frame for frame in range(FRAMES)]
        for held, at in stutters
    ]
    paths = np.stack([whole[:, order] for order in orders])
    if frames != FRAMES:
        # a film of another length shows the same in more or fewer frames
        nearest = np.linspace(0, FRAMES - 1, frames)
        low = np.minimum(nearest.astype(np.intp), FRAMES - 2)
        part = (nearest - low)[:, None]
        paths = paths[:, :, low] * (1 - part) + paths[:, :, low + 1] * part
    leaps = tuple(dict.fromkeys(min(frames - 1, round(at * frames / FRAMES)) for at in _LEAPS))
    held = tuple(held for held, _ in stutters)
    motions = tuple(mover.actor.motion for mover in movers)
    rarity = np.log([motions.count(motion) for motion in motions])
    return _Ways(motions, held, paths, leaps, rarity)


def _movers(motion: Motion) -> list[Mover]:
    actor = Actor("circle", "white", "small", motion)
    if motion in STRAIGHT:
        ways = [(reach, 1, 0) for reach in _REACHES]
    elif motion in ("circling", "bouncing"):
        turns = (1, -1) if motion == "circling" else (1,)
        phases = 8 if motion == "circling" else 4
        reaches = [reach for reach in _REACHES if reach < 190]
        ways = [(r, turn, phase) for r in reaches for turn in turns for phase in range(phases)]
    else:
        ways = [(0, 1, 0)]
    return [Mover(actor, 0, 0, *way) for way in ways]


def _place(mover: Mover, frame: int) -> tuple[int, int, int]:
    sprite = mover.at(frame)
    return sprite.x, sprite.y, sprite.radius


def _losses(path: Floats, ways: _Ways) -> Floats:
    """How unlikely each way is, as a logarithm; shape (leaps, stutters, paths)."""
    off, frames = path - ways.paths, len(path)
    radius = frames * np.log(_FINE + _off(_centred(off[..., 2:])))
    found = []
    for at in ways.leaps:
        parts = [_centred(part) for part in (off[..., :at, :2], off[..., at:, :2]) if part.size]
        astray = _off(np.concatenate(parts, axis=-2))
        found.append(2 * frames * np.log(_FINE + astray) + _A_LEAP * (at > 0))
    losses: Floats = np.stack(found) + radius + ways.rarity
    return losses


def _off(apart: Floats) -> Floats:
    """Root mean square over frames and axes."""
    off: Floats = np.sqrt((apart * apart).mean((-2, -1)))
    return off


def _centred(off: Floats) -> Floats:
    centred: Floats = off - off.mean(axis=-2, keepdims=True)
    return centred


def _course(path: Floats, loss: Floats, ways: _Ways, hold: int) -> Course:
    """The best course, given losses of the shape (leaps, paths)."""
    leaps, way = divmod(int(loss.argmin()), loss.shape[1])
    off, at = (path - ways.paths[hold, way])[:, :2], ways.leaps[leaps]
    parts = [off[:at], off[at:]] if at else [off]
    astray = float(_off(np.concatenate([_centred(part) for part in parts])))
    middles = [part.mean(axis=0) for part in parts]
    leap = float(np.linalg.norm(middles[-1] - middles[0]))
    return Course(ways.motions[way], astray, leap)
