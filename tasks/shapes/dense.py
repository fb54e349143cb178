"""Dense truth: what is where in every frame, for models that learn to look before they judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from .films import Film
from .jerks import JERKS, Jerk, frames
from .motion import MOTIONS, Motion, Sprite
from .quality import FLAWS, Flaw
from .scene import CELL, COLOURS, GRID, SHAPES, SIZES, UNITS, Colour, Scene, Shape, Size

Cells = npt.NDArray[np.int8]
"""One number a cell of a frame; shape (frames, GRID, GRID), rows from the top."""

KINDS: tuple[tuple[Colour, Shape], ...] = tuple(product(COLOURS, SHAPES))
"""The 24 kinds of things; in ``Dense.kinds``, 0 is nothing and n is ``KINDS[n - 1]``."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One thing and where each frame shows it.

    ``path`` holds its centre and radius in units of 1/1024 of the side: x, y, radius; shape
    (frames, 3).
    """

    shape: Shape
    colour: Colour
    size: Size
    motion: Motion
    path: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """All that is known about a picture (one frame) or film.

    In every number, 0 is nothing and n is entry n - 1 of a list.

    Attributes:
        kinds: the thing whose centre lies in the cell, of ``KINDS``.
        sizes: its size, of ``SIZES``.
        motions: its motion, of ``MOTIONS``; in pictures all are still.
        flaw: the flaw of the picture, of ``FLAWS``.
        severity: how bad it is, 0 to 3.
        jerk: the fault of motion, of ``JERKS``.
        jerk_severity: how bad that is, 0 to 3.
        things: everything there is.
    """

    kinds: Cells
    sizes: Cells
    motions: Cells
    flaw: int
    severity: int
    jerk: int
    jerk_severity: int
    things: tuple[Seen, ...]


def of_scene(scene: Scene, flaw: Flaw | None = None, severity: int = 0) -> Dense:
    """The truth about a picture of a scene."""
    shown = [
        (
            thing.size,
            MOTIONS[-1],
            [Sprite(thing.shape, thing.colour, thing.x, thing.y, thing.radius)],
        )
        for thing in scene.things
    ]
    return _dense(shown, 1, flaw, severity, None)


def of_film(film: Film) -> Dense:
    """The truth about a film, its fault of motion included."""
    every = frames(film.clip, film.jerk)
    shown = [
        (mover.actor.size, mover.actor.motion, [frame[number] for frame in every])
        for number, mover in enumerate(film.clip.movers)
    ]
    return _dense(shown, len(every), film.flaw, film.severity, film.jerk)


def _dense(
    shown: Sequence[tuple[Size, Motion, Sequence[Sprite]]],
    length: int,
    flaw: Flaw | None,
    severity: int,
    jerk: Jerk | None,
) -> Dense:
    kinds, sizes, motions = (np.zeros((length, GRID, GRID), dtype=np.int8) for _ in range(3))
    things = []
    for size, motion, sprites in shown:
        first = sprites[0]
        path = np.array([(sprite.x, sprite.y, sprite.radius) for sprite in sprites], dtype=np.int32)
        things.append(Seen(first.shape, first.colour, size, motion, path))
        kind = 1 + KINDS.index((first.colour, first.shape))
        for number, sprite in enumerate(sprites):
            cell = (number, _cell(sprite.y), _cell(sprite.x))
            kinds[cell] = kind
            sizes[cell] = 1 + SIZES.index(size)
            motions[cell] = 1 + MOTIONS.index(motion)
    return Dense(
        kinds,
        sizes,
        motions,
        flaw=1 + FLAWS.index(flaw) if flaw else 0,
        severity=severity,
        jerk=1 + JERKS.index(jerk.kind) if jerk else 0,
        jerk_severity=jerk.severity if jerk else 0,
        things=tuple(things),
    )


def _cell(place: int) -> int:
    """The row or column of a centre; one just outside the picture counts as at its edge."""
    return min(max(place, 0), UNITS - 1) // CELL
