"""From scenes to pixels, in whole numbers, so that every machine draws the same picture."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ...harness.encoding import encode_png
from .scene import UNITS, Colour, Scene, Shape

Pixels = npt.NDArray[np.uint8]
"""A picture: rows, columns, and red, green, blue; shape (size, size, 3)."""

_Ints = npt.NDArray[np.int32]

PALETTE: dict[Colour, tuple[int, int, int]] = {
    "red": (226, 52, 48),
    "green": (58, 182, 74),
    "blue": (52, 112, 240),
    "yellow": (250, 212, 48),
    "purple": (172, 72, 220),
    "white": (240, 240, 236),
}

SAMPLES = 4
"""Sample points along each side of a pixel; their share inside a shape is the pixel's coverage."""

_FULL = SAMPLES * SAMPLES
_ROUND = 240
_FINE = 256
"""Outlines are in 1/256 of a thing's radius."""
_OUTLINES: dict[Shape, tuple[tuple[int, int], ...]] = {
    "square": ((-212, -212), (212, -212), (212, 212), (-212, 212)),
    "triangle": ((0, -240), (250, 206), (-250, 206)),
    "star": (
        (0, -256),
        (66, -91),
        (243, -79),
        (107, 35),
        (150, 207),
        (0, 112),
        (-150, 207),
        (-107, 35),
        (-243, -79),
        (-66, -91),
    ),
}


class Drawable(Protocol):
    """What it takes to draw one shape."""

    @property
    def shape(self) -> Shape:
        """Its outline."""
        ...

    @property
    def colour(self) -> Colour:
        """Its colour."""
        ...

    @property
    def x(self) -> int:
        """Its centre, in units from the left."""
        ...

    @property
    def y(self) -> int:
        """Its centre, in units from the top."""
        ...

    @property
    def radius(self) -> int:
        """Half the side of the square that it fills, in units."""
        ...


def draw(scene: Scene, size: int = 64) -> Pixels:
    """Draw a scene as a square picture of ``size`` pixels a side (up to 1024), shape (s, s, 3)."""
    return paint(scene.things, scene.ground, size)


def paint(things: Iterable[Drawable], ground: int, size: int = 64) -> Pixels:
    """Draw shapes on a ground of that grey level; what lies outside the picture is cut off."""
    canvas = _ground(ground, size).copy()
    for thing in things:
        (top, above), (left, beside) = divmod(thing.y * size, UNITS), divmod(thing.x * size, UNITS)
        first_row, first_column, inside = _mask(thing.shape, thing.radius, size, beside, above)
        rows = _within(top + first_row, inside.shape[0], size)
        columns = _within(left + first_column, inside.shape[1], size)
        cut = inside[
            rows.start - top - first_row : rows.stop - top - first_row,
            columns.start - left - first_column : columns.stop - left - first_column,
        ]
        behind = canvas[rows, columns]
        mixed = _paint(thing, rows, size) * cut + behind * (_FULL - cut)
        canvas[rows, columns] = (mixed + _FULL // 2) // _FULL
    return canvas.astype(np.uint8)


def encode(pixels: Pixels) -> bytes:
    """The picture as a PNG file's content."""
    return encode_png(pixels)


@lru_cache(maxsize=64)
def _ground(level: int, size: int) -> _Ints:
    """A grey that grows a little lighter from top to bottom."""
    rows = level + np.arange(size, dtype=np.int32) * 16 // size
    return np.broadcast_to(rows[:, None, None], (size, size, 3)).copy()


def _paint(thing: Drawable, rows: slice, size: int) -> _Ints:
    """The thing's colour, an eighth lighter at its top and darker at its foot."""
    down = (2 * np.arange(rows.start, rows.stop) + 1) * UNITS - 2 * size * thing.y
    shade = 256 - np.clip(down * 32 // (2 * size * thing.radius), -32, 32).astype(np.int32)
    colour = np.array(PALETTE[thing.colour], dtype=np.int32)
    shaded: _Ints = np.minimum(colour * shade[:, None, None] // 256, 255)
    return shaded


def _within(start: int, length: int, size: int) -> slice:
    return slice(min(max(0, start), size), max(0, min(size, start + length)))


@lru_cache(maxsize=1 << 13)
def _mask(shape: Shape, radius: int, size: int, x: int, y: int) -> tuple[int, int, _Ints]:
    """How many of each pixel's sample points lie inside a shape.

    The centre lies ``x`` and ``y`` (in 1/UNITS of a pixel) into pixel (0, 0). A shape looks the
    same at every whole pixel, so a few thousand masks serve all pictures.

    Returns:
        The first row and column that the shape can reach, and the counts from there on; shape
        (rows, columns, 1).
    """
    rows, columns = _span(y, radius * size), _span(x, radius * size)
    # One unit is 2 * size * SAMPLES steps, which puts sample points at odd multiples of UNITS.
    across = _offsets(columns, x * 2 * SAMPLES)[None, :]
    down = _offsets(rows, y * 2 * SAMPLES)[:, None]
    inside = _inside(shape, across, down, radius * 2 * size * SAMPLES)
    blocks = inside.reshape(len(rows), SAMPLES, len(columns), SAMPLES)
    counts: _Ints = blocks.sum(axis=(1, 3), dtype=np.int32)[:, :, None]
    return rows.start, columns.start, counts


def _span(centre: int, reach: int) -> range:
    """The pixels that a shape reaches; all lengths in 1/UNITS of a pixel."""
    return range((centre - reach) // UNITS, (centre + reach) // UNITS + 1)


def _offsets(pixels: range, centre: int) -> npt.NDArray[np.int64]:
    """Where the sample points of these pixels lie from the centre, in 1/256 steps."""
    points = np.arange(pixels.start * SAMPLES, pixels.stop * SAMPLES, dtype=np.int64)
    offsets: npt.NDArray[np.int64] = ((2 * points + 1) * UNITS - centre) * _FINE
    return offsets


def _inside(
    shape: Shape, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], radius: int
) -> npt.NDArray[np.bool_]:
    if shape == "circle":
        disc: npt.NDArray[np.bool_] = x * x + y * y <= (radius * _ROUND) ** 2
        return disc
    corners = [(cx * radius, cy * radius) for cx, cy in _OUTLINES[shape]]
    inside = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        # A ray from the point to the right crosses this edge: an odd number of times means inside.
        turn = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
        inside ^= ((y1 > y) != (y2 > y)) & ((turn > 0) == (y2 > y1))
    return inside
