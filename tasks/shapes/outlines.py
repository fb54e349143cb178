"""Outlines: how much of each pixel a shape covers, wherever it is and however large.

A shape may have any centre and any radius here, not in whole units alone. Its outline is that of
the drawing code: each shape is drawn once, large, and what it covers elsewhere is read off that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .draw import paint
from .motion import Sprite
from .scene import SHAPES, UNITS

Floats = npt.NDArray[np.float64]

_SIDE = 256
_RADIUS = _SIDE // 2 * 31 // 32
"""The side of the large drawing, and the radius of the shape in it, in its pixels."""


def coverage(shapes: npt.NDArray[np.intp], where: Floats, rows: Floats, columns: Floats) -> Floats:
    """The share of each cell of a grid that lies inside a shape, for k shapes.

    Args:
        shapes: their numbers in ``SHAPES``; shape (k,).
        where: centre (from the left, from the top) and radius of each; shape (k, 3).
        rows: where the cells' upper and lower edges lie; shape (m + 1,).
        columns: where their left and right edges lie; shape (n + 1,).

    Returns:
        Shape (k, m, n).
    """
    radius = where[:, 2:]
    i, down = _between(rows, where[:, 1:2], radius)
    j, right = _between(columns, where[:, :1], radius)
    # a summed drawing at a cell's four corners gives the area inside the cell
    summed = large_drawings().summed
    corner = (shapes * summed.shape[1])[:, None] + i
    flat, width = summed.reshape(-1), summed.shape[2]
    place = (corner * width)[:, :, None] + j[:, None, :]
    right = right[:, None, :]
    upper = flat[place] * (1 - right) + flat[place + 1] * right
    lower = flat[place + width] * (1 - right) + flat[place + width + 1] * right
    reached = upper + (lower - upper) * down[:, :, None]
    across = reached[:, :, 1:] - reached[:, :, :-1]
    areas = (across[:, 1:] - across[:, :-1]) * (radius / _RADIUS)[:, :, None] ** 2
    cells = np.diff(rows)[:, None] * np.diff(columns)[None, :]
    result: Floats = areas / cells
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Drawings:
    """The large drawings of all shapes.

    Attributes:
        summed: inside (1) or not, summed from the upper left corner; (shapes, side + 1, side + 1).
        area: in squared radii; shape (shapes,).
        below: how far the centroid lies below the centre, in radii; likewise.
    """

    summed: Floats
    area: Floats
    below: Floats


@lru_cache(maxsize=1)
def large_drawings() -> Drawings:
    """The drawings that all else is read off."""
    middle, units = UNITS // 2, _RADIUS * UNITS // _SIDE
    drawings = [
        paint([Sprite(shape, "white", middle, middle, units)], 0, _SIDE) for shape in SHAPES
    ]
    # white is at least 210 everywhere, the ground at most 15
    inside = (np.stack(drawings)[..., 0] > 112).astype(np.float64)
    summed = np.pad(inside.cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    area = inside.sum((1, 2))
    centroid = inside.sum(2) @ (np.arange(_SIDE) + 0.5) / area - _SIDE / 2
    return Drawings(summed, area / _RADIUS**2, centroid / _RADIUS)


def _between(edges: Floats, centre: Floats, radius: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """The last whole place before each edge in the large drawing, and the part beyond."""
    places = np.clip((edges - centre) * (_RADIUS / radius) + _SIDE / 2, 0, _SIDE - 1e-6)
    whole = places.astype(np.intp)
    return whole, places - whole
